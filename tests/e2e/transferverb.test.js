/**
 * @file transferverb.test.js  The verb transfer, blind: by REFER, one target
 * after the other, and the disposition if all fail
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { finish, parties, tried } from './lib/attempts.js';
import { Bot } from './lib/bot.js';
import { Far } from './lib/far.js';
import { MANUAL } from './lib/jambonz.js';
import { scene } from './lib/scene.js';
import { validate } from './lib/schema.js';

const LIVES = { daemon: 'its calls end with it' };


function phone(number)
{
	return { type: 'phone', number };
}


function transfer(call_sid, numbers, fields)
{
	return { verb: 'transfer', id: 'v1', mode: 'blind', call_sid,
		actionHook: '/action', eventHook: '/event', timeout: 0.4,
		target: numbers.map(phone), ...fields };
}


/* The one actionHook of a call, valid by jambonz' schema */
async function result(client, sid)
{
	const { data } = await client.message('verb:hook',
		{ call_sid: sid, hook: '/action' });

	validate('transfer', data);
	assert.equal(data.verb_id, 'v1');

	return data;
}


function events(client, sid)
{
	return client.messages.filter((m) => m.type === 'transfer:event' &&
		m.call_sid === sid).map((m) => m.data.transfer_event);
}


scene('a bot on @jambonz/sdk: the first target is busy, the second answers',
	async (s) => {
	const far = await Far.start(s, { handlers: { REFER: async (leg, r) => {
		const busy = /sip:\+1508/.test(r.headers['refer-to']);

		leg.answer(r, 202, 'Accepted');
		await leg.notify('SIP/2.0 180 Ringing');
		await leg.notify(`SIP/2.0 ${busy ? '486 Busy Here' : '200 OK'}`,
			{ headers: { 'Subscription-State':
				'terminated;reason=noresource' } });
	} } });
	const bot = await Bot.start(s, 'sdk', { targets: ['x'], first: [
		['answer', {}],
		['transfer', { mode: 'blind', blindMethod: 'refer',
			target: [{ type: 'phone', number: '+15085551212',
				headers: { 'X-Ticket': '17' } },
			{ type: 'sip', sipUri: 'sip:bob@10.77.0.9',
				name: 'Bob' }],
			callerId: '+4930123', timeout: 20,
			disposition: { onNoAnswer: 'return', onBusy: 'return' },
			actionHook: '/action', eventHook: '/event' }]] });
	const { client } = await s.control({ gateway: MANUAL,
		referd: { args: ['--app', `ws://${bot.host}/bot`] } });
	const leg = await far.call();
	const { data } = await bot.event('action');
	await leg.received('BYE');
	await bot.event('close');

	validate('transfer', data);
	assert.equal(data.transfer_result, 'bridged');
	assert.equal(data.transfer_reason, 'completed');
	assert.equal(data.sip_status, 200);
	assert.equal(data.call_status, 'in-progress');
	assert.deepEqual(data.attempts.map((a) => a.call_status), [486, 200]);
	assert.deepEqual(bot.all('event').map(({ data: e }) =>
		[e.transfer_event, e.attempt, e.call_status]), [
		['dialing', 1, undefined], ['ringing', 1, 180],
		['next', 1, 486], ['dialing', 2, undefined],
		['ringing', 2, 180], ['answered', 2, 200]]);
	assert.ok(bot.all('event').every((e) =>
		e.data.event === 'transfer-status'));
	assert.equal(bot.all('jambonz:error').length, 0);

	const [first, second] = leg.requests('REFER');
	assert.equal(first.headers['refer-to'],
		'<sip:+15085551212@10.77.0.40?X-Ticket=17>');
	assert.equal(second.headers['refer-to'],
		'"Bob" <sip:bob@10.77.0.9>');
	assert.equal(second.headers['referred-by'],
		'<sip:+4930123@10.77.0.40>');
	assert.deepEqual(client.messages.filter((m) =>
		m.type === 'transfer:status' && m.data.step === 'ended')
		.map(({ data: d }) => [d.verb, d.attempt, d.attempts]),
		[['transfer', 1, 2], ['transfer', 2, 2]]);
});


scene('each class of failure, as a far end tells it', async (s) => {
	const { client, call } = await parties(s);

	for (const [numbers, what, reason, status] of [
		[['480'], 'returned', 'no-answer', 480],
		[['486'], 'returned', 'busy', 486],
		[['603'], 'returned', 'declined', 603],
		[['404'], 'failed', 'error', 404],
		[['refuse'], 'returned', 'declined', 603],
		[['rings'], 'returned', 'no-answer', undefined],
		[['silent'], 'returned', 'no-answer', undefined],
		[['404', 'rings', '486'], 'returned', 'busy', 486],
		[['200', '486'], 'bridged', 'completed', 200],
	]) {
		const { leg, sid } = await call();

		client.send([transfer(sid, numbers), { verb: 'hangup' }]);
		const data = await result(client, sid);
		await leg.received('BYE');
		await client.message('call:status', { call_sid: sid,
			call_status: 'completed' });

		assert.equal(data.transfer_result, what, numbers[0]);
		assert.equal(data.transfer_reason, reason, numbers[0]);
		assert.equal(data.sip_status, status, numbers[0]);
		assert.equal(data.attempts.length,
			what === 'bridged' ? 1 : numbers.length);
		assert.deepEqual(tried(leg),
			what === 'bridged' ? ['200'] : numbers);
		assert.equal(events(client, sid).at(-1), 'ended');
		assert.equal(leg.requests('SUBSCRIBE').length > 0,
			numbers.some((n) => ['rings', 'silent'].includes(n)));
	}
});


