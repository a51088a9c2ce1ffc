/**
 * @file fleet-cut.test.js  Machines of a fleet are cut off, or fail
 *
 * Each machine is a network of its own, with a server and a referd. A machine
 * that is cut off continues alone, and later accepts the others' decisions.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';
import { NO_SITES } from './lib/site.js';
import { until as soon } from './lib/until.js';

const skip = NO_FLEET || NO_SITES;
const DEAD = 4; /* --fleet-dead, in seconds */
const PATIENCE = 90_000; /* ms: servers elect a leader meanwhile */
const PORT = 8080;

/* A client on another machine must show a token */
const TOKEN = 'test-0123456789abcdef';
const headers = { Authorization: `Bearer ${TOKEN}` };


const until = (question, what) => soon(question, what, PATIENCE);


/* The referd of a machine; the test connects to it over the network */
async function member(s, cluster, i)
{
	const site = cluster.sites[i];
	const name = `m${i + 1}`;
	const tokens = join(s.dir, 'tokens');

	writeFileSync(tokens, `test controller ${TOKEN}\n`, { mode: 0o600 });
	const referd = await s.referd({ wrap: site.wrap,
		listen: `${site.ip}:${PORT}`, args: ['--fleet', cluster.urls(),
			'--fleet-node', name, '--fleet-view', 'yes',
			'--fleet-dead', `${DEAD}`, '--token-file', tokens] });
	const node = await Node.connect(referd.socket, `bs-${name}`);

	return { site, name, referd, node, server: cluster.servers[i] };
}


async function get(m, path)
{
	const response = await fetch(m.referd.http + path,
		{ headers, signal: AbortSignal.timeout(5000) });

	return response.json();
}


const status = (m, is) => until(async () => {
	const { fleet } = await get(m, '/healthz');

	if (is(fleet))
		return true;
	throw new Error(JSON.stringify(fleet));
}, `such a fleet at ${m.name}`);


async function machines(s)
{
	const cluster = await Cluster.join(s, { servers: 3, sites: true });
	const all = [];

	for (let i = 0; i < 3; i++)
		all.push(await member(s, cluster, i));
	for (const m of all)
		await status(m, (f) => f.state === 'up' && f.members
			.filter((one) => one.reachable).length === 3);

	return { cluster, all };
}


async function begin(m)
{
	const call = m.node.call();

	await until(async () => (await get(m, '/calls'))
		.some((c) => c.call_sid === call.sid), 'call');

	const answer = fetch(`${m.referd.http}/calls/${call.sid}/verbs`, {
		method: 'POST', headers, body: JSON.stringify({ verb: 'sip:refer',
			referTo: '1', id: `v-${m.name}` }) });
	const transfer = await m.node.transfer(call);

	assert.equal((await answer).status, 202);

	return { call, transfer };
}


const watch = (m, since = '') => Client.connect(
	`${m.referd.ws}?scope=fleet${since}`,
	{ name: `${m.name}'s`, headers });

const waiting = { timeout: PATIENCE };


/* The record of a transfer at one member */
async function record(m, { id }, scope)
{
	const { transfer } = await get(m, `/transfers/${id}?scope=${scope}`);

	return transfer;
}


/* The one whose server leads the stream, and the other two */
async function withLeader({ cluster, all })
{
	const leader = await cluster.leader();
	const cut = all.find((m) => m.server === leader);

	return { cut, others: all.filter((m) => m !== cut) };
}


