/**
 * @file model-ladder.test.js  The page without a browser: its ladder
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUESTED, Story, T0 } from './lib/story.js';
import { importWeb } from './lib/web.js';

const { modelReceive, modelSent, allTransfers, modelTold, sentence,
	rowsOf, layout, ladderText, transferText, masking, rowsOfLegs,
	legsOf, legsWhole, attemptText, openText, verbText,
	isTransferring, outcomeWord, result } = await importWeb(
	'model', 'told', 'words', 'rows', 'ladder', 'export', 'mask', 'legs',
	'acts');


test('the ladder has one row for each message, in order', () => {
	const s = new Story();

	modelReceive(s.model, { type: 'session:new', call_sid: 'c1',
		data: { from: 'a', call_status: 'in-progress' } });
	modelSent(s.model, { verb: 'sip:refer', referTo: '+49301234',
		call_sid: 'c1' });
	s.ringing();
	s.end(3000, 'transferred', 'notify', { call_status: 200,
		reason: 'OK' });
	s.at(3001, 'verb:hook', { referStatus: '202',
		final_referred_call_status: '200', verb_id: 'v1' },
	{ hook: '/action', msgid: 'h-1' });
	s.at(3001, 'hook:status', { hook: '/action', transfer_id: 't1',
		event: 'sent', msgid: 'h-1', attempt: 1 });
	s.at(3009, 'hook:status', { hook: '/action', transfer_id: 't1',
		event: 'answered' });
	s.at(3020, 'call:status', { call_status: 'completed',
		sip_reason: 'transferred' });

	assert.deepEqual(s.labels, ['sip:refer +49301234', 'sip:refer',
		'REFER +49301234@10.0.0.1', '202 Accepted',
		'NOTIFY 180 Ringing', 'NOTIFY 200 OK',
		'hook /action 202, 200', 'ack /action', 'BYE']);

	const rows = rowsOf(s.transfer);
	assert.equal(rows[6].entries.length, 2);
	assert.equal(rows[3].gap, 50);
	assert.deepEqual(rows.map((r) => r.kind), ['request', 'request',
		'request', 'answer', 'request', 'success', 'request', 'answer',
		'request']);
});


test('a dry run leaves nothing behind for the next ladder', () => {
	const s = new Story().call();

	modelSent(s.model, { verb: 'sip:refer', referTo: '1', dryRun: true,
		call_sid: 'c1' });
	s.at(20, 'verb:status', { event: 'starting', verb: 'sip:refer' });
	s.at(21, 'verb:status', { event: 'finished', verb: 'sip:refer' });
	s.step(100, REQUESTED);
	assert.equal(rowsOf(s.transfer).length, 1);
});


test('failures and timers stand in the ladder', () => {
	const refused = rowsOf(new Story().requested().end(200, 'failed',
		'response', { refer_status: 603, reason: 'Decline' })
		.transfer).at(-1);
	assert.deepEqual([refused.label, refused.kind, refused.from],
		['603 Decline', 'failure', 'far']);

	const pending = rowsOf(new Story().requested().step(100, {
		step: 'retry', refer_status: 491,
		reason: 'Request Pending; sent again in 1.27 s' })
		.transfer).at(-1);
	assert.deepEqual([pending.label, pending.kind, pending.from],
		['491 Request Pending; sent again in 1.27 s', 'answer',
			'far']);

	const silent = rowsOf(new Story().accepted().end(15150, 'unknown',
		'timer:notify').transfer).at(-1);
	assert.deepEqual([silent.label, silent.at],
		['timer: no NOTIFY for 15 s', 'baresip']);

	const http = new Story().accepted();
	const hook = (event, more) => http.at(6000, 'hook:status', {
		hook: 'http://x/', transfer_id: 't1', event, ...more });
	hook('sent', { attempt: 1 });
	hook('failed', { http_status: 500, retry_ms: 500 });
	hook('sent', { attempt: 2 });
	hook('answered', { http_status: 204 });
	assert.deepEqual(http.labels.slice(-4), ['hook http://x/',
		'hook http://x/ failed: HTTP 500',
		'hook http://x/, attempt 2', 'HTTP 204']);
	assert.deepEqual(rowsOf(http.transfer).slice(-4).map((r) => r.kind),
		['request', 'failure', 'request', 'answer']);

	const ends = [['unknown', 'terminated', 'NOTIFY terminated (gone)'],
		['presumed', 'refer-sub', 'Refer-Sub: false: no NOTIFY follows'],
		['presumed', 'bye', 'BYE'],
		['unknown', 'timer:ringing', 'timer: no result for 5 s'],
		['failed', 'timeout', 'no answer to the REFER'],
		['failed', 'transport', 'not sent: gone'],
		['cancelled', 'application', 'cancelled by the application'],
		['unknown', 'node', 'baresip is gone']];
	for (const [outcome, evidence, label] of ends)
		assert.equal(new Story().ringing().end(6000, outcome, evidence,
			{ reason: 'gone' }).labels.at(-1), label);

	const dead = rowsOf(new Story().ringing().at(6000, 'hook:status',
		{ hook: '/event', transfer_id: 't1', event: 'timeout' })
		.transfer).at(-1);
	assert.equal(dead.label, 'no answer to hook /event');
});


/** Two attempts of a list, the first one busy. */
function twoLegs(s = new Story())
{
	const leg = (attempt) => ({ ...REQUESTED, transfer_id: `t${attempt}`,
		refer_to: `sip:${attempt}@x`, attempt, attempts: 3 });

	s.call().at(90, 'verb:status', { event: 'starting', verb: 'sip:refer',
		id: 'v1' });
	s.data = {};
	s.step(100, leg(1)).step(150, { step: 'accepted', refer_status: 202,
		reason: 'Accepted' });
	s.end(900, 'failed', 'notify', { call_status: 486,
		reason: 'Busy Here' });
	for (const [event, attempt] of [['answered', 1], ['next', 1],
		['dialing', 2]])
		s.at(900, 'transfer:event', { mode: 'blind', verb_id: 'v1',
			transfer_event: event, attempt, attempts: 3 });
	s.data = {};
	s.step(950, leg(2)).step(980, { step: 'accepted', refer_status: 202,
		reason: 'Accepted' });

	return s;
}


