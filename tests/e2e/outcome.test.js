/**
 * @file outcome.test.js  One outcome of each transfer, for any far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';

const ACTIVE = 'Subscription-State: active;expires=60';
const OVER = 'Subscription-State: terminated;reason=noresource';

/* Short enough for a test, long enough for a busy machine. */
const SHORT = { sip_refer_notify_timeout: 2, sip_refer_ringing_timeout: 3 };


/* The actionHook repeats the last step, with its codes as strings. */
function told(action, ended)
{
	const { referStatus, final_referred_call_status: final } = action;

	assert.match(referStatus, /^[2-6]\d\d$/);
	assert.equal(final, ended.call_status >= 200 ?
		String(ended.call_status) : undefined);
	assert.equal(action.outcome, ended.outcome);
	assert.equal(action.evidence, ended.evidence);
	assert.equal(action.transfer_id, ended.transfer_id);
}


/*
 * Requests one transfer of a new call to the far end and waits for its end.
 * A later message must not cause a second report of the end.
 */
async function transfer(s, scenario, keys, { gateway, during, on } = {})
{
	const { client, gateway: gw } = on ?? await s.control({ gateway });
	const { far, sid } = await s.call(client, scenario, keys);

	client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid, eventHook: '/event', actionHook: '/action' });
	await during?.({ client, far, gw });

	const { data: ended } = await client.message('transfer:status',
		{ call_sid: sid, step: 'ended' }, { timeout: 50_000 });
	const { data: action } = await client.message('verb:hook',
		{ call_sid: sid, hook: '/action' });

	assert.equal(action.verb_id, 'v1');
	told(action, ended);

	return { client, far, sid, gw, ended, action };
}


function once(client, sid)
{
	const ofCall = client.messages.filter((m) => m.call_sid === sid);

	assert.equal(ofCall.filter((m) => m.type === 'transfer:status' &&
		m.data.step === 'ended').length, 1);
	assert.equal(ofCall.filter((m) => m.type === 'verb:hook' &&
		m.hook === '/action').length, 1);
}


/** The final response to the far end's n-th request of a method. */
async function answerTo(far, method, n = 1)
{
	const sent = (m) => m.sent && m.method === method;

	await far.messages.wait((m) => sent(m) &&
		new Set(far.messages.filter(sent).map((r) => r.headers.cseq))
			.size >= n, `${method} ${n}`);
	const cseq = [...new Set(far.messages.filter(sent)
		.map((r) => r.headers.cseq))][n - 1];

	return far.messages.wait((m) => !m.sent && m.status >= 200 &&
		m.headers.cseq === cseq, `answer to ${cseq}`);
}


/** The call has ended at both ends, by the gateway's BYE or the far end's. */
async function over({ client, far, sid })
{
	await far.passed();
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	once(client, sid);
}


/**
 * The call is up and usable: held, resumed, and ended by a verb only.
 */
async function usable({ client, far, sid, gw })
{
	const from = far.messages.length;

	const id = far.messages.items[0].headers['call-id'];

	/* baresip may report it after referd */
	await gw.events.wait((e) => e.type === 'CALL_ESTABLISHED' &&
		e.id === id, 'the call');
	assert.equal((await gw.talking()).length, 1);
	assert.equal(far.requests('BYE').length, 0);

	await gw.command('hold');
	const held = await far.received('INVITE', { from });
	assert.match(held.body, /a=(sendonly|inactive)/);
	await far.received('ACK', { from });

	client.send({ verb: 'hangup', call_sid: sid });
	await far.received('BYE', { from });
	await over({ client, far, sid });
}


/** A call of a far end whose reaction to a REFER the test defines. */
async function plain(s, REFER, { dial = false } = {})
{
	const { client, gateway } = await s.control();
	const far = await Far.start(s, { handlers: { REFER } });

	if (dial)
		client.send({ type: 'command', command: 'dial',
			data: { to: far.uri } });

	const leg = dial ? await far.incoming() : await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	return { client, gateway, leg, call_sid };
}


/** Runs the cases one after the other, in calls to one gateway. */
function several(name, cases, act)
{
	scene(name, async (s) => {
		const on = await s.control();

		for (const [what, ...rest] of cases) {
			try {
				await act(s, on, ...rest);
			}
			catch (err) {
				err.message = `${what}: ${err.message}`;
				throw err;
			}
		}
	});
}


