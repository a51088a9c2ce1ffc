/**
 * @file protocol.test.js  docs/protocol.md and what referd says are one
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { Node } from './lib/node.js';
import { scene, settings } from './lib/scene.js';

const page = readFileSync(join(settings.source, 'docs/protocol.md'), 'utf8');

/* What the far end or the application puts there, not referd. */
const FREE = new Set(['X-Customer', 'Event', 'CSeq']);


/**
 * The sections `### type[, type]` on what referd sends
 *
 * @return By type: the section's text, and its examples as one text
 */
function sections()
{
	const sent = page.slice(page.indexOf('## What referd sends'),
		page.indexOf('## What clients send'));
	const found = new Map();

	for (const text of sent.split(/^### /m).slice(1)) {
		const [title] = text.split('\n');
		const examples = text.match(/^ {4}.*$/gm).join('\n');

		for (const type of title.split(', '))
			found.set(type, { text, examples });
	}

	return found;
}


function keysIn(examples)
{
	return new Set([...examples.matchAll(/"([A-Za-z_-]+)":/g)]
		.map(([, key]) => key).filter((key) => !FREE.has(key)));
}


/* Keys of a message, of its data, and of what data lists. */
function keysOf(value, depth = 0)
{
	if (Array.isArray(value))
		return value.flatMap((v) => keysOf(v, depth));
	if (!value || typeof value !== 'object' || depth > 3)
		return [];

	return Object.entries(value).flatMap(([key, v]) =>
		key === 'headers' ? [key] : [key, ...keysOf(v, depth + 1)]);
}


/* A transfer whose final NOTIFY comes when it has been given up. */
async function lateSession(client, referd)
{
	const node = await Node.connect(referd.socket, 'late');
	const call = node.call();
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


/* A session in which each kind of message comes, with each of its fields. */
async function session(s)
{
	const { referd, client } = await s.control({ referd: {} });
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
		reason: 'the answer must be an array of verbs' });

	client.send({ verb: 'hangup', call_sid: sid });
	await client.message('call:status', { call_status: 'completed' });
	await lateSession(client, referd);

	return [...client.messages.items, ...late.messages.items];
}


scene('each message is in docs/protocol.md, with all of its fields',
	async (s) => {
	const known = sections();

	for (const message of await session(s)) {
		const section = known.get(message.type);

		assert.ok(section, `${message.type} has no section`);

		/* calls, transfers and dry runs are told of once */
		const text = section.text + ['session:new', 'transfer:status',
			'ack'].map((type) => known.get(type).text).join('');

		for (const key of keysOf(message))
			assert.ok(FREE.has(key) || text.includes(key),
				`${message.type}: ${key} is not told of`);
	}
});


scene('each example in docs/protocol.md is what comes', async (s) => {
	const messages = await session(s);

	for (const [type, { examples }] of sections()) {
		const came = new Set(messages
			.filter((m) => m.type === type).flatMap((m) => keysOf(m)));

		/* one section, two messages: what either has */
		if (type === 'call:status')
			continue;

		for (const key of keysIn(examples))
			assert.ok(came.has(key), `${type}: ${key} never came`);
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
		.filter((text) => !/"type":"ack"|completed|hangup/.test(text));

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

		/* no account has the address that the example dials from */
		if (example.command === 'dial')
			assert.equal(data.field, 'from');
		else
			assert.equal(type, 'ack', `${text}: ${data?.error}`);
		transfers += text.includes('sip:refer');
		await client.messages.wait(() => client.all('transfer:status')
			.filter(({ data }) => data.step === 'ended')
			.length === transfers, 'its end');
	}
});
