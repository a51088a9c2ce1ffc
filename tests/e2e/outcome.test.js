/**
 * @file outcome.test.js  One outcome of each transfer, for any far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';
import { SHORT, answerTo, equal, once, over, plain, transfer, usable }
	from './lib/transfer.js';


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


scene('Refer-Sub: false: presumed, and the gateway ends the call',
	async (s) => {
	const t = await transfer(s, 'refer-sub', {});

	equal(t.ended, { outcome: 'presumed', evidence: 'refer-sub',
		refer_status: 202, call_status: undefined });
	await over(t);
	assert.equal(t.far.requests('BYE').length, 1);
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