function equal(actual, expected)
{
	const part = Object.fromEntries(Object.keys(expected)
		.map((key) => [key, actual[key]]));

	assert.deepEqual(part, expected);
}


for (const [code, reason, more] of [
	[603, 'Decline'],
	[405, 'Method Not Allowed', 'Allow: INVITE, ACK, BYE, CANCEL'],
	[429, 'Provide Referrer Identity'],
	[503, 'Service Unavailable', 'Retry-After: 5'],
]) {
	scene(`REFER answered ${code}: failed, the call goes on`, async (s) => {
		const t = await transfer(s, 'refuse', {
			answer: `SIP/2.0 ${code} ${reason}`,
			more: more ?? 'X-More: none' });

		equal(t.ended, { outcome: 'failed', evidence: 'response',
			refer_status: code, call_status: undefined, reason });
		equal(t.action, { referStatus: String(code),
			final_referred_call_status: undefined });
		await usable(t);
	});
}


/* A B2BUA has hung up the caller, but keeps its call with the gateway */
scene('a failure tells whether media still comes', async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s, { handlers: { REFER: (leg, request) =>
		leg.answer(request, 603, 'Decline') } });
	const leg = await far.call();
	const { body } = await leg.response;
	const fail = async () => {
		const from = client.now;

		client.send({ verb: 'sip:refer', referTo: '100' });
		const { data } = await client.message('transfer:status',
			{ step: 'ended' }, { from });

		equal(data, { outcome: 'failed', evidence: 'response',
			confidence: 'high' });
		return data.media;
	};

	await client.message('call:status', { call_status: 'in-progress' });
	assert.equal(await fail(), undefined);

	const stop = leg.talk(body);
	await sleep(2_000);
	assert.equal(await fail(), true);
	stop();
	await sleep(2_000);
	assert.equal(await fail(), false);
	leg.talk(body);
	await sleep(500);
	assert.equal(await fail(), true);
});


scene('REFER answered 481: failed, and the gateway ends the call',
	async (s) => {
	const t = await transfer(s, 'no-dialog', {});

	equal(t.ended, { outcome: 'failed', evidence: 'response',
		refer_status: 481,
		reason: 'Call/Transaction Does Not Exist' });
	equal(t.action, { referStatus: '481' });
	await over(t);
	equal((await t.client.message('call:status',
		{ call_sid: t.sid, call_status: 'completed' })).data,
	{ sip_reason: 'the far end knows no such call' });
});


scene('REFER answered 481 after it was given up: the call ends as well',
	async (s) => {
	const { client, leg, call_sid } = await plain(s, () => {});

	client.send({ verb: 'sip:refer', referTo: '100', call_sid });
	const refer = await leg.received('REFER');
	client.send({ verb: 'pause', length: 60, call_sid });
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'cancelled', refer_status: undefined });
	leg.answer(refer, 481, 'Call Does Not Exist');
	await client.message('call:status',
		{ call_sid, call_status: 'completed' });
	await leg.received('BYE');
});


/* RFC 3261 section 14.1: 0 to 2 s where the far end has made the Call-ID */
scene('REFER answered 491: sent once more, and told', async (s) => {
	const t = await transfer(s, 'pending', { final: '200 OK' });
	const { data: retry, time } = await t.client.message('transfer:status',
		{ step: 'retry' });
	const steps = t.client.all('transfer:status');
	const [first, second] = t.far.requests('REFER');

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		refer_status: 202 });
	assert.deepEqual(steps.map((m) => m.data.step),
		['requested', 'retry', 'accepted', 'ended']);
	equal(retry, { refer_status: 491, call_status: undefined });
	assert.match(retry.reason,
		/^Request Pending; sent again in [01]\.\d\d s$/);
	assert.equal(retry.sip.start, 'SIP/2.0 491 Request Pending');

	const waited = Date.parse(steps[2].time) - Date.parse(time);
	const announced = 1000 * parseFloat(/in (\S+) s/.exec(retry.reason)[1]);
	assert.ok(waited > announced - 20, `${waited} for ${announced} ms`);

	assert.equal(t.far.requests('REFER').length, 2);
	assert.ok(parseInt(second.headers.cseq) >
		parseInt(first.headers.cseq));
	assert.equal(second.headers['refer-to'], first.headers['refer-to']);
	await over(t);
});


