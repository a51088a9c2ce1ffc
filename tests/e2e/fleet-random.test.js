/**
 * @file fleet-random.test.js  Three machines, random kills: one outcome
 *
 * `N=3000 SEED=17 node fleet-random.test.js` makes 3000 transfers, with the
 * same kills as the run that printed the seed 17.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './lib/application.js';
import { Client } from './lib/client.js';
import { count } from './lib/count.js';
import { dice, seed } from './lib/dice.js';
import { Far } from './lib/far.js';
import { Journal } from './lib/journal.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { scene } from './lib/scene.js';

const N = Number(process.env.N ?? 100);
const MEMBERS = 3;
const AT_ONCE = 4; /* calls of one machine */
const PAGE = 1000;

/* ms */
const VERB_TIME = 60_000;   /* for one transfer, while things are killed */
const SETTLE_TIME = 180_000; /* for all members to have read everything */
const LOOK_TIME = 300;


/** A client that reconnects, to any member, after the last seq it has seen. */
class Listener {
	constructor(members, first, query, take)
	{
		Object.assign(this, { members, at: first, query, take });
		this.since = null;
		this.hops = 0;
	}

	/* Stays connected to a member that runs, until stop() */
	async listen()
	{
		while (!this.stopped) {
			const { referd } = this.members[this.at];

			try {
				this.client = await Client.connect(
					`${referd.ws}?${this.query(this)}`,
					{ handler: (m) => this.heard(m) });
				++this.hops;
				await this.client.closed;
			}
			catch {
				await sleep(50);
			}
		}
	}

	heard(m)
	{
		if (m.type === 'hello') {
			this.epoch = m.data.fleet;
			this.since ??= m.seq;
			return;
		}
		if (!m.seq)
			return;
		this.since = m.seq;
		this.take(m);
	}

	/* Connects to another member, or again to the same one */
	hop(to)
	{
		this.at = to;
		this.client?.socket.terminate();
	}

	stop()
	{
		this.stopped = true;
		this.client?.socket.terminate();
	}
}


/* One machine: a referd, its baresip, and a far end that calls it */
async function member(s, cluster, i, handlers)
{
	const name = `m${i + 1}`;
	const referd = await s.referd({ args: ['--fleet', cluster.urls(),
		'--fleet-node', name, '--fleet-view', 'yes'] });
	const gateway = await s.gateway(referd, { name: `gw${i + 1}`,
		users: ['gw'], ip: `10.77.0.${i + 1}` });
	const far = await Far.start(s, { ip: `10.77.0.${40 - i}`,
		to: [`10.77.0.${i + 1}`, 5060], handlers });

	await referd.knows(1);

	return { name, referd, gateway, far, calls: new Map(), waits: [] };
}


class Fleet {
	static async start(s)
	{
		const f = new Fleet();

		f.cluster = await Cluster.start(s.path('nats'), { servers: 3 });
		s.join(Object.assign(f.cluster, { process: { name: 'engine',
			log: new Journal('engine'), alive: true,
			kill: () => f.cluster.end() },
		kill: () => f.cluster.end() }));
		f.application = await Application.start(s);
		f.referred = new Map(); /* by verb: the far end's answer */
		f.members = [];
		for (let i = 0; i < MEMBERS; i++)
			f.members.push(await member(s, f.cluster, i,
				{ REFER: (...args) => f.refer(...args) }));
		f.listen();
		f.dice = dice(seed);
		f.number = 0;

		return f;
	}

	listen()
	{
		this.listeners = this.members.map((m, i) => new Listener(
			this.members, i, (l) => `client=watch${i}` +
				(l.since === null ? '' : `&since=${l.since}`),
			(e) => this.local(m, e)));
		this.events = new Journal('hopping client');
		this.hopper = new Listener(this.members, 0, (l) =>
			'client=hopper&scope=fleet' + (l.since === null ? '' :
				`&since=${l.since}&fleet=` +
				encodeURIComponent(l.epoch)),
		(e) => this.events.add(e));
		this.listening = Promise.all([...this.listeners, this.hopper]
			.map((l) => l.listen()));
	}

	local(m, event)
	{
		if (event.type === 'session:new')
			m.calls.set(event.data.call_id, event.call_sid);
	}

