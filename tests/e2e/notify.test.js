/**
 * @file notify.test.js  The NOTIFYs of any far end, and its subscription
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { scene } from './lib/scene.js';
import { SHORT, answerTo, equal, over, plain, several, transfer, usable }
	from './lib/transfer.js';

const ACTIVE = 'Subscription-State: active;expires=60';
const OVER = 'Subscription-State: terminated;reason=noresource';


scene('NOTIFY before the answer to the REFER: transferred', async (s) => {
	const t = await transfer(s, 'early-notify', {});

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		refer_status: 202, call_status: 200 });
	await over(t);
});


/* SIP.js: its NOTIFY terminates the subscription, but more NOTIFYs follow */
for (const [final, outcome] of [['200 OK', 'transferred'],
	['486 Busy Here', 'failed']]) {
	scene(`every NOTIFY terminated, then ${final}: ${outcome}`,
		async (s) => {
		const t = await transfer(s, 'notify-terminated',
			{ state: 'terminated', final },
			{ gateway: { config: { sip_refer_notify_timeout: 1 } },
				during: async ({ client, far }) => {
					await client.message('transfer:status',
						{ call_status: 180 });
					await sleep(1_500);
					await far.nudge();
				} });

		equal(t.ended, { outcome, evidence: 'notify',
			call_status: parseInt(final) });
		assert.deepEqual(t.client.all('transfer:status')
			.filter((m) => m.data.step === 'progress')
			.map((m) => m.data.call_status), [100, 180]);
		assert.equal(t.far.requests('SUBSCRIBE').length, 0);
		await (outcome === 'failed' ? usable(t) : over(t));
	});
}


scene('every NOTIFY terminated, and no result: unknown', async (s) => {
	const t = await transfer(s, 'notify-terminated',
		{ state: 'terminated', final: '200 OK' },
		{ gateway: { config: SHORT } });

	equal(t.ended, { outcome: 'unknown', evidence: 'timer:ringing',
		call_status: 180 });
});


scene('NOTIFY terminated with a 1xx and a reason that has its own name in it',
	async (s) => {
	const t = await transfer(s, 'notify-terminated', { final: '200 OK',
		state: 'terminated;reason=reason=noresource' });

	equal(t.ended, { outcome: 'unknown', evidence: 'terminated',
		reason: 'noresource' });
});


several('NOTIFYs of any form: transferred', [
	['final result in state active', {}],
	['no reason phrase', { sipfrag: 'SIP/2.0 200' }],
	['an empty reason phrase', { sipfrag: 'SIP/2.0 200 ' }],
	['headers behind the status line',
		{ sipfrag: 'SIP/2.0 200 OK\r\nTo: <sip:100@10.77.0.9>\r\n' }],
	['Event in capitals', { event: 'Event: REFER' }],
	['no Subscription-State', { state: 'X-State: none' }],
	['a parameter of Event', { event: 'Event: refer;x=1' }],
	['terminated with another reason',
		{ state: 'Subscription-State: terminated;reason=giveup' }],
], async (s, on, keys) => {
	const t = await transfer(s, 'notify', { event: 'Event: refer',
		state: ACTIVE, sipfrag: 'SIP/2.0 200 OK', ...keys }, { on });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		call_status: 200 });
	await over(t);
});


/* As Asterisk's chan_sip does, regardless of the target */
scene('NOTIFY 200 right behind the 202: transferred, and not to be trusted',
	async (s) => {
	const { client, leg } = await plain(s, (_, refer) => {
		leg.answer(refer, 202, 'Accepted');
		leg.notify('SIP/2.0 200 OK\r\n', { headers: {
			'Subscription-State': 'terminated;reason=noresource' } });
	});

	client.send({ verb: 'sip:refer', referTo: '100' });
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'transferred', evidence: 'notify',
		confidence: 'low',
		reason: 'OK (reported before the target can have answered)' });
	await leg.received('BYE');
});


several('NOTIFY terminated without a result: unknown, the call goes on', [
	['terminated with a provisional result',
		{ sipfrag: 'SIP/2.0 180 Ringing' }],
	['an unreadable sipfrag', { sipfrag: 'HTTP/1.1 200 OK' }],
	['a status that does not exist', { sipfrag: 'SIP/2.0 99999 Hm' }],
], async (s, on, keys) => {
	const t = await transfer(s, 'notify',
		{ event: 'Event: refer', state: OVER, ...keys }, { on });

	equal(t.ended, { outcome: 'unknown', evidence: 'terminated' });
	await usable(t);
});


