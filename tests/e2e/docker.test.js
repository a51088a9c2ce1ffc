/**
 * @file docker.test.js  What docker/ has, without a container engine
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Process } from './lib/process.js';
import { Referctl } from './lib/referctl.js';
import { scene, settings } from './lib/scene.js';
import { sanitizerEnv, sanitizerOptions } from './lib/settings.js';

const docker = join(settings.source, 'docker');
const read = (name) => readFileSync(join(docker, name), 'utf8');
const [, runStage] = read('Dockerfile').split(/^(?=FROM )/m).slice(1);
const release = readFileSync('/etc/os-release', 'utf8');


test('the Dockerfile is one that older builders take', () => {
	const text = read('Dockerfile');

	assert.doesNotMatch(text, /^#\s*syntax=/m);
	assert.doesNotMatch(text, /<</);
	assert.doesNotMatch(text, /--(link|mount|chmod)/);
	assert.deepEqual(text.match(/^FROM \S+/gm),
		['FROM debian:bookworm-slim', 'FROM debian:bookworm-slim']);
	for (const [, path] of text.matchAll(/\/src\/(docker\/[\w./-]+)/g))
		assert.ok(existsSync(join(settings.source, path)), path);
});


test('the image does not run as root, and tells its health', () => {
	assert.match(runStage, /^USER referd$/m);
	assert.match(runStage, /^HEALTHCHECK .*"referctl", "calls"/m);
});


const other = settings.baresipMajor > 1 && 'the image has another baresip';


/* Packages of the libraries that a program is linked with. */
function librariesOf(s, program)
{
	const cwd = join(s.dir, 'libraries');

	mkdirSync(join(cwd, 'debian'), { recursive: true });
	writeFileSync(join(cwd, 'debian/control'),
		'Source: image\n\nPackage: image\nArchitecture: any\n');
	const text = execFileSync('dpkg-shlibdeps', ['-O', '-e', program],
		{ cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

	return text.trim().replace(/^[^=]*=/, '').split(', ')
		.map((dependency) => dependency.split(' ')[0]);
}


scene('the image has the libraries of all programs in it', async (s) => {
	/* What comes along with others */
	const implied = ['libc6', 'libssl3', 'zlib1g'];

	for (const program of [settings.referd, settings.referctl,
		settings.module, '/usr/bin/baresip']) {
		for (const name of librariesOf(s, program))
			assert.ok(implied.includes(name) ||
				new RegExp(`\\s${name}\\s`).test(runStage),
				`${name} of ${program}`);
	}
	assert.match(runStage, /libwebsockets-evlib-ev/);
}, {
	skip: settings.sanitize ? 'its own libraries come on top' :
		!/VERSION_CODENAME=bookworm/.test(release) ?
			'the image is Debian 12, this is not' : other,
});


/* The address that compose.yaml gives to a service. */
function addressOf(service)
{
	const pattern = `^  ${service}:\\n(?:    .*\\n)*?` +
		'.*ipv4_address: ([\\d.]+)';

	return new RegExp(pattern, 'm').exec(read('compose.yaml'))[1];
}


/* The config of a service, where this machine has what the image has. */
function configOf(s, service, modules)
{
	const dir = join(s.dir, service);
	const ip = addressOf(service);

	mkdirSync(dir);
	writeFileSync(join(dir, 'config'), read(`${service}/config`)
		.replace('0.0.0.0:5060', `${ip}:5060`)
		.replace(/^module_path.*/m, `module_path ${modules}`)
		.replace('/run/referd/node.sock', join(s.dir, 'node.sock')) +
		`net_interface ${ip}\n`);
	writeFileSync(join(dir, 'accounts'), read(`${service}/accounts`));

	return dir;
}


function start(s, name, argv, env)
{
	const p = new Process(name, argv, { env });

	s.join({ process: p, kill: (signal) => p.kill(signal) });

	return p;
}


scene('the services telephone, and referd asks for its token', async (s) => {
	const tokens = join(s.dir, 'tokens');
	const env = { ...sanitizerOptions(), REFERD_LISTEN: '127.0.0.1:0',
		REFERD_SOCKET: join(s.dir, 'node.sock'),
		REFERD_STATE: join(s.dir, 'state'),
		REFERD_TOKEN_FILE: tokens,
		PATH: `${dirname(settings.referd)}:${process.env.PATH}` };

	/* Twice, as its token is to outlive a start */
	const first = start(s, 'referd', [join(docker, 'start.sh')], env);
	const page = await first.log.wait((l) => l.startsWith('page: '),
		'page');
	assert.match(page, /^page: http:\/\/127\.0\.0\.1:8080\/#token=[0-9a-f]{48}$/);
	await first.log.wait((l) => l.startsWith('referd: '), 'its address');
	assert.equal(await first.kill('SIGTERM'), 0);
	const referd = start(s, 'referd', [join(docker, 'start.sh')], env);
	const line = await referd.log.wait((l) => l.startsWith('referd: '),
		'its address');
	assert.ok(referd.log.items.includes(page));

	const ctl = (...args) => new Referctl(s, ['--url',
		line.slice('referd: '.length), ...args],
		{ env: { REFERD_TOKEN_FILE: tokens } });

	/* The harness has a directory of modules with the one under test */
	await (await s.gateway({ socket: join(s.dir, 'none') },
		{ ip: '10.77.0.9' })).kill();
	const modules = join(s.dir, '2-gw/modules');
	const baresip = async (name) => {
		const p = start(s, name, [settings.baresip, '-f',
			configOf(s, name, modules)],
			name === 'gateway' ? sanitizerEnv() : {});

		await p.log.wait((l) => l === 'baresip is ready.', name);
	};
	await baresip('agent');
	await baresip('gateway');

	const carrier = start(s, 'carrier',
		[join(docker, 'carrier/call.sh')], { PAUSE: '0', TALK: '0',
			CONFIG: configOf(s, 'carrier', modules),
			PATH: `${dirname(settings.baresip)}:` +
				process.env.PATH });

	for (const round of [1, 2]) {
		const talks = (l) => l === 'talks to the gateway';

		await carrier.log.wait(() => carrier.log.filter(talks)
			.length === round, 'call');
		for (;;) {
			const { text } = await ctl('calls').end();
			if (text.includes('in-progress'))
				break;
		}

		const { status, text } = await ctl('refer', '-',
			`sip:agent@${addressOf('agent')}`, '--wait').end();
		assert.equal(status, 0, text);
	}
}, { skip: other });