test('the attempts of a verb are the legs of one ladder, each told of', () => {
	const s = twoLegs();
	const [second, first] = allTransfers(s.model);
	const rows = rowsOfLegs(legsOf(s.model, first));

	assert.deepEqual(legsOf(s.model, second), [first, second]);
	assert.deepEqual(rows.map((r) => r.label), [
		'Attempt 1 of 3: 1@x, failed (486 Busy Here)', 'sip:refer',
		'REFER 1@x', '202 Accepted', 'NOTIFY 486 Busy Here',
		'the next target',
		'Attempt 2 of 3: 2@x, in progress (202 Accepted)',
		'REFER 2@x', '202 Accepted']);
	assert.equal(rows[7].gap, 50);
	assert.equal(attemptText(second), 'attempt 2 of 3');
	assert.ok(legsWhole(s.model, second));
	assert.ok(isTransferring(s.model, 'c1'));

	const pic = layout(rows, 700);
	assert.deepEqual(pic.rows.map((r) => Boolean(r.seg)),
		[0, 1, 1, 1, 1, 0, 0, 1, 1].map(Boolean));
	assert.match(transferText(s.model, first, T0),
		/^In progress: .*\n\nAttempt: 1 of 3\n[^]*Attempt: 2 of 3\n[^]*\n--- Attempt 1 of 3: 1@x, failed/);
});


test('a verb that begins anew under its id has a ladder of its own', () => {
	const s = twoLegs();

	s.end(1000, 'cancelled', 'application');
	s.data = {};
	s.step(2000, { ...REQUESTED, transfer_id: 't9', attempt: 1,
		attempts: 2 });
	const legs = (id) => legsOf(s.model, s.model.transfers.get(id))
		.map((t) => t.transfer_id);

	assert.deepEqual(legs('t1'), ['t1', 't2']);
	assert.deepEqual(legs('t2'), ['t1', 't2']);
	assert.deepEqual(legs('t9'), ['t9']);
	assert.equal(attemptText(s.model.transfers.get('t9')),
		'attempt 1 of 2');
	assert.equal(attemptText({ attempt: 1, attempts: 1 }), '');
});


test('history brings all attempts of the verb, whichever is asked for', () => {
	const told = twoLegs();
	const { model } = new Story();
	const [second, first] = allTransfers(told.model);

	modelReceive(model, told.model.log.at(-1).msg, T0 + 990);
	assert.ok(!legsWhole(model, model.transfers.get('t2')));
	modelTold(model, { transfer: { transfer_id: 't2', call_sid: 'c1',
		verb_id: 'v1', attempt: 2, attempts: 3 },
	messages: told.model.log.map((e) => e.msg) });
	const t = model.transfers.get('t2');

	assert.ok(legsWhole(model, t));
	assert.deepEqual(rowsOfLegs(legsOf(model, t)).map((r) => r.label),
		rowsOfLegs([first, second]).map((r) => r.label));
});


