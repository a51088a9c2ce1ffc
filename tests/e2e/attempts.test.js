/**
 * @file attempts.test.js  A list in referTo: one attempt for each target
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { finish, parties, tried } from './lib/attempts.js';
import { http } from './lib/http.js';
import { scene } from './lib/scene.js';

const LIVES = { daemon: 'its calls end with it' };


function refer(call_sid, referTo, fields)
{
	return { verb: 'sip:refer', id: 'v1', actionHook: '/action', call_sid,
		referTo, ...fields };
}


/* Checks that the verb started, finished and sent its hook exactly once */
function once(client, sid)
{
	const ofCall = client.messages.filter((m) => m.call_sid === sid);

	assert.equal(ofCall.filter((m) => m.type === 'verb:hook' &&
		m.hook === '/action').length, 1);
	assert.deepEqual(ofCall.filter((m) => m.type === 'verb:status')
		.map((m) => m.data.event), ['starting', 'finished']);
}


function ends(client, sid)
{
	return client.messages.filter((m) => m.call_sid === sid &&
		m.type === 'transfer:status' && m.data.step === 'ended')
		.map(({ data }) => [data.attempt, data.attempts, data.outcome,
			data.evidence]);
}


scene('a list: the next target has its turn when the one before has failed',
	async (s) => {
	const { client, call, referd } = await parties(s);
	const { leg, sid } = await call();

	client.send(refer(sid, ['486', 'refuse', '200', '486b']));
	const { data } = await client.message('verb:hook',
		{ hook: '/action' });
	await leg.received('BYE');
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });

	assert.deepEqual(tried(leg), ['486', 'refuse', '200']);
	assert.deepEqual(ends(client, sid), [
		[1, 4, 'failed', 'notify'],
		[2, 4, 'failed', 'response'],
		[3, 4, 'transferred', 'notify']]);
	once(client, sid);
	assert.equal(data.referStatus, '202');
	assert.equal(data.final_referred_call_status, '200');
	assert.equal(data.outcome, 'transferred');
	assert.deepEqual(data.attempts.map((a) => [a.attempt, a.refer_to,
		a.refer_status, a.call_status, a.outcome, a.evidence,
		a.confidence, a.reason]), [
		[1, `sip:486@${leg.far.ip}`, '202', '486', 'failed',
			'notify', 'high', 'Busy Here'],
		[2, `sip:refuse@${leg.far.ip}`, '603', undefined, 'failed',
			'response', 'high', 'Decline'],
		[3, `sip:200@${leg.far.ip}`, '202', '200', 'transferred',
			'notify', 'high', 'OK']]);
	assert.equal(data.attempts[2].transfer_id, data.transfer_id);
	assert.equal(new Set(data.attempts.map((a) => a.transfer_id)).size, 3);

	const { text } = await http(`${referd.http}/transfers`);
	assert.deepEqual(JSON.parse(text).map((t) =>
		[t.attempt, t.attempts, t.verb_id]).sort(),
		[[1, 4, 'v1'], [2, 4, 'v1'], [3, 4, 'v1']]);
});


scene('a list: silence, no answer, and what comes late', async (s) => {
	const { client, call } = await parties(s);
	const silent = await call();

	/* outcome `unknown`: no further attempt follows */
	client.send(refer(silent.sid, ['silent', '200'],
		{ timeouts: { notify: 0.3 } }));
	await client.message('verb:hook', { call_sid: silent.sid });
	assert.deepEqual(tried(silent.leg), ['silent']);
	assert.deepEqual(ends(client, silent.sid),
		[[1, 2, 'unknown', 'timer:notify']]);

	/* unless the verb requests it; the late step belongs to attempt 1 */
	const next = await call();
	client.send(refer(next.sid, ['silent', 'rings', '486'],
		{ onUnknown: 'next', timeouts: { notify: 0.3 },
			eventHook: '/event' }));
	await client.message('transfer:status', { call_sid: next.sid,
		attempt: 2, step: 'progress' });
	const [first, second] = next.leg.requests('REFER');
	await finish(next.leg, first, 486, 'Busy Here');
	await client.message('transfer:status', { call_sid: next.sid,
		attempt: 1, step: 'late', call_status: 486 });
	await finish(next.leg, second, 480, 'Temporarily Unavailable');
	const { data } = await client.message('verb:hook',
		{ call_sid: next.sid, hook: '/action' });
	assert.deepEqual(client.messages.filter((m) => m.hook === '/event')
		.map((m) => [m.data.call_status, m.data.attempt,
			m.data.attempts, m.data.late]), [
		['180', 2, 3, undefined], ['486', 1, 3, true],
		['480', 2, 3, undefined], ['180', 3, 3, undefined],
		['486', 3, 3, undefined]]);
	assert.deepEqual(data.attempts.map((a) => a.call_status),
		[undefined, '480', '486']);
	assert.deepEqual(tried(next.leg), ['silent', 'rings', '486']);
	once(client, next.sid);

	/* the gateway unsubscribes from a target that rings too long */
	const late = await call();
	client.send(refer(late.sid, ['rings', '200'],
		{ timeouts: { answer: 0.4 } }));
	await client.message('transfer:status', { call_sid: late.sid,
		step: 'ended', outcome: 'transferred' });
	assert.deepEqual(ends(client, late.sid), [
		[1, 2, 'cancelled', 'timer:answer'],
		[2, 2, 'transferred', 'notify']]);
	const [subscribe] = late.leg.requests('SUBSCRIBE');
	assert.equal(subscribe.headers.expires, '0');
	assert.match(subscribe.headers.event, /^refer;id=\d+$/);
	const [hook] = client.messages.filter((m) => m.type === 'verb:hook' &&
		m.call_sid === late.sid);
	assert.equal(hook.data.attempts[0].reason, 'no answer within 0.4 s');
	assert.equal(hook.data.attempts[0].confidence, 'low');
});


