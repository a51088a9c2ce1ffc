/**
 * @file numbers.test.js  Limits at their exact numbers: this many, no more
 *
 * docs/limits.md lists them all. limits.test.js checks that they do not affect
 * other clients, badinput.test.js that a client that exceeds them gets an
 * error.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { Far } from './lib/far.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { gauge, portOf, raw, until } from './lib/raw.js';
import { scene } from './lib/scene.js';

const BOT = 'bot-0123456789abcdef';


/* The option that makes referd require tokens */
function tokens(s, text = `bot controller ${BOT}\n`)
{
	const file = join(s.dir, 'tokens');

	writeFileSync(file, text);
	chmodSync(file, 0o600);

	return ['--token-file', file];
}


/* A call of a baresip under control of the test */
async function liveCall(s, fields)
{
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const call = node.call(fields);

	await client.message('session:new', { call_sid: call.sid });

	return { referd, client, node, call };
}


function between(ms, low, high)
{
	assert.ok(ms >= low && ms <= high, `${ms} ms`);
}


scene('1,000 connections from one address', async (s) => {
	const referd = await s.referd({ listen: '10.77.0.1:0',
		args: tokens(s) });
	const { port } = portOf(referd);
	const come = (localAddress) => raw({ host: '10.77.0.1', port,
		localAddress }, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
	const all = Array.from({ length: 1000 }, () => come('10.77.0.5'));

	await Promise.all(all.map((c) => c.told));
	const more = come('10.77.0.5');
	const other = come('10.77.0.6');

	await Promise.all([more.told, other.told]);
	assert.match(more.text, /^HTTP\/1.1 503 /);
	for (const c of [...all, other])
		assert.match(c.text, /^HTTP\/1.1 200 /);
	[...all, other].forEach((c) => c.destroy());
});


scene('1,000 messages of a client in a second', async (s) => {
	const { client } = await liveCall(s);
	const begun = Date.now();
	const answers = (n) => client.messages.wait(() =>
		client.all('jambonz:error').length >= n, `${n} answers`);

	for (let i = 0; i < 3500; i++)
		client.send('{"verb":"dance"}');
	await answers(1000);
	await answers(3500);
	between(Date.now() - begun, 2400, 15_000);
});


/* Sends so many requests over one connection, at once; their answers */
async function pipeline(referd, n)
{
	const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
	const c = raw(portOf(referd), `${head}\r\n`.repeat(n - 1),
		`${head}Connection: close\r\n\r\n`);

	await c.over;

	return c.text;
}


const answers = (text) => text.match(/HTTP\/1.1 (200|429) /g)?.length;


/* ... or over one connection each, some at a time: libwebsockets 4.3 closes
   a connection if a request arrives before the answer to the previous one */
async function many(referd, n)
{
	const texts = [await pipeline(referd, n)];

	if (answers(texts[0]) !== n) {
		texts.pop();
		while (texts.length < n)
			texts.push(...await Promise.all(Array.from(
				{ length: 500 }, () => pipeline(referd, 1))));
	}

	assert.equal(answers(texts.join('')), n);

	return texts.join('');
}


scene('1,000 HTTP requests of an address in a second', async (s) => {
	const referd = await s.referd();
	const begun = Date.now();
	const texts = [await many(referd, 5000)];

	/* another connection from there counts for the same address */
	texts.push(await many(referd, 5000));
	const taken = texts.join('').match(/HTTP\/1.1 200 /g).length;

	assert.ok(taken >= 1000 && taken <= 1001 + Date.now() - begun,
		`${taken} in ${Date.now() - begun} ms`);
	assert.match(texts[0], /HTTP\/1.1 429 [^]*retry-after: 1\r\n/);
	assert.match(texts[0], /"error":"Too many requests; wait a/);

	/* the page is served nevertheless */
	for (let i = 0; i < 20; i++)
		assert.equal((await http(`${referd.http}/app.js`)).status, 200);
	await until(async () => (await http(`${referd.http}/calls`)).status
		=== 200);
});


scene('20,000 calls', async (s) => {
	const { client, node, referd } = await liveCall(s);
	const dial = () => http(`${referd.http}/calls`, { method: 'POST',
		body: '{"to":"bob"}' });

	client.close();
	for (let i = 2; i < 20_000; i++) {
		node.call();
		if (i % 500 === 0)
			await new Promise((resolve) => setImmediate(resolve));
	}
	await until(async () => await gauge(referd, 'referd_calls') === 19_999);

	const dialled = dial();

	await node.accept('dial');
	assert.equal((await dialled).status, 202);
	node.call();
	await until(async () => await gauge(referd, 'referd_calls') === 20_000);
	const refused = await dial();

	assert.equal(refused.status, 503);
	assert.match(refused.text, /Too many calls are live/);
	node.call();

	/* a hello with all of them exceeds the usual limit of the queue */
	const { data } = await (await s.client(referd)).message('hello');

	assert.equal(data.calls.length, 20_000);
	await takeInTime(referd, '/calls');
});


/* An answer exceeds the network's buffers of a client that does not read */
async function takeInTime(referd, path)
{
	const ask = async (ms) => {
		const c = raw(portOf(referd), `GET ${path} HTTP/1.1\r\n` +
			'Host: localhost\r\nConnection: close\r\n\r\n');

		c.pause();
		await new Promise((resolve) => setTimeout(resolve, ms));
		c.resume();
		await c.over;
		const [head, body] = c.text.split('\r\n\r\n');

		return Number(/content-length: (\d+)/.exec(head)[1]) -
			body.length;
	};
	const [soon, late] = await Promise.all([ask(27_000), ask(33_000)]);

	assert.equal(soon, 0);
	assert.ok(late > 0);
}


/* A baresip that does not answer a verb: its sender gets an error */
async function answerLate(referd, call)
{
	const begun = Date.now();
	const { status, text } = await http(
		`${referd.http}/calls/${call.sid}/verbs`,
		{ method: 'POST', body: '{"verb":"hangup"}' });

	assert.equal(status, 504);
	assert.match(text, /baresip has not answered/);
	between(Date.now() - begun, 14_500, 25_000);
}


/* A client that disappears without a close */
async function beSilent(s, referd)
{
	const { socket, closed } = await s.client(referd, { autoPong: false });
	const begun = Date.now();

	await new Promise((resolve) => socket.once('ping', resolve));
	between(Date.now() - begun, 29_000, 36_000);
	await closed;
	between(Date.now() - begun, 44_000, 55_000);
}


scene('15 s for an answer of a baresip, 45 s for a sign of life', async (s) => {
	const { referd, call } = await liveCall(s);

	await Promise.all([answerLate(referd, call), beSilent(s, referd)]);
});


scene('10,000 hooks wait, one more is lost and counted', async (s) => {
	const { referd, client, node, call } = await liveCall(s);
	const lost = () => gauge(referd, 'referd_hooks_total{fate="failed"}');
	const leave = async (query, verbs) => {
		const bot = await s.client(referd, { query });

		bot.send(verbs);
		const t = await node.transfer(call);

		await bot.message('transfer:status');
		bot.socket.terminate();
		await until(async () => await gauge(referd, 'referd_clients')
			=== 1);

		return t;
	};
	const t = await leave('?client=a', { verb: 'sip:refer', referTo: '1',
		eventHook: '/event', call_sid: call.sid });

	for (let i = 0; i < 9998; i++)
		t.progress(180 + i % 4);
	t.end();
	await client.message('transfer:status', { step: 'ended' });
	assert.equal(await lost(), 0);

	/* the call goes on without it */
	const more = await leave('?client=b', { call_sid: call.sid, verbs: [
		{ verb: 'sip:refer', referTo: '1' }, { verb: 'hangup' }] });

	more.end();
	const { verbs } = await node.accept();

	assert.equal(verbs[0].verb, 'hangup');
	assert.equal(await lost(), 1);
});


scene('a baresip leaves 4 MiB unread, and comes back', async (s) => {
	const { referd, client, node } = await liveCall(s);
	const headers = Object.fromEntries(Array.from({ length: 31 },
		(_, i) => [`X-${i}`, 'x'.repeat(2048)]));
	const dial = { type: 'command', command: 'dial',
		data: { to: 'bob', headers } };
	const most = Math.floor((4 << 20) / JSON.stringify(dial).length);
	const from = client.now;
	const nodeIs = (connected) => client.message('node:status',
		{ connected }, { from });

	node.link.pause();
	for (let i = 0; i < most; i++)
		client.send(dial);
	client.send({ verb: 'dance' });
	await client.message('jambonz:error', { verb: 'dance' });
	assert.ok(client.all('node:status').every((m) => m.data.connected));

	/* the buffers of the network add to it */
	for (let i = 0; i < 20; i++)
		client.send(dial);
	await nodeIs(false);
	node.disconnect();
	await node.connect();
	await nodeIs(true);
});


scene('the URL and the headers of a request have 4,000 bytes', async (s) => {
	const at = portOf(await s.referd());
	const ask = async (head) => {
		const c = raw(at, head + '\r\nConnection: close\r\n\r\n');

		return [await c.over, c.text.slice(0, 15)];
	};
	const end = ' HTTP/1.1\r\nHost: localhost';
	const heads = [(n) => `GET /healthz?a=${'x'.repeat(n)}${end}`,
		(n) => `GET /healthz${end}\r\nX-Long: ${'x'.repeat(n)}`,
		(n) => `GET /healthz${end}\r\nCookie: ${'x'.repeat(n)}`];

	for (const head of heads) {
		const [, text] = await ask(head(4000 - head(0).length));

		assert.equal(text, 'HTTP/1.1 200 OK');
		const [took, none] = await ask(head(4096));

		assert.equal(none, '');
		between(took, 0, 3000);
	}
});


scene('a first frame with a token has 1,024 bytes and 5 s', async (s) => {
	const referd = await s.referd({ args: tokens(s) });
	const come = () => Client.connect(referd.ws);
	const frame = (n) => JSON.stringify({ type: 'auth', token: BOT })
		.padEnd(n);
	const [silent, long, good] = [await come(), await come(), await come()];
	const begun = Date.now();

	s.clients.push(good);
	good.send(frame(1024));
	await good.message('hello');
	long.send(frame(1025));
	assert.equal((await long.closed).code, 4001);
	assert.equal((await silent.closed).code, 4001);
	between(Date.now() - begun, 4500, 10_000);
});


scene('1,024 tokens of 16 to 256 characters', async (s) => {
	const long = 'x'.repeat(256), short = 'x'.repeat(16);
	const more = Array.from({ length: 1022 }, (_, i) =>
		`n${i} observer ${'y'.repeat(12)}${1000 + i}\n`).join('');
	const referd = await s.referd({ args: tokens(s, more +
		`long controller ${long}\nshort observer ${short}\n`) });
	const roleOf = async (token) => {
		const c = await s.client(referd,
			{ headers: { Authorization: `Bearer ${token}` } });

		return (await c.message('hello')).data.role;
	};

	assert.equal(await roleOf(long), 'controller');
	assert.equal(await roleOf(short), 'observer');
	assert.equal(await roleOf(`${'y'.repeat(12)}2021`), 'observer');
});


scene('a line of a link has 65,536 bytes', async (s) => {
	const referd = await s.referd();
	const hello = JSON.stringify({ type: 'hello', protocol: 1, node: 'a',
		boot: 'a', version: '1', baresip: '1', libre: '1', first: 1,
		next: 1 });
	const come = (n) => raw({ path: referd.socket },
		hello.padEnd(n) + '\n');
	const good = come(65_536);
	const bad = come(65_537);

	await good.told;
	assert.match(good.text, /"welcome"/);
	await bad.over;
	assert.equal(bad.text, '');
	good.destroy();
});


/* A text of so many bytes; uri(): a URI of so many bytes */
const text = (n, begin = '') => begin.padEnd(n, '1');
const HOST = '@example.com';
const uri = (n) => `sip:${text(n - 4 - HOST.length)}${HOST}`;


scene('every field of a verb at its greatest is taken', async (s) => {
	const far = await Far.start(s);
	const { client } = await s.control();

	await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	const headers = Object.fromEntries(Array.from({ length: 30 },
		(_, i) => [`X-${i}`, '1']));

	client.send({ verb: 'sip:refer', dryRun: true, call_sid,
		msgid: text(128), id: text(256), referTo: uri(2048),
		referredBy: uri(2048), referredByDisplayName: text(256),
		actionHook: text(2048, '/'), eventHook: text(2048, '/'),
		headers: { ...headers, [text(128, 'X-')]: '1',
			'X-Long': text(2048) } });
	await client.message('ack', { msgid: text(128) });

	client.send({ verb: 'sip:refer', dryRun: true, call_sid, msgid: 'a',
		referTo: '1', targetHeaders: { ...headers, 'X-A': '1',
			[text(128, 'X-')]: '1' } });
	await client.message('ack', { msgid: 'a' });
});


scene('a dial has 1,024 bytes of each', async (s) => {
	const { referd, node } = await liveCall(s);
	const dialled = http(`${referd.http}/calls`, { method: 'POST',
		body: JSON.stringify({ to: uri(1024), from: uri(1024) }) });

	await node.accept('dial');
	assert.equal((await dialled).status, 202);
});
