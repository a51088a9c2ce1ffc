/**
 * @file demo.test.js  The demo, and every command of the README
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync }
	from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';
import { sanitizerEnv, sanitizerOptions } from './lib/settings.js';

const PORT = 8080;
const demo = join(settings.source, 'scripts/demo.sh');
const debian = !settings.prefix &&
	spawnSync('dpkg-query', ['-W', 'baresip-core']).status === 0;
const prefix = `-DCMAKE_PREFIX_PATH=${settings.prefix}`;


/* The text of each fenced block of a language. */
function blocks(language, document = 'README.md')
{
	const fence = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms');
	const text = readFileSync(join(settings.source, document), 'utf8');

	return [...text.matchAll(fence)].map(([, block]) => block);
}


/* Starts a program in its own TMPDIR, which it must leave empty. */
function start(s, name, argv, env = {})
{
	const tmp = join(s.dir, 'tmp');

	mkdirSync(tmp, { recursive: true });
	const p = new Process(name, argv, { cwd: settings.source,
		env: { TMPDIR: tmp, BUILD_DIR: settings.build, ...env } });

	s.join({ process: p, kill: (signal) => p.kill(signal) });

	return p;
}


/* Processes that have the scene's directory in their command line. */
function leftovers(s)
{
	const used = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) &&
		Number(pid) !== process.pid);
	const name = (pid) => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		}
		catch {
			return '';
		}
	};

	return used.map(name).filter((line) => line.includes(s.dir));
}


function nothingLeft(s)
{
	assert.deepEqual(readdirSync(join(s.dir, 'tmp')), []);
	assert.deepEqual(leftovers(s), []);
}


async function interrupt(s, p)
{
	assert.notEqual(await p.kill('SIGINT'), 'SIGKILL');
	nothingLeft(s);
}


for (const way of [[], ['--embedded']]) {
	const how = way.length ? ', embedded' : '';


scene(`the demo makes one transfer${how}`, async (s) => {
	const p = start(s, 'demo', [demo, '--once', ...way]);

	assert.equal(await p.ended(120_000), 0);
	nothingLeft(s);

	const messages = p.log.filter((l) => l.startsWith('{'))
		.map((l) => JSON.parse(l));
	const steps = messages.filter((m) => m.type === 'transfer:status')
		.map((m) => m.data.step);
	const [hook] = messages.filter((m) => m.hook === '/action');

	assert.equal(messages[0].type, 'hello');
	assert.equal(steps[0], 'requested');
	assert.equal(steps.at(-1), 'ended');
	assert.equal(hook.data.final_referred_call_status, '200');
});


scene(`the demo keeps a call up, and Ctrl-C leaves nothing${how}`, async (s) => {
	const p = start(s, 'demo', [demo, '--port', '0', ...way]);
	const { log } = p;

	const line = await log.wait((l) => / client +node/.test(l),
		'the line of the client', { timeout: 120_000 });
	const [, path, url, verb] = /node (\S+) (\S+) '(.*)'/.exec(line);

	for (let i = 0; i < 2; i++) {
		const from = i === 0 ? 0 : log.length;

		await log.wait((l) => l.includes('has called in'),
			'a call', { from });
		const client = start(s, 'client', ['node', path, url, verb]);
		await client.log.wait((l) =>
			l.includes('"outcome":"transferred"'), 'the outcome');
		await log.wait((l) => l.includes('talk to each other'),
			'the talk', { from });
		await client.kill();
	}

	await interrupt(s, p);
});


scene(`a port that is taken is one sentence${how}`, async (s) => {
	const server = createServer();

	await new Promise((done) => server.listen(PORT, '127.0.0.1', done));
	const p = start(s, 'demo', [demo, ...way]);
	assert.equal(await p.ended(120_000), 1);
	server.close();

	const said = p.log.filter((l) => l.trim() && !l.includes('builds in'));
	assert.equal(said.length, 1);
	assert.match(said[0], /8080/);
	nothingLeft(s);
});
}


