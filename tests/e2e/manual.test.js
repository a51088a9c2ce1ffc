/**
 * @file manual.test.js  The manual pages and the completion are correct
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';
import { sanitizerOptions } from './lib/settings.js';

const pages = ['referd.8', 'referctl.1', 'referd.5', 'sip_refer.5'];
const path = (name) => join(settings.source, 'share', name);
const haveMan = spawnSync('man', ['--version']).status === 0;
const noMan = haveMan ? false : 'there is no man here';


/* The options in `--help`, in the order of their first mention. */
function optionsOf(program)
{
	const help = execFileSync(program, ['--help'], { encoding: 'utf8',
		env: { ...process.env, ...sanitizerOptions() } });

	return [...new Set(help.match(/--[a-z][a-z-]*/g))];
}


/* A page as displayed, without its bold type. */
function shown(page)
{
	return execFileSync('man', ['-E', 'ascii', '-l',
		path(`man/${page}`)], { encoding: 'utf8', env: {
		...process.env, MANWIDTH: '200', MAN_KEEP_FORMATTING: '',
		LC_ALL: 'C' } });
}


function examples(page, command)
{
	const text = shown(page);
	const lines = text.slice(text.indexOf('EXAMPLES'), text.indexOf('SEE ALSO'))
		.split('\n').map((l) => l.trim())
		.filter((l) => l.startsWith(`${command} `));

	assert.ok(lines.length > 1, text);

	return lines;
}


/* The completions that the shell offers for a line with a command. */
function completions(command, ...words)
{
	const script = `source "$1"; shift; COMP_WORDS=("$@");
		COMP_CWORD=$(($# - 1)); _${command};
		printf '%s\\n' "\${COMPREPLY[@]}"`;

	return execFileSync('bash', ['-c', script, 'bash',
		path(`bash-completion/${command}`), command, ...words],
		{ encoding: 'utf8' }).trim().split('\n');
}


for (const page of pages) {
	test(`${page} is well formed`, { skip: noMan }, () => {
		const { status, stderr } = spawnSync('man', ['--warnings',
			'-E', 'UTF-8', '-l', '-Tutf8', '-Z',
			path(`man/${page}`)], { encoding: 'utf8',
			env: { ...process.env, LC_ALL: 'C.UTF-8' } });

		assert.deepEqual([status, stderr], [0, '']);
	});
}


for (const [command, page] of [['referd', 'referd.8'],
	['referctl', 'referctl.1']]) {
	test(`each option of ${command} is in its page`, () => {
		const text = readFileSync(path(`man/${page}`), 'utf8');
		const named = new Set([...text.matchAll(/Fl Fl ([a-z-]+)/g)]
			.map(([, name]) => `--${name}`));
		const options = optionsOf(settings[command]);

		assert.deepEqual(options.filter((o) => !named.has(o)), []);
		assert.deepEqual([...named].filter((o) =>
			!options.includes(o)), []);
	});
}


/* Names that are not settings of baresip's config */
const DAEMON_ONLY = ['--config', '--socket', '--log-level', '--help',
	'--version'];


test('each setting of referd.so is in its page', () => {
	const text = readFileSync(path('man/referd.5'), 'utf8');
	const named = [...text.matchAll(/^\.It Cm (referd_[a-z_]+) Ar/gm)]
		.map(([, name]) => name);

	assert.deepEqual(named.sort(), optionsOf(settings.referd)
		.filter((o) => !DAEMON_ONLY.includes(o))
		.map((o) => o.replace('--', 'referd_').replaceAll('-', '_'))
		.sort());
});


test('each option of referd is offered', () => {
	assert.deepEqual(completions('referd', '--').sort(),
		optionsOf(settings.referd).sort());
	assert.deepEqual(completions('referd', '--log-level', 'w'),
		['warning']);
});


test('each option of referctl is offered to the commands that take it',
	async () => {
	const commands = ['calls', 'refer', 'transfer', 'cancel', 'request',
		'answer', 'decline', 'hangup', 'dial', 'watch',
		'transfers', 'export', 'send', 'fleet'];
	const told = commands.flatMap((c) => c === 'fleet' ?
		['init', 'status', 'config'].map((word) => [c, word]) : [[c]]);
	const offered = new Set();

	assert.deepEqual(completions('referctl', '').filter((word) =>
		!word.startsWith('--')), commands);

	for (const words of told) {
		const command = words.join(' ');
		const taken = (option) => {
			const { stderr } = spawnSync(settings.referctl,
				[...words, ...[[], ['-'], ['-', 'a']][{
					refer: 2, transfer: 2, cancel: 1,
					request: 2, answer: 1, decline: 1,
					hangup: 1, dial: 1, send: 1, export: 1, 'fleet config': 1,
				}[command] ?? 0], ...words.length === 1 ?
					['--url', 'none:'] : [], `${option}=x`],
				{ encoding: 'utf8', env: { ...process.env,
					...sanitizerOptions() } });

			return !stderr.includes(`has no option ${option};`);
		};
		const options = completions('referctl', ...words, '--');

		options.forEach((option) => offered.add(option));
		for (const option of optionsOf(settings.referctl)
			.filter((o) => !['--help', '--version', '--json',
				'--wait', '--warm', '--dry-run', '--force', '--update',
				'--anew', '--mask']
				.includes(o)))
			assert.equal(options.includes(option), taken(option),
				`${command} ${option}`);
	}

	assert.deepEqual([...offered].sort(),
		optionsOf(settings.referctl).sort());
});


