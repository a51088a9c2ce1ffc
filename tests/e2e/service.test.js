/**
 * @file service.test.js  referd as a service: its signals, TLS, systemd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync }
	from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as secure } from 'node:tls';
import { Application } from './lib/application.js';
import { certificate } from './lib/certificate.js';
import { Client } from './lib/client.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const BOT = 'bot-0123456789abcdef';
const WALL = 'wall-0123456789abcdef';
const LAX = { rejectUnauthorized: false };

/* Node has no datagrams on Unix sockets; each becomes a line */
const LISTENER = `use IO::Socket::UNIX; use Socket; $| = 1;
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0])
		or die $!;
	print "listens\\n";
	while (defined $s->recv(my $d, 4096)) { $d =~ s/\\n/ /g; print "$d\\n"; }`;


function bearer(token)
{
	return { headers: { Authorization: `Bearer ${token}` } };
}


/* A certificate and its key in `dir`, and the certificate's fingerprint */
function makeCertificate(s, dir)
{
	const from = join(s.dir, `made-${Math.random()}`);

	mkdirSync(from);
	certificate(from);
	copyFileSync(join(from, 'certificate.pem'), join(dir, 'cert.pem'));
	copyFileSync(join(from, 'key.pem'), join(dir, 'key.pem'));
}


function tlsFiles(s)
{
	return ['--tls-cert', join(s.dir, 'cert.pem'),
		'--tls-key', join(s.dir, 'key.pem')];
}


async function fingerprint(url)
{
	const { hostname: host, port } = new URL(url);
	const socket = secure({ host, port, ...LAX });

	await new Promise((resolve, reject) => {
		socket.on('secureConnect', resolve);
		socket.on('error', reject);
	});

	const { fingerprint256 } = socket.getPeerCertificate();

	socket.destroy();

	return fingerprint256;
}


function hangup(referd)
{
	const from = referd.process.log.length;

	referd.process.child.kill('SIGHUP');

	/* Only the log shows that referd has received the signal */
	return referd.process.log.wait((l) => /reads its files/.test(l),
		'word of the signal', { from });
}


async function refused(s, ...args)
{
	const p = new Process('referd', [settings.referd, '--listen',
		'127.0.0.1:0', '--socket', join(s.dir, 'x.sock'),
		'--state', join(s.dir, 'x'), ...args]);

	assert.equal(await p.ended(), 1);
	assert.equal(p.log.length, 1, p.log.items.join('\n'));

	return p.log.items[0];
}


scene('TLS: page, HTTP and WebSocket', async (s) => {
	makeCertificate(s, s.dir);

	const { http: url, ws } = await s.referd({ args: tlsFiles(s) });

	assert.match(url, /^https:/);
	assert.equal((await http(url, LAX)).status, 200);
	assert.equal(JSON.parse((await http(`${url}/healthz`, LAX)).text)
		.status, 'ok');

	const c = await Client.connect(ws, { ...LAX,
		headers: { Origin: url } });

	s.clients.push(c);
	await c.message('hello');

	/* A client without TLS gets nothing, and does not affect the others */
	const { hostname: host, port } = new URL(url);
	const plain = connect({ host, port });

	plain.on('error', () => {});
	plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
	let said = '';
	plain.on('data', (data) => { said += data.toString('latin1'); });
	await new Promise((resolve) => plain.on('close', resolve));
	assert.ok(!said.includes('HTTP/'), said);

	const old = secure({ host, port, ...LAX, minVersion: 'TLSv1',
		maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });

	await new Promise((resolve) => old.on('error', resolve));
	c.send({ verb: 'hangup' });
	await c.message('jambonz:error');
});


scene('a certificate that is wrong is told in a sentence', async (s) => {
	makeCertificate(s, s.dir);
	mkdirSync(join(s.dir, 'other'));
	makeCertificate(s, join(s.dir, 'other'));
	writeFileSync(join(s.dir, 'file'), 'x');

	const [, cert, , key] = tlsFiles(s);

	for (const [args, error] of [
		[['--tls-cert', cert], /must be given together/],
		[['--tls-key', key], /must be given together/],
		[['--tls-cert', join(s.dir, 'none'), '--tls-key', key],
			/cannot use .*none/],
		[['--tls-cert', join(s.dir, 'file'), '--tls-key', key],
			/cannot use .*file/],
		[['--tls-cert', cert, '--tls-key',
			join(s.dir, 'other', 'key.pem')], /mismatch/]])
		assert.match(await refused(s, ...args), error);
});


scene('SIGHUP: a new certificate for who comes, a bad one for nobody',
	async (s) => {
	makeCertificate(s, s.dir);

	const referd = await s.referd({ args: tlsFiles(s) });
	const c = await Client.connect(referd.ws, LAX);
	const before = await fingerprint(referd.http);

	s.clients.push(c);
	makeCertificate(s, s.dir);
	await hangup(referd);

	const after = await fingerprint(referd.http);

	assert.notEqual(after, before);

	/* the certificate of one with the key of another */
	const old = readFileSync(join(s.dir, 'key.pem'));

	makeCertificate(s, s.dir);
	writeFileSync(join(s.dir, 'key.pem'), old);
	await hangup(referd);
	assert.equal(await fingerprint(referd.http), after);

	c.send({ verb: 'hangup' });
	await c.message('jambonz:error');
});