/* Builds without the tests, which exist already */
const untested = '-DBUILD_TESTING=OFF';

/* The check of each command; the demo and this run prove their own. */
const checks = {
	'scripts/demo.sh': () => existsSync(demo),
	'scripts/demo.sh --once': () => existsSync(demo),
	'cmake -S . -B build': (s) => run(['cmake', '-S', settings.source,
		'-B', join(s.dir, 'build'), prefix, untested]),
	'cmake --build build': (s) => run(['cmake', '--build',
		join(s.dir, 'build'), '-j', '2']),
	'sudo cmake --install build': (s) => installs(s),
	'cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr': (s) => run([
		'cmake', '-S', settings.source, '-B', join(s.dir, 'build'),
		'-DCMAKE_INSTALL_PREFIX=/usr', prefix]),
	'(cd build && cpack -G DEB)': (s) => !debian || run(['sh', '-c',
		`cd ${s.dir}/build && cpack -G DEB`]),
	'sudo apt-get install ./build/*.deb': (s) => !debian ||
		readdirSync(join(s.dir, 'build')).filter((name) =>
			name.endsWith('.deb')).length === 4,
	'docker compose -f docker/compose.yaml --profile demo up --build':
		() => /profiles: \[demo\]/.test(readFileSync(join(
			settings.source, 'docker/compose.yaml'), 'utf8')),
	'referd': (s) => run([join(s.dir, 'root/usr/local/bin/referd'),
		'--help']),
	'referd --app ws://127.0.0.1:3000/bot': (s) => s.referd(
		{ args: ['--app', 'ws://127.0.0.1:3000/bot'] }),
	'referctl refer - sip:agent@10.77.0.3 --wait': (s) =>
		transfersWithDemo(s),
};

/* Checks only that the packages exist, and are in scripts/common.sh */
function installable(command)
{
	const names = command.split(' ').slice(3);
	const script = readFileSync(join(settings.source,
		'scripts/common.sh'), 'utf8');
	const [, listed] = /^packages="([^"]*)"/m.exec(script);

	return names.every((name) => listed.split(/\s+/).includes(name)) &&
		(!debian || run(['dpkg-query', '-W', ...names]));
}


function run(argv, env = {})
{
	execFileSync(argv[0], argv.slice(1),
		{ env: { ...process.env, ...env }, stdio: 'pipe' });

	return true;
}


function installs(s)
{
	const root = join(s.dir, 'root');

	run(['cmake', '--install', join(s.dir, 'build')], { DESTDIR: root });

	return ['usr/local/bin/referd', 'usr/local/bin/referctl',
		'usr/local/etc/referd/referd.conf',
		'usr/local/share/man/man8/referd.8.gz',
		'usr/local/share/man/man1/referctl.1.gz',
		'usr/local/share/man/man5/sip_refer.5.gz',
		'usr/local/share/bash-completion/completions/referd',
		'usr/local/share/bash-completion/completions/referctl',
		'usr/local/share/referd/web/index.html',
		'usr/local/share/referd/baresip/config',
		'usr/local/share/referd/baresip/accounts',
		join(settings.baresipModules, 'sip_refer.so'),
	].every((path) => existsSync(join(root, path)));
}


async function transfersWithDemo(s)
{
	const command = blocks('sh').join('').split('\n')
		.find((l) => l.startsWith('referctl '));
	const p = start(s, 'demo', [demo]);

	await p.log.wait((l) => l.includes('has called in'), 'a call',
		{ timeout: 120_000 });
	const client = start(s, 'client', ['sh', '-c', `exec ${command}`],
		{ HOME: s.dir, PATH: `${dirname(settings.referctl)}:` +
			process.env.PATH, ...sanitizerOptions() });
	assert.equal(await client.ended(), 0);
	await p.log.wait((l) => l.includes('talk to each other'), 'the talk');
	await interrupt(s, p);

	return true;
}