test('what is given up says that a target may answer, and what came of it',
	() => {
		const s = new Story().ringing().end(2000, 'cancelled',
			'application');

		assert.match(openText(s.transfer), /^The target may still answer\./);
		assert.ok(!isTransferring(s.model, 'c1'));
		s.at(3000, 'transfer:status', { ...s.data, step: 'late',
			call_status: 200, reason: 'OK', outcome: undefined });
		assert.equal(openText(s.transfer),
			'Later the far end reported 200 OK.');
		assert.equal(openText(new Story().ringing().end(3000, 'failed',
			'notify', { call_status: 486 }).transfer), '');
	});


/** A warm transfer: the first target is busy, the second hears the prompt. */
function warm(ended, s = new Story())
{
	const tell = (ms, transfer_event, attempt, more) => s.at(ms,
		'transfer:event', { verb_id: 'v1', transfer_event, attempt,
			attempts: 2, mode: 'warm', ...more });
	const second = (ms, sid, data) => s.at(ms, 'call:status', {
		parent_call_sid: 'c1', ...data }, { call_sid: sid });

	s.call().at(90, 'verb:status', { event: 'starting', verb: 'transfer',
		id: 'v1' });
	tell(100, 'held', 1);
	tell(110, 'dialing', 1, { target: 'sip:ann@x' });
	second(300, 'd1', { call_status: 'busy', sip_status: 486,
		sip_reason: '486 Busy Here' });
	if (ended)
		s.at(305, 'transfer:status', { transfer_id: 't0', attempt: 1,
			attempts: 2, verb_id: 'v1', step: 'ended', outcome:
				'failed', evidence: 'dial', call_status: 486,
			reason: '486 Busy Here', refer_to: 'sip:ann@x' });
	tell(310, 'next', 1, { call_status: 486, reason: 'Busy Here' });
	tell(320, 'dialing', 2, { target: 'sip:bob@x', dial_call_sid: 'd2' });
	tell(400, 'ringing', 2, { call_status: 180 });
	tell(2000, 'answered', 2, { call_status: 200 });
	tell(2010, 'prompt', 2);

	return { s, tell, second };
}


for (const ended of [false, true])
	test('a warm transfer shows the hold, the second call and the join' +
		`${ended ? ', and knows the end of a target' : ''}`, () => {
	const { s, tell } = warm(ended);
	const labels = () => rowsOfLegs(legsOf(s.model, s.transfer)).map((r) =>
		r.leg ? r.label : `${r.at || `${r.from} ${r.to}`}: ${r.label}`);

	assert.equal(s.sentence, 'In progress: the target hears the prompt.');
	assert.ok(isTransferring(s.model, 'c1'));
	tell(4000, 'confirmed', 2);
	tell(4001, 'joining', 2);
	const id = s.transfer.transfer_id;
	s.data = {};
	s.step(4010, { ...REQUESTED, refer_to: 'sip:bob@x', attempt: 2,
		attempts: 2, verb: 'transfer' });
	s.step(4050, { step: 'accepted', refer_status: 202,
		reason: 'Accepted' });
	s.end(4200, 'transferred', 'notify', { call_status: 200,
		reason: 'OK' });
	tell(4210, 'ended', 2, { transfer_result: 'bridged',
		transfer_reason: 'completed', sip_status: 200 });

	assert.equal(s.model.renamed.get(id), 't1');
	assert.equal(s.model.transfers.size, 2);
	assert.deepEqual(labels(), [
		'Attempt 1 of 2: ann@x, failed (486 Busy Here)',
		'app baresip: transfer',
		'baresip far: re-INVITE: hold', 'baresip target: INVITE ann@x',
		'target baresip: 486 Busy Here',
		'referd: the next target: Busy Here',
		'Attempt 2 of 2: bob@x, transferred (200 OK)',
		'baresip target: INVITE bob@x', 'target baresip: 180 Ringing',
		'target baresip: 200 OK', 'baresip target: plays the prompt',
		'target baresip: confirmed', 'baresip: joins the calls',
		'baresip far: REFER bob@x', 'far baresip: 202 Accepted',
		'far baresip: NOTIFY 200 OK',
		'referd: transfer, bridged, completed']);
	assert.equal(s.sentence, 'Transferred: the far end reported 200 OK ' +
		'190 ms after the REFER.');
	assert.equal(verbText(s.transfer),
		'The verb ended as bridged (completed).');
	assert.ok(!isTransferring(s.model, 'c1'));
});


