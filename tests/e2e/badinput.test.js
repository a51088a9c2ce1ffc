/**
 * @file badinput.test.js  Bad input gets one sentence, and changes nothing
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { DIALS, FRAMES, IGNORED, LENGTHS, LINES, QUERIES, REQUESTS,
	SKIPPED, TEXTS, VERBS } from './lib/badinput.js';
import { Far } from './lib/far.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { portOf, raw } from './lib/raw.js';
import { scene } from './lib/scene.js';

const ROWS = 200;


/* A live call between a far end and a gateway, and two watchers. Each row
   makes several requests, and a fast machine does hundreds of rows a second. */
async function parties(s)
{
	const far = await Far.start(s);
	const p = await s.control({ referd: {
		args: ['--max-rate', '1000000'] } });
	const leg = await far.call();
	const { call_sid: sid } = await p.client.message('call:status',
		{ call_status: 'in-progress' });
	const jambonz = await s.client(p.referd, { protocol: 'ws.jambonz.org' });
	const watchers = [await s.client(p.referd),
		await s.client(p.referd, { protocol: 'ws.jambonz.org' })];

	return { ...p, jambonz, watchers, leg, sid, wrong: [] };
}


/* The state that must not change; `seq` is that of the last message */
async function state({ referd })
{
	const [calls, transfers, health] = await Promise.all(['/calls',
		'/transfers', '/healthz'].map(async (path) =>
		(await fetch(referd.http + path)).text()));
	const { last_seq: seq, ...rest } = JSON.parse(health);

	return { seq, rest, calls, transfers };
}


/* Checks that an error is one sentence in plain text and names its field */
function checkSentence({ error, field }, expected)
{
	assert.equal(typeof error, 'string');
	assert.match(error, /^[^\p{C}]{1,399}$/u);
	assert.doesNotMatch(error, /[.!?] +\p{Lu}/u);
	if (expected instanceof RegExp) {
		assert.match(error, expected);
		return;
	}

	assert.equal(field, expected);
	assert.ok(error.includes(`${field} `) || field === 'verb' &&
		error.includes(' is not a verb'), error);
}


function fill(what, sid)
{
	if (Buffer.isBuffer(what))
		return what;

	const text = typeof what === 'string' ? what : JSON.stringify(what);

	return text.replaceAll('SID', sid);
}


/* Runs one row; `send` returns the answer, and the count of sequence numbers
   that its messages used */
async function row(p, what, expected, send)
{
	const before = p.state;
	const marks = p.watchers.map((w) => w.now);
	const senders = p.client.now + p.jambonz.now;

	try {
		const { answer, seqs } = await send();

		checkSentence(answer, expected);
		p.state = await state(p);
		assert.deepEqual(p.state, { ...before, seq: before.seq + seqs });
		assert.deepEqual(p.watchers.map((w) => w.now), marks);
		assert.equal(p.client.now + p.jambonz.now, senders + seqs);
	} catch (err) {
		p.wrong.push(`${what}: ${err.message}`);
		p.state = await state(p);
	}
}


/* Sends a frame; the only message in response must be an error */
async function frame(p, client, text, binary = false)
{
	const from = client.now;

	client.socket.send(text, { binary });
	const answer = await client.messages.wait(() => true, 'answer',
		{ from, timeout: 10_000 });

	assert.equal(answer.type, 'jambonz:error', JSON.stringify(answer));
	assert.equal(answer.seq, p.state.seq + 1);

	return { answer: answer.data, seqs: 1 };
}


/* A bad text frame closes the connection (RFC 6455 section 8.1) */
async function closed(s, { referd }, text)
{
	const client = await s.client(referd, { protocol: 'ws.jambonz.org' });

	client.socket.send(text, { binary: false });
	const { code, reason } = await client.closed;

	return { answer: { error: `${code} ${reason}` }, seqs: 0 };
}


async function request(p, method, path, options, status)
{
	const answer = await http(p.referd.http + path, { method, ...options });

	assert.equal(answer.status, status, answer.text);
	assert.equal(answer.headers['content-type'], 'application/json');

	return { answer: JSON.parse(answer.text), seqs: 0 };
}


const post = (p, path, body, status) => request(p, 'POST', path,
	{ body }, status);


/* The sentence on an error page */
const shown = (text) => /<h1>400<\/h1>(.*?)</.exec(text)?.[1];


/* The headers that request a WebSocket with a subprotocol */
function upgradeOf(protocol)
{
	return { headers: { 'Connection': 'Upgrade', 'Upgrade': 'websocket',
		'Sec-WebSocket-Version': '13',
		'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
		'Sec-WebSocket-Protocol': protocol } };
}


/* Runs a row over WebSocket, in both dialects; the answer has its `ref` */
async function frames(p, what, sent, field)
{
	for (const client of [p.client, p.jambonz])
		await row(p, what, field, () => frame(p, client,
			fill(sent, p.sid)));
}


