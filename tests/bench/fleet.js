/**
 * @file fleet.js  The cost of a fleet, beside one referd and libnats alone
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../e2e/lib/client.js';
import { Cluster, NO_FLEET } from '../e2e/lib/nats.js';
import { Referd } from '../e2e/lib/referd.js';
import { percentile } from './figures.js';
import { Probe } from './probe.js';
import { cpu, memory } from './procfs.js';
import { measureSides, program } from './sides.js';

const SERVERS = 3;
const LOOK = 50; /* ms */
const LONG = 120_000;
const MIB = 1024;
const STEPS = 5; /* of each transfer of bench-fill */
const ANEW = 1 << 30; /* no other run of it has such transfers */
const QUICK_ARGS = ['--log-level', 'warning', '--max-rate', '1000000',
	'--keep-mb', '100000'];

const FULL = { rounds: 150, seconds: 5, rates: [200, 2000], total: 20_000,
	behind: 50_000, stored: [0, 20_000, 100_000],
	members: [3, 20, 100], hang: 3000 };
const QUICK = { rounds: 5, seconds: 1, rates: [200], total: 1500, behind: 500,
	stored: [0, 500], members: [3], hang: 500 };


/** A cluster, and referds that are started as a measurement needs them. */
class Fleet {
	static async run(use)
	{
		const f = new Fleet();

		f.dir = mkdtempSync(join(tmpdir(), 'bench-'));
		f.referds = [];
		f.cluster = await Cluster.start(f.dir, { servers: SERVERS });
		try {
			return await use(f);
		}
		finally {
			for (const r of f.referds)
				await r.kill('SIGKILL').catch(() => {});
			await f.cluster.end();
			rmSync(f.dir, { recursive: true });
		}
	}

	/** One that is no member */
	async alone()
	{
		return this.start('alone', []);
	}

	async member(name, { view = false, env } = {})
	{
		const r = await this.start(name, ['--fleet',
			this.cluster.urls(), '--fleet-node', name,
			'--fleet-view', view ? 'yes' : 'no'], env);

		await ready(r);

		return r;
	}

	async start(name, args, env = {})
	{
		const r = new Referd(join(this.dir,
			`${this.referds.length}-${name}`),
		{ args: [...QUICK_ARGS, ...args], env });

		this.referds.push(r);
		await r.start();

		return r;
	}
}


async function state(referd)
{
	const response = await fetch(`${referd.http}/healthz`);

	return (await response.json()).fleet;
}


async function until(what, find)
{
	for (const end = Date.now() + LONG; Date.now() < end; await sleep(LOOK)) {
		if (await find())
			return;
	}

	throw new Error(`${what} has not come within ${LONG / 1000} s`);
}


/* It is connected, and has read all stored messages */
function ready(referd)
{
	return until('a member that is up', async () => {
		const { state: is, lag } = await state(referd);

		return is === 'up' && !lag;
	});
}


/* Nodes are at one referd, clients at another */
function across(from, to)
{
	return { process: to.process, http: to.http, socket: from.socket,
		across: true };
}


function times(what, us, than)
{
	return { 'what': what, 'p50': percentile(us, 0.5),
		'p90': percentile(us, 0.9), 'p99': percentile(us, 0.99),
		...than && {
			'p50 to': percentile(us, 0.5) / percentile(than, 0.5),
			'p99 to': percentile(us, 0.99) /
				percentile(than, 0.99) } };
}


/* Clients of their own referd, with and without a fleet */
async function local(f, { rounds })
{
	const referds = [await f.alone(), await f.member('a'),
		await f.member('b', { view: true })];
	const names = ['no fleet', 'a member', 'a member with a view'];
	const sides = referds.map((r) => [r, 1]);
	const refer = await measureSides('refer', rounds, sides);
	const event = await measureSides('event', rounds, sides);

	for (const r of referds)
		await r.kill('SIGTERM');

	return [
		{ title: 'A REFER of a local client, until it is acknowledged ' +
			'(µs)', rows: refer.map(({ us }, i) =>
			times(names[i], us, refer[0].us)) },
		{ title: 'An event to a local client (µs)',
			rows: event.map(({ us }, i) =>
				times(names[i], us, event[0].us)) },
	];
}


async function bare(f, op, rounds)
{
	const [near, far] = f.cluster.servers;

	return JSON.parse(await program('bench-nats', op, rounds, near.url,
		far.url)).us;
}