/* A NOTIFY meanwhile belongs to an earlier transfer: this REFER was refused */
scene('a NOTIFY between a 491 and the second REFER decides nothing',
	async (s) => {
	/* In a call from the gateway: its second REFER waits 2.1 s or more */
	const { client, leg, call_sid } = await plain(s, async (_, refer) => {
		if (leg.requests('REFER').length > 1) {
			leg.answer(refer, 202, 'Accepted');
			await leg.notify('SIP/2.0 486 Busy Here\r\n');
			return;
		}
		leg.answer(refer, 491, 'Request Pending');
		await leg.notify('SIP/2.0 180 Ringing\r\n');
		await leg.notify('SIP/2.0 200 OK\r\n');
	}, { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2.5 } });
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'failed', evidence: 'notify',
		refer_status: 202, call_status: 486 });
	assert.deepEqual(client.all('transfer:status').map((m) => m.data.step),
		['requested', 'retry', 'accepted', 'ended']);
});


/* ... and 2.1 to 4 s where the gateway has made it */
scene('REFER answered 491 in a call of ours: sent again after 2.1 s or more',
	async (s) => {
	const { client, leg, call_sid } = await plain(s, (_, refer) =>
		leg.answer(refer, 491, 'Request Pending'), { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2.5 } });
	const { data, time } = await client.message('transfer:status',
		{ step: 'retry' });
	assert.match(data.reason, /sent again in 2\.([1-4]\d|50) s$/);

	const ended = await client.message('transfer:status',
		{ step: 'ended' });
	equal(ended.data, { outcome: 'failed', evidence: 'response',
		refer_status: 491, reason: 'Request Pending' });
	assert.ok(Date.parse(ended.time) - Date.parse(time) > 2_080);
	assert.equal(leg.requests('REFER').length, 2);

	/* with less time than that, the gateway does not retry */
	const from = client.now;
	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2 } });
	equal((await client.message('transfer:status', { step: 'ended' },
		{ from })).data, { outcome: 'failed', refer_status: 491 });
	assert.equal(leg.requests('REFER').length, 3);
	assert.equal(leg.requests('BYE').length, 0);
});


scene('REFER answered 491 twice: failed, the call goes on', async (s) => {
	const t = await transfer(s, 'refuse',
		{ answer: 'SIP/2.0 491 Request Pending', more: 'X-More: none' },
		{ gateway: { config: { sip_refer_retry_timeout: 1 } } });

	equal(t.ended, { outcome: 'failed', evidence: 'response',
		refer_status: 491, reason: 'Request Pending' });
	assert.equal(t.far.requests('REFER').length, 2);
	await usable(t);
});


scene('the call ends while a REFER waits to be sent again: failed, 487',
	async (s) => {
	const { client, leg } = await plain(s, (_, refer) =>
		leg.answer(refer, 491, 'Request Pending'), { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100' });
	await client.message('transfer:status', { step: 'retry' });
	leg.bye();
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'failed', evidence: 'bye',
		refer_status: 487 });
	assert.equal(leg.requests('REFER').length, 1);
});


for (const [final, reason] of [[486, 'Busy Here'], [603, 'Decline']]) {
	scene(`NOTIFY ${final}: failed, the call goes on`, async (s) => {
		const t = await transfer(s, 'transfer', {
			answer: 'SIP/2.0 202 Accepted',
			final: `${final} ${reason}` });

		equal(t.ended, { outcome: 'failed', evidence: 'notify',
			refer_status: 202, call_status: final, reason });
		equal(t.action, { referStatus: '202',
			final_referred_call_status: String(final) });
		await usable(t);
	});
}


scene('200 instead of 202: accepted, and no end of the transfer',
	async (s) => {
	const t = await transfer(s, 'transfer',
		{ answer: 'SIP/2.0 200 OK', final: '200 OK' });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		refer_status: 200, call_status: 200 });
	equal(t.action, { referStatus: '200',
		final_referred_call_status: '200' });
	await over(t);
});


scene('a failed transfer can be tried again', async (s) => {
	const t = await transfer(s, 'ringing', { final: '486 Busy Here' },
		{ during: async ({ client, far }) => {
			await client.message('transfer:status',
				{ call_status: 180 });
			await far.nudge();
		} });
	const from = t.client.now;

	equal(t.ended, { outcome: 'failed', call_status: 486 });
	t.client.send({ verb: 'sip:refer', id: 'v2', referTo: '200',
		call_sid: t.sid });
	await t.client.message('transfer:status',
		{ verb_id: 'v2', call_status: 180 }, { from });
	await t.far.nudge();
	equal((await t.client.message('transfer:status',
		{ verb_id: 'v2', step: 'ended' }, { from })).data,
	{ outcome: 'failed', call_status: 486 });
	assert.equal(t.far.requests('REFER').length, 2);
	assert.equal(t.far.requests('BYE').length, 0);
});


