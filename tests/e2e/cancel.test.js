/**
 * @file cancel.test.js  The command transfer:cancel, and its consequences
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';

const CANCEL = { type: 'command', command: 'transfer:cancel' };
const HURRY = { timeouts: { ringing: 30 } };


/** A call whose far end reports a ringing target, and its transfer. */
async function transfer(s, on, headers = {}, verb = {})
{
	const far = on.far ??= await Far.start(s, { handlers: {
		REFER: (leg, request) => {
			leg.answer(request, 202, 'Accepted');
			leg.notify('SIP/2.0 180 Ringing\r\n');
		} } });
	const leg = await far.call(headers);
	const { client } = on;
	const { call_sid } = await client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === leg.id,
	'session:new');

	await client.message('call:status',
		{ call_sid, call_status: 'in-progress' });
	client.send({ call_sid, verbs: [
		{ verb: 'sip:refer', referTo: '100', actionHook: '/action',
			...HURRY, ...verb },
		{ verb: 'tag', data: { behind: true } }] });
	await client.message('transfer:status', { call_sid,
		step: 'progress' });

	return { leg, call_sid };
}


async function ended({ client }, call_sid)
{
	const { data } = await client.message('transfer:status',
		{ call_sid, step: 'ended' });

	assert.equal(data.outcome, 'cancelled');
	assert.equal(data.evidence, 'application');
	assert.equal(data.confidence, 'low');
	assert.equal(data.reason, 'the application gave it up');

	return data;
}


scene('transfer:cancel unsubscribes, the verbs behind go on, and a late 200 ' +
	'is told', async (s) => {
	const on = await s.control();
	const { client, referd } = on;
	const { leg, call_sid } = await transfer(s, on);

	client.send({ ...CANCEL, callSid: call_sid, msgid: 'm1' });
	await client.message('ack', { msgid: 'm1', call_sid });
	const { transfer_id } = await ended(on, call_sid);

	const subscribe = await leg.received('SUBSCRIBE');
	assert.equal(subscribe.headers.event, 'refer');
	assert.equal(subscribe.headers.expires, '0');

	const hook = await client.message('verb:hook',
		{ call_sid, hook: '/action' });
	assert.equal(hook.data.outcome, 'cancelled');
	assert.equal(hook.data.evidence, 'application');
	assert.equal(hook.data.transfer_id, transfer_id);
	await client.message('verb:status',
		{ call_sid, event: 'finished', verb: 'tag' });

	/* the target answers in spite of the cancel */
	await leg.notify('SIP/2.0 200 OK\r\n', { headers: {
		'Subscription-State': 'terminated;reason=noresource' } });
	const { data: late } = await client.message('transfer:status',
		{ call_sid, step: 'late' });
	assert.equal(late.call_status, 200);
	assert.equal(late.transfer_id, transfer_id);

	const told = await (await fetch(
		`${referd.http}/transfers/${transfer_id}`)).json();
	assert.equal(told.transfer.outcome, 'cancelled');
	assert.ok(told.messages.some((m) => m.data?.step === 'late' &&
		m.data.call_status === 200));
	assert.equal(leg.requests('BYE').length, 0);

	/* the transfer has ended: a second cancel is an error */
	client.send({ ...CANCEL, call_sid, msgid: 'm2' });
	const { data: error } = await client.message('jambonz:error',
		{ ref: 'm2' });
	assert.equal(error.error, 'call_sid names a call that has no ' +
		'transfer in progress');
	assert.equal(error.field, 'call_sid');
});


scene('transfer:cancel over HTTP', async (s) => {
	const on = await s.control();
	const { client, referd } = on;
	const { leg, call_sid } = await transfer(s, on);
	const post = async (body) => {
		const a = await fetch(`${referd.http}/calls/${call_sid}/verbs`,
			{ method: 'POST', body: JSON.stringify(body) });

		return { status: a.status, body: await a.json() };
	};

	assert.deepEqual(await post(CANCEL),
		{ status: 202, body: { call_sid } });
	await ended(on, call_sid);
	await leg.received('SUBSCRIBE');
	await client.message('verb:hook', { call_sid, hook: '/action' });

	const again = await post(CANCEL);
	assert.equal(again.status, 409);
	assert.match(again.body.error, /no transfer in progress/);

	assert.equal((await post({ type: 'command', command: 'call:status',
		data: { call_status: 'completed' } })).status, 202);
	await leg.received('BYE');

	const none = await post({ type: 'ack', msgid: 'x' });
	assert.equal(none.status, 400);
	assert.match(none.body.error, /a command for the call$/);
});


