/**
 * @file neighbour.test.js  The verbs beside sip:refer, and the commands
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { played, writeWav } from './lib/audio.js';
import { Far } from './lib/far.js';
import { until } from './lib/raw.js';
import { scene } from './lib/scene.js';

/* Samples of the files a.wav and b.wav */
const A = 8_000;
const B = -16_000;

/* a.wav has 30 packets: by then it plays for the second time */
const PACKETS = 50;


function audio(s)
{
	const dir = join(s.dir, 'audio');

	mkdirSync(dir);
	mkdirSync(join(dir, 'sub'));
	writeWav(join(dir, 'a.wav'), A, 0.6);
	writeWav(join(dir, 'sub/b.wav'), B, 0.4);
	writeWav(join(s.dir, 'outside.wav'), A, 0.4);
	writeFileSync(join(dir, 'text.wav'), 'no WAV file at all');

	return dir;
}


/** A referd, a client, a far end, and a gateway that lets calls ring. */
async function parties(s, { account = '', ...options } = {})
{
	const far = await Far.start(s, options);
	const p = await s.control({ gateway: { account,
		config: { audio_path: audio(s) } } });
	const sidOf = async (leg) => (await p.client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === leg.id,
		'session:new')).call_sid;
	const ring = async () => {
		const leg = await far.ring();

		return { leg, sid: await sidOf(leg) };
	};

	return { ...p, far, ring };
}


/** The same, with an established call. */
async function talk(s)
{
	const p = await parties(s, { account: ';answermode=auto' });
	const { leg, sid } = await p.ring();

	await p.client.message('call:status', { call_status: 'in-progress' });

	return { ...p, leg, sid };
}


async function refused(client, message)
{
	const from = client.now;

	client.send(message);

	return (await client.message('jambonz:error', {}, { from })).data;
}


function verbs(client)
{
	return client.all('verb:status')
		.map(({ data }) => `${data.event} ${data.verb}`);
}


scene('answer: the call is up when the verb is done', async (s) => {
	const { client, ring } = await parties(s);
	const { leg, sid } = await ring();

	assert.equal(leg.messages.filter((m) => m.status === 200).length, 0);
	client.send({ verb: 'answer', id: 'a1', call_sid: sid });
	await leg.received(200);
	await client.message('verb:status',
		{ event: 'finished', verb: 'answer', id: 'a1' });
	assert.equal(client.all('call:status').at(-1).data.call_status,
		'in-progress');

	/* The verb `answer` finishes at once for an answered call. */
	client.send({ verb: 'answer', id: 'a2', call_sid: sid });
	await client.message('verb:status',
		{ event: 'finished', verb: 'answer', id: 'a2' });
});


for (const [status, reason, state] of [[486, 'Not Now', 'busy'],
	[603, 'No Thanks', 'failed'], [480, 'Out', 'no-answer'],
	[404, undefined, 'failed']]) {
	scene(`sip:decline ${status}: ${state}, with its headers`,
		async (s) => {
		const { client, ring } = await parties(s);
		const { leg, sid } = await ring();

		client.send({ verb: 'sip:decline', call_sid: sid, status,
			reason, headers: { 'X-Why': 'a; b="c"',
				'Retry-After': 17 } });
		const response = await leg.response;

		assert.equal(response.status, status);
		if (reason)
			assert.equal(response.reason, reason);
		assert.equal(response.headers['x-why'], 'a; b="c"');
		assert.equal(response.headers['retry-after'], '17');

		const { data } = await client.message('call:status',
			{ call_sid: sid, call_status: state });
		assert.equal(data.sip_status, status);
		await client.message('verb:status', { event: 'finished' });
		assert.deepEqual(verbs(client), ['starting sip:decline',
			'finished sip:decline']);
	});
}


