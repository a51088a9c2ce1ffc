/**
 * @file model.test.js  The page without a browser: its state, its sentences,
 *                      its ladder, its verb, its link
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import schema from '@jambonz/schema';
import { settings } from './lib/settings.js';
import { importWeb } from './lib/web.js';

const { createModel, modelReceive, modelSent, liveCalls, allTransfers,
	modelHistory, modelTold, transferWhole, sentence, span, clock, party,
	percent, rowsOf, layout, ladderText, transferText,
	masked, maskedParty, maskedJson, masking, minutesText, finalText,
	emptyDraft, emptyTransfer, verbFromDraft, transferFromDraft,
	playFromDraft, Link, confidence, rowsOfLegs, legsOf, legsWhole,
	attemptText, openText, verbText, isTransferring, outcomeWord, result,
	transferFields, transferOf, chosenView, viewValue, membersOf, fleetWord,
	fleetSentence, gapText, unreachable } = await importWeb(
	'model', 'told', 'members', 'words', 'rows', 'ladder', 'export',
	'mask', 'plots', 'verb', 'link', 'legs', 'acts');

/* The text after the label of an invalid field */
const REQUIRED = 'is required';
const CONTROL = 'must not contain control characters';
const TARGET = 'must be a sip:, sips: or tel: URI, or a number';
const SECONDS = 'must be a number of seconds';

const T0 = Date.parse('2026-01-31T10:00:00.000Z');
const REQUESTED = { transfer_id: 't1', verb_id: 'v1', step: 'requested',
	refer_to: 'sip:+49301234@10.0.0.1',
	referred_by: 'sip:caller@example.com' };


/** A model that receives messages at given times, in ms from the start. */
class Story {
	constructor()
	{
		this.model = createModel();
		this.seq = 100;
	}

	at(ms, type, data, more = {})
	{
		const time = new Date(T0 + ms).toISOString();

		modelReceive(this.model, { type, seq: ++this.seq, time,
			call_sid: 'c1', ...more, data }, T0 + ms);

		return this;
	}

	call(more)
	{
		return this.at(0, 'session:new', { direction: 'inbound',
			from: '+4930123456', to: '100', call_status: 'ringing',
			node: 'gw1', ...more })
			.at(10, 'call:status', { call_status: 'in-progress' });
	}

	step(ms, fields)
	{
		this.data = { ...this.data, ...fields };

		return this.at(ms, 'transfer:status', this.data);
	}

	requested()
	{
		this.data = {};

		return this.call().at(90, 'verb:status', { event: 'starting',
			verb: 'sip:refer', id: 'v1' }).step(100, REQUESTED);
	}

	accepted()
	{
		return this.requested().step(150, { step: 'accepted',
			refer_status: 202, reason: 'Accepted' });
	}

	ringing()
	{
		return this.accepted().step(1000, { step: 'progress',
			call_status: 180, reason: 'Ringing' });
	}

	end(ms, outcome, evidence, fields)
	{
		return this.step(ms, { step: 'ended', outcome, evidence,
			...fields });
	}

	get transfer()
	{
		return allTransfers(this.model)[0];
	}

	get sentence()
	{
		return sentence(this.transfer, T0 + 5000);
	}

