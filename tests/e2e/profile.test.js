/**
 * @file profile.test.js  Transfers by the profile of their far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Far } from './lib/far.js';
import { scene, settings } from './lib/scene.js';

const OVER = { 'Subscription-State': 'terminated;reason=noresource' };
const SILENCE = 100; /* ms; longer than a far end takes to answer */

const PROFILES = `
[domain]
match-agent	= domain
refer-to	= sip.carrier.example:5080
user-phone	= yes
referred-by	= sip:desk@carrier.example

[tel]
match-agent	= tel
refer-to	= tel
referred-by	= own

[none]
match-agent	= none
referred-by	= none

[hold]
match-agent	= hold*
hold		= yes

[they]
match-agent	= they*
hangup		= they 0.6

[silent]
match-agent	= silent
notify-timeout	= 0.3
no-notify	= presumed

[ends]
match-agent	= ends
terminated	= presumed

[timers]
match-agent	= timers
ringing-timeout	= 0.3
retry-timeout	= 0
unsubscribe	= yes
event		= id

[address]
match-account	= sip:gw@10.77.0.1
match-domain	= 10.77.0.4?
notify-timeout	= 7
`;


async function start(s, text = PROFILES)
{
	const path = join(s.dir, 'profiles');

	writeFileSync(path, text);

	const parties = await s.control({ gateway: { config: {
		sip_refer_profiles: path } } });

	parties.far = await Far.start(s);

	return { ...parties, path };
}


/* Sends a verb for a call of a far end with that name */
async function refer({ far, client }, agent, verb = {})
{
	const leg = await far.call({ 'User-Agent': agent });
	const { call_sid } = await client.messages.wait((m) =>
		m.type === 'call:status' && m.data.call_id === leg.id &&
		m.data.call_status === 'in-progress', 'the answer');

	leg.handlers.REFER = (l, request) => l.answer(request, 202, 'Accepted');
	client.send({ verb: 'sip:refer', referTo: '+49 30 1', call_sid,
		...verb });

	const ended = (outcome, evidence) => client.messages.wait((m) =>
		m.call_sid === call_sid && m.data?.step === 'ended' &&
		m.data.outcome === outcome && m.data.evidence === evidence,
		`${outcome}, ${evidence}`);

	return { leg, call_sid, ended, request: await leg.received('REFER') };
}


async function dryRun({ client }, call_sid, verb)
{
	client.send({ verb: 'sip:refer', referTo: '+49301', dryRun: true,
		msgid: call_sid, call_sid, ...verb });
	const { data } = await client.messages.wait((m) =>
		m.type === 'ack' && m.msgid === call_sid, 'the dry run');

	return data.dry_run;
}


scene('what stands in the REFER', async (s) => {
	const parties = await start(s);
	const headers = async (agent, verb) => {
		const { leg, ended, request } =
			await refer(parties, agent, verb);

		await leg.notify('SIP/2.0 603 Decline', { headers: OVER });
		await ended('failed', 'notify');

		return [request.headers['refer-to'],
			request.headers['referred-by']];
	};

	assert.deepEqual(await headers('domain'),
		['<sip:+49301@sip.carrier.example:5080;user=phone>',
			'<sip:desk@carrier.example>']);
	assert.deepEqual(await headers('DOMAIN', { referTo: 'sip:a@b.example',
		referredBy: 'sip:c@d.example' }),
		['<sip:a@b.example>', '<sip:c@d.example>']);
	assert.deepEqual(await headers('tel'),
		['<tel:+49301>', '<sip:gw@10.77.0.1>']);
	assert.deepEqual(await headers('none'),
		['<sip:+49301@10.77.0.40>', undefined]);
	assert.deepEqual(await headers('any other'),
		['<sip:+49301@10.77.0.40>', '<sip:far@10.77.0.40>']);
});


