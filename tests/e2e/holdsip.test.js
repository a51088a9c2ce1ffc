/**
 * @file holdsip.test.js  A warm transfer on the wire, as the module sends it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { played, writeWav } from './lib/audio.js';
import { Far } from './lib/far.js';
import { Service } from './lib/service.js';
import { AGENT, scene } from './lib/scene.js';

const LEVEL = 12000;
const PATIENCE = 20_000; /* ms */
const EVENT = 101; /* payload type of telephone-event */


/* A module that takes requests directly from the test */
async function module(s, options)
{
	const service = await Service.start(s);
	const gateway = await s.gateway(service, { config: {
		audio_path: s.dir, audio_source: 'sip_refer',
		...options?.config } });

	await service.report({ type: 'sync' });

	return { service, gateway };
}


/* An answered call from the far end; returns its leg and sid */
async function call(service, far)
{
	const from = service.reports.length;
	const leg = await far.call();
	const sid = await service.incoming({ from });

	await service.call(sid, 'in-progress');

	return { leg, sid };
}


function direction({ body })
{
	return /^a=(sendrecv|sendonly|recvonly|inactive)/m
		.exec(body.slice(body.indexOf('m=audio')))?.[1];
}


/* The leg answers re-INVITEs as RFC 3264 section 6.1 requires */
function mirror(leg, request, offered = direction(request))
{
	const answer = { sendonly: 'recvonly', inactive: 'inactive',
		recvonly: 'sendonly' }[offered] ?? 'sendrecv';

	leg.answer(request, 200, 'OK', { 'Content-Type': 'application/sdp' },
		`${leg.sdp()}a=${answer}\r\n`);
}


const reinvites = (leg) => leg.requests('INVITE');
const heard = async (leg) => {
	const from = leg.media.length;
	const end = Date.now() + PATIENCE;

	while (Date.now() < end) {
		if (played(leg.media.slice(from), [LEVEL])[0]?.packets > 10)
			return;
		await sleep(20);
	}
	throw new Error('nothing is heard');
};


scene('a call is put on hold, hears what is played, and is taken back',
	async (s) => {
	writeWav(join(s.dir, 'music.wav'), LEVEL, 1);

	const { service, gateway } = await module(s);
	const far = await Far.start(s, { handlers: { INVITE: mirror } });
	const { leg, sid } = await call(service, far);

	assert.equal((await service.ask('hold', sid, { hold: true })).ok,
		true);
	assert.equal(direction(reinvites(leg)[0]), 'sendonly');
	await service.run(sid, { verb: 'play', url: 'music.wav',
		loop: 'forever' });
	await heard(leg);

	assert.equal((await service.ask('hold', sid, { hold: true })).ok,
		true);
	assert.equal(reinvites(leg).length, 1);

	assert.equal((await service.ask('hold', sid, { hold: false })).ok,
		true);
	assert.equal(direction(reinvites(leg)[1]), 'sendrecv');
	await heard(leg);

	assert.equal((await service.ask('cancel', sid)).ok, true);
	await service.report({ type: 'played', reason: 'stopped' });
	await leg.bye();
	await service.call(sid, 'completed');
	assert.deepEqual(await gateway.talking(), []);
});


/* If the far end changes the codec, baresip starts another source */
scene('what is played goes on when the far end changes the codec',
	async (s) => {
	writeWav(join(s.dir, 'short.wav'), LEVEL, 1);

	const { service } = await module(s, { config: {
		module: 'g722.so' } });
	const far = await Far.start(s);
	const { leg, sid } = await call(service, far);
	const count = (type) => leg.media.filter(({ packet }) =>
		(packet[1] & 0x7f) === type).length;

	await service.run(sid, { verb: 'play', url: 'short.wav' });
	while (count(0) < 5)
		await sleep(20);
	assert.equal((await leg.request('INVITE', { headers: {
		'Content-Type': 'application/sdp' }, body: leg.sdp()
		.replace('AVP 0', 'AVP 9').replace('0 PCMU', '9 G722') }))
		.status, 200);
	leg.request('ACK', { cseq: leg.cseq });

	assert.equal((await service.report({ type: 'played' })).reason,
		'completed');
	assert.ok(count(9) >= 45, `${count(9)} packets`);
});