for (const [challenge, header] of [
	['401 Unauthorized', 'WWW-Authenticate'],
	['407 Proxy Authentication Required', 'Proxy-Authenticate'],
]) {
	const code = challenge.slice(0, 3);

	scene(`REFER challenged ${code}: answered with the account's password`,
		async (s) => {
		const t = await transfer(s, 'challenge', {
			challenge: `SIP/2.0 ${challenge}`,
			header: `${header}: Digest realm="far",nonce="n1"`,
		}, { gateway: { account:
			';answermode=auto;auth_user=gw;auth_pass=secret' } });
		const name = header.replace('WWW-', '')
			.replace('enticate', 'orization').toLowerCase();
		const [first, second] = t.far.requests('REFER');

		equal(t.ended, { outcome: 'transferred', refer_status: 202 });
		assert.equal(first.headers[name], undefined);
		assert.match(second.headers[name], /username="gw"/);
		assert.equal(parseInt(second.headers.cseq),
			parseInt(first.headers.cseq) + 1);
		await over(t);
	});
}


scene('REFER challenged, but no password: failed, the call goes on',
	async (s) => {
	const t = await transfer(s, 'refuse', {
		answer: 'SIP/2.0 401 Unauthorized',
		more: 'WWW-Authenticate: Digest realm="far",nonce="n1"' });

	equal(t.ended, { outcome: 'failed', evidence: 'response',
		refer_status: 401 });
	await t.gw.event('CALL_ESTABLISHED');
	assert.equal((await t.gw.talking()).length, 1);
});


scene('no answer to the REFER: failed, 408, the call goes on', async (s) => {
	const t = await transfer(s, 'silent', {});

	equal(t.ended, { outcome: 'failed', evidence: 'timeout' });
	equal(t.action, { referStatus: '408' });
	await usable(t);
});


scene('202, then nothing: unknown, the call goes on', async (s) => {
	const t = await transfer(s, 'no-notify', {},
		{ gateway: { config: SHORT } });

	equal(t.ended, { outcome: 'unknown', evidence: 'timer:notify',
		refer_status: 202, call_status: undefined,
		reason: 'no NOTIFY for 2.0 s' });
	await usable(t);
	assert.equal(t.far.requests('SUBSCRIBE').length, 0);
});


scene('ringing, then nothing: unknown, the call goes on', async (s) => {
	const t = await transfer(s, 'ringing', { final: '200 OK' },
		{ gateway: { config: SHORT } });

	equal(t.ended, { outcome: 'unknown', evidence: 'timer:ringing',
		refer_status: 202, call_status: 180 });
	await t.gw.event('CALL_ESTABLISHED');
	assert.equal((await t.gw.talking()).length, 1);
	assert.equal(t.far.requests('SUBSCRIBE').length, 0);
	once(t.client, t.sid);
});


for (const [code, reason] of [[200, 'OK'], [486, 'Busy Here']]) {
	scene(`202, then nothing, then ${code}: unknown, and told as late`,
		async (s) => {
		const t = await transfer(s, 'late',
			{ final: `${code} ${reason}` },
			{ gateway: { config: SHORT } });

		equal(t.ended, { outcome: 'unknown',
			evidence: 'timer:notify', call_status: undefined });
		await t.far.nudge();
		const { data } = await t.client.message('transfer:status',
			{ step: 'late' });

		equal(data, { transfer_id: t.ended.transfer_id,
			verb_id: 'v1', refer_status: 202, call_status: code,
			reason, outcome: undefined });
		assert.deepEqual(data.sip.body, [`SIP/2.0 ${code} ${reason}`]);
		assert.equal((await answerTo(t.far, 'NOTIFY')).status, 200);
		await usable(t);
	});
}


