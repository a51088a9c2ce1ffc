/**
 * @file docker.test.js  The files of docker/, without a container engine
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync }
	from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { NO_FLEET, program as natsServer } from './lib/nats.js';
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
	/* Other packages depend on these */
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


/* The address of a service in compose.yaml. */
function addressOf(service)
{
	const pattern = `^  ${service}:\\n(?:    .*\\n)*?` +
		'.*ipv4_address: ([\\d.]+)';

	return new RegExp(pattern, 'm').exec(read('compose.yaml'))[1];
}


/* The config of a service, with this machine's paths for the image's. */
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

	/* Starts it twice, since the token must survive a restart */
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


/* Copies into a directory the files that a Dockerfile copies to /. */
function copyAs(dockerfile, dir)
{
	const text = read(dockerfile).replace(/\\\n\s*/g, ' ');

	for (const [, line] of text.matchAll(/^COPY (.*)$/gm)) {
		const names = line.split(/\s+/);
		const to = names.pop();

		for (const name of names) {
			const path = join(dir, to.endsWith('/') ?
				to + basename(name) : to);

			mkdirSync(dirname(path), { recursive: true });
			copyFileSync(join(settings.source, name), path);
		}
	}
}


scene('the carrier that misbehaves does what CARRIER names', async (s) => {
	const dockerfile = 'carrier/Dockerfile';
	const [, program] = /^CMD \["node", "(.*)"\]$/m.exec(read(dockerfile));
	const dir = join(s.dir, 'image');
	const service = read('compose.yaml').split(/^(?= {2}\w+:$)/m)
		.find((part) => part.startsWith('  misbehaving:'));

	assert.match(service, /dockerfile: docker\/carrier\/Dockerfile\n/);
	assert.match(service, /CARRIER: "\$\{CARRIER:-answered\}"/);
	copyAs(dockerfile, dir);
	const { client } = await s.control({ gateway: {
		name: 'gateway' } });
	start(s, 'carrier', [process.execPath, join(dir, program)],
		{ CARRIER: 'busy' });
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	client.send({ verb: 'sip:refer', call_sid, referTo: '100' });
	await client.message('transfer:status',
		{ step: 'ended', outcome: 'failed', call_status: 486 });

	const none = start(s, 'none', [process.execPath, join(dir, program)],
		{ CARRIER: 'nobody', ADDRESS: '10.77.0.50' });
	assert.equal(await none.ended(), 1);
	assert.deepEqual(none.log.items.filter(Boolean),
		['knows no carrier nobody']);
});


/* `key: value` of a service of compose.fleet.yaml, by its indentation */
function servicesOf(text)
{
	const [, body] = /^services:\n(.*?)^volumes:/ms.exec(text);

	return Object.fromEntries(body.split(/^ {2}(?=\w+:$)/m).slice(1)
		.map((part) => [/^\w+/.exec(part)[0], part]));
}