scene('the call is on hold before the REFER, until it has failed',
	async (s) => {
	const parties = await start(s);
	const { leg, ended } = await refer(parties, 'hold');
	const place = (m) => leg.messages.items.indexOf(m);
	const [held] = leg.requests('INVITE');
	const ack = await leg.received('ACK');

	assert.match(held.body, /a=sendonly/);
	assert.ok(place(ack) < place(await leg.received('REFER')));
	await leg.notify('SIP/2.0 486 Busy Here', { headers: OVER });
	await ended('failed', 'notify');
	const back = await leg.received('INVITE', { from: place(ack) });

	assert.match(back.body, /a=sendrecv/);

	/* a far end that refuses it is transferred nevertheless */
	const stubborn = await parties.far.call({ 'User-Agent': 'hold not' });

	stubborn.handlers.INVITE = (l, request) =>
		l.answer(request, 488, 'Not Acceptable Here');
	const { call_sid } = await parties.client.messages.wait((m) =>
		m.data?.call_id === stubborn.id &&
		m.data.call_status === 'in-progress', 'the answer');

	parties.client.send({ verb: 'sip:refer', referTo: '1', call_sid });
	await stubborn.received('REFER');
	assert.equal(stubborn.requests('INVITE').length, 1);
});


scene('who ends the call, and when', async (s) => {
	const parties = await start(s);
	const done = { headers: OVER };
	const byes = (leg) => leg.requests('BYE').length;

	const ours = await refer(parties, 'we');

	await ours.leg.notify('SIP/2.0 200 OK', done);
	await ours.leg.received('BYE');

	/* it does, in time: the gateway sends no BYE */
	const theirs = await refer(parties, 'they');

	await theirs.leg.notify('SIP/2.0 200 OK', done);
	await theirs.ended('transferred', 'notify');
	assert.equal(byes(theirs.leg), 0);
	assert.equal((await theirs.leg.bye()).status, 200);
	await parties.client.message('call:status',
		{ call_sid: theirs.call_sid, call_status: 'completed' });
	assert.equal(byes(theirs.leg), 0);

	/* it does not: a later verb finds no call */
	const late = await refer(parties, 'they too');
	const begin = Date.now();

	await late.leg.notify('SIP/2.0 200 OK', done);
	await late.ended('transferred', 'notify');
	parties.client.send({ verb: 'sip:refer', referTo: '1',
		call_sid: late.call_sid, msgid: 'second' });
	const { data } = await parties.client.messages.wait((m) =>
		m.type === 'jambonz:error' && m.data.ref === 'second',
	'the refusal');

	assert.equal(data.error,
		'sip:refer: No live call has this call_sid');
	await late.leg.received('BYE');
	assert.ok(Date.now() - begin >= 600 - SILENCE);
	const closed = await parties.client.message('call:status',
		{ call_sid: late.call_sid, call_status: 'completed' });

	assert.equal(closed.data.sip_reason, 'transferred');
	assert.equal(late.leg.requests('REFER').length, 1);
});


scene('what silence and an end without a status mean', async (s) => {
	const parties = await start(s);
	const silent = await refer(parties, 'silent');

	await silent.ended('presumed', 'timer:notify');
	await silent.leg.received('BYE');

	const ends = await refer(parties, 'ends');

	await ends.leg.notify('', { headers: { ...OVER,
		'Content-Type': 'text/plain' } });
	await ends.ended('presumed', 'terminated');
	await ends.leg.received('BYE');

	const other = await refer(parties, 'any other',
		{ timeouts: { notify: 0.3 } });

	await other.ended('unknown', 'timer:notify');
	assert.equal(other.leg.requests('BYE').length, 0);
});


scene('timers, and the form of the unsubscription', async (s) => {
	const parties = await start(s);
	const { leg, ended, request } = await refer(parties, 'timers');
	const id = parseInt(request.headers.cseq, 10);

	await leg.notify('SIP/2.0 180 Ringing');
	await ended('unknown', 'timer:ringing');
	const subscribe = await leg.received('SUBSCRIBE');

	assert.equal(subscribe.headers.event, `refer;id=${id}`);
	assert.equal(subscribe.headers.expires, '0');

	/* the verb overrides the profile */
	const other = await refer(parties, 'timers',
		{ timeouts: { ringing: 0.5, unsubscribe: false } });

	await other.leg.notify('SIP/2.0 180 Ringing');
	const { data } = await other.ended('unknown', 'timer:ringing');

	assert.equal(data.reason, 'no NOTIFY for 0.5 s');
	assert.equal(other.leg.requests('SUBSCRIBE').length, 0);
});


