/**
 * @file control.test.js  referd alone: its clients, its store, its start
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeFileSync, writeSync }
	from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { http, upgrade } from './lib/http.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { gauge, until } from './lib/raw.js';
import { scene, settings } from './lib/scene.js';

const MANY = 12_000; /* messages, more than a client may leave unread */
const ASKED = 30_000; /* ms of silence, after which referd pings a client */


async function control(s)
{
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);

	s.join({ process: { name: 'node', alive: false, log: node.requests,
		kill: async () => node.disconnect() } });

	return { referd, client, node };
}


async function liveCall({ client, node }, fields)
{
	const call = node.call(fields);

	await client.message('session:new', { call_sid: call.sid });

	return call;
}


/* Runs a referd that must not start; returns its one line of output */
async function refused(...args)
{
	const p = new Process('referd', [settings.referd, ...args]);

	assert.equal(await p.ended(), 1);
	assert.equal(p.log.length, 1, p.log.items.join('\n'));

	return p.log.items[0];
}


scene('what keeps it from starting is one sentence', async (s) => {
	const referd = await s.referd();
	const free = ['--listen', '127.0.0.1:0'];
	const socket = ['--socket', join(s.dir, 'other.sock')];
	const state = ['--state', join(s.dir, 'other')];
	const file = join(s.dir, 'file');

	writeFileSync(file, '');

	assert.match(await refused('--listen', new URL(referd.http).host,
		...socket, ...state), /the port is in use/);
	assert.match(await refused(...free, '--socket', referd.socket,
		...state), /another referd uses/);
	assert.match(await refused(...free, ...socket,
		'--state', join(referd.dir, 'state')), /another referd uses/);
	assert.match(await refused('--listen', '0.0.0.0:0', ...socket,
		...state), /without tokens/);
	assert.match(await refused('--listen', '127.0.0.1:99999', ...socket,
		...state), /give HOST:PORT/);
	assert.match(await refused(...free, ...socket, '--state', file),
		/cannot use the state directory/);
	assert.match(await refused(...free, ...socket, ...state,
		'--hook-secret-file', join(s.dir, 'none')), /no secret/);
	assert.match(await refused(...free, ...socket, ...state,
		'--keep-days', '0'), /must be a number from 1 to 36500/);
	assert.ok(!existsSync(join(s.dir, 'other.sock')));

	/* a store of another version, which the header of the file states */
	await referd.kill('SIGTERM');
	for (const [version, age] of [[999, 'a newer'], [1, 'an older']]) {
		const db = openSync(join(referd.dir, 'state/referd.db'), 'r+');

		writeSync(db, Buffer.from([0, 0, version >> 8, version & 0xff]),
			0, 4, 60);
		closeSync(db);
		assert.match(await refused(...free, ...socket,
			'--state', join(referd.dir, 'state')), new RegExp(
			`referd\\.db belongs to ${age} referd \\(its version is ` +
			`${version}, ours is \\d+\\): run that referd, or give another`));
	}
});


scene('a socket that a killed referd left is taken over', async (s) => {
	const referd = await s.referd();

	await referd.kill('SIGKILL');
	assert.ok(existsSync(referd.socket));
	await referd.run();
	await Node.connect(referd.socket);
	assert.equal(await referd.kill('SIGTERM'), 0);
	assert.ok(!existsSync(referd.socket));
});


scene('a page from elsewhere gets nothing', async (s) => {
	const { http: url, ws } = await s.referd();
	const { host } = new URL(url);

	for (const headers of [{ Host: 'evil.example' },
		{ Origin: 'http://evil.example' }, { Origin: 'null' }]) {
		for (const path of ['/', '/healthz', '/calls'])
			assert.equal((await http(url + path, { headers }))
				.status, 403);
		assert.equal(await upgrade(ws, headers), 403);
	}

	const page = await http(url, { headers: { Origin: `http://${host}` } });

	assert.equal(page.status, 200);
	assert.match(page.headers['content-security-policy'],
		/default-src 'self'/);
	assert.equal((await http(`${url}/../../etc/passwd`)).status, 404);
	await assert.rejects(Client.connect(ws.replace('/ws', '/other')));
	await assert.rejects(Client.connect(ws + '?client=a%20b'));
	await assert.rejects(Client.connect(ws + '?since=-1'));
});


