/**
 * @file embedded.test.js  referd.so: the service as a guest in baresip
 *
 * The tests of the daemon cover its service to clients, with EMBEDDED=1. This
 * file covers its start, its effect on the process of baresip, and its end.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, writeFileSync }
	from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { Bot } from './lib/bot.js';
import { Client } from './lib/client.js';
import { Baresip } from './lib/baresip.js';
import { certificate } from './lib/certificate.js';
import { Far } from './lib/far.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { Referd } from './lib/referd.js';
import { GATEWAY, scene } from './lib/scene.js';
import { sanitizerEnv, sanitizerOptions, settings }
	from './lib/settings.js';
import { until } from './lib/until.js';
import { whyNoValgrind } from './lib/valgrind.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };
const LOW = 1024; /* descriptors that are baresip's */
const SIGTERM = 1n << 14n; /* in a mask */
const COLOUR = /\x1b\[[\d;]*m/g;

settings.embedded = true;


/* A baresip with referd.so in its config, loaded or not */
async function ask(s, config, options = {})
{
	return s.join(await Baresip.start(s.path('baresip'), {
		name: 'gw', ip: GATEWAY, trace: false, env: sanitizerEnv(),
		modules: { 'referd.so': settings.service },
		config: {
			referd_listen: '127.0.0.1:0',
			referd_state: join(s.dir, 'state'),
			...config,
		}, ...options }));
}


/* The lines of referd.so in the log of baresip, without colours */
function said({ process: p })
{
	return p.log.items.map((l) => l.replace(COLOUR, ''))
		.filter((l) => l.startsWith('referd: '));
}


function proc({ process: p }, file)
{
	return readFileSync(`/proc/${p.pid}/${file}`, 'utf8');
}


/* The properties of the whole process: signals, limits and so on */
function ofProcess(baresip)
{
	const fields = Object.fromEntries(proc(baresip, 'status').split('\n')
		.map((l) => l.split(/:\s*/)));

	/* the C library uses the signals from 32 on for threads */
	return {
		umask: fields.Umask,
		...Object.fromEntries(['SigBlk', 'SigIgn', 'SigCgt']
			.map((key) => [key, fields[key].slice(-8)])),
		files: /^Max open files.*$/m.exec(proc(baresip, 'limits'))[0],
		cwd: readlinkSync(`/proc/${baresip.process.pid}/cwd`),
	};
}


function descriptors({ process: p })
{
	return readdirSync(`/proc/${p.pid}/fd`).map(Number);
}


/* The descriptors of TCP connections to a port */
function descriptorsTo(baresip, port)
{
	const { pid } = baresip.process;
	const hex = Number(port).toString(16).toUpperCase().padStart(4, '0');
	const inodes = proc(baresip, 'net/tcp').split('\n')
		.map((l) => l.trim().split(/\s+/))
		.filter(([, , remote]) => remote?.endsWith(`:${hex}`))
		.map((fields) => `socket:[${fields[9]}]`);

	return descriptors(baresip).filter((fd) => {
		try {
			return inodes.includes(
				readlinkSync(`/proc/${pid}/fd/${fd}`));
		}
		catch {
			return false; /* closed meanwhile */
		}
	});
}


scene('two lines load it: the page is there, and a transfer runs',
	async (s) => {
	const { client, referd, gateway } = await s.control();
	const page = await fetch(referd.http);
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	assert.equal(page.status, 200);
	assert.match(await page.text(), /^<!doctype html>/);
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await client.message('transfer:status', { call_sid: sid,
		step: 'ended', outcome: 'transferred' });
	await far.passed();
	assert.deepEqual(gateway.process.log.items.filter((l) =>
		/warning|should be/.test(l)), []);
});


/* The threads that a signal to the process can reach */
function reachable(baresip)
{
	return readdirSync(`/proc/${baresip.process.pid}/task`).filter((task) =>
		!(BigInt(`0x${/^SigBlk:\s+(\w+)/m.exec(proc(baresip,
			`task/${task}/status`))[1]}`) & SIGTERM));
}


for (const [where, skip, argsOf] of [
	['', false, () => []],
	[', in a fleet', NO_FLEET, async (s) => ['--fleet',
		(await Cluster.join(s)).urls(), '--fleet-node', 'gw']],
])
	scene(`it leaves alone what is the whole process's${where}`,
		async (s) => {
		const plain = await s.join(await Baresip.start(
			s.path('plain'), { name: 'plain', ip: '10.77.0.2',
				module: true, ctrl: false }));
		const args = await argsOf(s);
		const { client, gateway, referd } = await s.control({
			referd: { args } });
		const { sid } = await s.call(client, 'transfer', ANSWERED);

		client.send({ verb: 'sip:refer', referTo: '100',
			call_sid: sid });
		await client.message('transfer:status', { call_sid: sid,
			step: 'ended' });
		await referd.fleet((f) => !args.length || f.state === 'up');
		assert.deepEqual(ofProcess(gateway), ofProcess(plain));
		await until(() => reachable(gateway).length ===
			reachable(plain).length, 'end of the threads of the call');
	}, { skip });


scene('its clients take no descriptor that baresip could listen to',
	async (s) => {
	const { client, gateway, referd } = await s.control({ gateway: {
		wrap: ['prlimit', '--nofile=4096:4096'] } });
	const low = () => descriptors(gateway).filter((fd) => fd < LOW).length;
	const before = low();

	for (let i = 0; i < 50; i++)
		await s.client(referd, { name: `c${i}` });
	assert.ok(low() - before < 5, `${before} before, ${low()} now`);
	assert.ok(descriptors(gateway).filter((fd) => fd >= LOW).length > 50);
	await client.echo();
});


scene('no application does so either', async (s) => {
	const bot = await Bot.start(s, 'sdk');
	const far = await Far.start(s);
	const { gateway } = await s.control({
		referd: { args: ['--app', `ws://${bot.host}/bot`] },
		gateway: { wrap: ['prlimit', '--nofile=4096:4096'] } });

	for (let i = 1; i <= 5; i++) {
		await far.call();
		await bot.events.wait(() => bot.all('session:new').length >= i,
			'another session:new');
	}
	const fds = descriptorsTo(gateway, bot.host.split(':')[1]);

	assert.ok(fds.length >= 5 && fds.every((fd) => fd >= LOW), `${fds}`);
});


scene('with the usual limit of open files few clients can come',
	async (s) => {
	const p = await ask(s, {}, { wrap: ['prlimit', '--nofile=1024:4096'] });

	assert.ok(said(p).some((l) => /^referd: listen: the limit of open files allows 128 clients; the settings need a limit of \d+$/.test(l)), said(p).join('\n'));
	assert.match(ofProcess(p).files, /\s1024\s+4096\s/);
});


for (const [what, config, sentence] of [
	['a number', { referd_keep_days: '0' },
		'config: referd_keep_days must be a number from 1 to 36500'],
	['a path', { referd_state: '""' },
		'config: referd_state must be a path'],
	['a name', { referd_colour: 'red' },
		'referd_colour is not a setting; see referd(5)'],
	['the daemon\'s', { referd_log_level: 'debug' },
		'referd_log_level is not a setting; see referd(5)'],
	['a name of a fleet', { referd_fleet: 'nats://10.77.0.31',
		referd_fleet_node: 'a.b' },
	'fleet: referd_fleet_node must have 1 to 64 letters, digits, - and _'],
	['two words', { referd_hook_allow: 'a.example, b.example' },
		'referd_hook_allow must be one word, or be in quotes'],
	['half a quote', { referd_hook_allow: '"a.example' },
		'referd_hook_allow must be one word, or be in quotes'],
	['nothing', { referd_app: '' },
		'referd_app must have a value, "" for an empty one'],
	['an address', { referd_listen: 'here' },
		'listen: cannot listen on here: give HOST:PORT'],
	['no tokens', { referd_listen: `${GATEWAY}:0` },
		`listen: cannot listen on ${GATEWAY}:0 without tokens: put a line 'NAME controller TOKEN' into a file of mode 0600 (openssl rand -hex 32 makes a token) and name the file with referd_token_file`],
])
	scene(`is not loaded with a bad setting: ${what}`, async (s) => {
		const p = await ask(s, config);

		assert.deepEqual(said(p), [`referd: ${sentence}`]);
		assert.equal(await p.quit(), 0);
	});


scene('is not loaded onto a port that is in use', async (s) => {
	const server = createServer();

	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = `127.0.0.1:${server.address().port}`;
	const p = await ask(s, { referd_listen: address });

	assert.deepEqual(said(p), [`referd: listen: cannot listen on ` +
		`${address}: the port is in use`]);
	assert.equal(await p.quit(), 0);
	server.close();
});


scene('is not loaded beside a daemon, or another baresip, on its state',
	async (s) => {
	const daemon = s.join(await Referd.start(s.path('daemon')));
	const state = join(s.dir, 'state');
	const refusal = (dir) => new RegExp(`^referd: .*${dir}.*another`);

	let p = await ask(s, { referd_state: daemon.state });
	assert.equal(said(p).length, 1);
	assert.match(said(p)[0], refusal(daemon.state));
	assert.equal(await p.quit(), 0);

	const first = await ask(s, {}, { ip: '10.77.0.2' });
	p = await ask(s, {});
	assert.equal(said(p).length, 1);
	assert.match(said(p)[0], refusal(state));
	assert.equal(await p.quit(), 0);
	assert.equal(await first.quit(), 0);
});


scene('is not loaded without libwebsockets\' plugin for libev', async (s) => {
	const path = execFileSync('sh', ['-c', 'find /usr/lib* /usr/local/lib* ' +
		'-name "libwebsockets-evlib_ev.so"'], { encoding: 'utf8' })
		.trim().split('\n')[0];

	execFileSync('mount', ['--bind', '/dev/null', path]);
	try {
		const p = await ask(s, {});

		assert.equal(said(p).at(-1), 'referd: server: libwebsockets ' +
			'cannot start: install its plugin for libev ' +
			'(libwebsockets-evlib-ev)');
		assert.equal(await p.quit(), 0);
	}
	finally {
		execFileSync('umount', [path]);
	}
});


scene('is not loaded with a fleet without the plugin of referd-fleet',
	async (s) => {
	execFileSync('mount', ['--bind', '/dev/null', settings.fleetPlugin]);
	try {
		const p = await ask(s, { referd_fleet: 'nats://10.77.0.31' });

		assert.match(said(p).at(-1), /^referd: fleet: the package referd-fleet is required: /);
		assert.equal(await p.quit(), 0);
	}
	finally {
		execFileSync('umount', [settings.fleetPlugin]);
	}
}, { skip: NO_FLEET });


scene('is not loaded beside a sip_refer.so of another release', async (s) => {
	const old = join(s.dir, 'old.so');
	const [, version] = execFileSync(settings.referd, ['--version'],
		{ encoding: 'utf8', env: { ...process.env,
			...sanitizerOptions() } }).trim().split(' ');

	writeFileSync(old, readFileSync(settings.module, 'latin1')
		.replaceAll(`\0${version}\0`, `\0${'9'.repeat(version.length)}\0`),
	'latin1');
	const p = await ask(s, {}, { module: true,
		modules: { 'sip_refer.so': old, 'referd.so': settings.service } });

	assert.deepEqual(said(p), ['referd: cannot be loaded: sip_refer.so ' +
		`is of release '${'9'.repeat(version.length)}', this is ` +
		version]);
	assert.equal(await p.quit(), 0);
});


scene('referd_reload: tokens and certificates are read again', async (s) => {
	const tokens = join(s.dir, 'tokens');
	const [old, fresh] = ['a'.repeat(32), 'b'.repeat(32)];
	const write = (token) => writeFileSync(tokens,
		`ann controller ${token}\n`, { mode: 0o600 });
	const as = (token) => ({ headers: {
		authorization: `Bearer ${token}` } });

	write(old);
	const referd = await s.referd({ args: ['--token-file', tokens] },
		undefined);
	const client = await s.client(referd, as(old));

	write(fresh);
	assert.match(await referd.gateway.command('referd_reload'),
		/^referd reads its files again/);
	await client.closed;
	await s.client(referd, as(fresh));
	await assert.rejects(Client.connect(referd.ws, as(old)));

	writeFileSync(tokens, 'nobody\n');
	await referd.gateway.command('referd_reload');
	await referd.process.log.wait((l) => /referd: auth: /.test(l),
		'what is wrong');
	await s.client(referd, as(fresh));
	assert.equal(await referd.gateway.quit(), 0);
});


scene('it goes and comes again, with clients and a transfer in the middle',
	async (s) => {
	const { client, gateway, referd } = await s.control({
		referd: { listen: '127.0.0.1:8080' } });
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });

	for (let i = 0; i < 20; i++)
		await s.client(referd, { name: `c${i}` });
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await client.message('transfer:status', { call_sid: sid,
		call_status: 180 });

	const begin = Date.now();

	await gateway.command('rmmod', 'referd.so');
	assert.ok(Date.now() - begin < (settings.sanitize ? 5000 : 1500));
	assert.equal((await client.closed).code, 1001);
	await assert.rejects(Client.connect(referd.ws));

	await gateway.command('insmod', 'referd.so');
	const back = await s.client(referd, { query: '?since=0' });

	await far.nudge();
	await back.message('transfer:status', { call_sid: sid, step: 'ended',
		outcome: 'transferred' });
	assert.ok(gateway.process.alive);
});


