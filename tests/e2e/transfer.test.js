/**
 * @file transfer.test.js  The main function: a verb causes a transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { CARRIER, scene } from './lib/scene.js';
import { tagOf, valuesOf } from './lib/wire.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };

/* The example of the specification, with only its number replaced. */
const SEED = `{
  "verb": "sip:refer",
  "referTo": "+4930123456",
  "id": "unique-id-123",
  "referredBy": "sip:caller@example.com",
  "actionHook": {
    "url": "/action",
    "referStatus": "202",
    "final_referred_call_status": "200",
    "eventHook": {
      "event": "transfer-status",
      "call_status": "180"
    }
  },
  "eventHook": "/event",
  "headers": {
    "X-Custom-Header": "Value"
  }
}`;


scene('three baresips: the agent ends up talking to the carrier',
	async (s) => {
	const { client, gateway } = await s.control();
	const carrier = await s.carrier();
	const agent = await s.agent();

	await carrier.dial(gateway.uri);
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	await carrier.event('CALL_ESTABLISHED', gateway.uri);

	client.send({ verb: 'sip:refer', referTo: agent.uri, call_sid });
	await client.message('transfer:status', { call_sid, step: 'ended',
		outcome: 'transferred', evidence: 'notify' });
	await client.message('call:status',
		{ call_sid, call_status: 'completed' });

	await agent.event('CALL_ESTABLISHED', carrier.uri);
	await carrier.event('CALL_CLOSED', gateway.uri);
	await gateway.event('CALL_CLOSED', carrier.uri);

	assert.deepEqual((await agent.talking()).map((c) => c.peeruri),
		[carrier.uri]);
	assert.deepEqual((await carrier.talking()).map((c) => c.peeruri),
		[agent.uri]);
	assert.deepEqual(await gateway.talking(), []);
});


scene("the specification's own example does what it says", async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	client.send(SEED);
	await far.passed();
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });

	const refer = await far.received('REFER');
	assert.equal(refer.headers['refer-to'],
		`<sip:+4930123456@${far.ip}:5060>`);
	assert.equal(refer.headers['referred-by'], '<sip:caller@example.com>');
	assert.equal(refer.headers['x-custom-header'], 'Value');

	const action = await client.message('verb:hook', { hook: '/action' });
	assert.equal(action.call_sid, sid);
	assert.equal(action.data.referStatus, '202');
	assert.equal(action.data.final_referred_call_status, '200');
	assert.equal(action.data.verb_id, 'unique-id-123');

	const hooks = client.all('verb:hook').map((m) => m.hook);
	assert.equal(hooks.filter((h) => h === '/action').length, 1);
	assert.equal(hooks.at(-1), '/action');

	const events = client.all('verb:hook')
		.filter((m) => m.hook === '/event');
	assert.ok(events.every((m) => m.data.event === 'transfer-status' &&
		m.data.verb_id === 'unique-id-123'));
	assert.deepEqual(events.map((m) => m.data.call_status),
		['100', '180', '200']);
});


scene('the REFER is one request of the dialog, with one of each header',
	async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', call_sid: sid,
		referTo: 'sip:bob@example.com', headers: { 'X-Ticket': 17 } });
	await far.passed();

	const invite = await far.sent('INVITE');
	const answer = await far.received(200);
	const refer = await far.received('REFER');
	const bye = await far.received('BYE');

	assert.equal(far.requests('REFER').length, 1);
	assert.equal(refer.headers['call-id'], invite.headers['call-id']);
	assert.equal(tagOf(refer.headers.from), tagOf(answer.headers.to));
	assert.equal(tagOf(refer.headers.to), tagOf(invite.headers.from));
	assert.equal(`<${refer.uri}>`, invite.headers.contact);

	const [number, method] = refer.headers.cseq.split(' ');
	assert.equal(method, 'REFER');
	assert.equal(bye.headers.cseq, `${Number(number) + 1} BYE`);

	assert.deepEqual(valuesOf(refer, 'Refer-To'), ['<sip:bob@example.com>']);
	assert.equal(valuesOf(refer, 'Referred-By').length, 1);
	assert.match(refer.headers['referred-by'], /^(".*" )?<sip:sipp@.*>$/);
	assert.deepEqual(valuesOf(refer, 'X-Ticket'), ['17']);
	assert.deepEqual(valuesOf(refer, 'Contact').length, 1);
	assert.deepEqual(valuesOf(refer, 'Content-Length'), ['0']);
	assert.equal(refer.body, '');
});


scene('every step comes back, in order, and numbered', async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid });
	await far.passed();
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	await client.message('verb:hook', { hook: 'refer' });

	const steps = client.all('transfer:status').map((m) => m.data);
	assert.deepEqual(steps.map((d) => d.step), ['requested', 'accepted',
		'progress', 'progress', 'ended']);
	assert.deepEqual(steps.map((d) => d.call_status),
		[undefined, undefined, 100, 180, 200]);
	assert.ok(steps.every((d) => d.verb_id === 'v1' &&
		d.transfer_id === steps[0].transfer_id));
	assert.equal(steps[1].refer_status, 202);
	assert.equal(steps[4].outcome, 'transferred');
	assert.equal(steps[4].evidence, 'notify');

	const [hello, ...rest] = client.messages.items;
	let { seq } = hello;
	for (const m of rest) {
		assert.ok(m.type && m.seq > seq, JSON.stringify(m));
		assert.ok(Math.abs(Date.parse(m.time) - Date.now()) < 120_000);
		({ seq } = m);
	}

	const states = client.all('verb:status').map((m) => m.data.event);
	assert.deepEqual(states, ['starting', 'finished']);
});