scene('calls and verbs over HTTP', async (s) => {
	const c = await control(s);
	const { node, referd } = c;
	const call = await liveCall(c);
	const post = (path, body) => http(referd.http + path,
		{ method: 'POST', body: JSON.stringify(body) });

	const [one] = JSON.parse((await http(`${referd.http}/calls`)).text);

	assert.equal(one.call_sid, call.sid);

	const accepted = post(`/calls/${call.sid}/verbs`, { verb: 'hangup' });

	await node.accept();
	assert.equal((await accepted).status, 202);

	const dialled = post('/calls', { to: 'sip:bob@example.com' });
	const { call_sid } = await node.accept('dial');

	assert.deepEqual(JSON.parse((await dialled).text), { call_sid });

	for (const [path, body, status, error] of [
		[`/calls/${call.sid}/verbs`, { verb: 'x' }, 400, /^x is not/],
		['/calls/none/verbs', { verb: 'hangup' }, 404, /No live call/],
		['/calls', {}, 400, /^to is required/],
		['/calls', [], 400, /^to is required/],
		['/transfers', {}, 405, /does not support the method/],
		['/calls', { to: 'x'.repeat(70_000) }, 413, /65536/]]) {
		const answer = await post(path, body);

		assert.equal(answer.status, status);
		assert.match(JSON.parse(answer.text).error, error);
	}
});


/* Sends more messages than a client may leave unread; returns the last */
async function sayMuch({ client, node }, call)
{
	let last;

	for (let i = 0; i < MANY; i++) {
		node.status(call, { state: i % 2 ? 'in-progress' : 'ringing',
			sip_reason: `${i} ${'x'.repeat(100)}` });

		/* `client` must keep up on any machine */
		if (i % 1000 === 999 || i === MANY - 1)
			last = await client.messages.wait((m) =>
				m.data?.sip_reason?.startsWith(`${i} `),
			`number ${i}`, { from: Math.max(client.now - 1000, 0) });
	}

	return last;
}


scene('who does not keep up is told so, and misses nothing', async (s) => {
	const c = await control(s);
	const { client, referd } = c;
	const slow = await s.client(referd, { query: '?client=slow' });
	const call = await liveCall(c);

	slow.socket._socket.pause();
	const { seq } = await sayMuch(c, call);

	slow.socket._socket.resume();
	const code = await new Promise((resolve) =>
		slow.socket.on('close', resolve));

	assert.equal(code, 4008);

	const { seq: last } = slow.messages.items.at(-1);
	const back = await s.client(referd,
		{ query: `?client=slow&since=${last}` });

	await back.messages.wait((m) => m.seq === seq, 'the last');

	const seen = (x) => x.all('call:status').map((m) => m.seq);

	assert.deepEqual([...seen(slow), ...seen(back)], seen(client));
});


scene('who does not even read that is let go', async (s) => {
	const c = await control(s);
	const slow = await s.client(c.referd, { query: '?client=slow' });
	const call = await liveCall(c);
	const begun = Date.now();

	slow.socket._socket.pause();
	await sayMuch(c, call);
	await until(async () => await gauge(c.referd, 'referd_clients') === 1);
	assert.ok(Date.now() - begun < ASKED);

	/* the client receives only the reset */
	slow.socket._socket.resume();
	assert.equal(await new Promise((resolve) =>
		slow.socket.on('close', resolve)), 1006);
});


scene('kill -9: no number is given out twice, no call is lost', async (s) => {
	const c = await control(s);
	const { node, referd } = c;
	const call = await liveCall(c);
	let last = 0;

	for (let i = 0; i < 5; i++) {
		const client = await s.client(referd);
		const next = client.message('call:status',
			{ sip_reason: `round ${i}` });

		assert.ok(client.messages.items[0].seq > last);
		node.status(call, { sip_reason: `round ${i}`,
			state: i % 2 ? 'in-progress' : 'early-media' });
		({ seq: last } = await next);

		await referd.kill('SIGKILL');
		node.disconnect();
		await referd.run();
		await node.connect();
	}

	const { data } = await (await s.client(referd)).message('hello');

	assert.deepEqual(data.calls.map((l) => l.call_sid), [call.sid]);
});


