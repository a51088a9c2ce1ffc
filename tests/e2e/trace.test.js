/**
 * @file trace.test.js  A traceparent and a tracestate (W3C Trace Context) are
 * in all messages on their verb
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Application } from './lib/application.js';
import { finish, parties, tried } from './lib/attempts.js';
import { Far } from './lib/far.js';
import { http } from './lib/http.js';
import { MANUAL } from './lib/jambonz.js';
import { scene } from './lib/scene.js';

const LIVES = { daemon: 'its calls end with it' };
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
const LATER = 'cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x.1';
const STATE = 'rojo=00f067aa0ba902b7, congo=t61rcWkgMzE';
const MADE = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;
const SENTENCE = 'traceparent must be VERSION-TRACEID-PARENTID-FLAGS of 2, ' +
	'32, 16 and 2 lower-case hex digits, no id all zero and no version ' +
	'ff (W3C Trace Context)';
const STATE_SENTENCE = 'tracestate must be at most 512 printable characters ' +
	'of ASCII (W3C Trace Context)';


/* The messages on a verb, or on a hook of it. */
function told(client, id)
{
	return client.messages.filter(({ data }) => data &&
		(data.verb_id === id || data.id === id));
}


/* Checks that all messages on a verb belong to a trace; their types. */
function traced(client, id, trace, state)
{
	const messages = told(client, id);

	for (const m of messages) {
		assert.equal(m.data.traceparent, trace, JSON.stringify(m));
		assert.equal(m.data.tracestate, state, JSON.stringify(m));
	}

	return new Set(messages.map((m) => m.type));
}


function refer(call_sid, referTo, fields)
{
	return { verb: 'sip:refer', id: 'v1', actionHook: '/action',
		eventHook: '/event', call_sid, referTo, ...fields };
}


/* The status and the object of the answer to a POST. */
async function post(url, body, headers = {})
{
	const { status, text } = await http(url, { method: 'POST', headers,
		body: JSON.stringify(body) });

	return { status, data: JSON.parse(text) };
}