	get labels()
	{
		return rowsOf(this.transfer).map((r) => r.label);
	}
}


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
test('all of the page is under 203 kB', () => {
	const web = join(settings.source, 'web');
	const sizes = readdirSync(web).map((f) => statSync(join(web, f)).size);

	assert.ok(sizes.reduce((a, b) => a + b) < 203_000);
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


const FLEET = { state: 'up', lag: 0, epoch: 'E', member: 'gw1', members: [
	{ member: 'gw2', reachable: true, view: false },
	{ member: 'gw1', reachable: true, view: true }] };


/** A sequence of messages in the scope of a fleet. */
class FleetStory extends Story {
	constructor()
	{
		super();
		super.at(0, 'hello', { scope: 'fleet', fleet: 'E',
			status: FLEET, nodes: [
				{ node: 'gw', member: 'gw1', connected: true },
				{ node: 'gw', member: 'gw2', connected: true }],
		});
	}

	at(ms, type, data, more)
	{
		return super.at(ms, type, data, { member: 'gw2', ...more });
	}

	status(data)
	{
		return super.at(50, 'fleet:status', { ...FLEET, ...data },
			{ seq: undefined, member: undefined,
				call_sid: undefined });
	}
}


test('calls, transfers and gateways have their machine', () => {
	const s = new FleetStory().ringing().status();

	assert.equal(s.model.scope, 'fleet');
	assert.equal(liveCalls(s.model)[0].member, 'gw2');
	assert.equal(s.transfer.member, 'gw2');
	assert.equal(transferFields(s.transfer).Machine, 'gw2');
	assert.deepEqual(membersOf(s.model).map((m) => m.member),
		['gw1', 'gw2']);

	s.at(60, 'node:status', { node: 'gw', connected: false });
	assert.deepEqual(s.model.nodes.map((n) => [n.member, n.connected]),
		[['gw1', true], ['gw2', false]]);
	assert.equal(transferOf({ transfer_id: 'a', member: 'gw3' }).member,
		'gw3');
});


test('the clock that counts is that of this machine, not of another', () => {
	const s = new FleetStory().status();
	const time = new Date(T0 + 70_000).toISOString();

	modelReceive(s.model, { type: 'call:status', seq: 512, member: 'gw2',
		time, call_sid: 'c9', data: {} }, T0 + 100);
	assert.equal(modelSent(s.model, {}, T0 + 100).time, T0 + 100);
});


test('how a fleet does is said in words, and logged if it is news', () => {
	const s = new FleetStory().status();
	const said = () => [fleetWord(s.model.fleet).text,
		fleetSentence(s.model.fleet)];
	const { logged } = s.model;

	assert.deepEqual(said(), ['Fleet of 2', 'NATS is up.']);
	s.status({ members: FLEET.members.map((m) =>
		({ ...m, calls: 5, seen: new Date(T0).toISOString() })) });
	assert.equal(s.model.logged, logged);
	assert.equal(membersOf(s.model)[0].calls, 5);

	s.status({ state: 'behind', lag: 7 });
	assert.match(said().join(), /^Fleet behind by 7,This machine has 7 messages/);
	s.status({ state: 'down', reason: 'no server answers' });
	assert.match(said().join(),
		/^Fleet down,NATS is down \(no server answers\)\. The calls of/);
	assert.equal(s.model.logged, logged + 2);

	s.call().status({ members: [FLEET.members[1],
		{ member: 'gw2', reachable: false }] });
	assert.equal(said()[0], 'gw2 not reachable');
	assert.ok(unreachable(s.model, liveCalls(s.model)[0]));
	assert.ok(!unreachable(s.model, { member: 'gw1' }));
	s.status({ member: 'gw2' });
	assert.match(said()[1], /This machine reports its own calls to the fleet,/);
	assert.deepEqual(fleetWord(null), { text: '', state: '' });
});


test('a machine that is lost, and a gap, are told as what they are', () => {
	const s = new FleetStory().ringing();
	const reason = 'the member gw2 is lost';

	s.at(70_000, 'node:lost', { member: 'gw2', boot: 'b', by: 'gw1',
		calls: 1, transfers: 1 });
	s.end(70_000, 'unknown', 'node', { reason })
		.at(70_000, 'call:status', { call_status: 'failed',
			sip_reason: reason });
	assert.equal(liveCalls(s.model).length, 0);
	assert.equal(s.sentence, 'Unknown: the member gw2 is lost.');
	assert.equal(s.labels.at(-2), 'the member gw2 is lost');

	s.at(80_000, 'fleet:gap', { from: 3, to: 9, count: 7 });
	assert.deepEqual(s.model.news.map((e) => gapText(e.msg)), [
		'gw2 is lost, with 1 call and 1 running transfer.',
		'The stream of the fleet lacks 7 messages of gw2 (3 to 9 ' +
			'there): only gw2 may have them.']);
});


test('a ladder of the fleet is in its order, with what was for this page',
	() => {
		const s = new FleetStory().accepted();
		const messages = s.model.log.map((e) => e.msg);
		const { model } = new FleetStory();

		/* a hook is for this page only: it has no fleet number */
		const hook = { type: 'verb:hook', seq: 7, call_sid: 'c1',
			hook: '/event', msgid: 'h1', time: new Date(T0 + 120)
				.toISOString(), data: { transfer_id: 't1' } };
		modelHistory(model, [{ ...REQUESTED, call_sid: 'c1' }]);
		modelReceive(model, hook, T0 + 120);
		const t = modelTold(model, { messages, transfer: {
			...REQUESTED, call_sid: 'c1', member: 'gw2' } });

		assert.equal(t.member, 'gw2');
		assert.deepEqual(rowsOf(t).map((r) => r.label), ['sip:refer',
			'REFER +49301234@10.0.0.1', 'hook /event',
			'202 Accepted']);
	});


test('what one looks at is a word, also for a machine of any name', () => {
	for (const [value, scope, member] of [['', 'fleet', ''],
		['fleet', 'fleet', ''], ['local', 'local', ''],
		['only:local', 'fleet', 'local'],
		['only:a:b', 'fleet', 'a:b']]) {
		assert.deepEqual(chosenView(value), { scope, member });
		assert.equal(viewValue({ scope, member }), value || 'fleet');
	}
});


test('20,000 calls and their transfers are taken in at once', () => {
	const { model } = new Story();
	const all = Array.from({ length: 20_000 }, (_, i) => i);
	const begin = performance.now();

	modelReceive(model, { type: 'hello', data: { scope: 'fleet',
		status: FLEET,
		calls: all.map((i) => ({ call_sid: `c${i}`, member: 'gw1',
			call_status: 'in-progress' })),
		transfers: all.map((i) => ({ transfer_id: `t${i}`,
			call_sid: `c${i}`, member: 'gw1' })) } }, T0);
	for (const i of all)
		modelReceive(model, { type: 'session:new', member: 'gw2',
			call_sid: `d${i}`, data: { call_status: 'ringing' } },
		T0);
	assert.equal(liveCalls(model).length, 40_000);
	assert.ok(performance.now() - begin < 2000,
		`${performance.now() - begin} ms`);
	for (const i of all)
		modelReceive(model, { type: 'call:status', member: 'gw2',
			call_sid: `d${i}`, data: {
				call_status: 'completed' } }, T0);
	modelReceive(model, { type: 'session:new', call_sid: 'e',
		data: { call_status: 'ringing' } }, T0);
	assert.equal(liveCalls(model).length, 20_001);
});


test('a form makes the verb, and says what is wrong where it is', () => {
	const make = (fields) => verbFromDraft({ ...emptyDraft(), ...fields });

	assert.deepEqual(make({ referTo: ' +49 30 1234 ' }), {
		verb: { verb: 'sip:refer', referTo: '+49 30 1234' },
		errors: {} });
	assert.deepEqual(make({ referTo: '100', id: 'x', eventHook: '/event',
		headers: [['X-A', '1'], ['', '']] }).verb,
	{ verb: 'sip:refer', referTo: '100', id: 'x', eventHook: '/event',
		headers: { 'X-A': '1' } });

	assert.deepEqual(make({ replaces: 'c2', notify: '2.5',
		targetHeaders: [['X-A', '1']] }), {
		verb: { verb: 'sip:refer', replaces: 'c2',
			targetHeaders: { 'X-A': '1' },
			timeouts: { notify: 2.5 } },
		errors: {} });

	assert.deepEqual(make({ referTo: '1',
		actionHook: '{"url":"http://x/","method":"GET"}' }).verb
		.actionHook, { url: 'http://x/', method: 'GET' });

	assert.deepEqual(make({ referTo: '1', force: true }).verb, {
		verb: 'sip:refer', referTo: '1', force: true });

	const wrong = [
		[{}, 'referTo', REQUIRED],
		[{ referTo: '1', eventHook: '{"url"' }, 'eventHook',
			'must be JSON with a url'],
		[{ referTo: '1', eventHook: '{"uri":"x"}' }, 'eventHook',
			'must be JSON with a url'],
		[{ referTo: 'a\r\nX: y' }, 'referTo', CONTROL],
		[{ referTo: '<sip:bob@x' }, 'referTo', TARGET],
		[{ referTo: 'sip:' }, 'referTo', TARGET],
		[{ referTo: 'http://x/' }, 'referTo', TARGET],
		[{ referTo: 'bob alice' }, 'referTo', TARGET],
		[{ referTo: '1', referredBy: 'mailto:a@b' }, 'referredBy',
			TARGET],
		[{ referTo: '1', id: 'a\u0000b' }, 'id', CONTROL],
		[{ referTo: '1', headers: [['A', '1'], ['a', '2']] },
			'headers.1', 'a is there twice'],
		[{ referTo: '1', headers: [['X Y', '1']] }, 'headers.0',
			'X Y is not a header name'],
		[{ referTo: '1', headers: [['X', 'a\nb']] }, 'headers.0',
			`X ${CONTROL}`],
		[{ referTo: '1', notify: '0' }, 'notify', SECONDS],
		[{ referTo: '1', ringing: 'long' }, 'ringing', SECONDS],
	];
	for (const [fields, field, error] of wrong)
		assert.deepEqual(make(fields).errors, { [field]: error });

	for (const referTo of ['sip:bob@example.com', 'tel:+4930;ext=1',
		'"B" <sips:b@x>', '+49 (30) 12-34', 'bob', 'bob@x:5070'])
		assert.deepEqual(make({ referTo }).errors, {}, referTo);
});


test('a form makes a list of targets, and User-to-User', () => {
	const make = (fields) => verbFromDraft({ ...emptyDraft(),
		referTo: '100', ...fields });

	assert.deepEqual(make({ others: ' 200 \n\n', onUnknown: 'next' }), {
		verb: { verb: 'sip:refer', referTo: ['100', '200'],
			onUnknown: 'next' }, errors: {} });
	assert.deepEqual(make({ others: '\n', onUnknown: 'next' }).verb,
		{ verb: 'sip:refer', referTo: '100' });

	const uui = (text) => make({ uui: text });
	assert.deepEqual(uui('48656c;purpose=isdn-uui; encoding=hex'), {
		verb: { verb: 'sip:refer', referTo: '100', uui: {
			data: '48656c', purpose: 'isdn-uui', encoding: 'hex' },
		}, errors: {} });
	assert.deepEqual(uui('any text;encoding=x').errors, {});

	const hex = 'must be hex digits, two for each octet';
	const names = 'must be data, then ;encoding=, ;purpose= or ' +
		';content= with a name';

	for (const [{ errors }, field, error] of [
		[make({ others: 'http://x/' }), 'others',
			`${TARGET}; “http://x/” is not`],
		[make({ others: '1\n2\n3\n4\n5\n6\n7\n8' }), 'others',
			'must have at most 7 lines'],
		[make({ others: '200', replaces: 'c2' }), 'referTo',
			'must be the only target of an attended transfer'],
		[uui('4'), 'uui', hex], [uui('48;purpose=a b'), 'uui', names],
		[uui('48;x=y'), 'uui', names],
		[uui(';content=isdn-uui'), 'uui', hex]])
		assert.deepEqual(errors, { [field]: error });
});


test('a form makes the verb transfer, as jambonz has it', () => {
	const make = (fields) => transferFromDraft({ ...emptyTransfer(),
		target: '+49 30 1234', ...fields });
	const blind = make({ others: 'sip:bob@x\nbob', timeout: '20',
		callerId: '100', onBusy: 'voicemail', onNoAnswer: 'hangup',
		voicemailUrl: 'sip:mail@x', headers: [['X-A', '1']],
		actionHook: '/done' });
	const warmly = make({ mode: 'warm', prompt: 'a.wav', digit: '1',
		onHoldHook: '/hold' });
	const headers = { 'X-A': '1' };

	assert.deepEqual(blind, { errors: {}, verb: { verb: 'transfer',
		mode: 'blind', blindMethod: 'refer', target: [
			{ type: 'phone', number: '+49 30 1234', headers },
			{ type: 'sip', sipUri: 'sip:bob@x', headers },
			{ type: 'user', name: 'bob', headers }],
		timeout: 20, callerId: '100', actionHook: '/done',
		disposition: { onNoAnswer: 'hangup', onBusy: 'voicemail',
			voicemailUrl: 'sip:mail@x' } } });
	assert.deepEqual(warmly, { errors: {}, verb: { verb: 'transfer',
		mode: 'warm', target: [{ type: 'phone',
			number: '+49 30 1234' }], callerPresent: false,
		confirm: { prompt: 'a.wav', digit: '1' },
		onHoldHook: '/hold' } });
	for (const { verb } of [blind, warmly])
		schema.validateVerb(verb.verb, verb);

	const key = 'must be one key: 0 to 9, * or #';

	for (const [fields, field, error] of [
		[{ target: '' }, 'target', REQUIRED],
		[{ target: 'http://x' }, 'target', TARGET],
		[{ others: 'a b' }, 'others', `${TARGET}; “a b” is not`],
		[{ timeout: '0' }, 'timeout', SECONDS],
		[{ onBusy: 'voicemail' }, 'voicemailUrl', REQUIRED],
		[{ voicemailUrl: 'mailto:a' }, 'voicemailUrl',
			'must be a sip: URI or an http(s): URL'],
		[{ mode: 'warm', digit: '1' }, 'prompt',
			'is required with a digit'],
		[{ mode: 'warm', prompt: 'a.wav' }, 'digit', key],
		[{ mode: 'warm', prompt: 'a.wav', digit: 'x' }, 'digit', key],
		[{ headers: [['', 'v']] }, 'headers.0',
			'The header needs a name']])
		assert.deepEqual(make(fields).errors, { [field]: error });
});


test('a form makes the verb play', () => {
	const make = (fields) => playFromDraft({ url: '', loop: '',
		actionHook: '', ...fields });

	assert.deepEqual(make({ url: 'a.wav', loop: '3', actionHook: '/p' }), {
		verb: { verb: 'play', url: 'a.wav', loop: 3,
			actionHook: '/p' }, errors: {} });
	const times = 'must be a number, or forever';

	for (const [fields, field, error] of [[{}, 'url', REQUIRED],
		[{ url: 'a\r\n' }, 'url', CONTROL],
		[{ url: 'a', loop: '1.5' }, 'loop', times],
		[{ url: 'a', loop: '-1' }, 'loop', times],
		[{ url: 'a', actionHook: 'a\n' }, 'actionHook', CONTROL]])
		assert.deepEqual(make(fields).errors, { [field]: error });
});


/** A WebSocket at which the test acts as referd. */
class FakeSocket {
	static all = [];

	constructor(url)
	{
		this.url = new URL(url);
		this.readyState = 1;
		this.sent = [];
		FakeSocket.all.push(this);
	}

	send(text)
	{
		this.sent.push(text);
	}

	close()
	{
		this.readyState = 3;
	}

	say(...messages)
	{
		for (const m of messages)
			this.onmessage({ data: JSON.stringify(m) });
	}
}


function hello(seq, last_seq, data)
{
	return { type: 'hello', seq, data: { last_seq, ...data } };
}


function openLink(options)
{
	const heard = [];
	const pending = [];
	const link = new Link({ url: 'ws://127.0.0.1/ws', client: 'me',
		Socket: FakeSocket,
		timers: {
			setTimeout: (f) => pending.push(f),
			clearTimeout: () => pending.splice(0),
		},
		onmessage: (m, fresh) => heard.push(fresh ? 'fresh' : m.seq),
		onstate() {}, ...options });

	return { link, heard, pending, socket: () => FakeSocket.all.at(-1) };
}


test('the link asks for the backlog, and comes back without gap or double',
	() => {
		const { link, heard, pending, socket } = openLink();

		assert.equal(socket().url.searchParams.get('client'), 'me');
		socket().say(hello(1501, 1500));
		assert.equal(socket().url.searchParams.get('since'), '500');

		socket().say(hello(1502, 1501));
		assert.equal(link.state, 'behind');
		socket().say({ seq: 1000 }, { seq: 1501 });
		assert.equal(link.state, 'live');
		socket().say({ seq: 1503 });

		socket().onclose({});
		assert.equal(link.state, 'offline');
		pending.pop()();
		assert.equal(socket().url.searchParams.get('since'), '1503');
		socket().say(hello(1506, 1505), { seq: 1503 }, { seq: 1504 },
			{ seq: 1504 });
		assert.deepEqual([link.state, link.behind], ['behind', 1]);
		socket().say({ seq: 1505 }, { seq: 1507 });
		assert.equal(link.state, 'live');

		assert.deepEqual(heard, ['fresh', 1000, 1501, 1503, 1506, 1504,
			1505, 1507]);
	});


test('a page whose name is taken comes again under another', () => {
	const { link, pending, socket } = openLink();

	link.rename = () => 'other';
	socket().onclose({ code: 4009, reason: 'taken' });
	assert.equal(link.state, 'offline');
	pending.pop()();
	assert.equal(socket().url.searchParams.get('client'), 'other');
});


test('a token goes with the WebSocket, and one that is refused is told of',
	() => {
		const { link, pending, socket } = openLink();
		let refused = 0;

		link.token = () => 'abc';
		link.onrefused = () => refused++;
		link.rename = () => 'other';
		socket().onclose({ code: 1006 });
		pending.pop()();
		assert.equal(socket().url.searchParams.get('access_token'),
			'abc');
		socket().say(hello(1, 0));
		socket().onclose({ code: 4001 });
		pending.pop()();
		socket().say(hello(1, 0));
		socket().onclose({ code: 1006 });
		assert.equal(refused, 2);
	});


test('a referd that counts anew makes the page start anew', () => {
	const { heard, pending, socket } = openLink();

	socket().say(hello(1, 0), { seq: 2 });
	socket().onclose({});
	pending.pop()();
	socket().say(hello(2, 1));
	assert.equal(socket().url.searchParams.get('since'), '0');
	socket().say(hello(3, 2), { seq: 1 });
	assert.deepEqual(heard, ['fresh', 2, 'fresh', 1]);
});


test('the link takes the fleet where there is a view, and F as its number',
	() => {
		const { link, heard, pending, socket } = openLink({
			wanted: () => 'fleet' });
		const ask = (name) => socket().url.searchParams.get(name);
		const fleet = (last_seq, epoch = 'E') => hello(1, last_seq,
			{ scope: 'fleet', fleet: epoch });

		socket().say(hello(1501, 1500, { fleet: FLEET }));
		assert.deepEqual([ask('scope'), ask('since')], ['fleet', null]);
		socket().say(fleet(256_001));
		assert.deepEqual([ask('since'), ask('fleet')],
			[`${256_001 - 300 * 256}`, 'E']);
		socket().say(fleet(256_001));
		assert.deepEqual([link.state, link.behind], ['behind', 300]);
		socket().say({ seq: 255_745, member: 'gw2' },
			{ seq: 256_001, member: 'gw2' }, { seq: 1502 },
			{ type: 'fleet:status' });
		assert.equal(link.state, 'live');

		/* an event comes once; a message for this page is no event */
		socket().onclose({});
		pending.pop()();
		assert.equal(ask('since'), '256001');
		socket().say(fleet(256_257), { seq: 256_001, member: 'gw1' },
			{ seq: 3 }, { seq: 256_257, member: 'gw1' });

		/* a view that has read less is still the same fleet */
		socket().onclose({});
		pending.pop()();
		socket().say(fleet(255_745), { seq: 256_513, member: 'gw1' });
		assert.equal(link.state, 'live');

		/* another stream is another fleet */
		socket().onclose({});
		pending.pop()();
		assert.deepEqual([ask('since'), ask('fleet')],
			['256513', 'E']);
		socket().say(fleet(257, 'E2'));
		assert.deepEqual([ask('since'), ask('fleet')], ['0', 'E2']);
		socket().say(fleet(257, 'E2'), { seq: 257, member: 'gw1' });
		assert.deepEqual(heard, ['fresh', 255_745, 256_001, 1502,
			undefined, 1, 3, 256_257, 1, 256_513, 'fresh', 257]);

		/* also if it is created while the page is connected */
		heard.splice(0);
		socket().say({ type: 'fleet:status', data: { epoch: 'E2' } },
			{ type: 'fleet:status', data: { epoch: 'E3' } });
		assert.equal(ask('since'), '257');
		socket().say(fleet(258, 'E3'));
		assert.deepEqual([ask('since'), ask('fleet')], ['0', 'E3']);
		socket().say(fleet(258, 'E3'), { seq: 258, member: 'gw1' });
		assert.deepEqual(heard, [undefined, 'fresh', 258]);
	});


test('without a view, or by choice, the link tells of this machine', () => {
	let wish = 'fleet';
	const { link, heard, pending, socket } = openLink({
		wanted: () => wish });
	const ask = (name) => socket().url.searchParams.get(name);
	const blind = { ...FLEET, member: 'gw2' };

	socket().say(hello(2, 1, { fleet: blind }));
	socket().say(hello(2, 1, { fleet: blind }), { seq: 3 });
	assert.deepEqual([ask('scope'), link.scope, link.state],
		[null, 'local', 'live']);

	/* it comes back with a fleet */
	socket().onclose({});
	pending.pop()();
	socket().say(hello(4, 3, { fleet: FLEET }));
	assert.equal(ask('scope'), 'fleet');
	socket().say(hello(1, 0, { scope: 'fleet', fleet: 'E' }),
		{ seq: 257, member: 'gw1' });
	assert.equal(link.state, 'live');

	/* and without: referd refuses the scope; the page does not retry */
	socket().onclose({});
	pending.pop()();
	assert.equal(ask('since'), '257');
	socket().onclose({ code: 1006 });
	pending.pop()();
	assert.deepEqual([ask('scope'), ask('since')], [null, null]);
	socket().say(hello(9, 8));
	assert.equal(ask('since'), '0');
	socket().say(hello(9, 8), { seq: 8 });

	/* the same after a short absence: no gap, no duplicate */
	socket().onclose({});
	pending.pop()();
	socket().say(hello(10, 9, { fleet: FLEET }));
	socket().say(hello(1, 513, { scope: 'fleet', fleet: 'E' }));
	socket().say(hello(1, 513, { scope: 'fleet', fleet: 'E' }),
		{ seq: 513, member: 'gw1' });
	socket().onclose({});
	pending.pop()();
	socket().onclose({ code: 1006 });
	pending.pop()();
	socket().say(hello(11, 10, { fleet: FLEET }));
	assert.deepEqual([ask('scope'), ask('since')], ['fleet', '513']);
	socket().say(hello(1, 769, { scope: 'fleet', fleet: 'E' }),
		{ seq: 513, member: 'gw1' }, { seq: 769, member: 'gw1' });

	/* the user selects this machine only */
	wish = 'local';
	link.turn();
	assert.deepEqual([ask('scope'), ask('since')], [null, null]);
	socket().say(hello(12, 0, { fleet: FLEET }));
	assert.deepEqual([link.scope, link.state], ['local', 'live']);
	assert.deepEqual(heard, ['fresh', 3, 'fresh', 257, 'fresh', 8,
		'fresh', 513, 1, 769, 'fresh']);
});
