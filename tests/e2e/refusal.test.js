/**
 * @file refusal.test.js  referd refuses bad input in a sentence, and undoes it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };

const VERB = {
	verb: 'sip:refer',
	id: 'v1',
	referTo: '100',
	referredBy: 'sip:caller@example.com',
	referredByDisplayName: 'Ann',
	actionHook: '/action',
	eventHook: '/event',
	headers: { 'X-Custom-Header': 'Value' },
};

const INJECTED = 'x\r\nX-Injected: 1';

const INJECTIONS = [
	['referTo', { referTo: `100${INJECTED}` }],
	['referTo', { referTo: '100\nX-Injected: 1' }],
	['referTo', { referTo: `sip:100@example.com\r\nX-Injected: 1` }],
	['referTo', { referTo: 'sip:100%0D%0AX-Injected:1@example.com' }],
	['referTo', { referTo: 'tel:100%0A' }],
	['referTo', { referTo: '100%00' }],
	['referredBy', { referredBy: 'a%0D@example.com' }],
	['referredBy', { referredBy: `sip:a@example.com${INJECTED}` }],
	['referredByDisplayName', { referredByDisplayName: `Ann${INJECTED}` }],
	['headers', { headers: { 'X-Custom-Header': INJECTED } }],
	['headers', { headers: { 'X-Custom-Header': '1\rX-Injected: 1' } }],
	['headers', { headers: { 'X-A: 1\r\nX-Injected': '1' } }],
	['id', { id: `v1${INJECTED}` }],
	['actionHook', { actionHook: `/action${INJECTED}` }],
	['actionHook', { actionHook: { url: `/action${INJECTED}` } }],
	['eventHook', { eventHook: `/event${INJECTED}` }],
	['eventHook', { eventHook: { url: `/event${INJECTED}` } }],
];


function isSentence(error, ...words)
{
	assert.equal(typeof error, 'string');
	assert.ok(error.length > 10 && error.length < 300, error);
	assert.doesNotMatch(error, /[\r\n]/);
	for (const word of words)
		assert.ok(error.includes(word), `${word} in "${error}"`);
}


/** The one error that a message causes; no other message arrives. */
async function refused(client, message)
{
	const from = client.now;

	client.send(message);

	const error = await client.message('jambonz:error', {}, { from });

	assert.deepEqual(client.messages.items.slice(from)
		.map((m) => m.type), ['jambonz:error']);

	return error;
}


scene('CR LF in each field: refused by name, nothing sent, call usable',
	async (s) => {
	const { client, gateway } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	for (const [field, part] of INJECTIONS) {
		const { data } = await refused(client,
			{ ...VERB, ...part, call_sid: sid });

		isSentence(data.error, 'sip:refer', field);
		assert.equal(data.verb, 'sip:refer');
		assert.ok(data.field.startsWith(field),
			`${data.field}: ${field}`);
	}

	assert.equal(far.requests('REFER').length, 0);
	assert.ok(far.messages.items.every((m) =>
		!m.text.includes('X-Injected')));
	await gateway.event('CALL_ESTABLISHED');
	assert.equal((await gateway.talking()).length, 1);

	client.send({ ...VERB, call_sid: sid });
	await far.passed();
	await client.message('transfer:status', { outcome: 'transferred' });
	assert.equal(far.requests('REFER').length, 1);
});


scene('wrong verbs: refused by name, nothing sent', async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);
	const wrong = [
		['referTo', { referTo: undefined }],
		['referTo', { referTo: '' }],
		['referTo', { referTo: 17 }],
		['referTo', { referTo: { user: '100' } }],
		['referredBy', { referredBy: ['a'] }],
		['headers', { headers: 'X-A: 1' }],
		['headers', { headers: { 'X-A': { b: 1 } } }],
		['headers', { headers: { 'X A': '1' } }],
		['headers', { headers: { '': '1' } }],
		['headers', { headers: { 'Refer-To': 'sip:x@example.com' } }],
		['headers', { headers: { 'call-id': '1' } }],
		['actionHook', { actionHook: 7 }],
		['actionHook', { actionHook: { method: 'POST' } }],
		['eventHook', { eventHook: true }],
		['id', { id: 7 }],
	];

	for (const [field, part] of wrong) {
		const { data } = await refused(client,
			{ ...VERB, ...part, call_sid: sid });

		isSentence(data.error, 'sip:refer', field);
	}

	assert.equal(far.requests('REFER').length, 0);
});