scene('the services of a fleet have what they name', async (s) => {
	const text = read('compose.fleet.yaml');
	const services = servicesOf(text);
	const volumes = new Set(/^volumes:\n(( {2}\w+:\n)+)/m.exec(text)[1]
		.match(/\w+/g));
	const installed = [...read('Dockerfile').matchAll(
		/\/out\/usr\/bin\/([\w-]+) &&/g)].map(([, name]) => name);

	assert.deepEqual(Object.keys(services), ['setup', 'nats1', 'nats2',
		'nats3', 'init', 'referd1', 'referd2', 'referd3', 'gw1', 'gw2',
		'gw3', 'agent', 'carrier']);
	for (const [name, part] of Object.entries(services)) {
		const program = /command: \["([\w-]+)"/.exec(part)?.[1];

		assert.ok(!program || [...installed, 'nats-server', 'referctl',
			'baresip'].includes(program), `${name}: ${program}`);
		for (const [, volume] of part.matchAll(/"(\w+):\/(?!\/)/g))
			assert.ok(volumes.has(volume), `${name}: ${volume}`);
		for (const [, other] of part.matchAll(/depends_on: \[(.*)\]/g))
			for (const one of other.split(', '))
				assert.ok(services[one], `${name}: ${one}`);
	}

	/* The name, key and baresip of a member belong together */
	for (const i of [1, 2, 3]) {
		assert.match(services[`referd${i}`],
			new RegExp(`FLEET_NODE: gw${i}\n.*/gw${i}\\.nk\n`));
		assert.match(services[`referd${i}`], new RegExp(`"run${i}:`));
		assert.match(services[`gw${i}`],
			new RegExp(`"run${i}:.*\n(.*\n)*`));
	}

	/* The carrier calls each gateway at its address */
	const [, called] = /GATEWAY: (.*)/.exec(services.carrier);
	const addresses = ['gw1', 'gw2', 'gw3'].map((name) =>
		/ipv4_address: ([\d.]+)/.exec(services[name])[1]);

	assert.deepEqual(called.split(' '),
		addresses.map((a) => `sip:gateway@${a}`));
	for (const [i, address] of addresses.entries())
		assert.ok(services[`gw${i + 1}`].includes(
			`["start-gateway", "gw${i + 1}", "${address}"]`));
});


scene('the gateway of a fleet has a name and an address of its own',
	async (s) => {
	const bin = join(s.dir, 'bin');

	mkdirSync(bin);
	writeFileSync(join(bin, 'baresip'),
		'#!/bin/sh\ncat "$2/config" "$2/accounts"\n', { mode: 0o755 });

	const text = execFileSync(join(docker, 'fleet/gateway.sh'),
		['gw2', '10.77.0.4'], { encoding: 'utf8', env: {
			...process.env, PATH: `${bin}:${process.env.PATH}`,
			CONFIG: join(docker, 'gateway'), TMPDIR: s.dir } });

	assert.match(text, /^sip_refer_node gw2$/m);
	assert.match(text, /^<sip:gateway@10\.77\.0\.4>;/m);
	assert.match(text, /^sip_refer_socket\s+\/run\/referd\/node\.sock$/m);
});


scene('the servers of a fleet get configurations that they take', async (s) => {
	const dir = join(s.dir, 'fleet');
	const env = { ...process.env, ...sanitizerOptions(),
		PATH: `${dirname(settings.referctl)}:${process.env.PATH}`,
		HOSTS: '10.77.0.31 10.77.0.32 10.77.0.33',
		STORE: join(s.dir, 'store') };
	const run = () => execFileSync(join(docker, 'fleet/setup.sh'), [dir],
		{ env });
	const config = (host) => readFileSync(join(dir, `${host}.conf`), 'utf8');

	mkdirSync(dir);
	run();
	const first = config('10.77.0.31');

	for (const host of env.HOSTS.split(' '))
		execFileSync(natsServer, ['-t', '-c',
			join(dir, `${host}.conf`)], { stdio: 'pipe' });

	/* The keys are those of the first start */
	run();
	assert.equal(config('10.77.0.31'), first);
}, { skip: NO_FLEET });


/* A busy gateway; records its callers in order */
async function startBusy(address, called)
{
	const socket = createSocket('udp4');

	socket.on('message', (data, from) => {
		const [first, ...lines] = `${data}`.split('\r\n');

		if (!first.startsWith('INVITE '))
			return;
		if (called.at(-1) !== address)
			called.push(address);
		socket.send(['SIP/2.0 486 Busy Here', ...lines.filter((l) =>
			/^(Via|From|Call-ID|CSeq):/i.test(l)),
		`${lines.find((l) => /^To:/i.test(l))};tag=busy`,
		'Content-Length: 0', '', ''].join('\r\n'), from.port,
		from.address);
	});
	await new Promise((done) => socket.bind(5060, address, done));
	socket.unref();
}


scene('the carrier calls several gateways by turns', async (s) => {
	const called = [];
	const addresses = ['10.77.0.11', '10.77.0.12'];

	for (const address of addresses)
		await startBusy(address, called);
	await (await s.gateway({ socket: join(s.dir, 'none') },
		{ ip: '10.77.0.9' })).kill();

	const modules = join(s.dir, '0-gw/modules');
	const carrier = start(s, 'carrier',
		[join(docker, 'carrier/call.sh')], { PAUSE: '0',
			GATEWAY: addresses.map((a) => `sip:gw@${a}`).join(' '),
			CONFIG: configOf(s, 'carrier', modules),
			PATH: `${dirname(settings.baresip)}:` +
				process.env.PATH });
	const calls = () => carrier.log.filter((l) => l.startsWith('calls '));

	await carrier.log.wait(() => calls().length > 4, 'fifth call');
	assert.deepEqual(called.slice(0, 4), [...addresses, ...addresses]);
}, { skip: other });
