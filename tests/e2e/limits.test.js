/**
 * @file limits.test.js  Limits: an excess does not affect other clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './lib/client.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { dribble, gauge, portOf, raw, until, UPGRADE } from './lib/raw.js';
import { scene } from './lib/scene.js';
import { jumpEnv } from './lib/settings.js';

const BOT = 'bot-0123456789abcdef';
const IDLE = 11_998; /* with `client` and `last`, 12,000 */

/* Opens `count` WebSockets, prints "ready", and then reads from them */
const CROWD = `
	const { connect } = require('node:net');
	const [port, count, upgrade] = process.argv.slice(1);
	let open = 0;
	const next = () => {
		const s = connect({ host: '127.0.0.1', port });
		let ready = false;
		s.write(upgrade);
		s.on('data', () => {
			if (ready)
				return;
			ready = true;
			if (++open == count)
				console.log('ready');
			else if (open + 200 <= count)
				next();
		});
		s.on('close', () => console.log('closed'));
		s.on('error', () => {});
	};
	for (let i = 0; i < Math.min(200, count); i++)
		next();`;


async function liveCall(client, node, fields)
{
	const call = node.call(fields);

	await client.message('session:new', { call_sid: call.sid });

	return call;
}


/* Runs a transfer from the verb to its end; returns its duration in ms */
async function transfer(client, node, call)
{
	const from = client.now;
	const begun = Date.now();

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	t.end(486);
	await client.message('transfer:status', { step: 'ended' }, { from });

	return Date.now() - begun;
}


scene('connections in all: one too many is told so, and may come later',
	async (s) => {
	const referd = await s.referd({ args: ['--max-connections', '5'] });
	const clients = [];

	for (let i = 0; i < 5; i++)
		clients.push(await s.client(referd));

	const { status, text } = await http(`${referd.http}/healthz`);

	assert.equal(status, 503);
	assert.match(JSON.parse(text).error, /Too many connections/);
	await assert.rejects(Client.connect(referd.ws), /503/);

	clients[0].close();
	await clients[0].closed;
	await until(async () => (await http(`${referd.http}/healthz`))
		.status === 200);
	clients[1].send({ verb: 'hangup' });
	await clients[1].message('jambonz:error');
});


scene('connections from one address: others are not hindered', async (s) => {
	const tokens = join(s.dir, 'tokens');

	writeFileSync(tokens, `bot controller ${BOT}\n`);
	chmodSync(tokens, 0o600);

	const { http: url } = await s.referd({ listen: '[::]:0', args: [
		'--token-file', tokens, '--max-per-address', '3'] });
	const { port } = new URL(url);
	const come = async (localAddress, host) => {
		const c = await Client.connect(`ws://${host}:${port}/ws`, {
			headers: { Authorization: `Bearer ${BOT}` },
			localAddress });

		s.clients.push(c);
		await c.message('hello');

		return c;
	};
	const clients = [];

	for (let i = 0; i < 3; i++)
		clients.push(await come('10.77.0.5', '10.77.0.1'));
	await assert.rejects(come('10.77.0.5', '10.77.0.1'), /503/);
	await come('10.77.0.6', '10.77.0.1');
	for (let i = 0; i < 5; i++)
		await come('127.0.0.1', '127.0.0.1');

	/* all addresses of an IPv6 network count as one */
	for (let i = 5; i < 8; i++)
		await come(`fd77::${i}`, '[fd77::1]');
	await assert.rejects(come('fd77::8', '[fd77::1]'), /503/);

	clients[0].close();
	await clients[0].closed;
	await come('10.77.0.5', '10.77.0.1');
});