scene('a machine is cut off with the leader, and comes back', async (s) => {
	const fleet = await machines(s);
	const { cut, others } = await withLeader(fleet);
	const clients = await Promise.all(others.map((m) => watch(m)));
	const runs = await begin(cut);
	const ends = await begin(cut);

	for (const client of clients)
		await client.message('transfer:status', { step: 'requested',
			transfer_id: ends.transfer.id }, waiting);

	/* nats-server 2.9 may keep a message that is under way now, see
	   docs/fleet.md */
	await status(cut, (f) => f.members[0].lag === 0);
	await cut.site.cut();
	for (const client of clients)
		await client.message('node:lost', { member: cut.name },
			waiting);

	/* The machine continues: a transfer ends, unseen by the others */
	ends.transfer.end(200);
	for (const client of clients) {
		for (const { transfer } of [runs, ends]) {
			const { data } = await client.message('transfer:status',
				{ step: 'ended', transfer_id: transfer.id },
				waiting);

			assert.deepEqual([data.outcome, data.evidence],
				['unknown', 'node']);
		}
	}

	/* Transfers of the others continue, and do not wait for the machine */
	const other = await begin(others[0]);

	other.transfer.end(486);
	for (const client of clients)
		await client.message('transfer:status', { step: 'ended',
			outcome: 'failed', transfer_id: other.transfer.id },
		waiting);

	await cut.site.heal();
	await status(cut, (f) => f.state === 'up');
	for (const client of clients)
		await client.message('transfer:status', { step: 'late',
			call_status: 200, transfer_id: ends.transfer.id },
		waiting);

	/* All members, and the machine itself, have the same outcome */
	for (const [m, scope] of [...fleet.all.map((one) => [one, 'fleet']),
		[cut, 'local']])
		for (const [{ transfer }, late] of [[runs, undefined],
			[ends, 200]])
			await until(async () => {
				const { outcome, evidence, late_status: l } =
					await record(m, transfer, scope);

				assert.deepEqual([outcome, evidence, l],
					['unknown', 'node', late],
					`${scope} at ${m.name}`);

				return true;
			}, 'same record');

	/* A report of its baresip now is also late */
	runs.transfer.end(486);
	for (const client of clients)
		await client.message('transfer:status', { step: 'late',
			call_status: 486, transfer_id: runs.transfer.id },
		waiting);
	clients.forEach((c) => c.close());
}, { skip, daemon: 'its baresip is a part of the machine' });


scene('a machine is gone for good: its clients go to another', async (s) => {
	const { all } = await machines(s);
	const [gone, other, third] = all;
	const client = await watch(gone);
	const { call, transfer } = await begin(gone);
	const { seq } = await client.message('transfer:status',
		{ step: 'requested', transfer_id: transfer.id });
	const { data } = client.messages.items.find((m) =>
		m.type === 'hello');

	await Promise.all([gone.referd.kill(), gone.server.kill(),
		gone.site.kill()]);

	const back = await watch(other, `&since=${seq}&fleet=${
		encodeURIComponent(data.fleet)}`);

	await back.message('node:lost', { member: gone.name }, waiting);
	await back.message('call:status', { call_sid: call.sid,
		call_status: 'failed' }, waiting);
	await back.message('transfer:status', { step: 'ended',
		outcome: 'unknown', transfer_id: transfer.id }, waiting);
	assert.equal(back.messages.filter((m) => m.seq <= seq &&
		m.type !== 'hello').length, 0);

	/* Any member refuses a verb for its calls at once */
	const answer = await fetch(
		`${third.referd.http}/calls/${call.sid}/verbs`, {
			method: 'POST', headers, body: '{"verb":"hangup"}' });

	assert.ok([404, 503].includes(answer.status), `${answer.status}`);
	back.close();
	/* The machine is gone, and can not close the connection */
	client.socket.terminate();
}, { skip, daemon: 'its baresip is a part of the machine' });


scene('a server leaves for an upgrade: nothing is lost', async (s) => {
	const { cluster, all } = await machines(s);
	const leader = await cluster.leader();
	const clients = await Promise.all(all.map((m) => watch(m)));

	leader.lameDuck();
	for (const m of all) {
		const { call, transfer } = await begin(m);

		transfer.end(200);
		m.node.closed(call);
		for (const client of clients)
			await client.message('transfer:status', {
				step: 'ended', outcome: 'transferred',
				transfer_id: transfer.id }, waiting);
	}
	clients.forEach((c) => c.close());
}, { skip, daemon: 'its baresip is a part of the machine' });