several('NOTIFY active without a status: no news, the result decides', [
	['header fields alone', 'message/sipfrag',
		'To: <sip:100@10.77.0.9>;tag=1\r\n', 200],
	['no body', 'message/sipfrag', '', 200],
	['an HTTP line', 'message/sipfrag', 'HTTP/1.1 200 OK', 200],
	['a status that does not exist', 'message/sipfrag',
		'SIP/2.0 99999 Hm', 200],
	['SDP', 'application/sdp', 'v=0\r\n', 415],
	['text', 'text/plain', 'The target rings.', 415],
	['several parts and no sipfrag', 'multipart/mixed;boundary=b',
		'--b\r\nContent-Type: text/plain\r\n\r\nringing\r\n--b--',
		415],
], async (s, on, type, body, code) => {
	const t = await transfer(s, 'notify-none',
		{ type, body, final: '200 OK' }, { on });
	const answer = await answerTo(t.far, 'NOTIFY');

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		call_status: 200 });
	assert.deepEqual(t.client.all('transfer:status')
		.filter((m) => m.call_sid === t.sid).map((m) => m.data.step),
	['requested', 'accepted', 'ended']);
	assert.equal(answer.status, code);
	assert.equal(answer.headers.accept, code === 415 ?
		'message/sipfrag, multipart/mixed' : undefined);
	await over(t);
});


scene('NOTIFY with a sipfrag among several parts: read', async (s) => {
	const t = await transfer(s, 'notify-none', {
		type: 'multipart/mixed;boundary="a b"',
		body: '--a b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n' +
			'--a b\r\nContent-Type: message/sipfrag\r\n\r\n' +
			'SIP/2.0 183 Session Progress\r\n--a b--',
		final: '486 Busy Here' });

	equal(t.ended, { outcome: 'failed', evidence: 'notify',
		call_status: 486 });
	equal((await t.client.message('transfer:status',
		{ step: 'progress' })).data,
	{ call_status: 183, reason: 'Session Progress' });
	assert.equal((await answerTo(t.far, 'NOTIFY')).status, 200);
	await usable(t);
});


/* The timers go on: a NOTIFY without news does not keep a transfer alive. */
scene('NOTIFYs that tell nothing, and nothing else: unknown', async (s) => {
	const { client, leg } = await plain(s, (_, refer) => {
		leg.answer(refer, 202, 'Accepted');
		leg.notify('To: <sip:100@10.77.0.9>\r\n');
		leg.notify('');
	});

	client.send({ verb: 'sip:refer', referTo: '100',
		timeouts: { notify: 1 } });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	equal(data, { outcome: 'unknown', evidence: 'timer:notify' });
	assert.equal(data.reason, 'no NOTIFY with a status for 1.0 s');
	assert.equal(leg.requests('BYE').length, 0);
});


scene('NOTIFYs that tell nothing behind a provisional one: unknown',
	async (s) => {
	let over = false;
	const { client, leg } = await plain(s, async (_, refer) => {
		leg.answer(refer, 202, 'Accepted');
		await leg.notify('SIP/2.0 180 Ringing\r\n');
		while (!over) {
			await leg.notify('');
			await sleep(300);
		}
	});

	client.send({ verb: 'sip:refer', referTo: '100',
		timeouts: { ringing: 1 } });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	over = true;
	equal(data, { outcome: 'unknown', evidence: 'timer:ringing' });
	assert.equal(data.call_status, 180);
});


scene('NOTIFY terminated with what is no sipfrag: unknown, answered 415',
	async (s) => {
	let notified;
	const { client, leg } = await plain(s, (_, refer) => {
		leg.answer(refer, 202, 'Accepted');
		notified = leg.notify('sorry', { headers: {
			'Content-Type': 'text/plain',
			'Subscription-State': 'terminated' } });
	});

	client.send({ verb: 'sip:refer', referTo: '100' });
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'unknown', evidence: 'terminated' });
	assert.equal((await notified).status, 415);
});


scene('NOTIFY terminated without a body: unknown, the reason is kept',
	async (s) => {
	const t = await transfer(s, 'notify-empty',
		{ state: 'terminated;reason=noresource' });

	equal(t.ended, { outcome: 'unknown', evidence: 'terminated' });
	assert.match(t.ended.reason, /noresource/);
	await usable(t);
});


scene('NOTIFY with the id of the REFER: transferred', async (s) => {
	const t = await transfer(s, 'notify-id', { final: '200 OK' });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	await over(t);
});