scene('who is slow with his handshake or body is not waited for',
	async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const call = await liveCall(client, node);
	const at = portOf(referd);
	const post = 'POST /calls HTTP/1.1\r\nHost: localhost\r\n' +
		'Content-Length: 60000\r\n\r\n';
	const slow = [
		raw(at),
		raw(at, UPGRADE.slice(0, -2)),
		dribble(raw(at), 'GET / HTTP/1.1\r\nHost: localhost\r\n' +
			'X: '.padEnd(4000, 'x')),
		dribble(raw(at, 'GET / HTTP/1.1\r\n'), 'X: y\r\n', 500),
		raw(at, post),
		dribble(raw(at, post), ' '),
		raw(at, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'),
	];
	const link = raw({ path: referd.socket });
	const half = raw({ path: referd.socket }, '{"type":"hello"');

	for (const took of await Promise.all(
		[...slow, link, half].map((c) => c.over)))
		assert.ok(took > 9500 && took < 15_000, `${took} ms`);
	assert.match(slow.at(-1).text, /200 OK/);
	assert.ok(await transfer(client, node, call) < 2000);
});


scene('a connection is closed behind its answer, if it says so',
	async (s) => {
	const referd = await s.referd();
	const at = portOf(referd);

	for (const head of ['HTTP/1.1\r\nHost: localhost\r\nConnection: close',
		'HTTP/1.0\r\nHost: localhost'])
		for (const path of ['/', '/calls', '/transfers?x=1', '/none']) {
			const c = raw(at, `GET ${path} ${head}\r\n\r\n`);

			/* the 30 s apply to a client that does not read */
			assert.ok(await c.over < 8000, path);
			assert.match(c.text, /^HTTP\/1.[01] [24]/);
		}
});


scene('who sends too fast waits, and loses nothing', async (s) => {
	const referd = await s.referd({ args: ['--max-rate', '50'] });
	const fast = await s.client(referd);
	const other = await s.client(referd);
	const begun = Date.now();

	for (let i = 0; i < 200; i++)
		fast.send({ verb: 'hangup', msgid: `${i}` });

	const asked = Date.now();

	other.send({ verb: 'hangup' });
	await other.message('jambonz:error');
	assert.ok(Date.now() - asked < 1000);

	await fast.messages.wait((m) => m.data?.ref === '199', 'the last');
	assert.ok(Date.now() - begun > 2500);
	assert.deepEqual(fast.all('jambonz:error').map((m) => m.data.ref),
		Array.from({ length: 200 }, (_, i) => `${i}`));
});


scene('calls in all: more are left to baresip until others have ended',
	async (s) => {
	const referd = await s.referd({ args: ['--max-calls', '3'] });
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const calls = [];

	for (let i = 0; i < 3; i++)
		calls.push(await liveCall(client, node));

	const more = node.call({ state: 'ringing' });

	client.send({ type: 'command', command: 'dial', msgid: '1',
		data: { to: 'sip:bob@example.com' } });
	const { data } = await client.message('jambonz:error');

	assert.match(data.error, /Too many calls/);
	assert.equal(client.all('session:new').length, 3);
	assert.ok(await transfer(client, node, calls[0]) < 2000);

	node.closed(calls[1]);
	await client.message('call:status', { call_status: 'completed' });
	node.status(more, { state: 'in-progress' });
	await client.message('session:new', { call_sid: more.sid });
});


scene('who is gone without a word is let go, who is just silent is not',
	async (s) => {
	const referd = await s.referd({ args: ['--idle-time', '3'] });
	const dead = await s.client(referd);
	const silent = await s.client(referd);
	let asked = 0;

	silent.socket.on('ping', () => asked++);
	assert.equal(await gauge(referd, 'referd_clients'), 2);
	dead.socket._socket.pause();
	await until(async () => await gauge(referd, 'referd_clients') === 1);
	await until(() => asked > 1);
	silent.send({ verb: 'hangup' });
	await silent.message('jambonz:error');
	dead.socket.terminate();
});


scene('those who have been silent for the same time are not asked at once',
	async (s) => {
	const referd = await s.referd({ args: ['--idle-time', '6'] });
	const asked = [];
	const clients = [];

	for (let i = 0; i < 20; i++) {
		clients.push(await s.client(referd));
		clients[i].socket.on('ping', () => asked.push(Date.now()));
	}
	clients.forEach((c) => c.send({ verb: 'hangup' }));
	await until(() => asked.length >= 20);

	assert.ok(asked.filter((t) => t - asked[0] < 250).length <= 12);
	assert.equal(await gauge(referd, 'referd_clients'), 20);
});