/* All other options need only their own value to start. */
const WITH_FILES = ['hook-secret-file', 'app-map', 'token-file', 'tls-cert',
	'tls-key', 'fleet', 'fleet-creds', 'fleet-nkey', 'fleet-ca', 'fleet-cert',
	'fleet-key'];


test('each option is explained in the sample referd.conf', () => {
	const text = readFileSync(path('referd.conf'), 'utf8');
	const keys = [...text.matchAll(/^#?([a-z][a-z-]*) = /gm)]
		.map(([, key]) => `--${key}`);

	assert.deepEqual(keys.sort(), optionsOf(settings.referd)
		.filter((o) => !['--config', '--help', '--version']
			.includes(o)).sort());
});


scene('the sample referd.conf is one that referd runs with', async (s) => {
	const file = join(s.dir, 'referd.conf');
	const text = readFileSync(path('referd.conf'), 'utf8');

	writeFileSync(file, text.replace(/^#([a-z-]+) = /gm, (line, key) =>
		WITH_FILES.includes(key) ? line : `${key} = `));
	const p = new Process('referd', [settings.referd, '--config', file,
		'--socket', join(s.dir, 'node.sock'), '--state',
		join(s.dir, 'state'), '--listen', '127.0.0.1:0'],
		{ env: sanitizerOptions() });

	s.join({ process: p, kill: (signal) => p.kill(signal) });
	await p.log.wait((l) => l.startsWith('referd: http'), 'its address');
	assert.equal(await p.kill('SIGTERM'), 0);
});


scene('what is wrong in a file is said with its line', async (s) => {
	const file = join(s.dir, 'referd.conf');

	for (const [line, said] of [
		['colour = red', 'colour is not an option; see referd --help'],
		['config = /a', 'config is not an option; see referd --help'],
		['listen', 'listen must be followed by = and a value'],
		['log-level = loud', 'log-level must be error, warning, ' +
			'info or debug'],
	]) {
		writeFileSync(file, `# ours\n\n${line}\n`);
		const { status, stderr } = spawnSync(settings.referd,
			['--config', file], { encoding: 'utf8',
				env: { ...process.env,
					...sanitizerOptions() } });

		assert.equal(status, 1);
		assert.equal(stderr,
			`error: config: ${file}:3: ${said}\n`);
	}
});


scene('completion offers the live calls', async (s) => {
	const { client, referd } = await s.control();
	const { sid } = await s.call(client, 'ringing', { final: '200 OK' });
	const env = { ...process.env };

	process.env.PATH = `${dirname(settings.referctl)}:${env.PATH}`;
	process.env.REFERD_URL = referd.http;
	try {
		assert.deepEqual(completions('referctl', 'hangup', ''), [sid]);
	}
	finally {
		process.env = env;
	}
});


/* Just one call, new, so that "-" names it. */
async function oneCall(client, carrier, gateway)
{
	await carrier.command('hangup').catch(() => {});
	const from = client.now;

	await carrier.dial(gateway.uri);
	const { call_sid: sid } = await client.message('session:new', {},
		{ from });
	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' }, { from });

	return sid;
}


scene('each example of referctl(1) works', async (s) => {
	const agent = await s.agent();

	assert.equal(agent.uri, 'sip:agent@10.77.0.3');
	for (const example of examples('referctl.1', 'referctl')) {
		/* fleet-operator.test.js runs the commands of a fleet */
		if (example.startsWith('referctl fleet '))
			continue;

		const { client, gateway, referd } = await s.control();
		const carrier = await s.carrier();

		await oneCall(client, carrier, gateway);
		const p = new Process(example, ['sh', '-c', `exec ${example}`],
			{ env: { HOME: s.dir, REFERD_URL: referd.http,
				PATH: `${dirname(settings.referctl)}:` +
					process.env.PATH,
				...sanitizerOptions() } });
		s.join({ process: p, kill: (signal) => p.kill(signal) });

		if (example.includes(' watch ')) {
			await p.log.wait((l) => l.startsWith('{'), 'message');
			await p.kill('SIGINT');
		}
		else {
			assert.equal(await p.ended(60_000), 0, example);
		}

		for (const party of [carrier, gateway])
			await party.kill();
		await referd.kill('SIGTERM');
	}
}, { skip: noMan });


scene('each example of referd(8) works', async (s) => {
	for (const example of examples('referd.8', 'referd')) {
		const p = new Process(example, ['sh', '-c', `exec ${example}`],
			{ env: { REFERD_SOCKET: join(s.dir, 'node.sock'),
				REFERD_STATE: join(s.dir, 'state'),
				PATH: `${dirname(settings.referd)}:` +
					process.env.PATH,
				...sanitizerOptions() } });

		s.join({ process: p, kill: (signal) => p.kill(signal) });
		await p.log.wait((l) => l.startsWith('referd: http'),
			'its address');
		assert.equal(await p.kill('SIGTERM'), 0);
	}
}, { skip: noMan });
