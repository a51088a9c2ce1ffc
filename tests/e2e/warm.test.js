/**
 * @file warm.test.js  The gateway calls the target first, and asks it, while
 * the caller waits on hold
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { played, writeWav } from './lib/audio.js';
import { Far } from './lib/far.js';
import { Collector } from './lib/hep.js';
import { ofFar, ofGateway, packetsOf, word } from './lib/packets.js';
import { scene } from './lib/scene.js';
import { validate } from './lib/schema.js';
import { until } from './lib/until.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const PROMPT = 'press.wav';
const MUSIC = 'music.wav';
const LEVEL = 8000;     /* of the prompt */
const LOUD = 16000;     /* of the music */
const TARGET = '10.77.0.39';
const END = { 'Subscription-State': 'terminated;reason=noresource' };

/* A client that answers the hook for the music of the caller at once */
const MUSICIAN = (m, client) => client.send({ type: 'ack', msgid: m.msgid,
	...m.hook === '/hold' && { data: [
		{ verb: 'play', url: MUSIC }] } });


/* The direction in a request's SDP. */
function direction({ body })
{
	return /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(body)?.[1] ??
		'sendrecv';
}


/** An INFO with a key, as phones send it. */
function press(leg, digit)
{
	return leg.request('INFO', {
		headers: { 'Content-Type': 'application/dtmf-relay' },
		body: `Signal=${digit}\r\nDuration=160\r\n` });
}


/** A far end that joins the other call, and reports this result. */
function joins(final)
{
	return async (leg, refer) => {
		leg.answer(refer, 202, 'Accepted');
		await leg.notify('SIP/2.0 100 Trying');
		await leg.notify(`SIP/2.0 ${final}`, { headers: END });
	};
}


/* Rings until the INVITE is cancelled. */
function rings(leg, invite)
{
	leg.answer(invite, 180, 'Ringing');
	leg.handlers.CANCEL = (_, cancel) => {
		leg.answer(cancel, 200, 'OK');
		leg.answer(invite, 487, 'Request Terminated');
	};
}


/**
 * A gateway whose calls may be transferred to a far end whose targets act by
 * their names, and a client
 */
class Stage {
	static async start(s, { referd } = {})
	{
		const st = new Stage();

		writeWav(join(s.dir, PROMPT), LEVEL, 0.3);
		writeWav(join(s.dir, MUSIC), LOUD, 0.2);
		st.scene = s;
		st.legs = new Map(); /* of targets, by their names */
		st.heard = new Map(); /* functions to call with such a leg */
		st.caller = await Far.start(s);
		st.target = await Far.start(s, { ip: TARGET,
			handlers: { INVITE: (leg, invite) => st.rang(leg, invite) } });

		return Object.assign(st, await s.control({ referd,
			gateway: { config: { audio_path: s.dir } },
			client: st.options() }));
	}

	options(since)
	{
		return { acks: false,
			query: '?client=bot' + (since ? `&since=${since}` : ''),
			handler: (m) => m.type === 'verb:hook' &&
				MUSICIAN(m, this.client) };
	}

	/* The name of a target defines its action: busy-, rings-, answers- */
	rang(leg, invite)
	{
		const [, name] = /^sip:([^@]+)@/.exec(invite.uri);

		leg.invite = invite;
		this.legs.set(name, leg);
		if (name.startsWith('busy'))
			leg.answer(invite, 486, 'Busy Here');
		else if (name.startsWith('rings'))
			rings(leg, invite);
		else
			leg.accept(invite);
		this.heard.get(name)?.(leg);
	}

	/** The leg of a target, once it has been called. */
	leg(name)
	{
		const leg = this.legs.get(name);

		return leg ?? new Promise((resolve) =>
			this.heard.set(name, resolve));
	}

