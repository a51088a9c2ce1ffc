/**
 * @file model.test.js  The page without a browser: its state, its sentences
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settings } from './lib/settings.js';
import { REQUESTED, Story, T0 } from './lib/story.js';
import { importWeb } from './lib/web.js';

const { modelReceive, modelSent, liveCalls, allTransfers, modelHistory,
	modelTold, transferWhole, sentence, span, clock, party, percent,
	rowsOf, masked, maskedParty, maskedJson, minutesText, finalText,
	confidence, transferFields } = await importWeb(
	'model', 'told', 'words', 'rows', 'export', 'mask', 'plots');


test('a call lives from session:new to its last status', () => {
	const s = new Story().call();

	assert.equal(liveCalls(s.model).length, 1);
	assert.equal(liveCalls(s.model)[0].from, '+4930123456');
	s.at(2000, 'call:status', { call_status: 'completed' });
	assert.equal(liveCalls(s.model).length, 0);
	assert.equal(s.model.calls.get('c1').ended, T0 + 2000);
});


test('hello brings what lives, and ends what does not', () => {
	const s = new Story().call();

	s.at(5000, 'hello', { client: 'me', version: '0.1.0', last_seq: 1,
		nodes: [{ node: 'gw1' }],
		calls: [{ call_sid: 'c2', call_status: 'in-progress' }],
		transfers: [{ ...REQUESTED, call_sid: 'c2' }] });
	assert.deepEqual(liveCalls(s.model).map((c) => c.call_sid), ['c2']);
	assert.equal(s.transfer.call_sid, 'c2');
});


test('a transfer that hello lists takes its times from the backlog', () => {
	const s = new Story().call();

	s.at(9000, 'hello', { calls: [{ call_sid: 'c1' }], transfers: [
		{ ...REQUESTED, call_sid: 'c1', step: 'progress',
			call_status: 180 }] });
	s.requested().step(1000, { step: 'progress', call_status: 180 });
	assert.equal(s.transfer.requested, T0 + 100);
	assert.equal(s.transfer.ringing, T0 + 1000);
	assert.equal(rowsOf(s.transfer).length, 3);
});


test('the clock of referd counts, not that of the page', () => {
	const { model } = new Story();

	modelReceive(model, { type: 'hello', time: new Date(T0 + 60000)
		.toISOString(), data: {} }, T0);
	assert.equal(modelSent(model, { verb: 'hangup' }, T0).time,
		T0 + 60000);
});


test('history does not touch what is known', () => {
	const s = new Story().requested();

	modelHistory(s.model, [{ ...REQUESTED, outcome: 'failed' },
		{ transfer_id: 't0', outcome: 'failed', evidence: 'timeout',
			started: new Date(T0 - 32000).toISOString(),
			ended: new Date(T0).toISOString() }]);
	assert.equal(s.transfer.outcome, undefined);

	const old = s.model.transfers.get('t0');
	assert.deepEqual([old.outcome, old.requested, old.ended],
		['failed', T0 - 32000, T0]);
});


test('a late NOTIFY is told beside the outcome, which stays', () => {
	const s = new Story().ringing().end(9000, 'unknown', 'timer:ringing',
		{ reason: 'no NOTIFY for 8.0 s', confidence: 'low' });

	s.at(12000, 'transfer:status', { ...s.data, step: 'late',
		call_status: 200, reason: 'OK', outcome: undefined });
	assert.equal(s.transfer.outcome, 'unknown');
	assert.equal(s.transfer.step, 'ended');
	assert.equal(s.transfer.ended, T0 + 9000);
	assert.equal(rowsOf(s.transfer).at(-1).label, 'NOTIFY 200 OK');
	assert.equal(transferFields(s.transfer).Late, '200 OK');
});


test('how sure an outcome is comes with its reason', () => {
	const of = (sure, evidence) => confidence({ confidence: sure,
						    evidence });

	assert.equal(of('high', 'notify'), 'high: the far end reported it');
	assert.equal(of('low', 'notify'),
		'low: the target cannot have answered yet');
	assert.equal(of('low', 'bye'), 'low: no final report arrived');
	assert.equal(of('low', 'refer-sub'), 'low: the far end sends no NOTIFY');
	assert.equal(of('low', 'timeout'), 'low: the REFER may have arrived');
	assert.equal(of('low', 'timer:notify'),
		'low: the target may still ring');
	assert.equal(of(undefined, 'notify'), undefined);
});


test('each outcome has its sentence', () => {
	const cases = [
		[(s) => s.requested(), 'In progress: the REFER is sent, no ' +
			'answer yet.'],
		[(s) => s.accepted(), 'In progress: accepted with 202 ' +
			'Accepted, waiting for a report.'],
		[(s) => s.ringing(), 'In progress: the target rings (180 ' +
			'Ringing), 4 s so far.'],
		[(s) => s.ringing().end(7200, 'transferred', 'notify',
			{ call_status: 200, reason: 'OK' }),
		'Transferred: the far end reported 200 OK after 6.2 s of ' +
			'ringing.'],
		[(s) => s.requested().end(200, 'failed', 'response',
			{ refer_status: 603, reason: 'Decline' }),
		'Failed: the far end refused the REFER with 603 Decline.'],
		[(s) => s.ringing().end(4000, 'failed', 'notify',
			{ call_status: 486, reason: 'Busy Here' }),
		'Failed: the far end reported 486 Busy Here after 3 s of ' +
			'ringing.'],
		[(s) => s.requested().end(32000, 'failed', 'timeout',
			{ refer_status: 408 }),
		'Failed: the far end did not answer the REFER.'],
		[(s) => s.requested().end(120, 'failed', 'transport'),
			'Failed: the REFER could not be sent.'],
		[(s) => s.requested().end(120, 'failed', 'transport',
			{ reason: 'Connection refused' }),
		'Failed: the REFER could not be sent (Connection refused).'],
		[(s) => s.accepted().end(400, 'failed', 'notify',
			{ call_status: 404, reason: '' }),
		'Failed: the far end reported 404 Not Found 300 ms after ' +
			'the REFER.'],
		[(s) => s.accepted().step(300, { step: 'progress',
			call_status: 100, reason: 'Trying' }),
		'In progress: the far end reports 100 Trying.'],
		[(s) => s.accepted().end(4000, 'presumed', 'bye'),
			'Presumed transferred: accepted with 202, then the ' +
			'far end ended the call without a final report.'],
		[(s) => s.ringing().end(4000, 'unknown', 'terminated',
			{ reason: '' }),
		'Unknown: accepted with 202, 180 Ringing, then the ' +
			'subscription ended: no result arrived.'],
		[(s) => s.accepted().end(4000, 'unknown', 'later',
			{ reason: 'nobody knows' }), 'Unknown: nobody knows.'],
		[(s) => s.accepted().end(4000, 'failed', 'later',
			{ reason: '' }), 'Failed: 202 Accepted.'],
		[(s) => s.accepted().end(2000, 'cancelled', 'application'),
			'Cancelled: by the application.'],
		[(s) => s.requested().end(120, 'failed', 'bye'),
			'Failed: the call ended before the far end answered ' +
			'the REFER.'],
		[(s) => s.accepted().end(160, 'presumed', 'refer-sub'),
			'Presumed transferred: accepted with 202, and the ' +
			'far end sends no NOTIFY (Refer-Sub: false).'],
		[(s) => s.ringing().end(4000, 'presumed', 'bye'),
			'Presumed transferred: accepted with 202, 180 ' +
			'Ringing, then the far end ended the call without ' +
			'a final report.'],
		[(s) => s.accepted().end(15150, 'unknown', 'timer:notify'),
			'Unknown: accepted with 202, then no NOTIFY for ' +
			'15 s.'],
		[(s) => s.ringing().end(121000, 'unknown', 'timer:ringing'),
			'Unknown: accepted with 202, 180 Ringing, then no ' +
			'result for 2 min.'],
		[(s) => s.accepted().end(300, 'unknown', 'terminated',
			{ reason: 'noresource' }),
		'Unknown: accepted with 202, then the subscription ended: ' +
			'noresource.'],
		[(s) => s.accepted().end(300, 'unknown', 'node'),
			'Unknown: baresip ended during the transfer.'],
		[(s) => s.ringing().end(2000, 'cancelled', 'application'),
			'Cancelled: by the application, while it rang.'],
	];

	for (const [tell, expected] of cases) {
		const s = new Story();
		tell(s);
		assert.equal(s.sentence, expected);
	}
});


test('lengths of time read as a person says them', () => {
	assert.deepEqual([0, 240, 949, 6200, 15000, 59940, 60000, 125000]
		.map(span), ['0 ms', '240 ms', '949 ms', '6.2 s', '15 s',
		'59.9 s', '1 min', '2 min 5 s']);
	assert.equal(span(NaN), '');
	assert.deepEqual([0, 7999, 760000, 3723000].map(clock),
		['0:00', '0:07', '12:40', '1:02:03']);
});


test('a party is shown without what surrounds it, a strange one as it is',
	() => {
		assert.equal(party('"Bob" <sip:bob@example.com;x=1>'),
			'bob@example.com');
		assert.equal(party('tel:+4930'), '+4930');
		assert.equal(party('<img src=x onerror=alert(1)>'),
			'<img src=x onerror=alert(1)>');
	});


test('a transfer that is told takes the place of what was half heard', () => {
	const s = new Story().ringing();
	const messages = s.model.log.map((e) => e.msg);
	const { model } = new Story();
	const whole = { ...REQUESTED, call_sid: 'c1', node: 'gw1',
		step: 'progress', refer_status: 202, call_status: 180,
		started: new Date(T0 + 100).toISOString() };

	/* The page connected while it rang; the end precedes the answer. */
	modelReceive(model, { type: 'hello', time: new Date(T0 + 2000)
		.toISOString(), data: { transfers: [whole] } }, T0 + 2000);
	const end = { type: 'transfer:status', seq: 900, call_sid: 'c1',
		time: new Date(T0 + 7200).toISOString(), data: { ...s.data,
			step: 'ended', outcome: 'transferred',
			evidence: 'notify', call_status: 200, reason: 'OK' } };
	modelReceive(model, end, T0 + 7200);
	assert.ok(!transferWhole(allTransfers(model)[0]));

	const t = modelTold(model, { transfer: whole,
		messages: [...messages, end] });
	assert.ok(transferWhole(t));
	assert.deepEqual(rowsOf(t).map((r) => r.label), ['sip:refer',
		'REFER +49301234@10.0.0.1', '202 Accepted',
		'NOTIFY 180 Ringing', 'NOTIFY 200 OK']);
	assert.equal(sentence(t), 'Transferred: the far end reported 200 OK ' +
		'after 6.2 s of ringing.');
	assert.equal(t.far, '+4930123456');
});