scene('nobody is let go because the time of day has changed', async (s) => {
	const clock = join(s.dir, 'clock');

	writeFileSync(clock, '0');
	const referd = await s.referd({ env: jumpEnv(clock),
		args: ['--idle-time', '2'] });
	const client = await s.client(referd);

	writeFileSync(clock, '86400');
	const { time } = await (await s.client(referd)).message('hello');

	assert.ok(Date.parse(time) > Date.now() + 80_000_000);
	/* it answers the ping, so referd has checked it since */
	await new Promise((resolve) => client.socket.on('ping', resolve));
	client.send({ verb: 'hangup' });
	await client.message('jambonz:error');
});


scene('links to baresip: so many and no more', async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const call = await liveCall(client, node);
	const links = [];

	for (let i = 0; i < 255; i++) {
		links.push(raw({ path: referd.socket }));
		await new Promise((resolve) =>
			links[i].on('connect', resolve));
	}
	assert.ok(await raw({ path: referd.socket }).over < 5000);
	assert.ok(await transfer(client, node, call) < 2000);
	links.forEach((l) => l.destroy());
});


/* The CPU time of a process, in hundredths of a second */
function ticks(pid)
{
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
		.replace(/^.*\) /, '').split(' ');

	return Number(fields[11]) + Number(fields[12]);
}


scene('out of descriptors: referd waits, on both sockets, and goes on',
	async (s) => {
		const referd = await s.referd({
			wrap: ['prlimit', '--nofile=96:96'] });
		const { pid } = referd.process;
		const client = await s.client(referd);
		const node = await Node.connect(referd.socket);
		const call = await liveCall(client, node);
		const said = (name) => referd.process.log.wait((l) =>
			l.startsWith(`warning: ${name}: cannot accept connections`),
		`${name} is out of descriptors`);
		const links = Array.from({ length: 100 }, () =>
			raw({ path: referd.socket }));

		await said('link');
		const before = ticks(pid);

		/* clients that connect now must wait, too */
		const clients = Array.from({ length: 8 }, () =>
			raw(portOf(referd)));

		await said('listen');
		await sleep(1000);
		assert.ok(ticks(pid) - before < 20, 'referd spins');
		assert.ok(await transfer(client, node, call) < 2000);
		assert.equal(referd.process.log.filter((l) =>
			/cannot accept connections/.test(l)).length, 2);

		[...links, ...clients].forEach((l) => l.destroy());
		const other = await Node.connect(referd.socket, 'other');

		await liveCall(client, other);
		await s.client(referd);
	});


scene('hooks under way: 64 in all, 16 to a host, the others have their turn',
	async (s) => {
		const servers = [];
		const count = (n) => servers[n].waiting.length;

		for (let n = 0; n < 5; n++) {
			const waiting = [];
			const server = createServer((request, response) => {
				waiting.push(response);
				server.emit('more');
			});

			server.waiting = waiting;
			await new Promise((resolve) =>
				server.listen(0, '127.0.0.1', resolve));
			server.unref();
			servers.push(server);
		}

		const referd = await s.referd();
		const client = await s.client(referd);
		const node = await Node.connect(referd.socket);
		const enough = (n, want) => new Promise((resolve) => {
			const look = () => count(n) >= want && resolve();

			servers[n].on('more', look);
			look();
		});
		const hook = async (n) => {
			const call = await liveCall(client, node);

			client.send({ verb: 'sip:refer', referTo: '1',
				call_sid: call.sid, actionHook:
				`http://127.0.0.1:${servers[n].address().port}/`,
			});
			return node.transfer(call);
		};
		const transfers = [];

		/* hooks to four hosts that do not answer, then to a fifth */
		for (const n of [0, 1, 2, 3]) {
			for (let i = 0; i < 20; i++)
				transfers.push(await hook(n));
		}
		transfers.push(await hook(4));

		/* at once: a hook unanswered for 10 s makes room */
		transfers.forEach((t) => t.end(200));
		await Promise.all([0, 1, 2, 3].map((n) => enough(n, 16)));
		assert.deepEqual(servers.map((_, n) => count(n)),
			[16, 16, 16, 16, 0]);

		/* an answer starts a hook, of this host or of the fifth */
		servers[0].waiting[0].end('{}');
		servers[0].waiting[1].end('{}');
		await enough(4, 1);
		await enough(0, 17);
		assert.deepEqual(servers.map((_, n) => count(n)),
			[17, 16, 16, 16, 1]);

		for (const server of servers) {
			server.on('more', () =>
				server.waiting.at(-1).end('{}'));
			server.waiting.forEach((r) => r.end('{}'));
		}
		await Promise.all([0, 1, 2, 3].map((n) => enough(n, 20)));
		for (const server of servers) {
			server.closeAllConnections();
			server.close();
		}
	});