scene('what follows: a mailbox, verbs from an HTTP server, the end of the call',
	async (s) => {
	const { client, call } = await parties(s);
	const app = await Application.start(s, { reply: () =>
		({ body: [{ verb: 'tag', data: { box: 17 } },
			{ verb: 'hangup' }] }) });
	const disposition = (fields) => ({ disposition: fields });

	/* a further REFER */
	const box = await call();
	client.send(transfer(box.sid, ['rings', '480'], disposition(
		{ onNoAnswer: 'voicemail', voicemailUrl: 'sip:200@10.77.0.9' })));
	const boxed = await result(client, box.sid);
	assert.equal(boxed.transfer_result, 'voicemail');
	assert.equal(boxed.transfer_reason, 'no-answer');
	assert.equal(boxed.sip_status, 480);
	assert.deepEqual(tried(box.leg), ['rings', '480', '200']);
	assert.deepEqual(boxed.attempts.map((a) => a.outcome),
		['cancelled', 'failed', 'transferred']);
	await box.leg.received('BYE');

	/* a further REFER that fails, too */
	const full = await call();
	client.send(transfer(full.sid, ['486'], disposition(
		{ onBusy: 'voicemail', voicemailUrl: 'sip:480@10.77.0.9' })));
	const failed = await result(client, full.sid);
	assert.equal(failed.transfer_result, 'failed');
	assert.equal(failed.transfer_reason, 'error');
	assert.equal(failed.sip_status, 480);
	assert.equal(full.leg.requests('BYE').length, 0);

	/* as a redirect does; the verbs behind the transfer are dropped */
	const fetched = await call();
	client.send([transfer(fetched.sid, ['603'], disposition(
		{ onDecline: 'voicemail', voicemailUrl: `${app.url}/box` })),
	{ verb: 'pause', length: 60 }]);
	const gone = await result(client, fetched.sid);
	assert.equal(gone.transfer_result, 'voicemail');
	assert.equal(gone.transfer_reason, 'declined');
	const { data: asked } = await app.request('/box');
	assert.equal(asked.call_sid, fetched.sid);
	await fetched.leg.received('BYE');

	/* without the verbs behind it */
	const ended = await call();
	client.send([transfer(ended.sid, ['404'], disposition(
		{ onFailure: 'hangup' })), { verb: 'pause', length: 60 }]);
	await ended.leg.received('BYE');
	const over = await result(client, ended.sid);
	assert.equal(over.transfer_result, 'failed');
	assert.equal(over.transfer_reason, 'error');
	await client.message('call:status', { call_sid: ended.sid,
		call_status: 'completed' });
	assert.equal(client.messages.filter((m) => m.type === 'verb:status' &&
		m.data.verb === 'pause').length, 0);
});


scene('a far end that never tells: its profile takes silence for a success',
	async (s) => {
	const profiles = join(s.dir, 'profiles');

	writeFileSync(profiles, '[mute]\nmatch-domain = 10.77.0.*\n' +
		'no-notify = presumed\n');
	const { client, call } = await parties(s,
		{ gateway: { config: { sip_refer_profiles: profiles } } });
	const { leg, sid } = await call();

	client.send(transfer(sid, ['silent', '200']));
	const data = await result(client, sid);
	assert.equal(data.transfer_result, 'bridged');
	assert.equal(data.attempts[0].outcome, 'presumed');
	assert.deepEqual(tried(leg), ['silent']);
});


scene('the caller hangs up, or the transfer is given up', async (s) => {
	const { client, call } = await parties(s);
	const rest = { disposition: { onFailure: 'hangup', onBusy: 'hangup' },
		timeout: 30 };

	const gone = await call();
	client.send(transfer(gone.sid, ['rings', '200'], rest));
	await client.message('transfer:status', { call_sid: gone.sid,
		step: 'progress' });
	await gone.leg.bye();
	await finish(gone.leg, gone.leg.requests('REFER')[0], 487,
		'Request Terminated');
	const left = await result(client, gone.sid);
	assert.equal(left.transfer_result, 'failed');
	assert.equal(left.transfer_reason, 'caller-abandoned');
	assert.deepEqual(tried(gone.leg), ['rings']);

	const other = await call();
	client.send(transfer(other.sid, ['rings', '200'], rest));
	await client.message('transfer:status', { call_sid: other.sid,
		step: 'progress' });
	client.send({ type: 'command', command: 'transfer:cancel',
		callSid: other.sid });
	const cancelled = await result(client, other.sid);
	assert.equal(cancelled.transfer_result, 'failed');
	assert.equal(cancelled.transfer_reason, 'error');
	assert.equal(cancelled.attempts[0].outcome, 'cancelled');
	assert.deepEqual(tried(other.leg), ['rings']);
	assert.equal(other.leg.requests('BYE').length, 0);
});


scene('referd is killed while the target rings: the next has its turn',
	async (s) => {
	const { client, call, referd } = await parties(s,
		{ client: { query: '?client=bot' } });
	const { leg, sid } = await call();

	client.send(transfer(sid, ['rings', '200'], { timeout: 2 }));
	await client.message('transfer:status', { step: 'progress' });
	await referd.kill('SIGKILL');
	const last = client.messages.items.at(-1).seq;

	/* the timeout for the answer expires nevertheless */
	await leg.received('SUBSCRIBE');
	await referd.run();
	const back = await s.client(referd,
		{ query: `?client=bot&since=${last}` });
	const data = await result(back, sid);
	assert.equal(data.transfer_result, 'bridged');
	assert.deepEqual(data.attempts.map((a) => a.evidence),
		['timer:answer', 'notify']);
	assert.deepEqual(tried(leg), ['rings', '200']);
}, LIVES);