test('a node that goes is known to be gone, and when it is back', () => {
	const s = new Story().call();
	const node = (connected, reason) => s.at(20, 'node:status',
		{ node: 'gw1', connected, reason }).model.nodes;

	assert.deepEqual(node(false, 'baresip is gone')
		.map((n) => [n.node, n.connected]), [['gw1', false]]);
	assert.deepEqual(node(true).map((n) => [n.node, n.connected]),
		[['gw1', true]]);
});


test('numbers are hidden but for their last digits, and nothing else is',
	() => {
		for (const [text, expected] of [
			['+49 30 123456', '+•• •• •••456'],
			['sip:+4930123456@10.77.0.11:5060',
				'sip:+•••••••456@10.77.0.11:5060'],
			['"Ann" <sip:100@carrier.example;user=phone>',
				'"Ann" <sip:•00@carrier.example;user=phone>'],
			['REFER 2001@10.0.0.1', 'REFER ••01@10.0.0.1'],
			['tel:110', 'tel:•10'],
			['call 0170/123 45 67!', 'call ••••/••• •5 67!'],
			['sip:+4930@x?X-Ani=+491701234567',
				'sip:+••30@x?X-Ani=+•••••••••567'],
		])
			assert.equal(masked(text), expected);

		for (const text of ['486 Busy Here', '10.77.0.11:5060', '100',
			'2026-11-23T10:00:00.123Z', '2026-11-23 10:00',
			'02:58:23.550', 'v0.1.0', '7719369e003d7f81',
			'85e7c5a1-bbbd-480d-80b8-778af497d17b',
			'z9hG4bK-7131-1-0', '<sip:bob@x>;tag=1234567'])
			assert.equal(masked(text), text);

		assert.equal(maskedParty('100'), '•00');
		assert.equal(maskedParty('42'), '42');
		assert.deepEqual(maskedJson({ from: '100', seq: 1234567,
			call_id: '99999999@x', transfer_id: '12345678',
			data: [{ 'Call-ID': '99999999@x', CSeq: '1234567 BYE',
				From: '<sip:100@x>', note: 'to 0301234567' }] }),
		{ from: '•00', seq: 1234567, call_id: '99999999@x',
			transfer_id: '12345678', data: [{
				'Call-ID': '99999999@x', CSeq: '1234567 BYE',
				From: '<sip:•00@x>', note: 'to •••••••567' }] });
	});