/* The call has ended at the request of the application */
scene('cancelled by a hangup, then 200: told as late', async (s) => {
	const { client, leg, call_sid } = await plain(s, (l, refer) => {
		l.answer(refer, 202, 'Accepted');
		l.notify('SIP/2.0 180 Ringing');
	});

	client.send({ verb: 'sip:refer', referTo: '100', call_sid });
	await client.message('transfer:status', { call_status: 180 });
	client.send({ verb: 'hangup', call_sid });
	await leg.received('BYE');
	equal((await client.message('transfer:status', { step: 'ended' })).data,
		{ outcome: 'cancelled', evidence: 'application' });
	assert.equal((await leg.notify('SIP/2.0 200 OK', { headers:
		{ 'Subscription-State': 'terminated;reason=noresource' } }))
		.status, 200);
	equal((await client.message('transfer:status', { step: 'late' })).data,
		{ call_status: 200, reason: 'OK' });
	assert.equal(leg.requests('SUBSCRIBE').length, 0);
});


scene('202, then nothing: unsubscribed, if that is asked for', async (s) => {
	const t = await transfer(s, 'no-notify', {}, { gateway: {
		config: { ...SHORT, sip_refer_unsubscribe: 'yes' } } });

	equal(t.ended, { outcome: 'unknown', evidence: 'timer:notify' });
	equal((await t.far.received('SUBSCRIBE')).headers,
		{ expires: '0', event: 'refer' });
	await usable(t);
});


/* On a SUBSCRIBE to unsubscribe, baresip answers, hangs up, and calls on */
scene('given up: the call of who hangs up when unsubscribed stays',
	async (s) => {
	const SUBSCRIBE = (leg, request) => {
		leg.answer(request, 200, 'OK');
		leg.bye();
	};
	const { client, leg, call_sid } = await plain(s, (l, refer) => {
		l.handlers.SUBSCRIBE = SUBSCRIBE;
		l.answer(refer, 202, 'Accepted');
		l.notify('SIP/2.0 100 Trying\n');
	});
	const refer = { verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { ringing: 0.5 } };

	client.send(refer);
	equal((await client.message('transfer:status', { step: 'ended' })).data,
		{ outcome: 'unknown', evidence: 'timer:ringing' });
	await leg.notify('SIP/2.0 486 Busy Here\n', { headers: {
		'Subscription-State': 'terminated;reason=noresource' } });
	assert.equal(leg.requests('SUBSCRIBE').length, 0);
	assert.equal(leg.messages.filter((m) => m.method === 'BYE').length, 0);

	/* and another transfer may follow, with `unsubscribe` */
	const from = client.now;
	client.send({ ...refer, timeouts: { ringing: 0.5, unsubscribe: true } });
	await client.message('transfer:status', { step: 'ended' }, { from });
	await client.message('call:status', { call_status: 'completed' });
	assert.equal(leg.requests('SUBSCRIBE').length, 1);
});


scene('ringing longer than the first NOTIFY may take: transferred',
	async (s) => {
	const t = await transfer(s, 'ringing', { final: '200 OK' }, {
		gateway: { config: { sip_refer_notify_timeout: 1 } },
		during: async ({ client, far }) => {
			await client.message('transfer:status',
				{ call_status: 180 });
			await new Promise((r) => setTimeout(r, 1_500));
			await far.nudge();
		} });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	await over(t);
});


scene('BYE right after the 202: presumed', async (s) => {
	const t = await transfer(s, 'bye-after-202', {});

	equal(t.ended, { outcome: 'presumed', evidence: 'bye',
		refer_status: 202 });
	await over(t);
});


scene('BYE together with the final NOTIFY: transferred', async (s) => {
	const t = await transfer(s, 'bye-with-final', { final: '200 OK' });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	await over(t);
});


for (const [final, outcome] of [['200 OK', 'transferred'],
	['486 Busy Here', 'failed']]) {
	scene(`BYE, then NOTIFY ${final}: ${outcome}`, async (s) => {
		const t = await transfer(s, 'bye-then-notify', { final });

		equal(t.ended, { outcome, evidence: 'notify',
			call_status: parseInt(final) });
		await over(t);
	});
}


scene('BYE, then ringing, then the final NOTIFY: that decides', async (s) => {
	const t = await transfer(s, 'bye-then-ringing', { final: '200 OK' });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		call_status: 200 });
	assert.deepEqual(t.client.all('transfer:status')
		.filter((m) => m.data.step === 'progress')
		.map((m) => m.data.call_status), [180]);
	await over(t);
});