scene('SIGHUP: who has lost his token is sent away, who has one comes',
	async (s) => {
	const file = join(s.dir, 'tokens');
	const write = (text) => {
		writeFileSync(file, text);
		chmodSync(file, 0o600);
	};

	write(`bot controller ${BOT}\nwall observer ${WALL}\n`);

	const referd = await s.referd({ args: ['--token-file', file] });
	const bot = await s.client(referd, bearer(BOT));
	const wall = await s.client(referd, bearer(WALL));

	/* A bad file changes nothing */
	write('nonsense\n');
	await hangup(referd);
	bot.send({ verb: 'hangup' });
	await bot.message('jambonz:error');

	write(`bot controller ${BOT}\nnew controller ${BOT}2\n`);
	await hangup(referd);
	assert.equal((await wall.closed).code, 4001);
	assert.equal((await http(`${referd.http}/calls`, bearer(WALL)))
		.status, 401);
	await s.client(referd, bearer(`${BOT}2`));

	/* Another role is another token */
	write(`bot observer ${BOT}\n`);
	await hangup(referd);
	assert.equal((await bot.closed).code, 4001);
	assert.equal((await (await s.client(referd, bearer(BOT)))
		.message('hello')).data.role, 'observer');
});


scene('SIGHUP: calls get the application that the map has now',
	async (s) => {
	const one = await Application.start(s);
	const two = await Application.start(s);
	const map = join(s.dir, 'map');

	writeFileSync(map, `* ${one.url}/one\n`);

	const referd = await s.referd({ args: ['--app-map', map] });
	const node = await Node.connect(referd.socket);

	node.call({ state: 'ringing' });
	await one.request('/one');

	writeFileSync(map, 'nonsense\n');
	await hangup(referd);
	node.call({ state: 'ringing' });
	await one.requests.wait(() => one.all('/one').length === 2, 'another');

	writeFileSync(map, `* ${two.url}/two\n`);
	await hangup(referd);
	node.call({ state: 'ringing' });
	await two.request('/two');
	assert.equal(one.all('/one').length, 2);
});


scene('SIGTERM: clients are told to come back, and nobody else comes',
	async (s) => {
	const referd = await s.referd();
	const node = await Node.connect(referd.socket);
	const client = await s.client(referd);
	const jambonz = await s.client(referd, { protocol: 'ws.jambonz.org' });
	const call = node.call();

	await client.message('session:new');
	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	await client.message('transfer:status', { step: 'requested' });
	const begun = Date.now();
	referd.process.child.kill('SIGTERM');

	/* It waits for the end of the transfer, but accepts no new client */
	await referd.process.log.wait((l) => /as a signal says/.test(l),
		'word of the signal');
	await assert.rejects(Client.connect(referd.ws));

	/* The end arrives in the same turn of the loop in which the timer that
	   checks for it is due */
	referd.process.child.kill('SIGSTOP');
	await sleep(50);
	t.end(200);
	referd.process.child.kill('SIGCONT');
	await client.message('transfer:status', { step: 'ended',
		outcome: 'transferred' });

	for (const c of [client, jambonz])
		assert.equal((await c.closed).code, 1001);
	assert.equal(await referd.process.ended(), 0);
	assert.ok(Date.now() - begun < 10_000);
});


scene('SIGTERM: what does not end goes on in the next referd', async (s) => {
	const referd = await s.referd();
	const node = await Node.connect(referd.socket);
	const client = await s.client(referd);
	const stuck = await s.client(referd);
	const call = node.call();

	await client.message('session:new');
	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);
	const { seq } = await client.message('transfer:status');

	stuck.socket._socket.pause();
	const begun = Date.now();

	assert.equal(await referd.kill('SIGTERM'), 0);
	assert.ok(Date.now() - begun < 10_000);
	assert.equal((await client.closed).code, 1001);
	node.disconnect();

	await referd.run();
	const back = await s.client(referd, { query: `?since=${seq}` });

	await node.connect();
	t.end(200);
	await back.message('transfer:status', { step: 'ended',
		outcome: 'transferred' });
	stuck.socket.terminate();
});


scene('who sends SIGTERM twice does not wait', async (s) => {
	const referd = await s.referd();
	const node = await Node.connect(referd.socket);
	const client = await s.client(referd);
	const call = node.call();

	await client.message('session:new');
	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	await node.transfer(call);
	await client.message('transfer:status');

	const begun = Date.now();

	referd.process.child.kill('SIGTERM');
	await referd.process.log.wait((l) => /as a signal says/.test(l),
		'word of the signal');
	assert.equal(await referd.kill('SIGTERM'), 0);
	assert.ok(Date.now() - begun < 4000);
});


scene('systemd hears of start, reload, life and end', async (s) => {
	for (const path of [join(s.dir, 'notify'), `\0refer-${process.pid}`]) {
		const systemd = new Process('systemd', ['perl', '-e',
			LISTENER.replace('$ARGV[0]', JSON.stringify(path)
				.replace('\\u0000', '\\0'))]);

		s.join({ process: systemd, kill: () => systemd.kill() });
		await systemd.log.wait((l) => l === 'listens', 'it listens');

		const referd = await s.referd({ env: {
			NOTIFY_SOCKET: path.replace('\0', '@'),
			WATCHDOG_USEC: '200000' } });
		const said = (line, from = 0) => systemd.log.wait((l) =>
			l.startsWith(line), line, { from });

		await said('READY=1');
		await said('WATCHDOG=1');

		const from = systemd.log.length;

		await hangup(referd);
		await said('RELOADING=1 MONOTONIC_USEC=', from);
		await said('READY=1', from);
		await said('WATCHDOG=1', systemd.log.length);
		await referd.kill('SIGTERM');
		await said('STOPPING=1');
		await systemd.kill();
	}
});