	/**
	 * A call whose caller is transferred
	 *
	 * @param name    Name of the verb
	 * @param targets Names of the targets
	 * @param options `REFER`, `INVITE`: handlers of the caller; others are
	 *                fields of the verb
	 *
	 * @return The caller's leg, with `sid` and `name`
	 */
	async transfer(name, targets, { REFER = joins('200 OK'), INVITE,
		...fields } = {})
	{
		const leg = await this.caller.call();
		const { call_sid: sid } = await this.client.message(
			'session:new', { call_id: leg.id });

		leg.handlers.REFER = REFER;
		if (INVITE)
			leg.handlers.INVITE = INVITE;
		this.client.send({ verb: 'transfer', id: name, mode: 'warm',
			target: targets.map((t) => ({ type: 'sip',
				sipUri: `sip:${t}@${TARGET}` })),
			confirm: { prompt: PROMPT, digit: '1' }, timeout: 20,
			onHoldHook: '/hold', actionHook: '/done', call_sid: sid,
			...fields });

		return Object.assign(leg, { sid, name });
	}

	/** The first event of a transfer with a name. */
	step({ name }, event, fields = {})
	{
		return this.client.message('transfer:event',
			{ verb_id: name, transfer_event: event, ...fields });
	}

	/** The end of the transfer of a call: the actionHook's data. */
	async result({ name })
	{
		const { data } = await this.client.messages.wait((m) =>
			m.hook === '/done' && m.data.verb_id === name,
		`actionHook of ${name}`);

		validate('transfer', data);

		return `${data.transfer_result} ${data.transfer_reason}`;
	}

	/** Checks that the callers of live calls are off hold. */
	async unheld(...legs)
	{
		for (const leg of legs) {
			const asked = leg.messages.filter((m) => !m.sent &&
				m.method === 'INVITE').map(direction);

			assert.match(asked[0], /sendonly|inactive/);
			assert.equal(asked.at(-1), 'sendrecv', leg.name);
		}
	}

	/** Checks that a transfer had one result, and these calls live. */
	async left(...legs)
	{
		const calls = await (await fetch(
			`${this.referd.http}/calls`)).json();
		const hooks = this.client.messages.filter((m) =>
			m.hook === '/done').map((m) => m.data.verb_id);

		assert.equal(new Set(hooks).size, hooks.length);
		assert.deepEqual(calls.map((c) => c.call_sid).sort(),
			legs.map(({ sid }) => sid).sort());
		assert.equal((await this.gateway.talking()).length, legs.length);
	}
}


/* The messages of one call, without provisional responses */
function words(packets, leg)
{
	return packets.filter((p) => p.callId === leg.id).map(word)
		.filter((w) => !/^1\d\d /.test(w));
}


/* The capture of the last target of a transfer, once the caller is off hold */
async function missed(st, leg, targets)
{
	const { data } = await st.client.message('transfer:status',
		{ call_sid: leg.sid, step: 'ended', evidence: 'dial',
			attempt: targets.length });
	const legs = [leg, ...targets.map((t) => st.legs.get(t))];
	const packets = await packetsOf(st.scene, st.referd,
		data.transfer_id, (all) =>
			words(all, leg).filter((w) => w === 'ACK').length === 3 &&
			all.length === legs.flatMap(ofFar).length);

	assert.deepEqual(ofGateway(packets).sort(),
		legs.flatMap(ofFar).sort());

	return packets;
}