/* Checks that the call still talks, and that its far end received nothing */
async function untouched(p, heard)
{
	assert.equal((await p.gateway.talking()).length, 1);
	assert.equal(p.leg.messages.length, heard);

	const packets = p.leg.media.length;

	for (let i = 0; p.leg.media.length < packets + 20; i++) {
		assert.ok(i < 500, 'the call is silent');
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}


/* Checks that the call still runs a valid verb */
async function works(p)
{
	p.leg.handlers.REFER = async (leg, refer) => {
		leg.answer(refer, 202, 'Accepted');
		leg.notify('SIP/2.0 486 Busy Here', { headers: {
			'Subscription-State': 'terminated;reason=noresource' } });
	};
	p.client.send({ verb: 'sip:refer', referTo: '100', call_sid: p.sid,
		msgid: 'good' });
	await p.client.message('ack', { msgid: 'good' });
	await p.client.message('transfer:status', { step: 'ended',
		outcome: 'failed', call_status: 486 });
	assert.equal(p.leg.requests('REFER').length, 1);
}


/* Runs rows against one call; they must have no effect */
function table(name, act)
{
	scene(name, async (s) => {
		const p = await parties(s);
		const heard = p.leg.messages.length;

		p.state = await state(p);
		await act(p, s);
		assert.deepEqual(p.wrong, []);
		await untouched(p, heard);
		await works(p);
	});
}


const total = [VERBS, DIALS, TEXTS, FRAMES, REQUESTS, LENGTHS, QUERIES,
	LINES, SKIPPED, IGNORED]
	.reduce((n, rows) => n + rows.length, 0);

assert.ok(total >= ROWS, `${total} rows`);


table(`${VERBS.length} bad verbs, by WebSocket and HTTP`, async (p) => {
	for (const [what, verb, field] of VERBS) {
		await frames(p, what, verb, field);
		await row(p, `HTTP: ${what}`, field, () => post(p,
			`/calls/${p.sid}/verbs`, fill(verb, p.sid), 400));
	}
});


table(`${DIALS.length} bad dials, by WebSocket and HTTP`, async (p) => {
	for (const [what, data, field] of DIALS) {
		await frames(p, what, { type: 'command', command: 'dial',
			data }, field);
		await row(p, `HTTP: ${what}`, field, () => post(p, '/calls',
			fill(data, p.sid), /none of/.test(what) ? 503 : 400));
	}
});


table(`${TEXTS.length} texts that are no message`, async (p, s) => {
	for (const [what, text, says] of TEXTS) {
		if (Buffer.isBuffer(text))
			await row(p, what, /1007/, () => closed(s, p, text));
		else
			await frames(p, what, text, says);
		for (const path of ['/calls', `/calls/${p.sid}/verbs`])
			await row(p, `${path}: ${what}`, says,
				() => post(p, path, fill(text, p.sid), 400));
	}

	for (const client of [p.client, p.jambonz])
		await row(p, 'a binary frame', /must be a text frame/, () =>
			frame(p, client, '{"verb":"hangup"}', true));
});


table(`${FRAMES.length} bad commands, acks and types`, async (p) => {
	for (const [what, message, field] of FRAMES)
		await frames(p, what, message, field);
});


table(`${REQUESTS.length} bad requests`, async (p) => {
	for (const [what, method, path, options, status, field] of REQUESTS) {
		const { body } = options;

		await row(p, what, field, () => request(p, method,
			fill(path, p.sid), { ...options,
				body: body && fill(body, p.sid) }, status));
	}
});


table(`${QUERIES.length} bad queries of /ws`, async (p) => {
	for (const [what, query, field] of QUERIES)
		for (const protocol of ['referd.v1', 'ws.jambonz.org'])
			await row(p, `${query}: ${what}`, field, async () => {
				const { status, text } = await http(
					`${p.referd.http}/ws?${query}`,
					upgradeOf(protocol));
				assert.equal(status, 400);
				return { answer: { error: shown(text), field },
					seqs: 0 };
			});
});


/* referd answers once, and parses no request from the bytes that follow */
table(`${LENGTHS.length} bodies without a clear length`, async (p) => {
	for (const [what, headers, says] of LENGTHS)
		await row(p, what, says, async () => {
			const c = raw(portOf(p.referd), 'POST /calls HTTP/1.1' +
				`\r\nHost: localhost\r\n${headers}\r\n\r\n` +
				'c\r\n{"to":"bob"}\r\n0\r\n\r\n' +
				'GET /healthz HTTP/1.1\r\n' +
				'Host: localhost\r\n\r\n');

			assert.ok(await c.over < 5000);
			assert.deepEqual(c.text.match(/HTTP\/1.1 .../g),
				['HTTP/1.1 400']);
			return { answer: { error: shown(c.text) }, seqs: 0 };
		});

	await row(p, 'no length', /^Content-Length is required/,
		async () => {
		const c = raw(portOf(p.referd), 'POST /calls HTTP/1.1\r\n' +
			'Host: localhost\r\nConnection: close\r\n\r\n');

		assert.ok(await c.over < 5000);
		assert.match(c.text, /^HTTP\/1.1 411 /);
		return { answer: JSON.parse(c.text.split('\r\n\r\n')[1]),
			seqs: 0 };
	});
});


/* A link of a false node; `over` when it has ended, `taken` when a report
   was acknowledged */
function link({ referd, sid }, lines, boot)
{
	const socket = connect(referd.socket);
	const read = { text: '' };

	socket.on('error', () => {});
	for (const line of lines)
		socket.write(fill(line, sid).replace('FALSE', boot) + '\n');

	return {
		socket,
		over: new Promise((resolve) => socket.on('close', resolve)),
		taken: new Promise((resolve) => socket.on('data', (data) => {
			read.text += data;
			if (read.text.includes('"ack"'))
				resolve();
		})),
	};
}


/* Clients may see only that a node connects and disconnects */
async function linkRow(p, [what, lines, says], boot, done)
{
	const from = p.referd.process.log.length;
	const l = link(p, lines, boot);

	try {
		await done(l);
		if (says)
			await p.referd.process.log.wait((line) => says.test(
				line.replace(p.sid, 'SID')), `${says}`, { from });

		const { calls, transfers } = await state(p);

		assert.equal(calls, p.state.calls);
		assert.equal(transfers, p.state.transfers);
	} catch (err) {
		p.wrong.push(`${what}: ${err.message}`);
	}
	l.socket.destroy();
}


/* The next line must be read; it ends many, so its ack comes at once */
async function readOn(l)
{
	l.socket.write('{"type":"sync","n":1000,"time":1,"transfers":[]}\n');
	await l.taken;
}


const COUNT = LINES.length + SKIPPED.length + IGNORED.length;

table(`${COUNT} bad lines of a false node`,
	async (p) => {
	const marks = p.watchers.map((w) => w.now);
	let n = 0;

	for (const row of LINES)
		await linkRow(p, row, `boot-${++n}`, (l) => l.over);
	for (const row of SKIPPED)
		await linkRow(p, row, `boot-${++n}`, readOn);
	for (const row of IGNORED)
		await linkRow(p, row, `boot-${++n}`, readOn);

	p.watchers.forEach((w, i) => assert.deepEqual(w.messages.filter((m) =>
		m.type !== 'node:status' || m.data.node !== 'false', marks[i]),
	[]));
});


/* A call of a baresip that answers no request by itself */
async function silent(s)
{
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const { sid } = node.call();

	await client.message('session:new', { call_sid: sid });

	return { client, node, referd, sid };
}


/* Sends `count` messages and one more: referd refuses only the last */
async function oneMore(client, count, message, says)
{
	for (let i = 0; i <= count; i++)
		client.send({ ...message, msgid: `m${i}` });
	const { data } = await client.message('jambonz:error');

	checkSentence(data, says);
	assert.equal(data.ref, `m${count}`);
}


scene('65 lists under check on a call are one too many', async (s) => {
	const { client, sid } = await silent(s);

	await oneMore(client, 64, { verb: 'answer', call_sid: sid },
		/The queue of the call is full/);
});


scene('257 verbs that wait on a call are one too many', async (s) => {
	const { client, node, sid } = await silent(s);
	const data = Array(64).fill({ verb: 'pause', length: 600 });
	const queue = (msgid, verbs) => client.send({ type: 'command',
		command: 'redirect', callSid: sid, queueCommand: true, msgid,
		data: verbs });

	/* this one runs, and is no longer in the queue */
	client.send({ verb: 'pause', length: 600, call_sid: sid });
	await client.message('verb:status', { event: 'starting' });
	for (let i = 0; i < 4; i++) {
		queue(`q${i}`, data);
		await client.message('ack', { msgid: `q${i}` });
	}
	queue('more', data.slice(0, 1));
	const { data: { error, ref } } = await client.message('jambonz:error');

	assert.match(error, /The queue of the call is full/);
	assert.equal(ref, 'more');
	node.disconnect();
});


scene('1,025 calls that are dialled and not answered are one too many',
	async (s) => {
	const { client } = await silent(s);

	await oneMore(client, 1024, { type: 'command', command: 'dial',
		data: { to: 'bob' } }, /Too many calls are live/);
});


scene('65,536 bytes are a message and a body, 32 levels are not too deep',
	async (s) => {
	const { client, referd } = await silent(s);
	const pad = (n) => JSON.stringify({ verb: 'dance' }).padEnd(n);
	const text = (n) => ({ verb: 'dance', a: JSON.parse('['.repeat(n) +
		']'.repeat(n)) });

	client.send(pad(65_536));
	await client.message('jambonz:error', { verb: 'dance' });
	client.send(text(31));
	await client.messages.wait(() => client.all('jambonz:error').length === 2,
		'second error');
	assert.equal(client.all('jambonz:error')[1].data.verb, 'dance');
	assert.equal((await http(`${referd.http}/calls`, { method: 'POST',
		body: pad(65_536) })).status, 400);
	client.send(pad(65_537));
	assert.equal((await client.closed).code, 1009);
});