scene('what is malformed is refused with its list, by name and position',
	async (s) => {
	const { client, ring } = await parties(s);
	const { leg, sid } = await ring();
	const wrong = [
		['sip:decline', 'status', {}],
		['sip:decline', 'status', { status: 200 }],
		['sip:decline', 'status', { status: 700 }],
		['sip:decline', 'reason', { status: 486, reason: 17 }],
		['sip:decline', 'reason', { status: 486, reason: 'a\r\nb' }],
		['sip:decline', 'headers', { status: 486, headers: 'X: 1' }],
		['sip:decline', 'headers',
			{ status: 486, headers: { 'X-A': 'a\r\nX-B: 1' } }],
		['hangup', 'headers', { headers: { 'X-A': 'a\r\nX-B: 1' } }],
		['hangup', 'headers', { headers: { 'Call-ID': '1' } }],
		['hangup', 'headers', { headers: { 'X A': '1' } }],
		['hangup', 'headers', { headers: { 'X-A': ['1'] } }],
		['pause', 'length', {}],
		['pause', 'length', { length: -1 }],
		['pause', 'length', { length: 86_401 }],
		['pause', 'length', { length: '1' }],
		['play', 'url', {}],
		['play', 'url', { url: 17 }],
		['play', 'url', { url: '' }],
		['play', 'url', { url: [] }],
		['play', 'url', { url: ['a.wav', 17] }],
		['play', 'url', { url: '/etc/passwd' }],
		['play', 'url', { url: '../outside.wav' }],
		['play', 'url', { url: ['a.wav', 'sub/../../outside.wav'] }],
		['play', 'url', { url: 'file:///etc/passwd' }],
		['play', 'url', { url: 'http://127.0.0.1/a.wav' }],
		['play', 'url', { url: 'a.wav\r\n' }],
		['play', 'loop', { url: 'a.wav', loop: 'often' }],
		['play', 'loop', { url: 'a.wav', loop: -1 }],
		['play', 'loop', { url: 'a.wav', loop: 1.5 }],
		['redirect', 'actionHook', {}],
		['redirect', 'actionHook', { actionHook: '' }],
		['redirect', 'actionHook', { actionHook: { method: 'GET' } }],
		['tag', 'data', {}],
		['tag', 'data', { data: 'text' }],
		['config', 'notifyEvents', { notifyEvents: 1 }],
		['answer', 'id', { id: 1 }],
	];

	for (const [verb, field, fields] of wrong) {
		const data = await refused(client, [
			{ verb: 'answer', call_sid: sid }, { verb, ...fields }]);
		const what = JSON.stringify({ verb, ...fields, data });

		assert.equal(data.verb, verb, what);
		assert.equal(data.position, 1, what);
		assert.ok(data.field.startsWith(field), what);
		assert.ok(data.error.includes(verb), what);
	}

	for (const verb of ['say', 'gather', 'dance', 'SIP:REFER']) {
		const data = await refused(client, [
			{ verb: 'answer', call_sid: sid }, { verb }]);

		assert.equal(data.verb, verb);
		assert.equal(data.position, 1);
		assert.ok(data.error.includes(verb));
	}

	assert.equal(leg.messages.filter((m) => m.status >= 200).length, 0);
	assert.deepEqual(verbs(client), []);
});


scene('pause: the next verb waits so long', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send([{ verb: 'pause', length: 0.7, call_sid: sid },
		{ verb: 'hangup' }]);
	await leg.received('BYE');
	await client.message('verb:status',
		{ event: 'finished', verb: 'hangup' });
	const [start, end] = client.all('verb:status')
		.map((m) => Date.parse(m.time));

	assert.ok(end - start >= 690 && end - start < 2_000, end - start);
});


scene('play: the file is heard, the verb ends with it', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send({ verb: 'play', id: 'p1', url: 'a.wav', call_sid: sid,
		actionHook: '/played' });
	const { data } = await client.message('verb:hook', { hook: '/played' });
	await client.message('verb:status', { event: 'finished', id: 'p1' });

	const [run, ...more] = played(leg.media, [A, B]);
	assert.deepEqual(more, []);
	assert.equal(run.level, A);
	assert.ok(run.packets >= 24 && run.packets <= 32, run.packets);

	assert.equal(data.reason, 'playCompleted');
	assert.equal(data.verb_id, 'p1');
	assert.equal(data.call_sid, sid);
	assert.ok(Number.isInteger(data.playback_milliseconds));
	assert.ok(data.playback_milliseconds >= 500 &&
		data.playback_milliseconds < 2_000);
	assert.equal(data.playback_seconds,
		Math.floor(data.playback_milliseconds / 1000));
});


scene('play: several files, several times, then the next verb', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send([{ verb: 'play', url: ['a.wav', 'sub/b.wav'], loop: 2,
		call_sid: sid }, { verb: 'hangup' }]);
	await leg.received('BYE');

	assert.deepEqual(played(leg.media, [A, B]).map((r) => r.level),
		[A, B, A, B]);
});