test('plots say in a sentence what they show', () => {
	const minute = (n, outcomes) => ({ started: 1, outcomes,
		time: new Date(T0 + n * 60000).toISOString() });

	assert.match(minutesText([minute(0, { failed: 1 }),
		minute(1, { transferred: 2, cancelled: 1 })]),
	/^4 transfers ended in the last hour, at most 3 in a minute, at \d\d:01\.$/);
	assert.equal(minutesText([minute(0, {})]),
		'No transfer has ended in the last hour.');
	assert.equal(finalText({ count: 4, p50: 2000, p95: 14300 }), 'Half ' +
		'of 4 final NOTIFYs arrived within 2 s, 95 % within 14.3 s.');
	assert.equal(finalText({ count: 0 }),
		'No final NOTIFY arrived in the last hour.');
	assert.deepEqual([[0, 9], [1, 300], [1, 2], [299, 300], [9, 9]]
		.map(([n, all]) => percent(n, all)),
	['0 %', '<1 %', '50 %', '>99 %', '100 %']);
});


/* The verbs that try several targets have forms and ladders of their own, and
 * the demo has a list. */
test('all of the page is under 204 kB', () => {
	const web = join(settings.source, 'web');
	const sizes = readdirSync(web).map((f) => statSync(join(web, f)).size);

	assert.ok(sizes.reduce((a, b) => a + b) < 204_000);
});
