/**
 * @file dial.test.js  Calls that a client dials, and their results
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';
import { valuesOf } from './lib/wire.js';


/** A call that a client dials, and the messages about it. */
async function dial(s, INVITE, data)
{
	const far = await Far.start(s, { handlers: INVITE && { INVITE } });
	const { client, gateway, referd } = await s.control();

	client.send({ type: 'command', command: 'dial', msgid: 'd1',
		data: { to: far.uri, ...data } });
	const { call_sid: sid } = await client.messages.wait((m) =>
		m.type === 'ack' && m.msgid === 'd1', 'ack');
	const leg = await far.incoming();
	const ends = async (state) => {
		const { data: status } = await client.message('call:status',
			{ call_sid: sid, call_status: state });

		assert.equal(client.all('session:new').length, 1);
		assert.ok(Number.isInteger(status.duration));

		return status;
	};

	return { far, client, gateway, referd, sid, leg, ends };
}


scene('answered: in-progress, and verbs that came before run now',
	async (s) => {
	let invite;
	const { client, sid, leg, ends } = await dial(s, (l, request) => {
		l.answer(request, 180, 'Ringing');
		invite = request;
	}, { headers: { 'X-Ticket': 17, 'X-Text': 'a; b="c"' } });

	await client.message('call:status',
		{ call_sid: sid, call_status: 'ringing' });
	const { data } = await client.message('session:new');
	assert.equal(data.direction, 'outbound');
	assert.equal(data.to, 'far');
	assert.equal(data.from, 'gw');

	client.send([{ verb: 'pause', length: 0.1, call_sid: sid },
		{ verb: 'hangup' }]);
	await client.echo();
	assert.deepEqual(client.all('verb:status'), []);

	leg.accept(invite);
	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });
	await leg.received('BYE');
	await ends('completed');

	assert.equal(invite.headers['x-ticket'], '17');
	assert.equal(invite.headers['x-text'], 'a; b="c"');
	assert.match(invite.headers.from, /<sip:gw@10\.77\.0\.1>/);
});


for (const [status, reason, state] of [[486, 'Busy Here', 'busy'],
	[600, 'Busy Everywhere', 'busy'], [480, 'Away', 'no-answer'],
	[408, 'Request Timeout', 'no-answer'], [404, 'Not Found', 'failed'],
	[503, 'Unavailable', 'failed'], [603, 'Decline', 'failed']]) {
	scene(`${status}: ${state}`, async (s) => {
		const { ends } = await dial(s, (leg, request) => {
			leg.answer(request, 180, 'Ringing');
			leg.answer(request, status, reason);
		});
		const data = await ends(state);

		assert.equal(data.sip_status, status);
		assert.ok(data.sip_reason.includes(reason), data.sip_reason);
		assert.equal(data.duration, 0);
	});
}


/* Rings until the INVITE is cancelled. */
function rings(leg, invite)
{
	leg.answer(invite, 180, 'Ringing');
	leg.handlers.CANCEL = (_, cancel) => {
		leg.answer(cancel, 200, 'OK');
		leg.answer(invite, 487, 'Request Terminated');
	};
}


scene('the timeout is over: cancelled, no-answer', async (s) => {
	const start = Date.now();
	const { leg, ends } = await dial(s, rings, { timeout: 1 });

	await leg.received('CANCEL');
	await ends('no-answer');
	assert.ok(Date.now() - start >= 1_000);
	assert.equal(leg.requests('INVITE').length, 1);
});


scene('answered in time: the timeout is void', async (s) => {
	const { client, leg, sid, gateway } = await dial(s, null,
		{ timeout: 1 });

	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });
	/* the pause starts before the timeout, and ends after it */
	client.send({ verb: 'pause', length: 1.1, call_sid: sid });
	await client.message('verb:status', { event: 'finished' });
	assert.equal(leg.requests('BYE').length, 0);
	await gateway.event('CALL_ESTABLISHED');
	assert.equal((await gateway.talking()).length, 1);
});


scene('hangup, while it rings: cancelled, no-answer', async (s) => {
	const { client, sid, leg, ends } = await dial(s, rings);

	await client.message('call:status', { call_status: 'ringing' });
	client.send({ verb: 'hangup', call_sid: sid });
	await leg.received('CANCEL');
	await ends('no-answer');
});


scene('what cannot be dialled is refused, with its field', async (s) => {
	const far = await Far.start(s);
	const { client } = await s.control();
	const wrong = [
		['to', {}], ['to', { to: 17 }], ['to', { to: '' }],
		['to', { to: 'sip:a@b\r\nX: 1' }],
		['to', { to: 'http://example.com' }],
		['from', { to: far.uri, from: 17 }],
		['from', { to: far.uri, from: 'sip:nobody@example.com' }],
		['node', { to: far.uri, node: 'nowhere' }],
		['timeout', { to: far.uri, timeout: 0 }],
		['timeout', { to: far.uri, timeout: 601 }],
		['timeout', { to: far.uri, timeout: '30' }],
		['headers', { to: far.uri, headers: 'X-A: 1' }],
		['headers', { to: far.uri, headers: { 'X-A': [1] } }],
		['headers', { to: far.uri, headers: { 'X-A': 'a\r\nX-B: 1' } }],
		['headers', { to: far.uri, headers: { 'X A': '1' } }],
		['headers', { to: far.uri, headers: { 'CSeq': '1' } }],
	];

	for (const [field, data] of wrong) {
		const from = client.now;

		client.send({ type: 'command', command: 'dial', msgid: 'd1',
			data });
		const error = (await client.message('jambonz:error', {},
			{ from })).data;
		assert.ok(error.field?.startsWith(field),
			JSON.stringify({ data, error }));
		assert.equal(error.ref, 'd1');
	}

	assert.equal(far.legs.size, 0);
});