scene('BYE, then ringing, then nothing: presumed', async (s) => {
	const t = await transfer(s, 'bye-then-silence', {},
		{ gateway: { config: { sip_refer_ringing_timeout: 1 } } });

	equal(t.ended, { outcome: 'presumed', evidence: 'bye',
		refer_status: 202, call_status: 180 });
	await over(t);
});


scene('NOTIFY before the answer to the REFER: transferred', async (s) => {
	const t = await transfer(s, 'early-notify', {});

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		refer_status: 202, call_status: 200 });
	await over(t);
});


scene('Refer-Sub: false: presumed, and the gateway ends the call',
	async (s) => {
	const t = await transfer(s, 'refer-sub', {});

	equal(t.ended, { outcome: 'presumed', evidence: 'refer-sub',
		refer_status: 202, call_status: undefined });
	await over(t);
	assert.equal(t.far.requests('BYE').length, 1);
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
		reason: 'OK (said before the target can have answered)' });
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


scene('the application hangs up meanwhile: cancelled', async (s) => {
	const t = await transfer(s, 'ringing', { final: '200 OK' },
		{ during: async ({ client }) => {
			await client.message('transfer:status',
				{ call_status: 180 });
			client.send({ verb: 'hangup' });
		} });

	equal(t.ended, { outcome: 'cancelled', evidence: 'application' });
	await t.far.received('BYE');
});


/* It may still call the target of the first REFER: then two targets ring */
scene('a transfer after one that was given up is refused, but with force',
	async (s) => {
	let notify;
	const { client, leg, call_sid } = await plain(s, (l, refer) => {
		l.answer(refer, 202, 'Accepted');
		notify = (sipfrag, state) => l.notify(sipfrag, { headers: {
			'Event': `refer;id=${parseInt(refer.headers.cseq)}`,
			'Subscription-State': state } });
		return notify('SIP/2.0 180 Ringing', 'active;expires=60');
	});
	const refer = { verb: 'sip:refer', referTo: '100', call_sid };
	const ended = (from) => client.message('transfer:status',
		{ step: 'ended' }, { from });
	const refused = async () => {
		const from = client.now;

		client.send(refer);
		const { data } = await client.message('jambonz:error', {},
			{ from });
		assert.match(data.error, /^sip:refer must wait: the far end may still be /);
	};

	client.send(refer);
	await client.message('transfer:status', { call_status: 180 });
	client.send({ type: 'command', command: 'redirect', call_sid,
		data: [{ verb: 'pause', length: 0 }, refer] });
	equal((await ended()).data,
		{ outcome: 'cancelled', evidence: 'application' });
	await client.message('jambonz:error');
	await refused();
	await notify('SIP/2.0 180 Ringing', 'terminated');
	await refused();
	assert.equal(leg.requests('REFER').length, 1);

	/* a dry run is allowed, and reports the reason */
	client.send({ ...refer, id: 'dry', dryRun: true });
	const { data: dry } = await client.message('verb:status',
		{ id: 'dry', event: 'finished' });
	assert.ok(dry.dry_run.doubts.some((doubt) =>
		/may still be calling/.test(doubt)), dry.dry_run.doubts);

	const first = notify;
	let from = client.now;
	client.send({ ...refer, force: true });
	await client.message('transfer:status', { call_status: 180 }, { from });
	await notify('SIP/2.0 486 Busy Here', 'terminated;reason=noresource');
	equal((await ended(from)).data, { outcome: 'failed', call_status: 486 });

	/* the first is still in progress */
	await refused();
	await first('SIP/2.0 180 Ringing', 'terminated;reason=giveup');
	from = client.now;
	client.send(refer);
	await client.message('transfer:status', { step: 'accepted' }, { from });
	assert.equal(leg.requests('REFER').length, 3);
	assert.equal(leg.requests('SUBSCRIBE').length, 0);
});


scene('a second transfer meanwhile is refused, the first untouched',
	async (s) => {
	const t = await transfer(s, 'ringing', { final: '200 OK' },
		{ during: async ({ client, far }) => {
			await client.message('transfer:status',
				{ call_status: 180 });
			client.send({ verb: 'sip:refer', referTo: '200' });
			const { data } = await client.message('jambonz:error');
			assert.match(data.error, /transfer in progress/);
			await far.nudge();
		} });

	equal(t.ended, { outcome: 'transferred', evidence: 'notify' });
	assert.equal(t.far.requests('REFER').length, 1);
	await over(t);
});