for (const [late, final, outcome] of [
	['200 OK', '486 Busy Here', 'failed'],
	['603 Decline', '200 OK', 'transferred'],
]) {
	scene(`a late NOTIFY ${late} of the transfer before decides nothing`,
		async (s) => {
		const t = await transfer(s, 'notify-first-late',
			{ late, final });
		const from = t.client.now;

		equal(t.ended, { outcome: 'failed', call_status: 486 });
		t.client.send({ verb: 'sip:refer', id: 'v2', referTo: '200',
			call_sid: t.sid });
		equal((await t.client.message('transfer:status',
			{ verb_id: 'v2', step: 'ended' }, { from })).data,
		{ outcome, evidence: 'notify',
			call_status: parseInt(final) });
		assert.equal((await answerTo(t.far, 'NOTIFY', 3)).status, 200);
		await answerTo(t.far, 'NOTIFY', 4);
		assert.equal(t.client.all('transfer:status').filter((m) =>
			m.data.verb_id === 'v2' && m.data.step === 'ended')
			.length, 1);
		if (outcome === 'transferred')
			await t.far.passed();
		else
			assert.equal(t.far.requests('BYE').length, 0);
	});
}


several('a new Contact: the next request goes there', [
	['in the answer', 'second', 'second', '200 OK', 'second'],
	['in the NOTIFY', 'sipp', 'third', '200 OK', 'third'],
	['in both', 'second', 'third', '200 OK', 'third'],
], async (s, on, answered, notified, final, target) => {
	const t = await transfer(s, 'new-contact',
		{ answered, notified, final }, { on });

	assert.equal((await t.far.received('REFER')).uri,
		`sip:sipp@${t.far.ip}:5060`);
	await over(t);
	assert.equal((await t.far.received('BYE')).uri,
		`sip:${target}@${t.far.ip}:5060`);
});


scene('a new Contact, and the transfer fails: the next REFER goes there',
	async (s) => {
	const t = await transfer(s, 'new-contact', { answered: 'second',
		notified: 'third', final: '486 Busy Here' });
	const uri = `sip:third@${t.far.ip}:5060`;
	const [first] = t.far.requests('REFER');

	t.client.send({ verb: 'sip:refer', id: 'v2', referTo: '200',
		call_sid: t.sid });
	await t.client.message('transfer:status',
		{ verb_id: 'v2', step: 'ended' });
	const second = await t.far.messages.wait((m) => !m.sent &&
		m.method === 'REFER' && m !== first, 'a second REFER');
	assert.equal(second.uri, uri);
	t.client.send({ verb: 'hangup', call_sid: t.sid });
	assert.equal((await t.far.received('BYE')).uri, uri);
});


scene('the same NOTIFY twice: counted once', async (s) => {
	const t = await transfer(s, 'notify-twice', {});

	equal(t.ended, { outcome: 'transferred' });
	assert.equal(t.client.all('transfer:status')
		.filter((m) => m.data.call_status === 180).length, 1);
	await over(t);
});


scene('a NOTIFY that another overtook changes nothing', async (s) => {
	const t = await transfer(s, 'notify-overtaken', {});

	equal(t.ended, { outcome: 'transferred', call_status: 200 });
	assert.deepEqual(t.client.all('transfer:status')
		.filter((m) => m.data.step === 'progress')
		.map((m) => m.data.call_status), [180]);
	await over(t);
});


scene('NOTIFYs after the final one change nothing', async (s) => {
	const t = await transfer(s, 'notify-late', {});

	equal(t.ended, { outcome: 'failed', evidence: 'notify',
		call_status: 486 });
	await t.far.messages.wait((m) => m.sent && m.body.includes('200 OK'),
		'the last NOTIFY');
	await usable(t);
});


scene('a NOTIFY that is not ours is no step of the transfer', async (s) => {
	const t = await transfer(s, 'notify-foreign', {});

	equal(t.ended, { outcome: 'transferred', call_status: 200 });
	await over(t);
});


