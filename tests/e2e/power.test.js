/**
 * @file power.test.js  The power fails: the history has all that was reported
 *
 * The test transfers calls and records each change of referd to its disk.
 * Then the power fails at many moments of that time, one after the other: a
 * referd starts with the files that the disk has kept, and the test queries
 * it.
 *
 * `SEED=17 CUTS=100 node power.test.js` makes it fail 100 times, with the
 * random choices of the run that printed that seed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dice, seed } from './lib/dice.js';
import { now, Record } from './lib/power.js';
import { Referd } from './lib/referd.js';
import { scene, settings } from './lib/scene.js';
import { sanitizerEnv } from './lib/settings.js';
import { Stall } from './lib/stall.js';
import { Traffic } from './lib/traffic.js';

const SECONDS = Number(process.env.SECONDS ?? 4);
const CUTS = Number(process.env.CUTS ?? 8);
const SETTLE_TIME = 20_000; /* ms */
const HELD = 5000; /* ms that messages wait for a disk */


/* All messages, with their times. */
function timed(journal)
{
	const seen = [];

	journal.follow((item) => seen.push({ item, time: now() }));

	return (time) => seen.filter((s) => s.time < time)
		.map(({ item }) => item);
}


/* The far end sees only verbs that caused a REFER. */
function timedVerbs(set)
{
	const seen = [];
	const { add } = set;

	set.add = (verb) => {
		seen.push({ verb, time: now() });
		return add.call(set, verb);
	};

	return (time) => seen.filter((s) => s.time < time)
		.map(({ verb }) => verb);
}


/* Transfers for a while, by a referd with a recorded disk; then its machine
   stops at once. */
async function recorded(s, sync)
{
	const state = join(s.dir, 'state');
	const record = new Record(join(s.dir, 'record'), state,
		settings.embedded ? sanitizerEnv() : {});
	const begun = now();

	mkdirSync(state);
	const t = await Traffic.start(s, {
		/* every other one over WebSocket */
		hook: (id) => (Number(id.slice(1)) % 2 ? `/${id}` :
			`${t.application.url}/${id}`),
		referd: { env: record.env,
			args: ['--sync', sync, '--state', state] } });
	const seen = { messages: timed(t.client.messages),
		hooks: timed(t.application.requests),
		refers: timedVerbs(t.referred) };

	await t.begun();
	await sleep(SECONDS * 1000);
	t.running = false;
	const ended = now();

	await Promise.all([t.referd.kill('SIGKILL'),
		t.gateway.kill('SIGKILL')]);
	t.client.messages.end('the power has failed');
	await t.far.kill();

	return { t, record, seen, begun, ended };
}


/* The history of a referd. */
async function asked(s, t, referd, cut)
{
	const client = await s.client(referd, { query: '?client=bot&since=0' });
	const end = Date.now() + SETTLE_TIME;
	const waiting = async () => {
		const text = await (await fetch(`${referd.http}/metrics`)).text();

		return /^referd_hooks_waiting 0$/m.test(text) &&
			/^referd_transfers_running 0$/m.test(text);
	};

	while (!await waiting()) {
		assert.ok(Date.now() < end, `${cut}: nothing waits any more`);
		await sleep(20);
	}
	await client.echo();
	t.referd = referd;

	return { messages: client.messages.items.filter((m) =>
		m.type !== 'hello' && m.seq), ends: await t.ends() };
}


/* By verb: the result of the transfer in its actionHook. */
function told({ data })
{
	return [data.verb_id, Number(data.final_referred_call_status ??
		data.refer_status ?? 0)];
}


/* The faults of the history, in a sentence each. */
function wrongs({ messages, hooks, refers }, after, hooksAfter)
{
	const wrong = [];
	const last = Math.max(0, ...messages.map((m) => m.seq));
	const kept = new Map(after.messages.map((m) => [m.seq, m]));
	const seen = new Set(messages.map((m) => m.seq));
	const first = Math.min(...seen);
	const byVerb = new Map();

	for (const e of after.ends)
		byVerb.set(e.verb_id, [...byVerb.get(e.verb_id) ?? [], e]);
	for (const m of messages) {
		const other = kept.get(m.seq);

		if (!other)
			wrong.push(`message ${m.seq} (${m.type}) is gone`);
		else if (JSON.stringify(other) !== JSON.stringify(m))
			wrong.push(`number ${m.seq} (${m.type}) was given out ` +
				`again, to ${other.type}`);
	}
	for (const m of after.messages) {
		if (m.seq > first && m.seq <= last && !seen.has(m.seq))
			wrong.push(`number ${m.seq} (${m.type}) came later`);
	}
	for (const m of messages.filter((x) => x.data?.step === 'ended')) {
		const ends = byVerb.get(m.data.verb_id) ?? [];

		if (ends.length !== 1 || ends[0].outcome !== m.data.outcome)
			wrong.push(`${m.data.verb_id} had ${m.data.outcome}`);
	}
	for (const verb of refers) {
		if (byVerb.get(verb)?.length !== 1)
			wrong.push(`${verb} has ${byVerb.get(verb)?.length ?? 0}` +
				' outcomes');
	}

	return [...wrong, ...wrongHooks(hooks, hooksAfter, messages,
		after.messages, byVerb)];
}