scene('one header field of each, and none in the next call', async (s) => {
	const { far, client, leg } = await dial(s, null,
		{ headers: { 'X-Ticket': 17 } });
	const invite = await leg.received('INVITE');

	assert.deepEqual(valuesOf(invite, 'X-Ticket'), ['17']);
	client.send({ type: 'command', command: 'dial',
		data: { to: far.uri } });
	const { leg: next } = await far.calls.wait((c) => c.leg !== leg,
		'second call');
	assert.deepEqual(valuesOf(await next.received('INVITE'), 'X-Ticket'),
		[]);
});


scene('POST /calls dials as well', async (s) => {
	const far = await Far.start(s);
	const { client, referd } = await s.control();
	const response = await fetch(`${referd.http}/calls`, { method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ to: far.uri,
			headers: { 'X-Ticket': '18' } }) });
	const { call_sid: sid } = await response.json();

	assert.equal(response.status, 202);
	const leg = await far.incoming();
	assert.equal((await leg.received('INVITE')).headers['x-ticket'], '18');
	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });
});


/* A client that has dialled, and a baresip that has not read the request */
async function unread(s)
{
	const referd = await s.referd();
	const node = await Node.connect(referd.socket, 'gw');
	const client = await s.client(referd, { query: '?client=bot' });

	await referd.knows(1);
	node.link.pause();
	client.send({ type: 'command', command: 'dial', msgid: 'd1',
		data: { to: 'bob', headers: { 'X-A': 'b' } } });
	client.send({ type: 'command', command: 'dance', msgid: 'd2' });
	await client.message('jambonz:error');

	return { referd, node, client };
}


async function dialled(node, client)
{
	const dial = await node.accept('dial');

	assert.equal(dial.to, 'bob');
	assert.deepEqual(dial.headers, { 'X-A': 'b' });
	const ack = await client.message('ack', { }, {});

	assert.equal(ack.msgid, 'd1');
	assert.equal(ack.call_sid, dial.call_sid);
	node.call({ sid: dial.call_sid, ref: dial.ref, state: 'trying',
		direction: 'outbound' });
	await client.message('session:new', { call_sid: dial.call_sid });
}


scene('the link breaks before baresip has read a dial: it is asked again',
	async (s) => {
	const { node, client } = await unread(s);

	node.disconnect();
	await client.message('node:status', { connected: false });
	await node.connect();
	await dialled(node, client);
	node.disconnect();
});


scene('referd is killed before baresip has read a dial: it is asked again',
	async (s) => {
	const { referd, node, client } = await unread(s);

	await referd.kill('SIGKILL');
	await client.closed;
	await referd.run();
	const again = await s.client(referd, { query: '?client=bot' });

	await node.connect();
	await dialled(node, again);

	/* referd does not send the request a second time */
	node.disconnect();
	await again.message('node:status', { connected: false });
	await node.connect();
	await referd.knows(1);
	again.send({ verb: 'dance' });
	await again.message('jambonz:error');
	assert.equal(node.requests.length, node.taken);
	node.disconnect();
});


scene('baresip has made the call, and its answer is lost: it is taken',
	async (s) => {
	const { node, client } = await unread(s);

	node.link.resume();
	const { call_sid, ref } = await node.request('dial');

	node.disconnect();
	node.calls.set(call_sid, { sid: call_sid, ref, direction: 'outbound',
		from: 'sip:gw@10.0.0.2', to: 'sip:bob@10.0.0.1',
		state: 'ringing', sip_status: 180, sip_reason: 'Ringing',
		started: Date.now() });
	await node.connect();
	const ack = await client.message('ack', {}, {});

	assert.equal(ack.call_sid, call_sid);
	await client.message('session:new', { call_sid });
	assert.equal(node.requests.length, node.taken);
	node.disconnect();
});


scene('referd is killed with a dial, and baresip is another then: an error',
	async (s) => {
	const { referd, node } = await unread(s);

	node.disconnect();
	await referd.kill('SIGKILL');
	await referd.run();
	const client = await s.client(referd, { query: '?client=bot' });
	const other = await Node.connect(referd.socket, 'gw');
	const { data } = await client.message('jambonz:error', { ref: 'd1' });

	assert.match(data.error, /baresip is gone/);
	assert.equal(other.requests.length, 0);
	other.disconnect();
});