scene('a list with a wrong verb is refused whole, by its position',
	async (s) => {
	const { client, gateway } = await s.control();
	const { sid } = await s.call(client, 'transfer', ANSWERED);

	for (const last of [{ verb: 'sip:refer' }, { verb: 'dance' },
		{ say: 'no' }, 17, null]) {
		const { data } = await refused(client,
			{ call_sid: sid, verbs: [{ verb: 'hangup' }, last] });

		isSentence(data.error, '1');
		assert.equal(data.position, 1);
	}

	await gateway.event('CALL_ESTABLISHED');
	assert.equal((await gateway.talking()).length, 1);
});


scene('a verb for no call, or for which one of two: refused', async (s) => {
	const { client } = await s.control();

	isSentence((await refused(client, VERB)).data.error, 'call');
	isSentence((await refused(client,
		{ ...VERB, call_sid: 'no-such-call' })).data.error, 'call');

	await s.call(client, 'transfer', ANSWERED);
	await s.call(client, 'transfer', ANSWERED);
	isSentence((await refused(client, VERB)).data.error, 'call_sid');
});


scene('what is no message is refused, and the connection stays', async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);

	for (const text of ['', '{', '{"verb":"sip:refer"', 'verb', '17', '"x"',
		'null', 'true', '{}', '[]', '[[]]', '{"type":"verb"}',
		'{"type":17}', '{"verb":17}', '{"type":"command"}',
		'{"type":"command","command":"fly"}',
		`{"verb":"dance","call_sid":"${sid}"}`,
		'['.repeat(5000), '{"a":'.repeat(1000),
		'{"verb":"sip:refer","referTo":"1\\u0000"}'])
		isSentence((await refused(client, text)).data.error);

	const from = client.now;
	client.socket.send(Buffer.from([1, 2, 3]));
	isSentence((await client.message('jambonz:error', {}, { from }))
		.data.error);

	client.send({ ...VERB, call_sid: sid });
	await far.passed();
});


scene('an error goes to the client at fault only, and names its message',
	async (s) => {
	const { client, referd } = await s.control();
	const other = await s.client(referd);
	const from = other.now;

	client.send({ type: 'command', command: 'fly', msgid: 'm1' });
	const { data } = await client.message('jambonz:error');
	assert.equal(data.ref, 'm1');

	const { far } = await s.call(client, 'transfer', ANSWERED);
	other.send({ verb: 'sip:refer', referTo: '100' });
	await far.passed();
	await other.message('transfer:status', { outcome: 'transferred' });
	assert.equal(other.messages.filter((m) =>
		m.type === 'jambonz:error', from).length, 0);
});


/* A caller must not make the gateway call others at the operator's cost. */
scene("a far end's own REFER is declined, and nobody called", async (s) => {
	const { client, gateway } = await s.control();
	const agent = await s.agent();
	const { far, sid } = await s.call(client, 'own-refer',
		{ target: agent.uri });

	const { status } = await far.messages.wait((m) => !m.sent &&
		/REFER/.test(m.headers.cseq) && m.status >= 200,
		'answer to the REFER');
	assert.equal(status, 603);
	await far.passed();
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });

	/* Nor without a call, or in one that has ended. */
	const other = await Far.start(s);
	const leg = await other.leg('no-call', gateway.uri);
	const refer = { headers: { 'Refer-To': `<${agent.uri}>` } };

	assert.equal((await leg.request('REFER', refer)).status, 603);
	leg.peerTag = 'gone';
	assert.equal((await leg.request('REFER', refer)).status, 481);

	await gateway.process.log.wait((l) => l.startsWith('sip_refer: ' +
		`declined a REFER of ${other.uri}`), 'the line that says so');
	assert.deepEqual(agent.events.filter((e) =>
		e.type?.startsWith('CALL_')), []);
	assert.equal(client.all('session:new').length, 1);
});


scene('sip_refer_accept yes: baresip does what the REFER says', async (s) => {
	const { client } = await s.control(
		{ gateway: { config: { sip_refer_accept: 'yes' } } });
	const agent = await s.agent();
	const { far } = await s.call(client, 'own-refer',
		{ target: agent.uri });

	await far.received(202);
	await agent.event('CALL_ESTABLISHED');
});


scene('sip_refer_accept is yes or no, and nothing else', async (s) => {
	const referd = await s.referd();
	const gateway = await s.gateway(referd,
		{ config: { sip_refer_accept: 'maybe' } });

	await gateway.process.log.wait((l) =>
		l.includes("sip_refer_accept must be yes or no, not 'maybe'"),
		'the sentence that says so');
});