scene('it may go and come many times', async (s) => {
	const { gateway, referd } = await s.control({
		referd: { listen: '127.0.0.1:8080' } });
	const count = () => descriptors(gateway).length;
	let before;

	for (let i = 0; i < 10; i++) {
		const client = await s.client(referd);
		const { sid } = await s.call(client, 'transfer', ANSWERED);

		client.send({ verb: 'sip:refer', referTo: '100',
			call_sid: sid });
		await client.message('transfer:status', { call_sid: sid,
			step: 'ended', outcome: 'transferred' });
		await gateway.command('rmmod', 'referd.so');
		before ??= count();
		if (i > 2)
			assert.ok(count() <= before + 2,
				`${before} before, ${count()} now`);
		await gateway.command('insmod', 'referd.so');
		await referd.knows(1);
	}
});


for (const [way, leave] of [
	['quit', (gateway) => gateway.quit()],
	['SIGTERM', (gateway) => gateway.process.kill('SIGTERM')],
])
	scene(`${way}: the clients are told, the call and its transfer end`,
		async (s) => {
		const { client, gateway, referd } = await s.control();
		const { far, sid } = await s.call(client, 'ringing',
			{ final: '200 OK' });

		client.send({ verb: 'sip:refer', referTo: '100',
			call_sid: sid });
		await client.message('transfer:status', { call_sid: sid,
			call_status: 180 });
		assert.equal(await leave(gateway), 0);
		assert.equal((await client.closed).code, 1001);
		await far.received('BYE');

		/* and all messages are on disk */
		await referd.run();
		const next = await s.client(referd, { query: '?since=0' });

		await next.message('transfer:status', { call_sid: sid,
			step: 'ended' });
		await next.message('call:status', { call_sid: sid,
			call_status: 'completed' });
	});