scene('play answers a call that rings', async (s) => {
	const { client, ring } = await parties(s);
	const { leg, sid } = await ring();

	client.send([{ verb: 'play', url: 'a.wav', call_sid: sid },
		{ verb: 'hangup' }]);
	await leg.received('BYE');
	assert.deepEqual(played(leg.media, [A]).map((r) => r.level), [A]);
});


/* By `later` the file has been silent for long, or the call has ended */
const finished = (verb) => ({ client }) => client.messages.wait((m) =>
	m.type === 'verb:status' && m.data.event === 'finished' &&
	m.data.verb === verb && m.data.id !== 'p1', `end of ${verb}`);

for (const [how, loop, stop, later] of [
	['hangup', true, (sid) => ({ verb: 'hangup', call_sid: sid }),
		({ leg }) => leg.received('BYE')],
	['redirect', 'forever', (sid) => ({ type: 'command',
		command: 'redirect', callSid: sid,
		data: [{ verb: 'pause', length: 0.5 }] }), finished('pause')],
	['other files', 0, (sid) => ({ verb: 'play', url: 'sub/b.wav',
		call_sid: sid }), finished('play')],
]) {
	scene(`play for ever is stopped by ${how}`, async (s) => {
		const { client, leg, sid } = await talk(s);

		client.send({ verb: 'play', id: 'p1', url: 'a.wav', loop,
			call_sid: sid, actionHook: '/played' });
		await until(() => played(leg.media, [A, B])
			.some((r) => r.packets > PACKETS));
		assert.deepEqual(verbs(client), ['starting play']);

		client.send(stop(sid));
		await client.message('verb:status',
			{ event: 'finished', verb: 'play', id: 'p1' });
		const from = leg.media.length;

		/* at most the packets in flight */
		await later({ client, leg });
		assert.ok(played(leg.media.slice(from), [A, B])
			.filter((r) => r.level === A)
			.every((r) => r.packets < 10));
		assert.equal(client.all('verb:hook')
			.filter((m) => m.hook === '/played').length, 0);
	});
}


scene('play of what cannot be played: refused, and the call goes on',
	async (s) => {
	const { client, leg, sid, gateway } = await talk(s);

	for (const url of ['none.wav', 'text.wav', 'sub', '.',
		['none.wav', 'a.wav']]) {
		const data = await refused(client,
			{ verb: 'play', url, call_sid: sid });

		assert.equal(data.verb, 'play');
		assert.equal(data.field, 'url');
	}

	await gateway.event('CALL_ESTABLISHED');
	assert.equal((await gateway.talking()).length, 1);
	client.send([{ verb: 'play', url: 'a.wav', call_sid: sid },
		{ verb: 'hangup' }]);
	await leg.received('BYE');
});


scene('hangup: its headers stand in the BYE', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send({ verb: 'hangup', call_sid: sid, headers:
		{ 'X-Ticket': 17, 'Reason': 'Q.850;cause=16;text="bye"' } });
	const { headers } = await leg.received('BYE');

	assert.equal(headers['x-ticket'], '17');
	assert.equal(headers.reason, 'Q.850;cause=16;text="bye"');
	await client.message('call:status', { call_status: 'completed' });
});