scene('a hold that is refused, crossed or left unanswered', async (s) => {
	const { service, gateway } = await module(s);
	const far = await Far.start(s);
	const refuse = (code, reason, headers) => (leg, request) =>
		leg.answer(request, code, reason, headers);
	const other = async (handler) => {
		const c = await call(service, far);

		c.leg.handlers.INVITE = handler;

		return c;
	};
	const error = async ({ sid }) => {
		const r = await service.ask('hold', sid, { hold: true });

		assert.equal(r.field, r.ok ? undefined : 'hold');

		return r.error;
	};
	const refused = await other(refuse(488, 'Not Acceptable Here'));
	const crossed = await other((leg) => {
		leg.handlers.INVITE = refuse(491, 'Request Pending');
		leg.crossed = leg.request('INVITE', { headers: {
			'Content-Type': 'application/sdp' }, body: leg.sdp() });
	});
	const mute = await other(() => {});
	const left = await other((leg) => leg.bye());
	const ended = await other((leg, request) => {
		leg.answer(request, 100, 'Trying');
		service.run(ended.sid, { verb: 'hangup' });
	});
	const gone = await other(
		refuse(481, 'Call/Transaction Does Not Exist'));

	/* The far end renegotiates as well: each refuses the other's. */
	const crossing = error(crossed);
	const silent = error(mute);

	assert.equal(await error(refused), 'hold: the far end answered ' +
		'488 Not Acceptable Here to the re-INVITE');
	assert.equal((await service.ask('hold', refused.sid,
		{ hold: false })).ok, true);
	refused.leg.handlers.INVITE = mirror;
	assert.equal(await error(refused), undefined);
	assert.deepEqual(reinvites(refused.leg).map(direction),
		['sendonly', 'sendonly']);

	for (const c of [left, ended, gone]) {
		assert.equal(await error(c), 'hold: the call has ended');
		await service.call(c.sid, 'completed');
	}

	await crossed.leg.received('INVITE');
	assert.equal((await crossed.leg.wait(false, 491)).status, 491);
	crossed.leg.answer(reinvites(crossed.leg)[0], 491, 'Request Pending');
	crossed.leg.handlers.INVITE = mirror;
	assert.equal(await crossing, undefined);
	assert.deepEqual(reinvites(crossed.leg).map(direction),
		['sendonly', 'sendonly']);

	assert.equal(await silent, 'hold: the far end has not answered the ' +
		're-INVITE within 10 s');
	mirror(mute.leg, reinvites(mute.leg)[0]);
	mute.leg.handlers.INVITE = mirror;
	await mute.leg.messages.wait((m) => !m.sent &&
		m.method === 'INVITE' && direction(m) === 'sendrecv',
	'the way back');
	assert.equal((await service.ask('hold', mute.sid,
		{ hold: false })).ok, true);
	assert.equal((await gateway.talking()).length, 3);
});


/* The leg sends a key by RTP as in RFC 4733 section 2.5.1: a begin, two
   updates, and the end three times */
async function press(leg, sdp, code, n)
{
	const [, ip] = /^c=IN IP4 (\S+)/m.exec(sdp);
	const [, port] = /^m=audio (\d+)/m.exec(sdp);
	const packet = Buffer.alloc(16);

	packet.writeUInt32BE(0x80000000);
	packet.writeUInt32BE(n * 8000, 4);
	packet.writeUInt32BE(0x51190, 8);
	packet[12] = code;
	for (let i = 0; i < 6; i++) {
		packet[1] = EVENT | (i ? 0 : 0x80);
		packet.writeUInt16BE(n * 10 + i, 2);
		packet[13] = i < 3 ? 10 : 0x80 | 10;
		packet.writeUInt16BE(Math.min(i + 1, 4) * 160, 14);
		leg.socket.send(packet, Number(port), ip);
		await sleep(20);
	}
}


