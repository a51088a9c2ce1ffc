/**
 * @file model-fleet.test.js  The page without a browser: a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLEET, REQUESTED, Story, T0 } from './lib/story.js';
import { importWeb } from './lib/web.js';

const { modelReceive, modelSent, liveCalls, modelHistory, modelTold,
	rowsOf, transferFields, transferOf, chosenView, viewValue,
	membersOf, fleetWord, fleetSentence, gapText,
	unreachable } = await importWeb(
	'model', 'told', 'members', 'rows', 'export');


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


test('a hook that comes before its transfer is in its ladder, and in no other',
	() => {
		const s = new FleetStory().accepted();
		const hook = (msgid, id, ms) => s.at(ms, 'verb:hook', {
			referStatus: '202', final_referred_call_status: '200',
			transfer_id: id, verb_id: `of ${id}` },
		{ hook: 'refer', msgid });
		const labels = (id) => rowsOf(s.model.transfers.get(id))
			.map((r) => r.label);

		s.end(200, 'failed', 'notify', { call_status: 486 });
		const before = labels('t1');

		hook('h2', 't2', 300);
		assert.deepEqual(labels('t1'), before);
		s.at(301, 'transfer:status', { ...REQUESTED,
			transfer_id: 't2', verb_id: 'of t2' });
		s.at(302, 'hook:status', { hook: 'refer', transfer_id: 't2',
			event: 'sent', msgid: 'h2', attempt: 1 });
		assert.equal(labels('t2').at(-1), 'hook refer 202, 200');
		assert.deepEqual(labels('t1'), before);

		for (let i = 0; i < 1000; i++)
			hook(`x${i}`, 'never', 400);
		assert.ok(s.model.early.size < 200);
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