scene('a list: the caller hangs up, or other verbs take its place',
	async (s) => {
	const { client, call } = await parties(s);
	const gone = await call();

	client.send(refer(gone.sid, ['rings', '200']));
	await client.message('transfer:status', { call_sid: gone.sid,
		step: 'progress' });
	await gone.leg.bye();
	await finish(gone.leg, gone.leg.requests('REFER')[0], 486,
		'Busy Here');
	const { data } = await client.message('verb:hook',
		{ call_sid: gone.sid });
	assert.equal(data.outcome, 'failed');
	assert.deepEqual(tried(gone.leg), ['rings']);
	once(client, gone.sid);

	const other = await call();
	client.send(refer(other.sid, ['rings', '200']));
	await client.message('transfer:status', { call_sid: other.sid,
		step: 'progress' });
	client.send({ verb: 'hangup', call_sid: other.sid });
	await other.leg.received('BYE');
	await client.message('call:status', { call_sid: other.sid,
		call_status: 'completed' });
	assert.deepEqual(tried(other.leg), ['rings']);
	assert.deepEqual(ends(client, other.sid),
		[[1, 2, 'cancelled', 'application']]);
});


scene('a list: what is wrong with one of them, and what would be sent',
	async (s) => {
	const { client, call, referd } = await parties(s);
	const { leg, sid } = await call();
	const post = async (verb) => {
		const { status, text } = await http(
			`${referd.http}/calls/${sid}/verbs`,
			{ method: 'POST', body: JSON.stringify(verb) });

		return { status, ...JSON.parse(text) };
	};

	for (const [referTo, error] of [
		[['1', 'sip:a b@c'], /^sip:refer: referTo\[1\] must /],
		[['1', '2', 'sip:a@b;method=BYE'], /^sip:refer: referTo\[2\] must /],
		[[], /^sip:refer: referTo must not be empty$/],
		[Array(9).fill('1'), /at most 8 targets, not 9$/],
	]) {
		const { status, ...rest } = await post(refer(undefined, referTo));

		assert.equal(status, 400);
		assert.match(rest.error, error);
	}

	const { dry_run: dry } = await post(refer(undefined, ['1', '+49 30'],
		{ dryRun: true }));
	assert.equal(dry.refer_to, `sip:1@${leg.far.ip}`);
	assert.deepEqual(dry.attempts.map((a) => a.refer_to),
		[`sip:1@${leg.far.ip}`, `sip:+4930@${leg.far.ip}`]);
	assert.match(dry.attempts[1].refer, /\r\nRefer-To: <sip:\+4930@/);
	assert.ok(Array.isArray(dry.attempts[1].doubts));
	await client.echo();
	assert.deepEqual(tried(leg), []);
});


scene('a list: referd is killed in the middle of an attempt, and between two',
	async (s) => {
	const { client, call, referd } = await parties(s,
		{ client: { query: '?client=bot' } });
	const { leg, sid } = await call();

	client.send(refer(sid, ['486', 'rings', 'rings2', '200']));
	await client.message('transfer:status', { attempt: 2,
		step: 'progress' });
	await referd.kill('SIGKILL');
	const last = client.messages.items.at(-1).seq;

	/* the result arrives while referd is down, before attempt 3 */
	await finish(leg, leg.requests('REFER')[1], 486, 'Busy Here');
	await referd.run();
	const back = await s.client(referd,
		{ query: `?client=bot&since=${last}` });
	await back.message('transfer:status', { attempt: 3,
		step: 'progress' });
	await finish(leg, leg.requests('REFER')[2], 486, 'Busy Here');
	const { data } = await back.message('verb:hook', { hook: '/action' });
	assert.deepEqual(tried(leg), ['486', 'rings', 'rings2', '200']);
	assert.deepEqual(data.attempts.map((a) => a.outcome),
		['failed', 'failed', 'failed', 'transferred']);
	await back.message('call:status', { call_sid: sid,
		call_status: 'completed' });
	assert.equal(back.messages.filter((m) => m.type === 'verb:hook' &&
		m.hook === '/action').length, 1);
}, LIVES);
