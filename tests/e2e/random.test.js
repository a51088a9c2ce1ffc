/**
 * @file random.test.js  Far ends that do anything: one end, one actionHook
 *
 * `N=5000 SEED=17 node random.test.js` makes that many transfers, and the same
 * far ends as the run that printed that seed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './lib/application.js';
import { count } from './lib/count.js';
import { dice, seed } from './lib/dice.js';
import { Far } from './lib/far.js';
import { hooksOver } from './lib/rows.js';
import { scene } from './lib/scene.js';

const N = Number(process.env.N ?? 300);
const AT_ONCE = 20;

const SIPFRAGS = ['SIP/2.0 100 Trying', 'SIP/2.0 180 Ringing',
	'SIP/2.0 183 Session Progress', 'SIP/2.0 200 OK', 'SIP/2.0 200 OK',
	'SIP/2.0 202', 'SIP/2.0 486 Busy Here', 'SIP/2.0 603 Decline ',
	'SIP/2.0 302 Moved', 'SIP/2.0 200 OK\r\nTo: <sip:x@example.com>\r\n',
	'SIP/2.0 99999 Hm', 'SIP/2.0', 'HTTP/1.1 200 OK', ''];

const STATES = ['active;expires=60', 'active;expires=1', 'active', 'pending',
	'terminated;reason=noresource', 'terminated', '', 'no such state'];

const EVENTS = ['refer', 'refer', 'refer', 'Refer;x=1', 'refer;id=1',
	'refer;id=ID', 'refer;id=ID', 'presence', ''];

const ANSWERS = [[202, 'Accepted'], [202, 'Accepted'], [202, 'Accepted'],
	[202, 'Accepted'], [200, 'OK'], [299, 'Odd'], [302, 'Moved'],
	[405, 'Method Not Allowed'], [481, 'No Dialog'], [503, 'Unavailable'],
	[603, 'Decline'], [401, 'Unauthorized']];


async function someNotifies(leg, refer, d)
{
	let n = d.upTo(5);

	while (n--) {
		const id = d.chance(0.9) ? parseInt(refer.headers.cseq) :
			d.upTo(99);
		const options = {
			headers: {
				'Event': d.of(EVENTS).replace('ID', id),
				'Subscription-State': d.of(STATES),
			},
			cseq: leg.cseq += d.upTo(3),
			branch: `z9hG4bK${leg.id}${leg.cseq}${d.upTo(9)}`,
		};
		const sipfrag = d.of(SIPFRAGS);

		if (d.chance(0.2))
			options.cseq = d.upTo(leg.cseq);
		if (d.chance(0.2))
			options.headers['Content-Type'] = 'text/plain';

		for (let copies = d.chance(0.2) ? 2 : 1; copies; copies--)
			leg.notify(sipfrag, options);
		if (d.chance(0.8))
			await sleep(d.upTo(250));
	}
}


/* The reaction of the far end to one REFER. */
async function behave(leg, refer, d)
{
	const bye = d.chance(0.4) &&
		sleep(d.upTo(1_500)).then(() => leg.bye());

	if (d.chance(0.2))
		await someNotifies(leg, refer, d);
	if (d.chance(0.2))
		leg.answer(refer, 100, 'Trying');
	if (d.chance(0.3))
		await sleep(d.upTo(700));

	/* An answer in most cases: without one, the wait takes 32 s. */
	if (!d.chance(0.01))
		leg.answer(refer, ...d.of(ANSWERS),
			d.chance(0.1) ? { 'Refer-Sub': 'false' } : {});
	if (d.chance(0.1))
		leg.answer(refer, ...d.of(ANSWERS));

	await someNotifies(leg, refer, d);
	if (d.chance(0.3)) {
		await sleep(1_000 + d.upTo(2_000));
		await someNotifies(leg, refer, d);
	}
	await bye;
}


/* The action of the application during the transfer. */
async function interfere(client, sid, d)
{
	if (!d.chance(0.3))
		return;

	await sleep(d.upTo(600));
	client.send(d.of([
		{ verb: 'hangup', call_sid: sid },
		{ verb: 'pause', length: 0, call_sid: sid },
		{ verb: 'sip:refer', referTo: '1', call_sid: sid },
		{ type: 'command', command: 'redirect', callSid: sid,
			queueCommand: true, data: [{ verb: 'hangup' }] },
	]));
}


/* A verb starts, or is refused, or its call ends before it starts. */
function fate(client, sid, id, event)
{
	return client.messages.wait((m) =>
		(m.type === 'verb:status' && m.data.id === id &&
			m.data.event === event) ||
		(m.type === 'jambonz:error' && m.data.ref === id) ||
		(event === 'starting' && m.type === 'call:status' &&
			m.call_sid === sid && m.data.duration >= 0),
		`${event} of ${id}`, { timeout: 60_000 });
}


