/**
 * @file verb.test.js  The fields of the verb, on the wire
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';
import { tagOf } from './lib/wire.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };

/* Fields, and the resulting text of the REFER; HOST is that of the far end. */
const WIRE = [
	[{ referTo: '100' }, { 'refer-to': '<sip:100@HOST>' }],
	[{ referTo: '+49 (30) 123-456' },
		{ 'refer-to': '<sip:+4930123456@HOST>' }],
	[{ referTo: 'bob' }, { 'refer-to': '<sip:bob@HOST>' }],
	[{ referTo: 'sip:bob@example.com' },
		{ 'refer-to': '<sip:bob@example.com>' }],
	[{ referTo: 'sips:bob@example.com:5061;transport=tcp' },
		{ 'refer-to': '<sips:bob@example.com:5061;transport=tcp>' }],
	[{ referTo: 'tel:+49-30-123' },
		{ 'refer-to': /^<tel:\+49-?30-?123>$/ }],
	[{ referTo: '"Bob B." <sip:bob@example.com>' },
		{ 'refer-to': '"Bob B." <sip:bob@example.com>' }],
	[{ referTo: 'sip:bob@[2001:db8::1]' },
		{ 'refer-to': '<sip:bob@[2001:db8::1]>' }],
	[{ referredBy: '4711' }, { 'referred-by': '<sip:4711@HOST>' }],
	[{ referredBy: 'sip:ann@example.com',
		referredByDisplayName: 'Ann "A"' },
		{ 'referred-by': '"Ann \\"A\\"" <sip:ann@example.com>' }],
	[{ headers: { 'X-Ticket': 17, 'X-Text': 'a; b="c"' } },
		{ 'x-ticket': '17', 'x-text': 'a; b="c"' }],
	[{ targetHeaders: { 'X-Ticket': '17', 'User-to-User': '00ff;e=h' } },
		{ 'refer-to':
			/\?X-Ticket=17&User-to-User=00ff%3Be(=|%3D)h>$/i }],
];


/* Refers one call; each transfer fails so that another can follow. */
async function referrals(s)
{
	const { client } = await s.control();
	const call = await s.call(client, 'refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-More: none' });

	return async (fields) => {
		const from = client.now;
		const mark = call.far.messages.length;

		client.send({ verb: 'sip:refer', referTo: '100',
			call_sid: call.sid, ...fields });
		await client.message('verb:status',
			{ event: 'finished' }, { from });

		return { ...call, refer: await call.far.received('REFER',
			{ from: mark }) };
	};
}


/* As an application of jambonz may write it; many write absent values, too */
scene('the form of one key is taken, and null and "" for nothing', async (s) => {
	const { referd, client } = await s.control();
	const { far, sid } = await s.call(client, 'refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-More: none' });
	const fields = { id: null, actionHook: '', eventHook: null,
		referredBy: '', replaces: null,
		headers: { 'X-A': null, 'X-B': '', 'X-C': 'c' } };
	const forms = [
		() => client.send({ 'sip:refer': { referTo: '1', ...fields },
			call_sid: sid }),
		() => client.send({ type: 'command', command: 'redirect',
			callSid: sid, queueCommand: null, data: [
				{ 'sip:refer': { referTo: '2', ...fields } }] }),
		() => fetch(`${referd.http}/calls/${sid}/verbs`, {
			method: 'POST', body: JSON.stringify([{ 'sip:refer':
				{ referTo: '3', ...fields } }]) }),
	];

	for (const [i, send] of forms.entries()) {
		const from = client.now, mark = far.messages.length;

		await send();
		await client.message('verb:status', { event: 'finished' },
			{ from });

		const { headers } = await far.received('REFER', { from: mark });
		assert.equal(headers['refer-to'], `<sip:${i + 1}@${far.ip}:5060>`);
		assert.equal(headers['x-c'], 'c');
		assert.ok(!('x-a' in headers) && !('x-b' in headers));
	}
});


scene('each field stands in the REFER as it should', async (s) => {
	const send = await referrals(s);

	for (const [fields, headers] of WIRE) {
		const { far, refer } = await send(fields);

		for (const [name, value] of Object.entries(headers)) {
			const got = refer.headers[name];

			if (value instanceof RegExp)
				assert.match(got, value);
			else
				assert.equal(got, value.replace('HOST',
					`${far.ip}:5060`));
		}
	}
});


scene("the verb's own timeouts go before the settings", async (s) => {
	const { client } = await s.control();
	const silent = await s.call(client, 'no-notify');
	const ringing = await s.call(client, 'ringing', { final: '200 OK' });

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: silent.sid,
		timeouts: { notify: 1 } });
	client.send({ verb: 'sip:refer', referTo: '2', call_sid: ringing.sid,
		timeouts: { ringing: 1 } });

	await client.message('transfer:status', { call_sid: silent.sid,
		outcome: 'unknown', evidence: 'timer:notify' });
	await client.message('transfer:status', { call_sid: ringing.sid,
		outcome: 'unknown', evidence: 'timer:ringing' });
});