scene('TLS, in baresip, too', async (s) => {
	const file = certificate(s.dir);
	const ca = readFileSync(file);
	const referd = await s.referd({ args: ['--tls-cert', file,
		'--tls-key', file] });
	const client = await s.client(referd, { ca });

	/* referd writes to this client, although its connection is broken */
	const rude = await s.client(referd, { ca });

	rude.socket.terminate();
	await s.call(client, 'transfer', ANSWERED);
	await client.echo();
	assert.equal(await referd.gateway.quit(), 0);
});


/*
 * The records of valgrind's report. Records of lost memory count only where
 * referd.so is in the stack, since libraries lose memory of their own. Misuse
 * of memory always counts.
 */
function records(report)
{
	return report.replace(/^==\d+== ?/gm, '').split(/\n\n+/)
		.filter((r) => /^\s+at 0x/m.test(r) || / by 0x/.test(r))
		.filter((r) => !/ (possibly|definitely|indirectly) lost in /.test(r) ||
			/\((core|referd|service|config)\.c:\d+\)/.test(r));
}


scene('valgrind finds nothing, with all in the middle of something',
	async (s) => {
	const report = join(s.dir, 'valgrind.log');
	const application = await Application.start(s, {
		reply: () => false });
	const { client, gateway, referd } = await s.control({
		/* `--sync power` adds a thread */
		referd: { listen: '127.0.0.1:8080',
			args: ['--sync', 'power'] },
		gateway: { wrap: ['valgrind', '--leak-check=full',
			'--num-callers=40', '--keep-debuginfo=yes',
			`--log-file=${report}`] } });
	const begin = async (by) => {
		const { far, sid } = await s.call(by, 'ringing',
			{ final: '200 OK' });

		by.send({ verb: 'sip:refer', referTo: '100', call_sid: sid,
			actionHook: '/action',
			eventHook: `${application.url}/event` });
		await by.message('transfer:status', { call_sid: sid,
			call_status: 180 });

		return far;
	};

	await begin(client);
	await s.client(referd, { name: 'silent' });
	await gateway.command('rmmod', 'referd.so');
	await gateway.command('insmod', 'referd.so');
	const back = await s.client(referd);

	await begin(back);
	assert.equal(await gateway.quit(), 0);
	assert.deepEqual(records(readFileSync(report, 'utf8')), []);
}, { skip: whyNoValgrind() });


scene('its applications are reached again when it comes again', async (s) => {
	const bot = await Bot.start(s, 'sdk');
	const far = await Far.start(s);
	const { gateway } = await s.control({ referd: { listen: '127.0.0.1:8080',
		args: ['--app', `ws://${bot.host}/bot`] } });
	const dial = async () => {
		const n = bot.all('session:new').length;

		await far.call();
		await bot.events.wait(() => bot.all('session:new').length > n,
			'another session:new');
	};

	await dial();
	await gateway.command('rmmod', 'referd.so');
	await gateway.command('insmod', 'referd.so');
	await dial();
});