test('a warm transfer that comes to no REFER has an end, too', () => {
	const { s, tell, second } = warm();

	second(9000, 'd2', { call_status: 'completed', sip_status: 200,
		sip_reason: 'Connection reset by peer', duration: 7 });
	tell(9001, 'unheld', 2);
	tell(9002, 'ended', 2, { transfer_result: 'returned',
		transfer_reason: 'declined', reason: 'declined by the target' });
	const t = s.transfer;

	assert.deepEqual([t.outcome, t.ended], ['failed', T0 + 9002]);
	assert.equal(s.sentence, 'Failed: declined by the target.');
	assert.equal(result(t), 'declined by the target');
	assert.equal(legsOf(s.model, t)[0].call_status, 486);
	assert.equal(sentence(legsOf(s.model, t)[0], T0),
		'Failed: the target answered our call with 486 Busy Here.');
	assert.deepEqual(rowsOf(t).slice(-3).map((r) => r.label), ['BYE',
		're-INVITE: resume', 'transfer, returned, declined']);
	assert.ok(!isTransferring(s.model, 'c1'));

	/* the refused hold is the only event */
	const held = new Story().call().at(50, 'verb:status', {
		event: 'starting', verb: 'transfer', id: 'v2' });
	held.at(60, 'transfer:event', { verb_id: 'v2', mode: 'warm',
		transfer_event: 'ended', transfer_result: 'failed',
		transfer_reason: 'error', reason: 'the far end answered 488' });
	assert.equal(held.sentence, 'Failed: the far end answered 488.');
	assert.equal(outcomeWord(held.transfer), 'Failed');
});


test('a ladder is drawn in characters', () => {
	const s = new Story().accepted().end(15150, 'unknown', 'timer:notify');

	assert.equal(ladderText(rowsOf(s.transfer)), [
		'time (UTC)          gap  application  referd       baresip' +
			'      far end      target',
		'10:00:00.090             |------------------------>|' +
			'            |            |  sip:refer',
		'10:00:00.100     +10 ms  |            |            ' +
			'|----------->|            |  REFER ' +
			'+49301234@10.0.0.1',
		'10:00:00.150     +50 ms  |            |            ' +
			'|<- - - - - -|            |  202 Accepted',
		'10:00:15.150      +15 s  |            |            ' +
			'*            |            |  timer: no NOTIFY for 15 s',
	].join('\n'));
});


test('a ticket has the sentence, the facts and the SIP messages', () => {
	const s = new Story().requested();
	const sip = { start: 'SIP/2.0 603 Decline', headers: { 'X-Why': 'no',
		'Call-ID': '12345678@10.0.0.1' } };

	s.model.calls.get('c1').call_id = '12345678@10.0.0.1';
	s.end(200, 'failed', 'response', { refer_status: 603,
		reason: 'Decline', sip });
	const text = transferText(s.model, s.transfer, T0);
	assert.match(text, /^Failed: the far end refused the REFER with 603/);
	assert.match(text, /^Call-ID: 12345678@10\.0\.0\.1$/m);
	assert.match(text, /^Began: 2026-01-31T10:00:00\.100Z$/m);
	assert.match(text, /^--- 2026-01-31T10:00:00\.200Z\nSIP\/2\.0 603 Decl/m);
	assert.match(text, /^X-Why: no$/m);

	masking(true);
	const hidden = transferText(s.model, s.transfer, T0);
	masking(false);
	assert.match(hidden, /Call-ID: 12345678@10/);
	assert.match(hidden, /sip:\+•••••234@10/);
	assert.doesNotMatch(hidden, /49301234/);
});


test('a layout keeps every label between two lifelines', () => {
	const s = new Story().ringing();
	s.transfer.entries[1].msg.data.refer_to = `sip:${'9'.repeat(300)}@x`;
	s.end(20000, 'unknown', 'timer:ringing');

	for (const width of [320, 360, 700, 1200]) {
		const pic = layout(rowsOf(s.transfer), width);
		const xs = pic.columns.map((c) => c.x);

		assert.equal(pic.rows.length, 5);
		assert.equal(pic.columns.length, 5);
		assert.ok(xs[0] > pic.times && xs[4] < width);
		for (const { label, y, h } of pic.rows) {
			const [left, right] = [label.x - label.width / 2,
				label.x + label.width / 2];
			assert.ok(xs.some((x, i) => x < left &&
				right < xs[i + 1]), `${label.lines} at ${width}`);
			assert.ok(label.lines.length <= 2);
			assert.ok(y + h <= pic.height);
		}
		assert.match(pic.rows[1].label.lines.join('|'),
			/^REFER ?\|9+…$/);
	}
});