scene('a dry run names the profile, and what decided each thing',
	async (s) => {
	const parties = await start(s);
	const { leg, call_sid, ended } = await refer(parties, 'domain');

	await leg.notify('SIP/2.0 603 Decline', { headers: OVER });
	await ended('failed', 'notify');
	const dry = await dryRun(parties, call_sid,
		{ referredBy: 'sip:c@d.example', timeouts: { notify: 3 } });

	assert.equal(dry.refer_to,
		'sip:+49301@sip.carrier.example:5080;user=phone');
	assert.equal(dry.refer_to_host, 'profile');
	assert.equal(dry.referred_by_host, 'given');
	assert.deepEqual(dry.profile, { name: 'domain',
		match: ['line 3: match-agent = domain'],
		rules: {
			'refer-to':
				'line 4: refer-to = sip.carrier.example:5080',
			'user-phone': 'line 5: user-phone = yes',
			'referred-by': 'verb',
			'hold': 'default',
			'hangup': 'default',
			'no-notify': 'default',
			'terminated': 'default',
			'notify-timeout': 'verb',
			'ringing-timeout': 'default',
			'retry-timeout': 'default',
			'unsubscribe': 'default',
			'event': 'default',
		} });

	/* by account and domain, in place of the name */
	const other = await refer(parties, 'any other');

	await other.leg.notify('SIP/2.0 603 Decline', { headers: OVER });
	await other.ended('failed', 'notify');
	const { profile } = await dryRun(parties, other.call_sid);

	assert.equal(profile.name, 'address');
	assert.deepEqual(profile.match, [
		'line 42: match-account = sip:gw@10.77.0.1',
		'line 43: match-domain = 10.77.0.4?']);
});


scene('the file is read again when it has changed, if it is right',
	async (s) => {
	const parties = await start(s);
	const { gateway, path } = parties;
	const { leg, call_sid, ended } = await refer(parties, 'domain');
	const write = (text) => {
		writeFileSync(`${path}.new`, text);
		renameSync(`${path}.new`, path);
	};

	await leg.notify('SIP/2.0 603 Decline', { headers: OVER });
	await ended('failed', 'notify');

	write('[new]\nhangup = they\n');
	const wrong = `${path}: line 2: hangup must be we, or they and a ` +
		'number of seconds from 0.1 to 60, not \'they\'';
	const before = await dryRun(parties, call_sid);

	assert.equal(before.profile.name, 'domain');
	assert.equal(before.profile.error, wrong);
	await gateway.process.log.wait((l) => l.includes(
		`sip_refer: ${wrong}; the profiles read before stay in use`), 'a warning');

	write('[new]\nhangup = we\n');
	const { client } = parties;

	client.send({ verb: 'sip:refer', referTo: '+49301', dryRun: true,
		msgid: 'after', call_sid });
	const { data } = await client.messages.wait((m) =>
		m.type === 'ack' && m.msgid === 'after', 'the dry run');

	assert.equal(data.dry_run.profile.name, 'new');
	assert.equal(data.dry_run.profile.error, undefined);
	assert.equal(data.dry_run.refer_to, 'sip:+49301@10.77.0.40');
});


scene('without a profile nothing is told of one, and the module says what is ' +
	'wrong with a file', async (s) => {
	const parties = await start(s, '# none\n');
	const { leg, call_sid, ended } = await refer(parties, 'domain');

	await leg.notify('SIP/2.0 603 Decline', { headers: OVER });
	await ended('failed', 'notify');
	assert.equal((await dryRun(parties, call_sid)).profile, undefined);

	for (const [config, said] of [
		['/no/such', '/no/such: No such file or directory'],
		['/dev/zero', '/dev/zero must be a file']]) {
		const gateway = await s.gateway(parties.referd,
			{ name: `gw${config.length}`, ip: '10.77.0.5',
				config: { sip_refer_profiles: config } });

		await gateway.process.log.wait((l) => l.includes(
			`sip_refer: sip_refer_profiles: ${said}`), said);
		await gateway.kill();
	}
});


scene('the file that comes with the module is right', async (s) => {
	const { client, gateway } = await s.control({ gateway: { config: {
		sip_refer_profiles: join(settings.source, 'share/profiles') } } });
	const parties = { client, gateway, far: await Far.start(s) };
	const { leg, call_sid, ended } =
		await refer(parties, 'Asterisk PBX 22.10.1');

	await leg.notify('SIP/2.0 503 Service Unavailable', { headers: OVER });
	await ended('failed', 'notify');
	const { profile } = await dryRun(parties, call_sid);

	assert.equal(profile.name, 'asterisk');
	assert.match(profile.rules['notify-timeout'],
		/^line \d+: notify-timeout = 40$/);
});