function deliveries(requests, messages)
{
	return [...requests.map((r) => [r.headers['x-referd-delivery'], r]),
		...messages.filter((m) => m.type === 'verb:hook')
			.map((m) => [m.msgid, m])];
}


/* Each transfer that has ended has one delivery, with one content */
function wrongHooks(before, after, messages, messagesAfter, byVerb)
{
	const wrong = [], ids = new Map();
	const all = [...deliveries(before, messages),
		...deliveries(after, messagesAfter)];

	for (const [id, hook] of all) {
		const [verb, status] = told(hook);
		const had = ids.get(verb);

		if (had && (had.id !== id || had.status !== status))
			wrong.push(`${verb} has two hooks`);
		ids.set(verb, { id, status });
	}
	for (const verb of byVerb.keys()) {
		if (verb && !ids.has(verb))
			wrong.push(`${verb} has no hook`);
	}
	for (const verb of ids.keys()) {
		if (!byVerb.has(verb))
			wrong.push(`${verb} has a hook, and no outcome`);
	}

	return wrong;
}


/* The power fails at so many moments; all faults after that. */
async function cuts(s, { t, record, seen, begun, ended })
{
	const d = dice(seed);
	const disk = record.disk();
	const times = Array.from({ length: CUTS }, () => begun + BigInt(
		Math.floor(Number(ended - begun) * d.upTo(1e6) / 1e6)))
		.sort((a, b) => (a < b ? -1 : 1));
	const wrong = [];

	for (const [i, time] of times.entries()) {
		const dir = s.path('cut');
		const from = t.application.requests.length;

		disk.until(time);
		disk.leave(join(dir, 'state'), d);
		const referd = new Referd(dir);

		await referd.run();
		s.join(referd);
		const after = await asked(s, t, referd, `cut ${i + 1}`);
		const what = { messages: seen.messages(time),
			hooks: seen.hooks(time), refers: seen.refers(time) };
		const found = wrongs(what, after,
			t.application.requests.items.slice(from));

		console.log(`# cut ${i + 1} after ${Number(time - begun) / 1e6 |
			0} ms: ${what.messages.length} messages, ` +
			`${what.refers.length} REFERs, ${what.hooks.length} ` +
			`HTTP hooks seen; ${found.length} wrong`);
		wrong.push(...found.map((w) => `cut ${i + 1}: ${w}`));
		await referd.kill('SIGKILL');
	}

	return wrong;
}


scene(`--sync power: what was seen outlives the power, seed ${seed}`,
	async (s) => {
	const r = await recorded(s, 'power');

	assert.ok(r.seen.refers(r.ended).length > 0);
	assert.deepEqual(await cuts(s, r), []);
});


scene('--sync power: a disk that does not answer is waited for, but not long',
	async (s) => {
	const state = join(s.dir, 'state');
	const stall = new Stall(join(s.dir, 'stall'), state);
	const { referd, client } = await s.control({ referd: { env: stall.env,
		args: ['--sync', 'power', '--state', state] } });
	const health = async () =>
		(await (await fetch(`${referd.http}/healthz`)).json()).status;
	const becomes = async (status) => {
		while (await health() !== status)
			await sleep(50);
	};

	await client.echo();
	stall.each(HELD * 1.4);
	const begun = performance.now();
	const answer = client.echo();

	/* referd answers health checks meanwhile */
	assert.equal(await health(), 'ok');
	await answer;
	const time = performance.now() - begun;

	assert.ok(time >= HELD * 0.99 && time < HELD * 1.3, `${time} ms`);
	await becomes('degraded');
	stall.each(0);
	await becomes('ok');

	const text = await (await fetch(`${referd.http}/metrics`)).text();
	assert.ok(Number(/^referd_sync_seconds_count (\d+)$/m
		.exec(text)[1]) > 0);
});


scene(`--sync kill: the last seconds do not, seed ${seed}`, async (s) => {
	assert.notDeepEqual(await cuts(s, await recorded(s, 'kill')), []);
});
