/**
 * @file protocol.test.js  docs/protocol.md matches the messages of referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { answers } from './lib/attempts.js';
import { Far } from './lib/far.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';
import { FREE, keysOf, neverCame, page, sections } from './lib/told.js';

/* Types that fleet-view.test.js and the unit tests of the fleet check */
const OF_FLEET = ['node:lost', 'fleet:gap', 'fleet:status'];

/* A transfer whose final NOTIFY arrives after it was given up. */
async function lateSession(client, referd)
{
	const node = await Node.connect(referd.socket, 'late');
	const call = node.call({ uui: [{ data: '4869', encoding: 'hex',
		purpose: 'isdn-uui', content: 'isdn-uui' }] });
	const { sid: call_sid } = call;

	await client.message('session:new', { call_sid });
	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		eventHook: '/event' });
	const transfer = await node.transfer(call);

	transfer.giveUp();
	transfer.late(200, 'OK');
	await client.message('verb:hook', { late: true });
	node.closed(call);
	node.disconnect();
}


/* A transfer that calls two targets first; both are busy. */
async function warmSession(client, referd)
{
	const node = await Node.connect(referd.socket, 'warm');
	const call = node.call();
	const { sid: call_sid } = call;

	await client.message('session:new', { call_sid });
	client.send({ verb: 'transfer', id: 'desk', mode: 'warm', call_sid,
		target: ['ann', 'bob'].map((name) => ({ type: 'sip',
			sipUri: `sip:${name}@10.0.0.3` })) });
	await node.accept();
	await node.accept('hold');
	for (let i = 0; i < 2; i++) {
		const { ref, call_sid: sid } = await node.accept('dial');

		node.closed(node.call({ sid, ref, direction: 'outbound',
			state: 'trying', sip_status: 486,
			sip_reason: 'Busy Here' }), 'busy');
	}
	await node.accept('hold');
	await client.message('transfer:event', { transfer_event: 'ended' });
	node.closed(call);
	node.disconnect();
}


/* A verb with two targets, of which the first is busy. */
async function transferSession(s, client)
{
	const far = await Far.start(s, { handlers: { REFER: answers } });

	await far.call();
	const { call_sid } = await client.messages.wait((m) =>
		m.type === 'call:status' && m.data.from_uri.includes(far.ip) &&
		m.data.call_status === 'in-progress', 'the call');
	client.send({ verb: 'transfer', mode: 'blind', id: 't1', call_sid,
		target: ['486', '200'].map((number) =>
			({ type: 'phone', number })),
		actionHook: '/transfer', eventHook: '/steps' });
	await client.message('verb:hook', { hook: '/transfer' });
	await client.message('call:status',
		{ call_sid, call_status: 'completed' });
}


/* A session with each type of message, and each of its fields. */
async function session(s)
{
	const profiles = join(s.dir, 'profiles');

	writeFileSync(profiles, '[carrier]\nmatch-domain = 10.77.0.*\n');
	const { referd, client } = await s.control({ referd: {},
		gateway: { config: { sip_refer_profiles: profiles } } });
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '486 Busy Here' });
	const verb = { verb: 'sip:refer', referTo: '100', call_sid: sid };

	client.send([{ verb: 'answer', call_sid: sid, msgid: 'm1' },
		{ verb: 'sip:refer' }]);
	await client.message('jambonz:error');

	client.send({ ...verb, dryRun: true, msgid: 'm2' });
	await client.messages.wait((m) => m.type === 'ack' &&
		m.data?.dry_run, 'the dry run');

	client.send({ ...verb, id: 'unique-id-123', actionHook: '/action',
		eventHook: '/event', msgid: 'm3' });
	await client.message('transfer:status', { call_status: 180 });
	const late = await s.client(referd, { query: '?client=late' });
	await far.nudge();
	await client.message('hook:status', { hook: '/action',
		event: 'answered' });

	const web = await Application.start(s,
		{ reply: () => ({ body: 'Hello' }) });
	client.send({ verb: 'redirect', call_sid: sid,
		actionHook: `${web.url}/next` });
	await client.message('hook:status', { event: 'answered',
		reason: 'The answer must be an array of verbs' });

	client.send({ verb: 'hangup', call_sid: sid });
	await client.message('call:status', { call_status: 'completed' });
	await lateSession(client, referd);
	await warmSession(client, referd);
	await transferSession(s, client);

	return [...client.messages.items, ...late.messages.items];
}


scene('each message is in docs/protocol.md, with all of its fields',
	async (s) => {
	const known = sections();

	for (const message of await session(s)) {
		const section = known.get(message.type);

		assert.ok(section, `${message.type} has no section`);

		/* each call, transfer and dry run is described once */
		const text = section.text + ['session:new', 'transfer:status',
			'ack'].map((type) => known.get(type).text).join('');

		for (const key of keysOf(message))
			assert.ok(FREE.has(key) || text.includes(key),
				`${message.type}: ${key} is not told of`);
	}
});


scene('each example in docs/protocol.md is what comes', async (s) => {
	const messages = await session(s);

	for (const type of sections().keys()) {
		/* one section, two messages: the keys of both */
		if (type !== 'call:status' && !OF_FLEET.includes(type))
			assert.deepEqual(neverCame(type, messages), [], type);
	}
});


scene('what clients send in docs/protocol.md is understood', async (s) => {
	const { client } = await s.control({ gateway: {
		config: { sip_refer_node: 'gw1' } } });
	const { sid } = await s.call(client, 'refuse', {
		answer: 'SIP/2.0 603 Decline', more: 'X-More: none' });
	const told = page.slice(page.indexOf('## What clients send'));
	const examples = told.slice(0, told.indexOf('| verb |'))
		.match(/^ {4}[[{].*(\n {5,}.*)*/gm)
		.map((text) => text.replaceAll('0a37…', sid))
		.filter((text) => !/"type":"ack"|completed|hangup|:cancel/.test(text));

	assert.ok(examples.length >= 4);
	let transfers = 0;

	for (const [i, text] of examples.entries()) {
		const example = JSON.parse(text);
		const first = Array.isArray(example) ? example[0] :
			example.verbs?.[0] ?? example;

		first.msgid = `doc-${i}`;
		if (example.verbs)
			example.msgid = first.msgid;
		client.send(example);

		const { type, data } = await client.messages.wait((m) =>
			m.type === 'ack' && m.msgid === `doc-${i}` ||
			m.type === 'jambonz:error' &&
			m.data.ref === `doc-${i}`, `the answer to ${text}`);

		/* no account has the `from` address of the example's dial,
		   and no transfer is in progress */
		const refused = { dial: 'from', 'transfer:cancel': 'call_sid' }[
			example.command];

		if (refused)
			assert.equal(data.field, refused);
		else
			assert.equal(type, 'ack', `${text}: ${data?.error}`);
		transfers += text.includes('sip:refer');
		await client.messages.wait(() => client.all('transfer:status')
			.filter(({ data }) => data.step === 'ended')
			.length === transfers, 'its end');
	}
});