	async refer(leg, refer)
	{
		const id = refer.headers['x-verb'];
		const d = dice(seed * 7919 + this.referred.size);
		const final = d.chance(0.8) ? '200 OK' : '486 Busy Here';

		if (!this.referred.has(id))
			this.referred.set(id, final);
		await sleep(d.upTo(50));
		leg.answer(refer, 202, 'Accepted');
		leg.notify('SIP/2.0 180 Ringing');
		await sleep(d.upTo(300));
		leg.notify(`SIP/2.0 ${this.referred.get(id)}`, { headers: {
			'Subscription-State': 'terminated;reason=noresource' } });
	}

	async until(what, ready, time = VERB_TIME)
	{
		const end = Date.now() + time;

		while (!await ready()) {
			if (Date.now() > end)
				throw new Error(`no ${what}`);
			await sleep(20);
		}
	}

	/* Posts a verb to any member; a fault may lose the request */
	async order(id, sid)
	{
		const { referd } = this.dice.of(this.members);

		try {
			const answer = await fetch(
				`${referd.http}/calls/${sid}/verbs`, {
					method: 'POST', body: JSON.stringify({
						verb: 'sip:refer', id,
						referTo: '100',
						headers: { 'X-Verb': id },
						actionHook:
						`${this.application.url}/${id}`,
					}), signal: AbortSignal.timeout(8000) });

			await answer.text();

			return answer.status === 202;
		}
		catch {
			return false;
		}
	}

	async oneCall(m)
	{
		const id = `v${++this.number}`;
		const leg = await m.far.ring();

		try {
			assert.equal((await leg.response).status, 200);
			await this.until('session:new', () =>
				m.calls.has(leg.id));
			if (!await this.order(id, m.calls.get(leg.id)))
				return;
			await this.until(`REFER of ${id}`, () =>
				this.referred.has(id));
			await this.until(`final NOTIFY of ${id}`, () =>
				leg.requests('BYE').length || leg.messages
					.filter((x) => x.sent && x.text.includes(
						'terminated')).length);
			await sleep(this.dice.upTo(100));
		}
		finally {
			if (!leg.requests('BYE').length)
				await leg.bye().catch(() => {});
			m.far.forget(leg);
		}
	}

	async traffic()
	{
		await Promise.all(this.members.flatMap((m) =>
			Array.from({ length: AT_ONCE }, async () => {
				while (this.number < N)
					await this.oneCall(m).catch((err) => {
						this.failures ??= [];
						this.failures.push(err.message);
					});
			})));
		this.over = true;
	}

	/* Kills one program and starts it again; never two at once */
	async strike(d)
	{
		const what = d.upTo(9);

		if (what < 5) {
			const { referd } = d.of(this.members);

			await referd.kill();
			await sleep(d.upTo(300));
			await referd.run();
		}
		else if (what < 8) {
			const server = d.of(this.cluster.servers);

			await server.kill();
			await sleep(d.upTo(1000));
			await server.start();
		}
		else {
			const server = d.of(this.cluster.servers);

			server.stop();
			await sleep(d.upTo(1500));
			server.cont();
		}
		console.log(`# strikes: ${what < 5 ? 'a referd' :
			what < 8 ? 'a server' : 'a server hangs'}`);
	}

	async faults()
	{
		const d = dice(seed + 1);

		while (!this.over) {
			await sleep(300 + d.upTo(1500));
			await this.strike(d);
			if (d.chance(0.7))
				this.hopper.hop(d.upTo(MEMBERS - 1));
		}
	}

	/* The transfers that one member knows, by verb */
	async history(m, scope)
	{
		const all = [];

		for (let before = ''; ;) {
			const response = await fetch(`${m.referd.http}/transfers?` +
				`scope=${scope}&limit=${PAGE}${before}`);
			const page = await response.json();

			all.push(...page);
			if (page.length < PAGE)
				break;
			before = `&before=${page.at(-1).transfer_id}`;
		}

		return all;
	}

	/* How often each actionHook was taken; a delivery counts once */
	hooks()
	{
		return count(new Map(this.application.requests.items
			.filter((r) => r.taken).map((r) =>
				[r.headers['x-referd-delivery'],
					r.data.verb_id])).values());
	}
}