function whyNotOther()
{
	try {
		execFileSync('setpriv', ['--reuid', '65534', '--clear-groups',
			'true'], { stdio: 'ignore' });
		return false;
	}
	catch {
		return 'another user can be had by root only';
	}
}


scene('the socket of the nodes is for its user and its group', async (s) => {
	const referd = await s.referd();
	const script = `use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE";
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 3;
		print $s "$ARGV[1]\\n"; my $l = <$s>; print $l; exit !$l;`;
	const hello = JSON.stringify({ type: 'hello', protocol: 1, node: 'x',
		boot: 'x' });
	const as = async (...who) => {
		const p = new Process('other', ['setpriv', ...who, 'perl', '-e',
			script, referd.socket, hello]);

		return [await p.ended(), p.log.items.join('')];
	};
	const stranger = ['--reuid', '65534', '--regid', '65534',
		'--clear-groups'];

	chmodSync(s.dir, 0o755);
	chmodSync(referd.dir, 0o755);

	/* The mode of the socket keeps strangers out; with mode 0666, ... */
	assert.equal((await as(...stranger))[0], 3);
	chmodSync(referd.socket, 0o666);
	assert.deepEqual(await as(...stranger), [1, '']);

	const [status, said] = await as('--reuid', '65534', '--regid', '65534',
		'--groups', `${process.getgid()}`);

	assert.equal(status, 0);
	assert.match(said, /welcome/);
}, { skip: whyNotOther() });


function whyNotMany()
{
	const limit = execFileSync('sh', ['-c', 'ulimit -Hn'],
		{ encoding: 'utf8' }).trim();

	return limit !== 'unlimited' && Number(limit) < IDLE + 1000 ?
		`no more than ${limit} files may be open` : false;
}


scene(`${IDLE} idle clients: calls go on as if they were not there`,
	async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const { data } = await client.message('hello');
	const node = await Node.connect(referd.socket);
	const call = await liveCall(client, node);
	const crowd = new Process('crowd', ['sh', '-c',
		'ulimit -n $(ulimit -H -n); exec "$@"', 'sh', process.execPath,
		'-e', CROWD, portOf(referd).port, `${IDLE}`, UPGRADE]);

	s.join({ process: crowd, kill: () => crowd.kill() });
	await crowd.log.wait((l) => l === 'ready', 'all of them',
		{ timeout: 180_000 });
	assert.equal(await gauge(referd, 'referd_clients'), IDLE + 1);
	assert.match(data.client, /^c-[0-9a-f]{16}$/);

	for (let i = 0; i < 5; i++)
		assert.ok(await transfer(client, node, call) < 10_000);
	assert.equal(crowd.log.filter((l) => l === 'closed').length, 0);

	/* the last connection within the limit, and one beyond it */
	const last = raw(portOf(referd), 'GET /healthz HTTP/1.1\r\n' +
		'Host: localhost\r\n\r\n');

	await last.told;
	assert.match(last.text, /^HTTP\/1.1 200 /);
	assert.equal((await http(`${referd.http}/healthz`)).status, 503);
	last.destroy();
	await crowd.kill();
	await until(async () => await gauge(referd, 'referd_clients') === 1);
	assert.ok(await transfer(client, node, call) < 2000);
}, { skip: whyNotMany() });