/** Transfers one call once or twice, and returns the verbs that it sent. */
async function oneCall({ client, far, application, behaviours }, number)
{
	const d = dice(seed * 7919 + number);
	const leg = await far.call();
	const { call_sid: sid } = await client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === leg.id,
		'session:new');

	leg.number = number;
	leg.handlers.REFER = (_, refer) => {
		const behaviour = behave(leg, refer, d);

		behaviours.push(behaviour);

		return behaviour;
	};
	if (d.chance(0.3))
		leg.handlers.SUBSCRIBE = (_, request) =>
			leg.answer(request, 481, 'No Subscription');

	const verbs = ['a', 'b'].slice(d.upTo(1))
		.map((letter) => `${number}${letter}`);
	for (const id of verbs) {
		client.send({ verb: 'sip:refer', id, msgid: id, call_sid: sid,
			referTo: `${number}`,
			force: true, timeouts: { notify: 1, ringing: 1 },
			eventHook: d.of([undefined, '/event',
				`${application.url}/event`]),
			actionHook: d.of([`/${id}`, `/${id}`,
				`${application.url}/${id}`]) });
		const { type } = await fate(client, sid, id, 'starting');
		if (type !== 'verb:status')
			break;
		await interfere(client, sid, d);
		await fate(client, sid, id, 'finished');
	}

	client.send({ verb: 'hangup', call_sid: sid });
	await client.messages.wait((m) => m.type === 'call:status' &&
		m.call_sid === sid && m.data.duration >= 0, 'end of the call');

	return verbs;
}


/* Arrives after all earlier messages, on each connection */
async function lastCall({ client, far })
{
	const leg = await far.call();

	await client.messages.wait((m) => m.type === 'session:new' &&
		m.data.call_id === leg.id, 'last call');
	await leg.bye();
	await client.messages.wait((m) => m.type === 'call:status' &&
		m.data.call_id === leg.id && m.data.duration >= 0,
	'end of the last call');
}


/* All messages of a call that did not end. */
function explain({ client, far }, number)
{
	const leg = [...far.legs.values()].find((l) => l.number === number);
	const { call_sid: sid } = client.all('session:new')
		.find((m) => m.data.call_id === leg?.id) ?? {};

	for (const m of leg?.messages.items ?? [])
		console.log(`# ${leg.messages.show(m)} ${m.headers.cseq}`);
	for (const m of client.messages.filter((i) => i.call_sid === sid))
		console.log(`# ${m.time} ${m.type} ${JSON.stringify(m.data)}`);
}


/* The count of each actionHook, over WebSocket or HTTP; a hook that referd
   repeats after a 500 counts once. */
function hooksOf({ client, application })
{
	const deliveries = new Map(application.requests.items.map((r) =>
		[r.headers['x-referd-delivery'], r.path]));

	return count([...client.all('verb:hook').map((m) => m.hook),
		...deliveries.values()], (path) => path.slice(1));
}


/* Each started verb ended once, and reported its end once. */
function check({ client, application }, verbs)
{
	const steps = (step) => client.all('transfer:status')
		.filter((m) => m.data.step === step);
	const verbOf = (m) => m.data.verb_id;
	const requested = count(steps('requested'), verbOf);
	const ended = count(steps('ended'), verbOf);
	const hooks = hooksOf({ client, application });
	const started = count(client.all('verb:status')
		.filter((m) => m.data.event === 'starting'), (m) => m.data.id);
	const wrong = verbs.filter((id) => [requested, ended, hooks]
		.some((n) => (n.get(id) ?? 0) !== (started.has(id) ? 1 : 0)));

	for (const id of wrong)
		console.log(`# ${id}: ${requested.get(id)} requested, ` +
			`${ended.get(id)} ended, ` +
			`${hooks.get(id)} actionHooks`);
	for (const [outcome, n] of [...count(steps('ended'), (m) =>
		`${m.data.outcome} (${m.data.evidence})`)].sort())
		console.log(`# ${n} ${outcome}`);

	assert.deepEqual(wrong, []);
	assert.ok(started.size > verbs.length / 2);
	assert.ok([...count(steps('ended'), (m) => m.data.transfer_id)
		.values()].every((n) => n === 1));
}


/* An application that fails now and then, but never twice in a row. */
function moody(d)
{
	const seen = new Set();

	return ({ headers }) => {
		const id = headers['x-referd-delivery'];
		const first = !seen.has(id);

		seen.add(id);

		return { status: first && d.chance(0.2) ? 500 : 200 };
	};
}


scene(`${N} calls to far ends that do anything, seed ${seed}`, async (s) => {
	const parties = await s.control();
	const far = await Far.start(s);
	const application = await Application.start(s,
		{ reply: moody(dice(seed)) });
	const verbs = [];
	let number = 0;

	Object.assign(parties, { far, application, behaviours: [] });
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (number < N) {
			const n = number++;

			try {
				verbs.push(...await oneCall(parties, n));
			}
			catch (err) {
				explain(parties, n);
				throw err;
			}
		}
	}));

	/* the last messages of the far ends arrive before one more call */
	await Promise.all(parties.behaviours);
	await lastCall(parties);
	await hooksOver(parties.referd);
	check(parties, verbs);
});