scene('a call that rings is answered first, and tells its headers',
	async (s) => {
	const { client } = await s.control({ gateway: { account: '' } });
	const far = await s.sipp('transfer', ANSWERED);

	const session = await client.message('session:new');
	assert.equal(session.data.direction, 'inbound');
	assert.equal(session.data.from, 'sipp');
	assert.equal(session.data.to, 'gw');
	assert.equal(session.data.caller_name, 'SIPp');
	assert.equal(session.data.sip.headers['X-Customer'], '17');
	assert.equal(session.data.call_id,
		(await far.sent('INVITE')).headers['call-id']);

	client.send({ verb: 'sip:refer', referTo: '100' });
	await far.passed();
	await client.message('transfer:status',
		{ step: 'ended', outcome: 'transferred' });
	assert.equal(far.requests('REFER').length, 1);
});


scene('of two calls, only the second is transferred', async (s) => {
	const { client, gateway } = await s.control();
	const first = await s.call(client, 'transfer', ANSWERED);
	const second = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', referTo: '100',
		call_sid: second.sid });
	await second.far.passed();
	await client.message('call:status',
		{ call_sid: second.sid, call_status: 'completed' });
	const { headers } = await second.far.sent('INVITE');
	await gateway.events.wait((e) => e.type === 'CALL_CLOSED' &&
		e.id === headers['call-id'], 'end of the second call');

	assert.deepEqual((await gateway.talking()).map((c) => c.id),
		[(await first.far.sent('INVITE')).headers['call-id']]);
	assert.equal(first.far.requests('REFER').length, 0);
	assert.ok(client.all('transfer:status')
		.every((m) => m.call_sid === second.sid));

	/* And the first can still be transferred. */
	client.send({ verb: 'sip:refer', referTo: '100',
		call_sid: first.sid });
	await first.far.passed();
});


scene('a call that the gateway made is transferred as well', async (s) => {
	const { client, gateway } = await s.control();
	const agent = await s.agent();
	const carrier = await s.carrier();

	await carrier.command('answermode', 'auto');
	client.send({ type: 'command', command: 'dial', msgid: 'd1',
		data: { to: carrier.uri, from: gateway.uri } });
	const { call_sid } = await client.message('ack', { msgid: 'd1' });
	await client.message('call:status',
		{ call_sid, call_status: 'in-progress' });
	const [session] = client.all('session:new');
	assert.equal(session.call_sid, call_sid);
	assert.equal(session.data.direction, 'outbound');

	client.send({ verb: 'sip:refer', referTo: agent.uri });
	await client.message('transfer:status',
		{ call_sid, step: 'ended', outcome: 'transferred' });
	await agent.event('CALL_ESTABLISHED', CARRIER);
	await gateway.event('CALL_CLOSED', CARRIER);
	await carrier.event('CALL_CLOSED', gateway.uri);
	assert.deepEqual((await carrier.talking()).map((c) => c.peeruri),
		[agent.uri]);
});


scene('a list of verbs goes on after a failed transfer', async (s) => {
	const { client } = await s.control({ gateway: { account: '' } });
	const far = await s.sipp('refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-Reason: none' });

	await client.message('session:new');
	client.send([{ verb: 'answer' }, { verb: 'pause', length: 0.2 },
		{ verb: 'sip:refer', referTo: '100' }, { verb: 'hangup' }]);
	await far.passed();
	await client.message('verb:status',
		{ event: 'finished', verb: 'hangup' });

	assert.deepEqual(client.all('verb:status')
		.map(({ data }) => `${data.event} ${data.verb}`), [
		'starting answer', 'finished answer',
		'starting pause', 'finished pause',
		'starting sip:refer', 'finished sip:refer',
		'starting hangup', 'finished hangup']);
});


scene('a far end may wait for the transfer of one call while others go',
	async (s) => {
	const { client } = await s.control();
	const slow = await s.call(client, 'ringing', { final: '200 OK' });
	const quick = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: slow.sid });
	await client.message('transfer:status',
		{ call_sid: slow.sid, call_status: 180 });
	client.send({ verb: 'sip:refer', referTo: '2', call_sid: quick.sid });
	await quick.far.passed();

	await slow.far.nudge();
	await slow.far.passed();
	await client.message('transfer:status', { call_sid: slow.sid,
		step: 'ended', outcome: 'transferred' });
});


scene('a verb that comes between the answer and its ACK waits for it',
	async (s) => {
	const { client } = await s.control();
	const far = await s.sipp('slow-ack');

	await client.message('session:new');
	await far.received(200);
	client.send({ verb: 'sip:refer', referTo: '100' });
	await far.passed();
	await client.message('transfer:status',
		{ step: 'ended', outcome: 'transferred' });
	assert.equal(client.all('jambonz:error').length, 0);
});