for (const method of ['POST', 'GET']) {
	scene(`redirect: the verbs come from a URL by ${method}`, async (s) => {
		const { client, leg, sid } = await talk(s);
		const application = await Application.start(s, { reply: () =>
			({ body: [{ verb: 'hangup',
				headers: { 'X-By': 'URL' } }] }) });

		client.send([{ verb: 'redirect', id: 'r1', call_sid: sid,
			actionHook: { url: `${application.url}/next`, method } },
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);

		assert.equal((await leg.received('BYE')).headers['x-by'], 'URL');
		const { data, ...request } = await application.request('/next');
		assert.equal(request.method, method);
		assert.equal(data.call_sid, sid);
		assert.equal(data.call_status, 'in-progress');
	});
}


scene('command redirect with a call_hook: the verbs come from there',
	async (s) => {
	const application = await Application.start(s, { reply: () => ({ body:
		[{ verb: 'hangup', headers: { 'X-By': 'hook' } }] }) });
	const { client, leg, sid } = await talk(s);
	const redirect = (hook) => client.send({ type: 'command',
		command: 'redirect', callSid: sid, msgid: 'c1',
		data: { call_hook: hook } });

	redirect(17);
	const { data } = await client.message('jambonz:error');
	assert.equal(data.field, 'actionHook');
	assert.equal(data.ref, 'c1');

	redirect(`${application.url}/next`);
	assert.equal((await leg.received('BYE')).headers['x-by'], 'hook');
	assert.equal((await application.request('/next')).data.call_sid, sid);
});


scene('redirect: a relative hook asks the client', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send([{ verb: 'redirect', call_sid: sid, actionHook: '/next' },
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	const { hook, msgid, data } = await client.message('session:redirect');

	assert.equal(hook, '/next');
	assert.equal(data.call_sid, sid);
	client.send({ type: 'ack', msgid,
		data: [{ verb: 'hangup', headers: { 'X-By': 'ack' } }] });
	assert.equal((await leg.received('BYE')).headers['x-by'], 'ack');
});


scene('redirect: without an answer, the list goes on', async (s) => {
	const { client, leg, sid } = await talk(s);

	client.send([{ verb: 'redirect', call_sid: sid,
		actionHook: 'http://127.0.0.1:9/next' },
	{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	assert.equal((await leg.received('BYE')).headers['x-by'], 'list');
});


scene('tag: its data is in all that follows', async (s) => {
	const { client, leg, sid } = await talk(s);
	const data = { a: 1, b: { c: ['ä'] } };

	leg.handlers.REFER = (_, refer) => leg.answer(refer, 603, 'Decline');
	client.send([{ verb: 'tag', call_sid: sid, data: { old: true } },
		{ verb: 'tag', data },
		{ verb: 'sip:refer', referTo: '1', actionHook: '/action' },
		{ verb: 'hangup' }]);
	const hook = await client.message('verb:hook', { hook: '/action' });
	const { data: status } = await client.message('call:status',
		{ call_status: 'completed' });

	assert.deepEqual(hook.data.customerData, data);
	assert.deepEqual(status.customerData, data);
	assert.deepEqual(verbs(client).slice(0, 4), ['starting tag',
		'finished tag', 'starting tag', 'finished tag']);
});


function redirect(sid, queueCommand, data)
{
	return { type: 'command', command: 'redirect', callSid: sid,
		queueCommand, data };
}


scene('queueCommand true appends, false replaces and stops what runs',
	async (s) => {
	const { client, leg, sid } = await talk(s);
	const pause = (id, length) => ({ verb: 'pause', id, length });
	const ids = (event) => client.all('verb:status')
		.filter((m) => m.data.event === event).map((m) => m.data.id);

	client.send({ ...pause('1', 0.5), call_sid: sid });
	client.send(redirect(sid, true, [pause('2', 0.1), pause('3', 60)]));
	client.send(redirect(sid, true, [pause('4', 0.1)]));
	await client.message('verb:status', { event: 'starting', id: '3' });
	assert.deepEqual(ids('finished'), ['1', '2']);

	client.send(redirect(sid, false, [pause('5', 0.1),
		{ verb: 'hangup', id: '6' }]));
	await leg.received('BYE');
	await client.message('verb:status', { event: 'finished', id: '6' });
	assert.deepEqual(ids('starting'), ['1', '2', '3', '5', '6']);
	assert.deepEqual(ids('finished'), ['1', '2', '3', '5', '6']);
});


scene('call:status completed hangs up, or declines', async (s) => {
	const { client, ring } = await parties(s);
	const end = (sid, state) => client.send({ type: 'command',
		command: 'call:status', callSid: sid,
		data: { call_status: state } });
	const [up, rings, waits] = [await ring(), await ring(), await ring()];

	client.send({ verb: 'answer', call_sid: up.sid });
	await client.message('call:status', { call_status: 'in-progress' });
	end(up.sid, 'completed');
	await up.leg.received('BYE');
	await client.message('call:status',
		{ call_sid: up.sid, call_status: 'completed' });

	end(rings.sid, 'completed');
	assert.ok((await rings.leg.response).status >= 400);
	end(waits.sid, 'no-answer');
	assert.ok((await waits.leg.response).status >= 400);
	await client.message('call:status',
		{ call_sid: waits.sid, call_status: 'no-answer' });

	assert.equal((await refused(client, { type: 'command',
		command: 'call:status', callSid: up.sid,
		data: { call_status: 'completed' } })).field, 'call_sid');
});