scene('success: hold, music, prompt, digit, REFER with Replaces', async (s) => {
	const st = await Stage.start(s);
	const caller = await st.transfer('v', ['answers-v'], { eventHook: '/step',
		traceparent: TRACE,
		callerId: 'sip:+4930123@example.com' });
	const target = await st.leg('answers-v');
	const { data: made } = await st.client.message('session:new',
		{ parent_call_sid: caller.sid });

	assert.equal(made.direction, 'outbound');
	await until(() => played(target.media, [LEVEL]).length, 'the prompt');
	await until(() => played(caller.media, [LOUD]).length, 'the music');
	await press(target, '1');

	const refer = await caller.received('REFER');
	const to = decodeURIComponent(refer.headers['refer-to']);

	assert.match(to, new RegExp(`Replaces=${target.id};to-tag=`));
	assert.match(refer.headers['referred-by'], /\+4930123@example\.com/);
	assert.equal(await st.result(caller), 'bridged completed');
	await target.received('BYE');
	await caller.received('BYE');

	const { data } = await st.client.message('verb:hook',
		{ hook: '/done' });

	assert.equal(data.dial_call_sid, made.call_sid);
	assert.equal(data.sip_status, 200);
	assert.deepEqual(st.client.messages.filter((m) => m.hook === '/step' &&
		m.data.transfer_event).map((m) => m.data.transfer_event),
	['held', 'dialing', 'answered', 'prompt', 'confirmed', 'joining']);
	assert.match(direction(caller.requests('INVITE')[0]),
		/sendonly|inactive/);

	/* all messages and hooks of the verb */
	const told = st.client.messages.filter((m) =>
		m.data?.verb_id === 'v' || m.data?.id === 'v');

	assert.deepEqual(new Set(told.map((m) => m.hook || m.type)), new Set([
		'verb:status', 'transfer:event', 'transfer:status',
		'hook:status', '/hold', '/step', '/done']));
	assert.ok(told.every((m) => m.data.traceparent === TRACE));
	await st.left();

	/* its capture has all of both calls */
	const packets = await packetsOf(s, st.referd, data.transfer_id,
		(all) => all.filter((p) => word(p) === '200 BYE').length === 2);

	assert.deepEqual(ofGateway(packets).sort(),
		[caller, target].flatMap(ofFar).sort());
});


scene('stock baresips: the digit comes by RTP, and they are joined',
	async (s) => {
	const st = await Stage.start(s);
	const carrier = await s.carrier();
	const agent = await s.agent();

	await carrier.dial(st.gateway.uri);

	const { call_sid } = await st.client.message('session:new');

	await carrier.event('CALL_ESTABLISHED', 'gw@');
	st.client.send({ verb: 'transfer', id: 'v', mode: 'warm', call_sid,
		target: [{ type: 'sip', sipUri: agent.uri }],
		confirm: { prompt: PROMPT, digit: '1' }, onHoldHook: '/hold',
		actionHook: '/done' });
	await st.step({ name: 'v' }, 'prompt');
	await agent.command('sndcode', '1');
	await st.step({ name: 'v' }, 'confirmed');
	await carrier.event('CALL_ESTABLISHED', '@10.77.0.3');
	assert.equal(await st.result({ name: 'v' }), 'bridged completed');
	await agent.event('CALL_CLOSED', 'gw@');
	await carrier.event('CALL_CLOSED', 'gw@');
	assert.equal((await carrier.talking()).length, 1);
	assert.equal((await agent.talking()).length, 1);
	await st.left();
});


