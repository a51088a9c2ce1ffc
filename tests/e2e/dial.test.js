/**
 * @file dial.test.js  Calls that a client asks for, and what becomes of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';
import { valuesOf } from './lib/wire.js';


/** What a client hears of a call that it has dialled. */
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
	/* it began later than the timeout, and takes longer */
	client.send({ verb: 'pause', length: 1.1, call_sid: sid });
	await client.message('verb:status', { event: 'finished' });
	assert.equal(leg.requests('BYE').length, 0);
	await gateway.event('CALL_ESTABLISHED');
	assert.equal(gateway.talking().length, 1);
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
