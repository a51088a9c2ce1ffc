/**
 * @file fleet-embedded.test.js  Members of a fleet inside baresip
 *
 * Each member is one process: a baresip with sip_refer.so and referd.so. All
 * of them view the fleet.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { Cluster, NO_FLEET as skip } from './lib/nats.js';
import { Referctl } from './lib/referctl.js';
import { scene, settings } from './lib/scene.js';

const IPS = { gw1: '10.77.0.1', gw2: '10.77.0.2' };
const LEAVE_TIME = settings.sanitize ? 20_000 : 6000; /* ms */

settings.embedded = true;


/* Rings until `decide()` of the leg sets the result. */
async function rings(leg, refer)
{
	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing');
	leg.decide = () => leg.notify('SIP/2.0 200 OK', { headers:
		{ 'Subscription-State': 'terminated;reason=noresource' } });
}


function startMember(s, c, name, ip = IPS[name])
{
	return s.referd({ args: ['--fleet', c.urls(), '--fleet-node', name,
		'--fleet-view', 'yes'] }, { name: `bs-${name}`, ip, users: ['gw'] });
}


function isReachable({ members }, name)
{
	return members.some((m) => m.member === name && m.reachable);
}


function watch(s, referd)
{
	return s.client(referd, { query: '?scope=fleet' });
}


/* Two members that know each other, and a far end that calls the second */
async function start(s)
{
	const cluster = await Cluster.join(s);
	const gw1 = await startMember(s, cluster, 'gw1');
	const gw2 = await startMember(s, cluster, 'gw2');

	for (const m of [gw1, gw2])
		await m.fleet((f) => f.state === 'up' &&
			Object.keys(IPS).every((name) => isReachable(f, name)));

	const far = await Far.start(s, { to: [IPS.gw2, 5060],
		handlers: { REFER: rings } });

	return { s, cluster, gw1, gw2, far, client: await watch(s, gw1) };
}


/* A call at gw2; the clients of gw1 have heard of it */
async function call({ far, client })
{
	const from = client.now;
	const leg = await far.call();
	const { call_sid: sid } = await client.message('session:new',
		{ member: 'gw2' }, { from });

	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });

	return { leg, sid };
}


/* A client of gw1 has the target of that call ring */
async function transfer(p)
{
	const { leg, sid } = await call(p);

	p.client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await p.client.message('transfer:status',
		{ call_sid: sid, call_status: 180 });

	return { leg, sid };
}


function ended(client, call_sid)
{
	return client.message('transfer:status', { call_sid, step: 'ended' });
}


/*
 * The messages of gw2 in the view of gw1 are those that its own clients got,
 * each once and in order.
 */
async function assertWhole({ s, gw2, client })
{
	const own = await s.client(gw2, { query: '?since=0' });
	const last = client.messages.items.findLast((m) =>
		m.member === 'gw2' && m.member_seq);

	await own.message(last.type, { seq: last.member_seq });
	const seqs = (all, key) => all.map((m) => m[key]);
	const seen = client.messages.filter((m) => m.member === 'gw2' &&
		m.member_seq && m.member_seq <= last.member_seq);
	const told = own.messages.filter((m) => m.type !== 'hello' && m.seq &&
		m.seq >= seen[0].member_seq && m.seq <= last.member_seq);

	assert.deepEqual(seqs(seen, 'member_seq'), seqs(told, 'seq'));
}


scene('each of two baresips shows and transfers the calls of both',
	async (s) => {
	const p = await start(s);
	const other = await watch(s, p.gw2);
	const { leg, sid } = await transfer(p);

	await leg.decide();
	for (const client of [p.client, other]) {
		const { data } = await ended(client, sid);

		assert.equal(data.outcome, 'transferred');
	}

	const { text } = await new Referctl(s, ['fleet', 'status', '--fleet',
		p.cluster.urls()]).end();

	for (const name of Object.keys(IPS))
		assert.match(text, new RegExp(`^${name} +yes +\\S+ +yes `, 'm'));
	await assertWhole(p);
}, { skip });


scene('a baresip is killed in mid-transfer, and comes back', async (s) => {
	const p = await start(s);
	const { sid } = await transfer(p);

	await p.gw2.kill('SIGKILL');
	await p.gw1.fleet((f) => !isReachable(f, 'gw2'));
	await p.gw2.run();

	const { data } = await ended(p.client, sid);

	assert.deepEqual([data.outcome, data.evidence], ['unknown', 'node']);
	await p.client.message('call:status',
		{ call_sid: sid, call_status: 'failed' });

	/* It works as before, also for the members that stayed */
	const again = await transfer(p);

	await again.leg.decide();
	assert.equal((await ended(p.client, again.sid)).data.outcome,
		'transferred');
	await assertWhole(p);
}, { skip });


scene('SIGTERM: it leaves in good order, and the fleet has all of its events',
	async (s) => {
	const p = await start(s);
	const { leg, sid } = await transfer(p);
	const begin = Date.now();
	const status = p.gw2.kill('SIGTERM');

	await leg.received('BYE');
	assert.equal(await status, 0);
	assert.ok(Date.now() - begin < LEAVE_TIME);
	await p.gw1.fleet((f) => !isReachable(f, 'gw2'));
	await p.gw2.run();
	await ended(p.client, sid);
	await call(p);
	await assertWhole(p);
}, { skip });


scene('referd.so is unloaded and loaded: it joins again', async (s) => {
	const p = await start(s);
	const { leg, sid } = await transfer(p);

	await p.gw2.gateway.command('rmmod', 'referd.so');
	await p.gw1.fleet((f) => !isReachable(f, 'gw2'));
	await leg.decide();
	await p.gw2.gateway.load();
	assert.equal((await ended(p.client, sid)).data.outcome, 'transferred');
	await call(p);
	await assertWhole(p);
}, { skip });


scene('the second of two with one name leaves the fleet, and baresip stays',
	async (s) => {
	const p = await start(s);
	const second = await startMember(s, p.cluster, 'gw2', '10.77.0.3');

	await second.fleet((f) => !f);

	const client = await s.client(second);
	const far = await Far.start(s, { ip: '10.77.0.21',
		to: ['10.77.0.3', 5060] });

	await far.call();
	await client.message('session:new');
	await call(p);
	await assertWhole(p);
	assert.ok(second.process.alive);
}, { skip });