scene('every other way: one result, no call left over, the caller off hold',
	async (s) => {
	const st = await Stage.start(s);
	const wrong = await st.transfer('wrong', ['answers-wrong']);
	const none = await st.transfer('none', ['answers-none']);
	const next = await st.transfer('next', ['busy-a', 'answers-next']);
	const busy = await st.transfer('busy', ['busy-b', 'busy-c']);
	const silent = await st.transfer('silent', ['rings-a', 'rings-b'],
		{ timeout: 1 });
	const refused = await st.transfer('refused', ['answers-refused'],
		{ REFER: (leg, m) => leg.answer(m, 603, 'Decline') });
	const failed = await st.transfer('failed', ['answers-failed'],
		{ REFER: joins('481 Call Does Not Exist') });
	const hungup = await st.transfer('hungup', ['busy-d'],
		{ disposition: { onBusy: 'hangup' } });

	await st.step(wrong, 'prompt');
	await press(await st.leg('answers-wrong'), '2');
	for (const leg of [next, refused, failed]) {
		await st.step(leg, 'prompt');
		await press(await st.leg(`answers-${leg.name}`), '1');
	}

	assert.equal(await st.result(wrong), 'returned declined');
	assert.equal(await st.result(next), 'bridged completed');
	assert.equal(await st.result(busy), 'returned busy');
	assert.equal(await st.result(silent), 'returned no-answer');
	assert.equal(await st.result(refused), 'failed error');
	assert.equal(await st.result(failed), 'failed error');
	assert.equal(await st.result(hungup), 'returned busy');
	assert.equal(await st.result(none), 'returned declined');
	for (const name of ['wrong', 'none', 'next', 'refused', 'failed'])
		await (await st.leg(`answers-${name}`)).received('BYE');
	for (const name of ['rings-a', 'rings-b'])
		await (await st.leg(name)).received('CANCEL');
	await next.received('BYE');
	await hungup.received('BYE');

	const stay = [wrong, none, busy, silent, refused, failed];

	await st.unheld(...stay);
	await st.left(...stay);
});


scene('who hangs up when: one result, no call left over', async (s) => {
	const st = await Stage.start(s);
	const waits = async (leg, m) => {
		leg.answer(m, 202, 'Accepted');
		leg.referred = m;
		await leg.notify('SIP/2.0 100 Trying');
	};
	const begin = (name, how) => st.transfer(name, [`${how}-${name}`],
		{ REFER: waits });

	/* the caller hangs up: at ringing, briefing, prompt, join */
	const one = await begin('one', 'rings');
	const two = await begin('two', 'answers');
	const three = await begin('three', 'answers');
	const four = await begin('four', 'answers');

	/* the target hangs up at the same moments */
	const five = await begin('five', 'rings');
	const six = await begin('six', 'answers');
	const seven = await begin('seven', 'answers');
	const eight = await begin('eight', 'answers');

	/* both hang up at once */
	const nine = await begin('nine', 'answers');

	for (const leg of [two, six, nine])
		await st.step(leg, 'prompt');
	await st.step(one, 'ringing');
	one.bye();
	two.bye();

	const ringing = await st.leg('rings-five');

	ringing.answer(ringing.invite, 603, 'Decline');
	(await st.leg('answers-six')).bye();
	nine.bye();
	(await st.leg('answers-nine')).bye();

	/* the prompt takes 0.3 s */
	for (const leg of [three, seven])
		await st.client.message('verb:status', { id: leg.name });
	await new Promise((resolve) => setTimeout(resolve, 1000));
	three.bye();
	(await st.leg('answers-seven')).bye();

	for (const leg of [four, eight]) {
		await press(await st.leg(`answers-${leg.name}`), '1');
		await leg.received('REFER');
	}
	four.bye();
	(await st.leg('answers-eight')).bye();
	await eight.notify('SIP/2.0 481 Call Does Not Exist',
		{ headers: END });

	assert.equal(await st.result(one), 'failed caller-abandoned');
	assert.equal(await st.result(two), 'failed caller-abandoned');
	assert.equal(await st.result(three), 'failed caller-abandoned');
	assert.equal(await st.result(four), 'bridged completed');
	assert.equal(await st.result(five), 'returned declined');
	assert.equal(await st.result(six), 'returned declined');
	assert.equal(await st.result(seven), 'returned declined');
	assert.equal(await st.result(eight), 'failed error');
	assert.match(await st.result(nine), /^(failed|returned) /);
	await (await st.leg('rings-one')).received('CANCEL');
	for (const name of ['two', 'three', 'four'])
		await (await st.leg(`answers-${name}`)).received('BYE');
	await st.unheld(five, six, seven, eight);
	await st.left(five, six, seven, eight);
});


const CALL = ['INVITE', '200 INVITE', 'ACK'];
const BUSY = ['INVITE', '486 INVITE', 'ACK'];
const ENDED = 'transfer:status ended: INVITE answered 486';