scene('each command of the README does what it says', async (s) => {
	const commands = blocks('sh').join('').trim().split('\n');

	for (const command of commands) {
		const check = command.startsWith('sudo apt-get install b') ?
			() => installable(command) : checks[command];

		assert.ok(check, `"${command}" has no check here`);
		assert.ok(await check(s), `"${command}" does not hold`);
	}
});


scene("the README's bot transfers each call that comes", async (s) => {
	const { referd } = await s.control();
	const agent = await s.agent();
	const [text] = blocks('js');

	/* Next to the tests' modules, with the port of this test. */
	const path = join(settings.source, 'tests/e2e/node_modules',
		`.bot-${process.pid}.mjs`);
	writeFileSync(path, text.replace('ws://127.0.0.1:8080/ws', referd.ws));

	try {
		const bot = start(s, 'bot', ['node', path]);
		const carrier = await s.carrier();

		const { log } = referd.process;
		const joined = (l) => /client: .* has connected/.test(l);
		await log.wait(() => log.filter(joined).length === 2, 'bot');
		await carrier.dial('sip:gw@10.77.0.1');
		await bot.log.wait((l) => l === 'ended 200', '"ended 200"');
		await agent.event('CALL_ESTABLISHED', carrier.uri);
	}
	finally {
		execFileSync('rm', ['-f', path]);
	}
});


scene("the README's verb brings the messages that it shows", async (s) => {
	const { client, gateway } = await s.control();
	const [verb, shown] = blocks('json');
	const agent = await s.agent();
	const carrier = await s.carrier();

	await carrier.dial(gateway.uri);
	await client.message('call:status', { call_status: 'in-progress' });
	client.send(verb);
	await agent.event('CALL_ESTABLISHED', carrier.uri);

	for (const line of shown.trim().split('\n')) {
		const { type, hook, data } = JSON.parse(line);

		await client.message(type, { ...(hook && { hook }), ...data });
	}
});


scene('the sample config runs', async (s) => {
	const referd = await s.referd();
	const dir = join(s.dir, 'sample');
	const read = (name) => readFileSync(join(settings.source,
		'share/baresip', name), 'utf8');

	/* The test replaces only the values specific to this machine. */
	const gateway = await s.gateway(referd);
	await gateway.kill();
	mkdirSync(dir);
	writeFileSync(join(dir, 'config'), read('config')
		.replace(/^module_path.*$/m, readFileSync(join(s.dir,
			'1-gw/config'), 'utf8').match(/^module_path.*$/m)[0])
		.replace(/^#sip_refer_socket.*$/m,
			`sip_refer_socket ${referd.socket}`)
		.replace(/^#net_interface.*$/m, 'net_interface 10.77.0.1'));
	writeFileSync(join(dir, 'accounts'), read('accounts'));
	writeFileSync(join(dir, 'contacts'), '');

	const p = start(s, 'sample', [settings.baresip, '-f', dir],
		sanitizerEnv());
	await p.log.wait((l) => l === 'baresip is ready.', 'baresip');
	const client = await s.client(referd);
	const calls = [];

	for (let i = 0; i < 2; i++) {
		const far = await s.sipp('transfer',
			{ answer: 'SIP/2.0 202 Accepted', final: '200 OK' },
			{ user: 'gateway' });
		const { call_sid } = await client.messages.wait((m) =>
			m.type === 'session:new' &&
			m.data.from_uri.includes(far.ip), 'session:new');

		client.send({ verb: 'answer', call_sid });
		await client.message('call:status',
			{ call_sid, call_status: 'in-progress' });
		calls.push({ far, call_sid });
	}

	for (const { far, call_sid } of calls) {
		client.send({ verb: 'sip:refer', referTo: '100', call_sid });
		await far.passed();
		assert.equal(far.requests('INVITE').length, 0, 'was held');
	}
});