scene('a dry run tells the REFER and the doubts, and sends nothing',
	async (s) => {
	const { client } = await s.control();
	const { far, sid } = await s.call(client, 'transfer', ANSWERED);
	const verb = { verb: 'sip:refer', referTo: 'sip:bob@10.1.2.3',
		call_sid: sid, headers: { 'X-Ticket': '17' } };

	client.send({ ...verb, dryRun: true });
	const { data } = await client.message('verb:status',
		{ event: 'finished' });
	const told = JSON.stringify(data.dry_run);

	assert.match(told, /Refer-To: <sip:bob@10\.1\.2\.3>/);
	assert.match(told, /X-Ticket: 17/);
	assert.match(told, /private address/);
	assert.equal(far.requests('REFER').length, 0);
	assert.equal(client.all('transfer:status').length, 0);

	/* And the REFER sent afterwards equals the dry run, CSeq included. */
	client.send(verb);
	await far.passed();
	const refer = await far.received('REFER');
	assert.match(told, new RegExp(`CSeq: ${refer.headers.cseq}`));
});


/*
 * The dry run reports the known faults of its stack. If the verb is sent
 * nevertheless, baresip's log has one line on it.
 */
for (const dialled of [false, true]) {
	scene(`a known far end${dialled ? ' that was called' : ''}: ` +
		'doubts, and a line in the log', async (s) => {
		const { client, gateway } = await s.control();
		const said = { 'Supported': 'timer, replaces',
			[dialled ? 'Server' : 'User-Agent']:
				'Asterisk PBX 22.10.1' };
		const far = await Far.start(s, { handlers: {
			INVITE: (leg, request) => leg.accept(request,
				{ ...said, Allow: 'PRACK, UPDATE' }),
			REFER: (leg, request) =>
				leg.answer(request, 603, 'Decline'),
		} });

		if (dialled)
			client.send({ type: 'command', command: 'dial',
				data: { to: far.uri } });
		else
			await far.call({ ...said,
				Allow: 'REFER, PRACK, UPDATE' });
		const { call_sid } = await client.message('call:status',
			{ call_status: 'in-progress' });
		const verb = { verb: 'sip:refer', referTo: 'sip:b@example.com',
			targetHeaders: { 'X-A': '1' }, call_sid };

		client.send({ ...verb, dryRun: true });
		const { data } = await client.message('verb:status',
			{ event: 'finished' });
		const { doubts } = data.dry_run;

		assert.equal(doubts.length, 2);
		assert.match(doubts[0],
			/^The far end is Asterisk: it drops targetHeaders and uui\./);
		assert.match(doubts[1],
			/^The far end is Asterisk: if the transfer fails, it/);

		client.send(verb);
		const { data: { transfer_id: id } } = await client.message(
			'transfer:status', { step: 'ended' });

		const line = await gateway.process.log.wait((l) =>
			l.includes(`transfer ${id}: The far end`), 'log line');
		assert.ok(line.endsWith(doubts.join(' ')), line);
	});
}


scene('a far end that nobody knows, and nothing special: no line in the log',
	async (s) => {
	const { client, gateway } = await s.control();
	const { sid } = await s.call(client, 'refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-More: none' });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	const { data: { transfer_id: id } } = await client.message(
		'transfer:status', { step: 'ended' });
	const lines = () => gateway.process.log.items.filter((l) =>
		l.includes(`transfer ${id}`));

	await gateway.process.log.wait((l) =>
		l.includes(`transfer ${id} to`), 'its end');
	assert.equal(lines().length, 1);
});


scene('attended: the far end is sent to that of another call',
	async (s) => {
	const { client, gateway } = await s.control();
	const one = await s.call(client, 'transfer', ANSWERED);
	const other = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', call_sid: one.sid,
		replaces: other.sid });
	await Promise.all([one.far.passed(), other.far.passed()]);

	const [{ headers }] = one.far.requests('REFER');
	const invite = await other.far.sent('INVITE');
	const answer = await other.far.received(200);
	const [, uri, escaped] = /^<([^?]+)\?Replaces=([^&>]+)>$/
		.exec(headers['refer-to']);

	assert.equal(`<${uri}>`, invite.headers.contact);
	assert.equal(decodeURIComponent(escaped),
		`${invite.headers['call-id']}` +
		`;to-tag=${tagOf(invite.headers.from)}` +
		`;from-tag=${tagOf(answer.headers.to)}`);
	assert.equal(other.far.requests('REFER').length, 0);
	for (const { sid } of [one, other])
		await client.message('call:status',
			{ call_sid: sid, call_status: 'completed' });
	for (const { far } of [one, other])
		await gateway.event('CALL_CLOSED', far.ip);
	assert.deepEqual(await gateway.talking(), []);
});


scene('attended and refused: both calls go on', async (s) => {
	const { client, gateway } = await s.control();
	const one = await s.call(client, 'refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-More: none' });
	const other = await s.call(client, 'transfer', ANSWERED);

	client.send({ verb: 'sip:refer', call_sid: one.sid,
		replaces: other.sid });
	await client.message('transfer:status',
		{ step: 'ended', outcome: 'failed', refer_status: 603 });
	assert.equal((await gateway.talking()).length, 2);

	client.send({ verb: 'sip:refer', call_sid: other.sid, referTo: '1' });
	await other.far.passed();
});


scene('attended: a call that is not there is refused by name', async (s) => {
	const { client } = await s.control();
	const { sid } = await s.call(client, 'transfer', ANSWERED);

	for (const replaces of ['no-such-call', sid, 17]) {
		const from = client.now;

		client.send({ verb: 'sip:refer', call_sid: sid, replaces });
		const { data } = await client.message('jambonz:error', {},
			{ from });
		assert.equal(data.field, 'replaces');
	}
});
