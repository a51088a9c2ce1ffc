/**
 * @file inside.test.js  referd in baresip: both programs end together
 *
 * `SECONDS=600 node inside.test.js` kills them for 600 s; with `SEED=17` they
 * are killed after the same times as in the run that printed that seed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { dice, seed } from './lib/dice.js';
import { Far } from './lib/far.js';
import { hooksOver } from './lib/rows.js';
import { scene } from './lib/scene.js';
import { Traffic } from './lib/traffic.js';

const SECONDS = Number(process.env.SECONDS ?? 10);
const NEVER = 60_000; /* ms that a target rings */


/* Rings until `decide()` of the leg sets the result. */
async function rings(leg, refer)
{
	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing');
	leg.decide = (final) => leg.notify(final, { headers:
		{ 'Subscription-State': 'terminated;reason=noresource' } });
}


/* A transfer whose target rings. */
async function inTransfer(s)
{
	const far = await Far.start(s, { handlers: { REFER: rings } });
	const p = await s.control({ client: { query: '?client=bot' } });
	const leg = await far.call();
	const { call_sid: sid } = await p.client.message('session:new');

	await p.client.message('call:status', { call_status: 'in-progress' });
	p.client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid, actionHook: '/action' });
	await p.client.message('transfer:status', { call_status: 180 });

	return { far, leg, sid, ...p };
}


/* The bot reconnects, after the last seq it has seen. */
async function comeBack(s, { referd, client })
{
	const { seq } = client.messages.items.at(-1);

	return s.client(referd, { query: `?client=bot&since=${seq}` });
}


async function historyOf(referd)
{
	return (await fetch(`${referd.http}/transfers`)).json();
}


scene('killed: the call is failed, the transfer unknown, the hook sent once',
	async (s) => {
	const p = await inTransfer(s);

	await p.gateway.kill();
	await p.gateway.run();

	const client = await comeBack(s, p);

	await client.message('call:status', { call_sid: p.sid,
		call_status: 'failed' });
	const { data } = await client.message('transfer:status',
		{ call_sid: p.sid, step: 'ended' });

	assert.equal(data.outcome, 'unknown');
	assert.equal(data.evidence, 'node');

	const hook = await client.message('verb:hook', { hook: '/action' });

	assert.equal(hook.data.verb_id, 'v1');
	await hooksOver(p.referd);

	/* after a second restart no message is repeated */
	await p.gateway.kill();
	await p.gateway.run();
	const later = await comeBack(s, { ...p, client });

	await later.echo();
	assert.deepEqual(later.all('verb:hook'), []);
	assert.deepEqual(later.all('transfer:status'), []);
	assert.deepEqual((await historyOf(p.referd)).map((t) =>
		[t.verb_id, t.outcome, t.evidence]),
	[['v1', 'unknown', 'node']]);
});


scene('SIGTERM in mid-transfer: the outcome is told once, the hook comes once',
	async (s) => {
	const p = await inTransfer(s);

	assert.equal(await p.referd.kill('SIGTERM'), 0);
	await p.leg.received('BYE');
	await p.referd.run();

	const client = await comeBack(s, p);
	const all = (type) => [...p.client.all(type), ...client.all(type)];

	await client.echo();
	await hooksOver(p.referd);
	assert.equal(all('transfer:status').filter((m) =>
		m.data.step === 'ended').length, 1);
	assert.equal(all('call:status').filter((m) =>
		m.data.duration >= 0).length, 1);
	assert.equal(new Set(all('verb:hook').map((m) => m.msgid)).size, 1);
	assert.deepEqual(await (await fetch(`${p.referd.http}/calls`)).json(),
		[]);
});


scene('referd.so is unloaded and loaded again: the call and its result stay',
	async (s) => {
	const p = await inTransfer(s);

	await p.gateway.command('rmmod', 'referd.so');
	p.leg.decide('SIP/2.0 486 Busy Here');
	await p.leg.wait(false, 200, { from: p.leg.messages.length });
	await p.gateway.load();

	const client = await comeBack(s, p);

	await client.message('transfer:status', { call_sid: p.sid,
		step: 'ended', outcome: 'failed', call_status: 486 });
	await client.message('verb:hook', { hook: '/action' });
	await hooksOver(p.referd);
	assert.equal(client.all('verb:hook').length, 1);
	assert.equal((await p.gateway.talking()).length, 1);

	client.send({ verb: 'sip:refer', id: 'v2', referTo: '200',
		call_sid: p.sid });
	await client.message('transfer:status', { verb_id: 'v2',
		call_status: 180 });
	p.leg.decide('SIP/2.0 200 OK');
	await client.message('transfer:status', { verb_id: 'v2',
		outcome: 'transferred' });
});


/* Some targets ring for ever, so each kill cuts some transfers off. */
scene(`killed again and again amid transfers, seed ${seed}`, async (s) => {
	const end = Date.now() + SECONDS * 1000;
	const d = dice(seed);
	const t = await Traffic.start(s, { rings: (of) =>
		of.chance(0.2) ? NEVER : of.upTo(400) });

	while (Date.now() < end) {
		await sleep(500 + d.upTo(2500));
		await t.gateway.kill();
		await t.gateway.run();
		await t.client.connect();
	}
	await t.stop();
	await t.settled();

	const ends = await t.ends();
	const cut = ends.filter((e) => e.evidence === 'node');

	console.log(`# ${cut.length} of ${ends.length} transfers were cut off`);
	assert.ok(cut.length > 0);
	assert.ok(cut.every((e) => e.outcome === 'unknown'));
	assert.deepEqual(ends.filter((e) => !['transferred', 'failed',
		'presumed'].includes(e.outcome) && e.evidence !== 'node'), []);

	/* their calls have failed, and each ends exactly once */
	for (const { call_sid: sid } of cut)
		assert.deepEqual(t.client.messages.filter((m) =>
			m.type === 'call:status' && m.call_sid === sid &&
			m.data.duration >= 0).map((m) => m.data.call_status),
		['failed']);
});