/* A client at one member gets the events of another */
async function far(f, { rounds }, [a, b])
{
	const nats = await bare(f, 'event', rounds);
	const request = await bare(f, 'request', rounds);
	const [event] = await measureSides('event', rounds, [[across(a, b), 1]]);
	const verbs = await measureSides('refer', rounds, [[a, 1],
		[across(a, b), 1]]);
	const asked = verbs.map((v) => v.asked_us);
	const p50 = (us) => percentile(us, 0.5);

	return [
		{ title: 'An event to a client of another member (µs)', rows: [
			times('libnats alone, through a stream of three', nats),
			times('a member to a client of another', event.us,
				nats)] },
		{ title: 'A verb, until the baresip is asked (µs)', rows: [
			times('a request of libnats alone, over a route',
				request),
			times('at the referd of the baresip', asked[0]),
			{ ...times('at another member', asked[1]),
				'more than local, in requests':
					(p50(asked[1]) - p50(asked[0])) /
						p50(request) }] },
	];
}


async function paced(referd, name, rate, seconds)
{
	const pids = [referd.process.pid];
	const before = cpu(pids);
	const { events } = JSON.parse(await program('bench-pace',
		referd.socket, name, rate, seconds));

	await sleep(500); /* messages that are still on their way */

	return { us: cpu(pids) - before, events };
}


async function idle(referd, seconds)
{
	const before = cpu([referd.process.pid]);

	await sleep(seconds * 1000 + 500);

	return cpu([referd.process.pid]) - before;
}


/* The cost of publishing: the CPU time of a member minus that of one referd */
async function costs(f, { rates, seconds }, member)
{
	const alone = await f.alone();
	const rows = [];
	const rest = await idle(member, seconds) - await idle(alone, seconds);

	for (const rate of rates) {
		const none = await paced(alone, 'pace', rate, seconds);
		const one = await paced(member, 'pace', rate, seconds);

		rows.push({ 'events per second': rate,
			'no fleet (µs of CPU each)': none.us / none.events,
			'a member': one.us / one.events,
			'for publishing': (one.us - none.us - rest) / one.events });
	}
	await alone.kill('SIGTERM');

	return [{ title: 'CPU of a member that publishes', rows: [...rows, {
		'events per second': 'none: ms of CPU per second',
		'for publishing': rest / seconds / 1000 }] }];
}


/* Samples how far a reader is behind, until it has read everything. */
async function lags(reader, isOver)
{
	let most = 0;

	for (;;) {
		const { lag } = await state(reader);

		most = Math.max(most, lag);
		if (isOver() && !lag)
			return most;
		await sleep(LOOK);
	}
}


/* Three publish as much as they can bear together, and one reads all. */
async function many(f, { total, seconds }, referds)
{
	let over = false;
	const behind = lags(referds[1], () => over);
	const begin = Date.now();
	const sent = await Promise.all(referds.map(async (r, i) =>
		JSON.parse(await program('bench-pace', r.socket, `m${i}`,
			total / referds.length, seconds))));
	const events = sent.reduce((sum, s) => sum + s.events, 0);
	const took = Math.max(...sent.map((s) => s.sent_ms));
	const stored = Date.now() - begin;

	over = true;
	const most = await behind;

	return [{ title: 'Three publish, one reads all', rows: [{
		'events': events, 'asked for (a second)': total,
		'reported to their referds (a second)': events / took * 1000,
		'reader behind at most (messages of the stream)': most,
		'reader done after the last (ms)': Date.now() - begin - stored,
	}] }];
}


/* Fills one member while the engine is down, then waits for it at another. */
async function catchUp(f, { behind, rounds }, [a, b, c])
{
	const client = await Client.connect(`${b.ws}?scope=fleet`);
	const { servers } = f.cluster;
	let first = 0, last = 0, count = 0;

	client.take = (m) => {
		if (m.type !== 'transfer:status' ||
			!m.call_sid?.startsWith('fill'))
			return;
		last = Date.now();
		first ||= last;
		++count;
	};

	await Promise.all(servers.map((s) => s.kill()));
	await program('bench-fill', a.socket, Math.ceil(behind / STEPS),
		STEPS, ANEW);
	servers.forEach((s) => s.run());
	await Promise.all(servers.map((s) => s.ready()));
	await until('the first of them', () => count > 0);

	const live = measureSides('event', Math.ceil(rounds / 4),
		[[across(c, b), 1]]);

	await until('all of them', () => count >= behind);
	const [{ us }] = await live;

	client.close();

	return [{ title: 'After an outage, with live events beside', rows: [{
		'events': count,
		'a second': count / Math.max(last - first, 1) * 1000,
		'live event p50 (ms)': percentile(us, 0.5) / 1000,
		'p99': percentile(us, 0.99) / 1000 }] }];
}