/* Targets that do not take the caller, the messages of the call to each, and
   the comments of its refusal */
const MISSED = {
	'a busy one': [['busy-a'], BUSY, [ENDED]],
	'one that does not answer': [['rings-a'], ['INVITE', 'CANCEL',
		'200 CANCEL', '487 INVITE', 'ACK'], ['INVITE answered 487']],
	'two of them': [['busy-b', 'busy-c'], BUSY, [
		`${ENDED}; attempt 1 of 2`, `${ENDED}; attempt 2 of 2`]],
};

for (const [name, [targets, story, refusals]] of Object.entries(MISSED)) {
	scene(`no REFER was sent, and both calls are a capture: ${name}`,
		async (s) => {
		const homer = await Collector.start(s);
		const st = await Stage.start(s, { referd: { args: [
			'--hep', `127.0.0.1:${homer.port}`] } });
		const leg = await st.transfer('v', targets, { timeout: 1 });

		await st.result(leg);

		const packets = await missed(st, leg, targets);

		assert.deepEqual(words(packets, leg), [...CALL, ...CALL, ...CALL]);
		for (const target of targets)
			assert.deepEqual(words(packets, st.legs.get(target)),
				story);
		assert.deepEqual(packets.filter((p) => p.status >= 300)
			.map((p) => p.comment), refusals);
		await until(() => packets.every((p) => homer.messages.some(
			(m) => m.payload.equals(p.payload))), 'all at HOMER');
		await st.unheld(leg);
	});
}


scene('no REFER was sent since the target pressed another key: a capture',
	async (s) => {
	const st = await Stage.start(s);
	const leg = await st.transfer('wrong', ['answers-wrong']);

	await st.step(leg, 'prompt');

	const target = await st.leg('answers-wrong');

	await press(target, '2');
	assert.equal(await st.result(leg), 'returned declined');

	const packets = await missed(st, leg, ['answers-wrong']);

	assert.deepEqual(words(packets, target), [...CALL, 'INFO', '200 INFO',
		'BYE', '200 BYE']);
});


scene('a caller that refuses to be held, crosses it, or hangs up then',
	async (s) => {
	const st = await Stage.start(s);
	const refuse = (code, reason) => (leg, m) =>
		leg.answer(m, code, reason);
	const accept = (leg, m) => leg.accept(m);
	const refused = await st.transfer('refused', ['busy-refused'],
		{ INVITE: refuse(488, 'Not Acceptable Here') });
	const crossed = await st.transfer('crossed', ['busy-crossed'], {
		INVITE: (leg, m) => {
			leg.handlers.INVITE = accept;
			leg.answer(m, 491, 'Request Pending');
		} });
	const gone = await st.transfer('gone', ['answers-gone'],
		{ INVITE: (leg) => leg.bye() });
	const lost = await st.transfer('lost', ['answers-lost'],
		{ INVITE: refuse(481, 'Call/Transaction Does Not Exist') });
	const stays = await st.transfer('stays', ['busy-stays'], {
		INVITE: (leg, m) => {
			leg.handlers.INVITE = refuse(488, 'Not Acceptable Here');
			leg.accept(m);
		} });

	const { data } = await st.step(refused, 'held');

	assert.match(data.reason, /answered 488 Not Acceptable Here/);
	assert.equal(await st.result(refused), 'returned busy');
	assert.equal(await st.result(gone), 'failed caller-abandoned');
	assert.equal(await st.result(lost), 'failed caller-abandoned');
	assert.equal(await st.result(crossed), 'returned busy');
	assert.equal(await st.result(stays), 'returned busy');
	for (const name of ['gone', 'lost'])
		assert.equal(st.legs.has(`answers-${name}`), false);
	await st.unheld(crossed);
	await st.left(refused, crossed, stays);
});