/* The traceparent of a verb that was sent with this header, unchanged. */
async function spaced(url, header)
{
	const { hostname, port, pathname, host } = new URL(url);
	const body = '{"verb":"tag","data":{}}';
	const socket = connect(port, hostname);
	let text = '';

	socket.write(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\n` +
		`traceparent:${header}\r\nContent-Length: ${body.length}` +
		`\r\n\r\n${body}`);
	for await (const piece of socket) {
		text += piece;
		if (/}$/.test(text))
			break;
	}

	return JSON.parse(text.split('\r\n\r\n')[1]).traceparent;
}


scene('given with a verb it is in each message, each hook and the history',
	async (s) => {
	const application = await Application.start(s);
	const { client, call, referd } = await parties(s);
	const { sid } = await call();

	client.send(refer(sid, '486', { traceparent: TRACE, msgid: 'm1',
		tracestate: STATE, actionHook: `${application.url}/action`,
		eventHook: `${application.url}/event` }));
	const ack = await client.message('ack', { msgid: 'm1' });
	await client.message('hook:status',
		{ kind: 'action', event: 'answered' });

	assert.deepEqual(ack.data, { traceparent: TRACE, tracestate: STATE });
	assert.deepEqual(traced(client, 'v1', TRACE, STATE), new Set([
		'verb:status', 'transfer:status', 'hook:status']));
	for (const part of ['headers', 'data'])
		assert.deepEqual(application.requests.items.map((r) => [r.path,
			r[part].traceparent, r[part].tracestate]),
		[['/event', TRACE, STATE], ['/event', TRACE, STATE],
			['/action', TRACE, STATE]]);

	const { data } = await client.message('transfer:status',
		{ step: 'ended' });
	const { text } = await http(
		`${referd.http}/transfers/${data.transfer_id}`);
	const { transfer, messages } = JSON.parse(text);

	for (const t of [transfer, ...messages.filter((m) =>
		m.type === 'transfer:status').map((m) => m.data),
	JSON.parse((await http(`${referd.http}/transfers`)).text)[0]])
		assert.deepEqual([t.traceparent, t.tracestate],
			[TRACE, STATE]);
});


scene('a GET of a hook has it, too; a later version is kept as it is',
	async (s) => {
	const application = await Application.start(s);
	const { client, call } = await parties(s);
	const { sid } = await call();

	client.send(refer(sid, '486', { traceparent: LATER, eventHook: null,
		tracestate: STATE, actionHook: {
			url: `${application.url}/action`, method: 'GET' } }));
	const { headers, query } = await application.request('/action');

	for (const given of [headers, query])
		assert.deepEqual([given.traceparent, given.tracestate],
			[LATER, STATE]);
	await client.message('hook:status',
		{ kind: 'action', event: 'answered' });
	traced(client, 'v1', LATER, STATE);
});


scene('one is made for each verb that has none', async (s) => {
	const { client, call } = await parties(s);
	const { sid } = await call();

	client.send([{ verb: 'tag', id: 'a', data: {}, call_sid: sid,
		msgid: 'm1' }, refer(undefined, '486', { id: 'b' }),
	{ verb: 'tag', id: 'c', data: {} }]);
	const { data: ack } = await client.message('ack', { msgid: 'm1' });
	await client.message('verb:status', { id: 'c', event: 'finished' });
	const traces = ['a', 'b', 'c'].map((id) =>
		told(client, id)[0].data.traceparent);

	assert.equal(new Set(traces).size, 3);
	assert.equal(ack.traceparent, traces[0]);
	traces.forEach((t, i) => {
		assert.match(t, MADE);
		traced(client, 'abc'[i], t);
	});
	assert.deepEqual(traced(client, 'b', traces[1]), new Set([
		'verb:status', 'transfer:status', 'verb:hook', 'hook:status']));
});


scene('given beside the verbs it is for those that have none of their own',
	async (s) => {
	const { client, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ call_sid: sid, traceparent: TRACE, tracestate: STATE, verbs: [
		refer(undefined, ['486', 'refuse', '480'], { id: 'list' }),
		{ verb: 'tag', id: 'own', data: {}, traceparent: OTHER }] });
	await client.message('verb:status', { id: 'own', event: 'finished' });
	assert.deepEqual(tried(leg), ['486', 'refuse', '480']);
	assert.equal(told(client, 'list').filter((m) =>
		m.data.step === 'ended').length, 3);
	assert.equal(traced(client, 'list', TRACE, STATE).size, 4);
	traced(client, 'own', OTHER);

	/* a verb under its name, a command, and one that is a verb */
	client.send({ traceparent: OTHER, tracestate: STATE,
		tag: { id: 't', data: {} } });
	await client.message('verb:status', { id: 't', event: 'finished' });
	traced(client, 't', OTHER, STATE);
	client.send({ type: 'command', command: 'redirect', traceparent: TRACE,
		data: [{ verb: 'tag', id: 'r', data: {} }] });
	await client.message('verb:status', { id: 'r', event: 'finished' });
	traced(client, 'r', TRACE);
	client.send({ type: 'command', command: 'call:status',
		traceparent: LATER, data: { call_status: 'completed' } });
	const { data } = await client.message('verb:status',
		{ verb: 'hangup' });
	assert.equal(data.traceparent, LATER);
});


scene('a wrong one is refused by its name, and nothing is done', async (s) => {
	const { client, call, referd } = await parties(s);
	const { leg, sid } = await call();
	const wrong = TRACE.toUpperCase();

	client.send(refer(sid, '486', { traceparent: wrong, msgid: 'm1' }));
	client.send({ call_sid: sid, verbs: [{ verb: 'hangup' }], msgid: 'm2',
		traceparent: TRACE.replace(/^00/, 'ff') });
	client.send([{ verb: 'tag', data: {}, msgid: 'm3', call_sid: sid },
		{ verb: 'hangup', traceparent: 7 }]);
	for (const [ref, before] of [['m1', 'sip:refer: '], ['m2', ''],
		['m3', 'verbs[1]: hangup: ']]) {
		const { data } = await client.message('jambonz:error', { ref });

		assert.equal(data.error, before + SENTENCE);
		assert.equal(data.field, 'traceparent');
		assert.equal(data.traceparent, undefined);
	}

	/* a wrong tracestate is no fault of the traceparent */
	for (const [i, tracestate] of ['x'.repeat(513), 'ä', 7].entries()) {
		client.send(refer(sid, '486', { traceparent: TRACE, tracestate,
			msgid: `s${i}` }));
		const { data } = await client.message('jambonz:error',
			{ ref: `s${i}` });

		assert.equal(data.error, `sip:refer: ${STATE_SENTENCE}`);
		assert.equal(data.field, 'tracestate');
		assert.equal(data.traceparent, TRACE);
	}

	/* other refusals contain it */
	client.send({ verb: 'pause', traceparent: TRACE, msgid: 'm4' });
	client.send(refer(sid, '486', { headers: { Via: 'x' }, msgid: 'm5',
		traceparent: OTHER }));
	await client.message('jambonz:error', { ref: 'm5' });
	client.send({ type: 'command', command: 'transfer:cancel', msgid: 'm6',
		traceparent: LATER });
	for (const [ref, trace] of [['m4', TRACE], ['m5', OTHER],
		['m6', LATER]]) {
		const { data } = await client.message('jambonz:error', { ref });

		assert.equal(data.traceparent, trace);
	}

	const { status, data } = await post(`${referd.http}/calls`,
		{ to: 'sip:nobody@127.0.0.1', traceparent: 'x' });

	assert.equal(status, 400);
	assert.equal(data.error, SENTENCE);
	assert.equal(leg.requests('REFER').length, 0);
	assert.equal(leg.requests('BYE').length, 0);
	assert.deepEqual(client.all('verb:status'), []);
});


scene('a request has it in its header; there a wrong one is as none',
	async (s) => {
	const { client, call, referd } = await parties(s);
	const { sid } = await call();
	const url = `${referd.http}/calls/${sid}/verbs`;
	const tag = async (id, headers, fields) => {
		const { status, data } = await post(url,
			{ verb: 'tag', id, data: {}, ...fields }, headers);

		assert.equal(status, 202);
		await client.message('verb:status', { id, event: 'finished' });
		traced(client, id, data.traceparent);

		return data.traceparent;
	};

	assert.equal(await tag('a', { traceparent: TRACE }), TRACE);
	assert.equal(await tag('b', { TraceParent: `  ${LATER}` }), LATER);
	assert.equal(await tag('c', { traceparent: TRACE },
		{ traceparent: OTHER }), OTHER);
	assert.equal(await spaced(url, ` ${TRACE} \t `), TRACE);

	/* a tracestate belongs to the traceparent beside it */
	const longest = `a=${'x'.repeat(510)}`;

	for (const [i, [headers, fields, trace, state]] of [
		[{ traceparent: TRACE, tracestate: STATE }, {}, TRACE, STATE],
		[{ traceparent: TRACE, tracestate: longest }, {}, TRACE,
			longest],
		[{ traceparent: TRACE, tracestate: `${longest}x` }, {}, TRACE],
		[{ traceparent: TRACE, tracestate: 'a=\xe4' }, {}, TRACE],
		[{ traceparent: TRACE, tracestate: STATE },
			{ traceparent: OTHER }, OTHER],
		[{ tracestate: STATE }, {}, MADE],
		[{ traceparent: 'x', tracestate: STATE }, {}, MADE],
		[{}, { tracestate: 7 }, MADE]].entries()) {
		const { status, data } = await post(url, { verb: 'tag',
			id: `s${i}`, data: {}, ...fields }, headers);

		assert.equal(status, 202);
		assert.match(data.traceparent, new RegExp(trace));
		assert.equal(data.tracestate, state);
		await client.message('verb:status',
			{ id: `s${i}`, event: 'finished' });
		traced(client, `s${i}`, data.traceparent, state);
	}
	for (const wrong of ['x', TRACE.toUpperCase(), `${TRACE}-more`,
		`cc${TRACE.slice(2)}-${'x'.repeat(100)}`, '']) {
		const made = await tag(`w${wrong.length}`,
			{ traceparent: wrong });

		assert.match(made, MADE);
		assert.notEqual(made.slice(3, 35), TRACE.slice(3, 35));
	}

	/* verbs that are refused, and verbs that are given up */
	const { status, data } = await post(url, { verb: 'pause' },
		{ traceparent: TRACE });

	assert.equal(status, 400);
	assert.equal(data.traceparent, TRACE);
	await post(url, refer(sid, 'rings'), { traceparent: OTHER });
	await client.message('transfer:status', { step: 'progress' });
	assert.equal((await post(url, { type: 'command',
		command: 'transfer:cancel' }, { traceparent: TRACE })).data
		.traceparent, TRACE);
	await client.message('verb:status', { id: 'v1', event: 'finished' });
	assert.equal(told(client, 'v1').find((m) => m.data.step === 'ended')
		.data.outcome, 'cancelled');
	traced(client, 'v1', OTHER);
});


scene('a dial is answered with it', async (s) => {
	const far = await Far.start(s);
	const { client, referd } = await s.control();
	const dial = { type: 'command', command: 'dial', msgid: 'd1',
		traceparent: TRACE, data: { to: far.uri } };

	client.send(dial);
	assert.equal((await client.message('ack', { msgid: 'd1' })).data
		.traceparent, TRACE);
	client.send({ ...dial, msgid: 'd2', data: { to: 'sip:a b@' } });
	assert.equal((await client.message('jambonz:error', { ref: 'd2' }))
		.data.traceparent, TRACE);
	for (const [body, headers, trace] of [
		[{ traceparent: OTHER }, {}, OTHER],
		[{}, { traceparent: OTHER }, OTHER],
		[{ traceparent: OTHER }, { traceparent: TRACE }, OTHER]]) {
		const { status, data } = await post(`${referd.http}/calls`,
			{ to: far.uri, ...body }, headers);

		assert.equal(status, 202);
		assert.equal(data.traceparent, trace);
	}
});


scene('a verb transfer, and the end of the call that it asks for', async (s) => {
	const { client, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ verb: 'transfer', id: 'v1', mode: 'blind', call_sid: sid,
		traceparent: TRACE, tracestate: STATE,
		actionHook: '/action', eventHook: '/event',
		target: [{ type: 'phone', number: '486' },
			{ type: 'phone', number: '603' }],
		disposition: { onDecline: 'hangup' } });
	await leg.received('BYE');
	const { data } = await client.message('verb:status',
		{ verb: 'hangup', event: 'finished' });

	assert.deepEqual([data.traceparent, data.tracestate], [TRACE, STATE]);
	assert.deepEqual(traced(client, 'v1', TRACE, STATE), new Set([
		'verb:status', 'transfer:status', 'transfer:event', 'verb:hook',
		'hook:status']));
});


scene('what comes late has it', async (s) => {
	const { client, call, referd } = await parties(s);
	const { leg, sid } = await call();

	client.send(refer(sid, 'silent', { traceparent: TRACE,
		tracestate: STATE, timeouts: { notify: 0.3 } }));
	await client.message('verb:hook', { hook: '/action' });
	await finish(leg, leg.requests('REFER')[0], 486, 'Busy Here');
	const { data } = await client.message('transfer:status',
		{ step: 'late' });

	await client.message('verb:hook', { late: true });
	traced(client, 'v1', TRACE, STATE);

	const { text } = await http(
		`${referd.http}/transfers/${data.transfer_id}`);

	assert.equal(JSON.parse(text).transfer.traceparent, TRACE);
});


scene('an answer to a hook has its own for the verbs in it', async (s) => {
	const answers = { '/action': [{ verb: 'tag', id: 'own', data: {},
		traceparent: OTHER }, { verb: 'tag', id: 'made', data: {} },
	{ verb: 'redirect', id: 'more', actionHook: '/more',
		traceparent: LATER }] };
	const application = await Application.start(s,
		{ reply: ({ path }) => ({ body: answers[path] ?? [] }) });
	const { client, call } = await parties(s,
		{ client: { acks: false } });
	const { sid } = await call();

	client.send(refer(sid, '486', { traceparent: TRACE, eventHook: null,
		actionHook: `${application.url}/action` }));
	await client.message('verb:status', { id: 'more', event: 'finished' });
	assert.equal((await application.request('/action')).headers
		.traceparent, TRACE);
	traced(client, 'own', OTHER);
	traced(client, 'more', LATER);
	const made = told(client, 'made')[0].data.traceparent;

	assert.match(made, MADE);
	traced(client, 'made', made);

	/* the same over a WebSocket */
	client.send(refer(sid, '486', { id: 'v2', eventHook: null,
		traceparent: OTHER }));
	const { msgid, data } = await client.message('verb:hook',
		{ hook: '/action', verb_id: 'v2' });

	assert.equal(data.traceparent, OTHER);
	client.send({ type: 'ack', msgid, traceparent: LATER, data: [
		{ verb: 'tag', id: 'x', data: {} },
		{ verb: 'tag', id: 'y', data: {}, traceparent: TRACE }] });
	await client.message('verb:status', { id: 'y', event: 'finished' });
	traced(client, 'x', LATER);
	traced(client, 'y', TRACE);

	/* a refused answer belongs to the trace of the hook */
	answers['/action'] = [{ verb: 'nonsense' }];
	client.send(refer(sid, '486', { id: 'v3', eventHook: null,
		traceparent: OTHER, actionHook: `${application.url}/action` }));
	const { data: status } = await client.message('hook:status',
		{ verb_id: 'v3', event: 'answered' });

	assert.match(status.reason, /nonsense/);
	assert.equal((await client.message('jambonz:error')).data.traceparent,
		OTHER);
});


scene('an application of jambonz says it, and hears it', async (s) => {
	const application = await Application.start(s, { reply: ({ path }) =>
		({ body: path === '/bot' ? [{ verb: 'answer', id: 'a' },
			{ verb: 'sip:refer', id: 'r', referTo: '486',
				traceparent: TRACE, actionHook: '/done',
				eventHook: '/event' }] : [] }) });
	const { client, far } = await parties(s, { gateway: MANUAL,
		referd: { args: ['--app', `${application.url}/bot`] } });

	await far.call();
	const done = await application.request('/done');

	assert.equal(done.headers.traceparent, TRACE);
	assert.equal(done.data.traceparent, TRACE);
	assert.ok(application.all('/event').length);
	for (const { headers, data } of application.all('/event'))
		assert.deepEqual([headers.traceparent, data.traceparent],
			[TRACE, TRACE]);
	await client.message('verb:status', { id: 'r', event: 'finished' });
	traced(client, 'r', TRACE);
	assert.match(told(client, 'a')[0].data.traceparent, MADE);

	/* the hook of the call has none: no verb caused it */
	assert.equal(application.all('/bot')[0].headers.traceparent,
		undefined);
});


scene('it survives referd', async (s) => {
	const { client, call, referd } = await parties(s,
		{ client: { query: '?client=bot' } });
	const given = await call();
	const made = await call();

	client.send(refer(given.sid, ['rings', '480'],
		{ traceparent: TRACE, tracestate: STATE }));
	client.send([refer(made.sid, 'rings', { id: 'v2' }),
		{ verb: 'tag', id: 'v3', data: {} }]);
	for (const { sid } of [given, made])
		await client.message('verb:hook',
			{ call_sid: sid, call_status: '180' });
	const trace = told(client, 'v2')[0].data.traceparent;
	const { seq } = client.messages.items.at(-1);

	await referd.kill('SIGKILL');
	await referd.run();
	const back = await s.client(referd,
		{ query: `?client=bot&since=${seq}` });

	for (const { leg } of [given, made])
		await finish(leg, leg.requests('REFER')[0], 486, 'Busy Here');
	await back.message('verb:hook',
		{ call_sid: given.sid, hook: '/action' });
	await back.message('verb:status', { id: 'v3', event: 'finished' });
	assert.equal(told(back, 'v1').filter((m) => m.data.step === 'ended')
		.length, 2);
	for (const [id, ...t] of [['v1', TRACE, STATE], ['v2', trace]])
		assert.deepEqual(traced(back, id, ...t), new Set(['verb:status',
			'transfer:status', 'verb:hook', 'hook:status']));
	assert.match(told(back, 'v3')[0].data.traceparent, MADE);
}, LIVES);
