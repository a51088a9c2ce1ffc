/**
 * @file fleet-view.test.js  The view of a whole fleet, at any member
 *
 * Three servers of Debian's package, and three referds; the baresips are the
 * test. Each client sees every event of all members once, in one order that is
 * the same at all of them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Client } from './lib/client.js';
import { Cluster, NO_FLEET as skip } from './lib/nats.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';
import { keysOf, sections } from './lib/told.js';
import { until } from './lib/until.js';

const DEAD = 5; /* --fleet-dead, in seconds */


async function link(m)
{
	m.node = await Node.connect(m.referd.socket, `bs-${m.name}`);
	await m.referd.knows(1);
}


/* A member with a baresip */
async function member(s, c, name)
{
	const referd = await s.referd({ args: ['--fleet', c.urls(),
		'--fleet-node', name, '--fleet-view', 'yes', '--fleet-dead', `${DEAD}`] });
	const m = { referd, name };

	await link(m);

	return m;
}


async function members(s, c, count = 3)
{
	const all = [];

	for (let i = 1; i <= count; i++)
		all.push(await member(s, c, `gw${i}`));
	for (const m of all)
		await m.referd.fleet((f) => f.state === 'up' && f.members.filter(
			(one) => one.reachable).length === count);

	return all;
}


async function get(m, path)
{
	const response = await fetch(m.referd.http + path);

	return response.json();
}


/* A client of the whole fleet */
function watch(m, since = '')
{
	return Client.connect(`${m.referd.ws}?scope=fleet${since}`,
		{ name: `${m.name}'s` });
}


/* The events of the stream that a client has received */
function events(client)
{
	return client.messages.items.filter((e) => e.member &&
		e.type !== 'hello');
}


const by = ({ member, member_seq }) => `${member} ${member_seq}`;


/* Checks that each message of a member is there once, and all in order */
function assertWhole(told)
{
	const last = {};
	let f = 0;

	for (const e of told) {
		assert.ok(e.seq > f, `${e.seq} behind ${f}`);
		f = e.seq;
		if (!e.member_seq)
			continue;
		assert.ok(e.member_seq > (last[e.member] ?? 0), by(e));
		last[e.member] = e.member_seq;
	}
}


/* A call begins, and a client requests a transfer */
async function begin(m)
{
	const call = m.node.call();

	await until(async () => (await get(m, '/calls')).some((c) =>
		c.call_sid === call.sid), 'call');

	const answer = fetch(`${m.referd.http}/calls/${call.sid}/verbs`, {
		method: 'POST', body: JSON.stringify({ verb: 'sip:refer',
			referTo: '1', id: `v-${m.name}` }) });
	const transfer = await m.node.transfer(call);

	assert.equal((await answer).status, 202);

	return { call, transfer };
}


/* The transfer and its call also end */
async function act(m)
{
	const { call, transfer } = await begin(m);

	transfer.progress(180);
	transfer.end();
	m.node.closed(call);

	return { call, transfer };
}


/* Waits for the end of a call, which is its last message */
function over(client, { call })
{
	return client.messages.wait((e) => e.type === 'call:status' &&
		e.call_sid === call.sid && e.data.call_status === 'completed',
	`end of ${call.sid}`);
}


scene('all see all events in one order, and the same records', async (s) => {
	const c = await Cluster.join(s, { servers: 3 });
	const all = await members(s, c);
	const clients = await Promise.all(all.map((m) => watch(m)));
	const done = [];

	for (let i = 0; i < 3; i++)
		done.push(...await Promise.all(all.map((m) => act(m))));
	for (const client of clients) {
		for (const one of done)
			await over(client, one);
	}

	const [first, ...others] = clients.map((client) => events(client)
		.filter((e) => e.type !== 'node:status'));

	assertWhole(first);
	assert.equal(new Set(first.map(by)).size, first.length);
	for (const other of others)
		assert.deepEqual(other, first);

	/* each record equals that of the owner, plus its member */
	for (const [i, { transfer }] of done.entries()) {
		const owner = all[i % 3];
		const path = `/transfers/${transfer.id}`;
		const own = (await get(owner, path)).transfer;

		for (const m of all) {
			const got = await get(m, `${path}?scope=fleet`);

			assert.deepEqual(got.transfer,
				{ member: owner.name, ...own });
		}
	}
}, { skip });


scene('what lives is known at each member', async (s) => {
	const c = await Cluster.join(s);
	const all = await members(s, c, 2);
	const { call, transfer } = await begin(all[0]);

	for (const m of all) {
		await until(async () => {
			const [one] = await get(m, '/calls?scope=fleet');

			return one?.call_sid === call.sid &&
				one.member === 'gw1';
		}, 'call');

		const [running] = await until(async () => {
			const list = await get(m,
				'/transfers?scope=fleet&outcome=running');

			return list.length && list;
		}, 'transfer');

		assert.equal(running.transfer_id, transfer.id);
		assert.equal(running.member, 'gw1');

		const data = await until(async () => {
			const client = await watch(m);
			const hello = await client.message('hello');

			client.close();

			return hello.data.nodes.length > 1 && hello.data;
		}, 'both nodes');

		assert.equal(data.calls[0].call_sid, call.sid);
		assert.equal(data.transfers[0].transfer_id, transfer.id);
		assert.deepEqual(data.nodes.map((n) => [n.member, n.node,
			n.aor]).sort(), [
			['gw1', 'bs-gw1', 'sip:bs-gw1@10.0.0.2'],
			['gw2', 'bs-gw2', 'sip:bs-gw2@10.0.0.2']]);
	}

	/* The metrics show the same, as does a query for one member */
	assert.deepEqual(await get(all[1], '/calls?scope=fleet&member=gw2'),
		[]);
	await until(async () => {
		const answer = await fetch(
			`${all[1].referd.http}/metrics?scope=fleet`);
		const text = await answer.text();

		return ['reachable', 'calls', 'transfers_running'].every((k) =>
			text.includes(`referd_fleet_member_${k}` +
				'{member="gw1"} 1\n'));
	}, 'numbers of gw1');
	transfer.end();
	all[0].node.closed(call);
}, { skip });