function info(leg, type, body, options = {})
{
	return leg.request('INFO', { headers: { 'Content-Type': type }, body,
		...options });
}


scene('keys that the far end presses are told, each once', async (s) => {
	const { service } = await module(s);
	const withKeys = (leg, request) => leg.answer(request, 200, 'OK',
		{ 'Content-Type': 'application/sdp' },
		leg.sdp().replace('AVP 0', `AVP 0 ${EVENT}`) +
			`a=rtpmap:${EVENT} telephone-event/8000\r\n`);
	const far = await Far.start(s, { handlers: { INVITE: withKeys } });
	const dial = async (fields) => {
		const from = far.calls.length;
		const sid = await service.dial(far.uri, fields);
		const leg = await far.incoming({ from });

		await service.call(sid, 'in-progress');

		return { sid, leg, sdp: reinvites(leg)[0].body };
	};
	const told = (sid) => service.all('dtmf')
		.filter((m) => m.call_sid === sid)
		.map(({ digit, by }) => `${digit} ${by}`);
	const relay = (digit) => `Signal=${digit}\r\nDuration=160\r\n`;
	const { sid, leg, sdp } = await dial({ dtmf: true });

	await press(leg, sdp, 1, 1);
	await service.report({ type: 'dtmf', digit: '1' });
	await press(leg, sdp, 1, 2);
	await press(leg, sdp, 11, 3);
	await service.report({ type: 'dtmf', digit: '#' });
	assert.deepEqual(told(sid), ['1 rtp', '1 rtp', '# rtp']);

	/* The same keys and others by INFO; one INFO is retransmitted */
	for (const digit of ['1', '1', '#', '5'])
		assert.equal((await info(leg, 'application/dtmf-relay',
			relay(digit))).status, 200);
	assert.equal((await info(leg, 'application/dtmf-relay', relay('5'),
		{ cseq: leg.cseq })).status, 200);
	assert.equal((await info(leg, 'application/dtmf', '*\r\n')).status,
		200);
	await press(leg, sdp, 10, 4);
	assert.equal((await info(leg, 'application/dtmf-relay',
		'Signal=\r\n')).status, 400);
	assert.equal((await info(leg, 'application/dtmf-relay', relay('d')))
		.status, 200);
	await service.report({ type: 'dtmf', digit: 'D' });
	assert.deepEqual(told(sid), ['1 rtp', '1 rtp', '# rtp', '5 info',
		'* info', 'D info']);

	/* baresip itself handles the keys of a call dialled without `dtmf` */
	const other = await dial({});

	assert.equal((await info(other.leg, 'application/dtmf-relay',
		relay('7'))).status, 200);
	await press(other.leg, other.sdp, 7, 1);
	await service.ask('cancel', other.sid);
	assert.deepEqual(told(other.sid), []);

	const { field } = await service.ask('dial', sid,
		{ to: far.uri, dtmf: 1 });

	assert.equal(field, 'dtmf');
});


/* A caller on hold, and a second call, ready to be joined */
async function pair(s, { handlers = {} } = {})
{
	const { service, gateway } = await module(s);
	const caller = await Far.start(s, { handlers: { INVITE: mirror,
		REFER: (leg, request) => leg.answer(request, 202, 'Accepted'),
		...handlers } });
	const target = await Far.start(s, { ip: '10.77.0.39' });
	const make = async () => {
		const first = await call(service, caller);

		assert.equal((await service.ask('hold', first.sid,
			{ hold: true })).ok, true);

		const from = target.calls.length;
		const sid = await service.dial(target.uri);
		const leg = await target.incoming({ from });

		await service.call(sid, 'in-progress');
		assert.equal((await service.run(first.sid, {
			verb: 'sip:refer', replaces: sid })).ok, true);
		await first.leg.received('REFER');

		return { caller: first, target: { leg, sid } };
	};

	return { service, gateway, make };
}