/* The fields of a record that are equal at every member */
function essence({ transfer_id, call_sid, node, outcome, evidence, code,
	refer_status, call_status, late_status })
{
	return { transfer_id, call_sid, node, outcome, evidence, code,
		refer_status, call_status, late_status };
}


const byVerb = (records) => Object.fromEntries(records
	.map((t) => [t.verb_id, essence(t)])
	.sort(([a], [b]) => (a < b ? -1 : 1)));


async function settled(f)
{
	const due = [...f.referred.keys()];
	const end = Date.now() + SETTLE_TIME;
	const complete = (records) => {
		const n = count(records.filter((t) => t.outcome),
			(t) => t.verb_id);

		return due.every((id) => n.get(id));
	};
	let views, locals, hooks;

	do {
		await sleep(LOOK_TIME);
		views = await Promise.all(f.members.map((m) =>
			f.history(m, 'fleet')));
		locals = (await Promise.all(f.members.map((m) =>
			f.history(m, 'local')))).flat();
		hooks = f.hooks();
	} while (Date.now() < end && !(views.every(complete) &&
		complete(locals) && due.every((id) => hooks.get(id))));

	return { due, views, locals, hooks };
}


/* The far end, all histories and the hooks must agree */
function compare(f, { due, views, locals, hooks })
{
	const local = byVerb(locals);

	for (const [i, view] of views.entries()) {
		assert.equal(view.length, locals.length, `count at m${i + 1}`);
		assert.deepEqual(byVerb(view), local, `history of m${i + 1}`);
	}
	assert.deepEqual(due.filter((id) => hooks.get(id) !== 1), [],
		'actionHooks');
	assert.deepEqual(due.filter((id) => local[id].outcome !==
		(f.referred.get(id).startsWith('200') ? 'transferred' :
			'failed')).map((id) => [id, local[id]]), []);
}


/* The hopping client has received the events of the stream, in its order */
async function compareStream(f)
{
	const seen = f.events.items;
	const key = (member, seq) => `${member} ${seq}`;
	const first = seen[0].seq;
	const told = new Set();
	const stream = (await f.cluster.events()).filter((e) => {
		const k = key(e.member, e.event.seq);

		/* of a duplicate, the first copy counts */
		if (told.has(k) || e.event.type.startsWith('fleet:'))
			return false;
		told.add(k);

		return e.f >= first;
	});

	assert.deepEqual(seen.filter((e, i) => i && e.seq <= seen[i - 1].seq)
		.map((e) => e.seq), [], 'out of order');
	const heard = seen.filter((e) => e.member_seq)
		.map((e) => key(e.member, e.member_seq));
	const due = stream.map((e) => key(e.member, e.event.seq));

	assert.deepEqual([...count(heard)].filter(([, n]) => n > 1), [],
		'heard twice');
	assert.deepEqual(due.filter((k) => !heard.includes(k)), [], 'missing');
	assert.deepEqual(heard, due);
}


async function act(f)
{
	/* all listeners are connected before the first call */
	await f.until('hello', () => f.hopper.since !== null &&
		f.listeners.every((l) => l.since !== null));
	const faults = f.faults();

	await f.traffic();
	await faults;
	const result = await settled(f);

	console.log(`# ${f.referred.size} transfers, ${f.hopper.hops} hops`);
	for (const [what, n] of count(f.failures ?? []))
		console.log(`# ${n} ${what}`);
	assert.ok(f.referred.size > N / 3);
	compare(f, result);

	const last = (await f.cluster.events()).filter((e) =>
		!e.event.type.startsWith('fleet:')).at(-1);

	await f.until('all events', () => f.hopper.since >= last.f,
		SETTLE_TIME);
	await compareStream(f);
}


scene(`${N} transfers of three machines, kills at random, seed ${seed}`,
	async (s) => {
	const f = await Fleet.start(s);

	try {
		await act(f);
	}
	finally {
		[...f.listeners, f.hopper].forEach((l) => l.stop());
		await f.listening;
	}
}, { skip: NO_FLEET, daemon: 'each is killed without its baresip' });