scene('a referd that was killed catches up, and a client that hops misses ' +
	'nothing', async (s) => {
	const c = await Cluster.join(s);
	const all = await members(s, c);
	const told = [];
	let since = 0, at = 0, fleet;

	/* A member that was killed before its first write knows no fleet until
	   it reads the stream. It closes the connection then. */
	async function connect()
	{
		const client = await watch(all[at],
			`&since=${since}${fleet ? `&fleet=${fleet}` : ''}`);
		const hello = await client.message('hello');

		if (hello.data.fleet)
			return { client, hello };
		await client.closed;

		return connect();
	}

	/* hops from member to member, with the last seq */
	async function hop(done)
	{
		const { client, hello } = await connect();

		fleet = encodeURIComponent(hello.data.fleet);
		for (const one of done)
			await over(client, one);
		told.push(...events(client).filter((e) => e.seq > since));
		since = told.at(-1).seq;
		client.close();
		at = (at + 1) % all.length;
	}

	let done = await Promise.all(all.map((m) => act(m)));

	await hop(done);

	/* the second member dies, and the others continue */
	await all[1].referd.kill('SIGKILL');
	all[1].node.disconnect();
	done = await Promise.all([all[0], all[2]].map((m) => act(m)));
	at = 2;
	await hop(done);
	done = [await act(all[0])];
	await all[1].referd.run();
	await all[1].node.connect();
	await all[1].referd.knows(1);
	done.push(await act(all[1]));
	at = 1;
	await hop(done);
	done = await Promise.all(all.map((m) => act(m)));
	at = 0;
	await hop(done);

	assertWhole(told);

	const whole = await watch(all[1], '&since=0');

	for (const one of done)
		await over(whole, one);
	await until(() => events(whole).length >= told.length, 'all events');
	assert.deepEqual(events(whole).filter((e) => e.seq <= since).map(by),
		told.map(by));
}, { skip });


scene('what a member had that dies has one outcome everywhere, and what it ' +
	'knows better comes late', async (s) => {
	const c = await Cluster.join(s);
	const all = await members(s, c);
	const clients = await Promise.all([all[0], all[2]].map((m) =>
		watch(m)));
	const { call, transfer } = await begin(all[1]);

	for (const client of clients)
		await client.message('transfer:status', { step: 'requested',
			transfer_id: transfer.id });

	await all[1].referd.kill('SIGKILL');
	for (const m of [all[0], all[2]])
		await m.referd.fleet((f) => f.members.some((one) =>
			one.member === 'gw2' && !one.reachable));

	for (const client of clients) {
		const lost = await client.message('node:lost',
			{ member: 'gw2' });
		const end = await client.message('transfer:status',
			{ step: 'ended', transfer_id: transfer.id });

		assert.equal(lost.data.calls, 1);
		assert.equal(lost.data.transfers, 1);
		assert.equal(end.data.outcome, 'unknown');
		assert.equal(end.data.evidence, 'node');
		await client.message('call:status', { call_sid: call.sid,
			call_status: 'failed' });
	}

	/* its baresip still runs, and knows the result */
	transfer.end(200);
	await all[1].referd.run();
	await all[1].node.connect();
	for (const client of clients) {
		const late = await client.message('transfer:status',
			{ step: 'late', transfer_id: transfer.id });

		assert.equal(late.data.call_status, 200);
		assert.equal(client.messages.filter((e) =>
			e.type === 'transfer:status' &&
			e.data.step === 'ended').length, 1);
	}
	assert.deepEqual(...clients.map((client) => events(client).filter(
		(e) => e.type !== 'node:status').map((e) => [e.seq, e.type])));
	for (const m of all) {
		const record = await until(async () => {
			const { transfer: t } = await get(m,
				`/transfers/${transfer.id}?scope=fleet`);

			return t.late_status && t;
		}, 'late status');

		assert.equal(record.outcome, 'unknown');
		assert.equal(record.late_status, 200);
	}

	/* docs/protocol.md describes these messages with all fields */
	for (const m of clients[0].messages.items.filter(({ type }) =>
		['node:lost', 'fleet:status'].includes(type))) {
		const { text } = sections().get(m.type);

		assert.deepEqual(keysOf(m).filter((k) => !text.includes(k)),
			[], m.type);
	}
}, { skip });


scene('clients are told when the servers are gone, and are back',
	async (s) => {
		const c = await Cluster.join(s);
		const [m] = await members(s, c, 1);
		const client = await s.client(m.referd);
		const begun = Date.now();

		await c.servers[0].kill();
		await client.message('fleet:status', { state: 'down' });
		assert.ok(Date.now() - begun < 5000);

		const one = await act(m);

		await c.servers[0].start();
		await client.message('fleet:status', { state: 'up' },
			{ from: client.messages.items.findIndex((e) =>
				e.type === 'fleet:status' &&
				e.data.state === 'down') });

		const whole = await watch(m, '&since=0');

		await over(whole, one);
		assertWhole(events(whole));
	}, { skip });