const byes = (leg) => leg.requests('BYE').length;


scene('a call and a second one are joined, in whatever order they end',
	async (s) => {
	const { service, gateway, make } = await pair(s);
	const ended = (c, evidence) => service.report({ type: 'transfer',
		call_sid: c.caller.sid, step: 'ended', evidence });
	const over = (c) => Promise.all([c.caller, c.target].map(({ sid }) =>
		service.call(sid, 'completed')));

	/* The target ends its call when it accepts the other (RFC 3891) */
	const told = await make();

	await told.target.leg.bye();
	await told.caller.leg.notify('SIP/2.0 200 OK');
	assert.equal((await ended(told, 'notify')).outcome, 'transferred');
	await told.caller.leg.received('BYE');
	await over(told);
	assert.equal(byes(told.target.leg), 0);

	/* Only the gateway ends the calls */
	const ours = await make();

	await ours.caller.leg.notify('SIP/2.0 200 OK');
	await ours.caller.leg.received('BYE');
	await ours.target.leg.received('BYE');
	await over(ours);

	/* Both far ends end their calls at once, before the NOTIFY */
	const both = await make();

	await Promise.all([both.caller.leg.bye(), both.target.leg.bye()]);
	await both.caller.leg.notify('SIP/2.0 200 OK');
	assert.equal((await ended(both, 'notify')).outcome, 'transferred');
	await over(both);

	/* The caller sends BYE but no NOTIFY: the target may still replace */
	const silent = await make();

	await silent.caller.leg.bye();
	assert.equal((await ended(silent, 'bye')).outcome, 'presumed');
	assert.equal(byes(silent.target.leg), 0);
	await silent.target.leg.received('BYE');
	await over(silent);

	/* The target hangs up first: its call can not be replaced */
	const gone = await make();

	await gone.target.leg.bye();
	await gone.caller.leg.notify('SIP/2.0 481 Call Does Not Exist');
	assert.equal((await ended(gone, 'notify')).outcome, 'failed');
	assert.equal(byes(gone.caller.leg), 0);
	assert.equal((await service.ask('hold', gone.caller.sid,
		{ hold: false })).ok, true);
	assert.deepEqual((await gateway.talking()).length, 1);
});


scene('without a subscription, the target has time to replace its call',
	async (s) => {
	const { service, make } = await pair(s, { handlers: {
		REFER: (leg, request) => leg.answer(request, 202, 'Accepted',
			{ 'Refer-Sub': 'false' }) } });
	const c = await make();

	await c.caller.leg.received('BYE');
	assert.equal((await service.ask('cancel', c.target.sid)).ok, true);
	assert.equal(byes(c.target.leg), 0);
	await c.target.leg.bye();
	await service.call(c.target.sid, 'completed');
});


scene('stock baresips are joined, and none of our calls is left',
	async (s) => {
	const { service, gateway } = await module(s);
	const carrier = await s.carrier();
	const agent = await s.agent();

	await carrier.dial(gateway.uri);
	const sid = await service.incoming();

	await service.call(sid, 'in-progress');
	assert.equal((await service.ask('hold', sid, { hold: true })).ok,
		true);

	const second = await service.dial(agent.uri, { dtmf: true });

	await service.call(second, 'in-progress');
	assert.equal((await service.run(sid, { verb: 'sip:refer',
		replaces: second })).ok, true);
	const { outcome } = await service.report({ type: 'transfer',
		call_sid: sid, step: 'ended' });

	assert.equal(outcome, 'transferred');
	await service.call(sid, 'completed');
	await service.call(second, 'completed');
	await carrier.event('CALL_ESTABLISHED', AGENT);
	assert.deepEqual(await gateway.talking(), []);
});