/* Stock baresip 1.x ends the call when it is unsubscribed */
scene('transfer:cancel spares who takes it amiss, and who is not to be told',
	async (s) => {
	const on = await s.control();
	const { client } = on;

	for (const [headers, verb, count] of [
		[{ 'User-Agent': 'baresip v1.0.0 (x86_64/linux)' }, {}, 0],
		[{ 'User-Agent': 'Asterisk PBX 22.1' }, {}, 1],
		[{}, { timeouts: { unsubscribe: false } }, 0]]) {
		const { leg, call_sid } = await transfer(s, on, headers, verb);

		client.send({ ...CANCEL, call_sid });
		await ended(on, call_sid);
		client.send({ verb: 'hangup', call_sid });
		await leg.received('BYE');
		assert.equal(leg.requests('SUBSCRIBE').length, count);
	}
});


/* The gateway sends no REFER for a call that still rings */
scene('transfer:cancel while the call is not answered', async (s) => {
	const ringing = [];
	const far = await Far.start(s, { handlers: { INVITE: (leg, invite) => {
		leg.answer(invite, 180, 'Ringing');
		ringing.push({ leg, invite });
	} } });
	const { client, referd } = await s.control();

	for (const at of ['once', 'leisure']) {
		client.send({ type: 'command', command: 'dial', msgid: at,
			data: { to: far.uri } });
		const { call_sid } = await client.messages.wait((m) =>
			m.type === 'ack' && m.msgid === at, 'ack');

		await client.message('call:status',
			{ call_sid, call_status: 'ringing' });
		const { leg, invite } = ringing.pop();
		client.send({ call_sid, msgid: `${at}-refer`, verbs: [
			{ verb: 'sip:refer', referTo: '100', id: at,
				actionHook: '/action', eventHook: '/event' },
			{ verb: 'tag', data: { behind: true } }] });
		if (at === 'leisure')
			await client.message('ack', { msgid: `${at}-refer` });
		client.send({ ...CANCEL, call_sid, msgid: `${at}-cancel` });
		await client.message('ack', { msgid: `${at}-cancel` });

		const { data } = await client.message('transfer:status',
			{ call_sid });
		assert.equal(data.step, 'ended');
		assert.equal(data.outcome, 'cancelled');
		assert.equal(data.evidence, 'application');
		assert.equal(data.confidence, 'high');
		assert.equal(data.reason, 'the application gave it up');
		assert.equal(data.refer_to, '100');
		assert.equal(data.verb_id, at);

		const hook = await client.message('verb:hook',
			{ call_sid, hook: '/action' });
		assert.equal(hook.data.outcome, 'cancelled');
		assert.equal(hook.data.referStatus, '487');
		assert.equal(hook.data.transfer_id, data.transfer_id);

		leg.accept(invite);
		await client.message('verb:status',
			{ call_sid, event: 'finished', verb: 'tag' });
		assert.deepEqual(client.messages.filter((m) =>
			m.type === 'verb:status' && m.call_sid === call_sid)
			.map((m) => `${m.data.event} ${m.data.verb}`),
		['starting sip:refer', 'finished sip:refer', 'starting tag',
			'finished tag']);
		client.send({ verb: 'hangup', call_sid });
		await leg.received('BYE');
		assert.equal(leg.requests('REFER').length, 0);
		assert.equal(client.messages.filter((m) =>
			m.type === 'transfer:status' &&
			m.call_sid === call_sid).length, 1);
	}
	assert.equal(JSON.parse(await (await fetch(
		`${referd.http}/transfers?outcome=cancelled`)).text()).length,
	2);
});


/* A late final NOTIFY is reported, although a client cancelled */
scene('transfer:cancel before the REFER is answered', async (s) => {
	const on = await s.control();
	const { client } = on;
	const far = await Far.start(s, { handlers: { REFER: () => {} } });
	const leg = await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid });
	const refer = await leg.received('REFER');
	client.send({ ...CANCEL, call_sid });
	await ended(on, call_sid);
	assert.equal(leg.requests('SUBSCRIBE').length, 0);

	leg.answer(refer, 202, 'Accepted');
	await leg.received('SUBSCRIBE');
	await leg.notify('SIP/2.0 486 Busy Here\r\n');
	const { data } = await client.message('transfer:status',
		{ call_sid, step: 'late' });
	assert.equal(data.call_status, 486);
});