scene('referd is killed at each moment: it goes on, one result each',
	async (s) => {
	const st = await Stage.start(s);
	let heldUp;
	const holding = await st.transfer('holding', ['answers-holding'],
		{ INVITE: (leg, invite) => {
			if (heldUp)
				leg.accept(invite);
			else
				heldUp = invite;
		} });
	const ringing = await st.transfer('ringing', ['rings-ringing']);
	const asked = await st.transfer('asked', ['answers-asked']);
	const joining = await st.transfer('joining', ['answers-joining'],
		{ REFER: (leg, m) => leg.answer(m, 202, 'Accepted') });
	const gone = await st.transfer('gone', ['answers-gone']);
	const alone = await st.transfer('alone', ['answers-alone']);

	await holding.received('INVITE');
	await st.step(ringing, 'ringing');
	for (const leg of [asked, gone, alone])
		await st.step(leg, 'prompt');
	await st.step(joining, 'prompt');
	await press(await st.leg('answers-joining'), '1');
	await joining.received('REFER');

	const { seq } = st.client.messages.items.at(-1);

	await st.referd.kill('SIGKILL');
	holding.accept(heldUp);
	st.legs.get('rings-ringing').accept(
		st.legs.get('rings-ringing').invite);
	await joining.notify('SIP/2.0 200 OK', { headers: END });
	await gone.bye();
	await st.legs.get('answers-alone').bye();
	await st.referd.run();
	st.client = await s.client(st.referd, st.options(seq));

	await press(await st.leg('answers-asked'), '1');
	for (const [leg, name] of [[holding, 'answers-holding'],
		[ringing, 'rings-ringing']]) {
		await st.step(leg, 'prompt');
		await press(await st.leg(name), '1');
	}
	assert.equal(await st.result(holding), 'bridged completed');
	assert.equal(await st.result(ringing), 'bridged completed');
	assert.equal(await st.result(asked), 'bridged completed');
	assert.equal(await st.result(joining), 'bridged completed');
	assert.equal(await st.result(gone), 'failed caller-abandoned');
	assert.equal(await st.result(alone), 'returned declined');
	for (const name of ['holding', 'asked', 'joining', 'gone'])
		await (await st.leg(`answers-${name}`)).received('BYE');
	await (await st.leg('rings-ringing')).received('BYE');
	await st.unheld(alone);
	await st.left(alone);
	await missed(st, alone, ['answers-alone']);
}, { daemon: 'referd is killed, and baresip with it' });


scene('what this gateway cannot do is refused by name', async (s) => {
	const st = await Stage.start(s);
	const leg = await st.caller.call();
	const { call_sid } = await st.client.message('session:new',
		{ call_id: leg.id });
	const wrong = [
		['brief.text', { brief: { text: 'Hello' } }],
		['brief.url', { brief: { url: 'http://example.com/a.wav' } }],
		['brief.url', { brief: { url: '../a.wav' } }],
		['brief.url', { brief: {} }],
		['brief', { brief: 'a.wav' }],
		['confirm.prompt', { confirm: { prompt: 'Press 1.', digit: '1' } }],
		['confirm.digit', { confirm: { prompt: PROMPT, digit: '12' } }],
		['confirm.digit', { confirm: { prompt: PROMPT } }],
		['amd', { amd: { actionHook: '/amd' } }],
		['callerPresent', { callerPresent: true }],
		['onHoldHook', { onHoldHook: 17 }],
	];

	for (const [field, fields] of wrong) {
		const from = st.client.now;

		st.client.send({ verb: 'transfer', mode: 'warm', call_sid,
			target: [{ type: 'phone', number: '101' }], ...fields });

		const { data } = await st.client.message('jambonz:error', {},
			{ from });

		assert.equal(data.field, field);
		assert.match(data.error, new RegExp(`^transfer: ${field} `));
	}
	assert.equal(leg.requests('INVITE').length, 0);
	assert.deepEqual(st.client.all('verb:status'), []);
});