/* To Asterisk and baresip a 481 is the end of the call */
scene('a NOTIFY about a REFER is never answered 481', async (s) => {
	const { client, leg, call_sid } = await plain(s, (_, refer) =>
		leg.answer(refer, 603, 'Decline'));
	const events = ['refer', 'refer;id=1', 'refer;id=4711', 'refer;x=1',
		'refer;id=abc'];
	const answers = async () => (await Promise.all(events.map((Event) =>
		leg.notify('SIP/2.0 200 OK\r\n', { headers: { Event } }))))
		.map((answer) => answer.status);

	assert.deepEqual(await answers(), events.map(() => 481));
	client.send({ verb: 'sip:refer', referTo: '100', call_sid });
	await client.message('transfer:status', { outcome: 'failed' });
	assert.deepEqual(await answers(), events.map(() => 200));
	client.send({ verb: 'hangup', call_sid });
	await client.message('call:status', { call_status: 'completed' });
	assert.deepEqual(await answers(), events.map(() => 200));
});


scene("a NOTIFY about baresip's own REFER in the same call is baresip's",
	async (s) => {
	const { client, leg, gateway } = await plain(s, async (_, refer) => {
		if (leg.requests('REFER').length === 1) {
			leg.answer(refer, 603, 'Decline');
			return;
		}
		leg.answer(refer, 202, 'Accepted');
		await leg.notify('SIP/2.0 200 OK', { headers: {
			'Event': `refer;id=${parseInt(refer.headers.cseq)}`,
			'Subscription-State': 'terminated;reason=noresource',
		} });
	});

	client.send({ verb: 'sip:refer', referTo: '100' });
	await client.message('transfer:status', { outcome: 'failed' });
	await gateway.command('transfer', 'sip:200@10.77.0.40');
	await leg.received('BYE');
});


scene('a subscription near its end is refreshed', async (s) => {
	const t = await transfer(s, 'refresh',
		{ expires: '3', refresh: 'SIP/2.0 200 OK' });
	const [subscribe] = t.far.requests('SUBSCRIBE');

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	assert.notEqual(subscribe.headers.expires, '0');
	assert.match(subscribe.headers.event, /^refer/);
	await over(t);
});


scene('a refresh that is refused does not end the call', async (s) => {
	const t = await transfer(s, 'refresh', { expires: '3',
		refresh: 'SIP/2.0 481 Subscription Does Not Exist' });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	await over(t);
});


several('SUBSCRIBE has the Event of the NOTIFYs', [
	['without an id', 'refer'],
	['with parameters', 'refer;x=1;y="a;b"'],
], async (s, on, event) => {
	const t = await transfer(s, 'refresh-event', { event }, { on });
	const [subscribe] = t.far.requests('SUBSCRIBE');

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	assert.equal(subscribe.headers.event, event);
	await over(t);
});


/* Before the first NOTIFY the far end's name of the subscription is unknown */
scene('SUBSCRIBE without an id, and with it after a 481', async (s) => {
	const t = await transfer(s, 'refresh-named', {});
	const cseq = parseInt((await t.far.received('REFER')).headers.cseq);

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	assert.deepEqual(t.far.requests('SUBSCRIBE')
		.map((m) => [m.headers.event, m.headers.expires]),
	[['refer', '3'], [`refer;id=${cseq}`, '3']]);
	await over(t);
});


scene('SUBSCRIBE for a later REFER of a call has its id', async (s) => {
	const { client, leg } = await plain(s, async (_, refer) => {
		leg.answer(refer, 202, 'Accepted', { Expires: '2' });
		if (leg.requests('REFER').length === 1)
			await leg.notify('SIP/2.0 486 Busy Here\r\n');
	});

	client.send({ verb: 'sip:refer', referTo: '100' });
	await client.message('transfer:status', { step: 'ended' });
	client.send({ verb: 'sip:refer', referTo: '200' });
	const { headers } = await leg.received('SUBSCRIBE');
	const [, second] = leg.requests('REFER');

	assert.equal(headers.event, `refer;id=${parseInt(second.headers.cseq)}`);
	assert.equal(headers.expires, '2');
});


/* The gateway sends back the far end's text, so it must check that text */
scene('SUBSCRIBE has no Event that is too long or not clean', async (s) => {
	const { client, leg } = await plain(s, async (_, refer) => {
		leg.answer(refer, 202, 'Accepted');
		await leg.notify('SIP/2.0 100 Trying\r\n',
			{ headers: { Event: 'refer;a=b' } });
		for (const param of ['x'.repeat(260), '\x01', '"\x7f"'])
			await leg.notify('SIP/2.0 180 Ringing\r\n', { headers: {
				'Event': `refer;x=${param}`,
				'Subscription-State': 'active;expires=2' } });
	});

	client.send({ verb: 'sip:refer', referTo: '100' });
	assert.equal((await leg.received('SUBSCRIBE')).headers.event,
		'refer;a=b');
});