scene('a name that is taken is taken over', async (s) => {
	const { ws } = await s.referd();
	const old = await Client.connect(`${ws}?client=bot`);
	const closed = new Promise((resolve) =>
		old.socket.on('close', resolve));

	s.clients.push(await Client.connect(`${ws}?client=bot`));
	assert.equal(await closed, 4009);
});


scene('a bot that was away gets its hooks, each once', async (s) => {
	const c = await control(s);
	const { client, node, referd } = c;
	const bot = await s.client(referd, { query: '?client=bot' });
	const call = await liveCall(c);

	bot.send({ verb: 'sip:refer', referTo: '100', eventHook: '/event',
		call_sid: call.sid });
	const t = await node.transfer(call);
	const { seq } = await bot.message('transfer:status');

	bot.socket.terminate();
	t.progress(180);
	t.end(200);
	await client.message('transfer:status', { step: 'ended' });

	const back = await s.client(referd,
		{ query: `?client=bot&since=${seq}` });

	await back.message('hook:status', { kind: 'action',
		event: 'answered' });
	assert.deepEqual(back.all('verb:hook').map((m) => m.hook),
		['/event', '/event', 'refer']);

	const seqs = back.messages.items.map((m) => m.seq);

	assert.equal(seqs[0], seq);
	assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
});


/* The first line of the node is not a hello */
scene('a node that begins with nonsense is let go, the others stay',
	async (s) => {
	const c = await control(s);
	const call = await liveCall(c);

	for (const text of ['nonsense\n', '{}\n', '{"type":"hello"}\n']) {
		const link = connect(c.referd.socket);

		link.on('error', () => {});
		link.write(text);
		await new Promise((resolve) => link.on('close', resolve));
	}

	c.client.send({ verb: 'hangup', call_sid: call.sid });
	await c.node.accept();
});


scene('a line of a node that is nonsense is skipped, the next one counts',
	async (s) => {
	const { referd, client } = await control(s);
	const hello = (boot) => JSON.stringify({ type: 'hello', protocol: 1,
		node: 'x', boot, first: 1, next: 1 });
	/* referd acknowledges a sync that ends so many at once */
	const sync = JSON.stringify({ type: 'sync', n: 1000, time: Date.now(),
		transfers: [] });

	for (const [i, line] of ['nonsense', 'x'.repeat(70_000), hello('x'),
		'{"type":"call","n":1,"event":"new"}'].entries()) {
		const link = connect(referd.socket);
		let said = '';

		link.write(`${hello(`x${i}`)}\n${line}\n${sync}\n`);
		for await (const text of link) {
			said += text;
			if (said.includes('"ack"'))
				break;
		}
		assert.match(said, /"type":"ack","n":1000\b/);
		await client.message('node:status', { node: 'x',
			connected: false });
	}
});


scene('a node that is back in time goes on, one that is not is gone',
	async (s) => {
	const c = await control(s);
	const { client, node } = c;
	const call = await liveCall(c);

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	node.disconnect();
	t.end(200);
	await node.connect();
	await client.message('transfer:status', { step: 'ended',
		outcome: 'transferred' });

	node.disconnect();
	await client.message('call:status', { call_sid: call.sid,
		call_status: 'failed', sip_reason: 'baresip is gone' });
});


scene('a message may be large, but not endless', async (s) => {
	const { referd, client } = await control(s);

	client.send(`{"verb":"hangup","call_sid":"x","id":"${
		'i'.repeat(65_000)}"}`);
	await client.message('jambonz:error', { field: 'id' });

	const closed = new Promise((resolve) =>
		client.socket.on('close', resolve));

	client.send('x'.repeat(70_000));
	assert.equal(await closed, 1009);
	await s.client(referd);
});