/* The time that the loop of a member is held when some process dies */
async function held(f, { hang })
{
	const { cluster } = f;
	const probe = new Probe(join(f.dir, 'gaps'), '/libev.so');
	const member = await f.member('probed', { view: true, env: probe.env });
	const load = (seconds) => program('bench-pace', member.socket, 'load',
		200, seconds);
	const kills = {
		'nothing': () => load(hang / 1000),
		'the leader is killed': async () => {
			const leader = await cluster.leader();

			await leader.kill();
			await load(hang / 1000);
			await leader.start();
			await load(hang / 1000);
		},
		'the leader hangs': async () => {
			const leader = await cluster.leader();

			leader.stop();
			await load(hang / 1000);
			leader.cont();
			await load(hang / 1000);
		},
		'all hang': async () => {
			cluster.servers.forEach((s) => s.stop());
			await load(hang / 1000);
			cluster.servers.forEach((s) => s.cont());
			await load(hang / 1000);
		},
		'all are killed': async () => {
			await Promise.all(cluster.servers.map((s) => s.kill()));
			await load(hang / 1000);
			await Promise.all(cluster.servers.map((s) => s.start()));
			await load(hang / 1000);
		},
	};
	const rows = [];

	for (const [what, act] of Object.entries(kills)) {
		const turns = await probe.during(act);

		rows.push({ 'what': what, 'turns': turns.turns,
			'p99.9': turns['p99.9'], 'longest': turns.longest,
			'with waits for a CPU': turns['longest of these'] });
		await ready(member);
	}
	await member.kill('SIGTERM');

	return [{ title: 'The length of the loop turns of a member with a ' +
		'view, at 200 events a second (µs)', rows }];
}


/* False members, which send what real ones send */
async function pretend(f, count)
{
	const client = await f.cluster.client();

	for (let i = 0; i < count; i++)
		client.publish(`fleet.hb.false${i}`, JSON.stringify({
			member: `false${i}`, boot: `boot${i}`,
			version: '0.1.0', view: false, seq: 1, calls: 0,
			transfers: 0, labels: [], nodes: [], came: [],
			left: [], lag: 0 }));
}


async function sizes(f, { stored, members }, writer)
{
	const reader = await f.member('reader', { view: true });
	const mib = () => memory([reader.process.pid]) / MIB;
	const rows = [];
	let done = 0;

	for (const count of stored) {
		if (count > done)
			await program('bench-fill', writer.socket,
				Math.ceil((count - done) / STEPS));
		done = count;
		await sleep(1000);
		await ready(reader);
		await sleep(1000);
		rows.push({ 'members': 3, 'events more': count,
			'MiB': mib() });
	}
	for (const count of members) {
		for (let i = 0; i < 5; i++) {
			await pretend(f, count);
			await sleep(500);
		}
		rows.push({ 'members': count, 'events more': done,
			'MiB': mib() });
	}
	await reader.kill('SIGTERM');

	return [{ title: 'Memory of a member with a view', rows }];
}


/**
 * Fleet: its cost, and its speed
 *
 * @param options `quick`: a short run; `part`: a part of the name of the only
 *                measurement to run
 */
export async function fleet({ quick, part = process.env.TRIAL ?? '',
	...options } = {})
{
	const o = { ...(quick ? QUICK : FULL), ...options };

	if (NO_FLEET) {
		console.error(`bench: measures no fleet: ${NO_FLEET}`);
		return [];
	}

	return Fleet.run(async (f) => {
		const tables = [];
		const measure = async (name, act) => {
			if (name.includes(part))
				tables.push(...await act());
		};

		await measure('local', () => local(f, o));

		const three = [await f.member('gw1'),
			await f.member('gw2', { view: true }),
			await f.member('gw3')];

		await measure('far', () => far(f, o, three));
		await measure('costs', () => costs(f, o, three[0]));
		await measure('many', () => many(f, o, three));
		await measure('sizes', () => sizes(f, o, three[2]));
		await measure('catch-up', () => catchUp(f, o, three));
		for (const r of three)
			await r.kill('SIGTERM');
		await measure('held', () => held(f, o));

		return tables;
	});
}
