/**
 * @file fleet-copies.test.js  Copies of a stream that differ are told
 *
 * nats-server 2.9 makes such a copy if the server that leads the stream is cut
 * off while it gets messages.  Later ones do not: then nothing may be told.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { Referctl } from './lib/referctl.js';
import { scene } from './lib/scene.js';
import { NO_SITES } from './lib/site.js';
import { until as soon } from './lib/until.js';

const skip = NO_FLEET || NO_SITES;
const PATIENCE = 120_000; /* ms */
const SUBJECT = 'fleet.ev.gw1';
const CLIENT = new URL('lib/natsclient.js', import.meta.url);

/* Runs beside the server: it gets no answer, and repeats the message. */
const PUBLISH = `import { NatsClient } from '${CLIENT}';

const c = await NatsClient.connect({ host: process.argv[1] });
const headers = { 'Nats-Msg-Id': 'cut' };

for (let i = 0; i < 5; i++)
	await c.request('${SUBJECT}', '{"cut":1}', { timeout: 1000, headers })
		.catch(() => {});
process.exit();`;


const until = (question, what) => soon(question, what, PATIENCE);


/* Until the servers have an answer for it */
const publish = (client, text) => until(async () => {
	const { data } = await client.request(SUBJECT, text);

	return JSON.parse(data).seq;
}, 'acknowledgement');


function current(cluster)
{
	return until(async () => {
		const { cluster: { leader, replicas } } = await cluster.asked(
			(client) => client.info());

		return leader && replicas.length === 2 &&
			replicas.every((r) => r.current);
	}, 'all servers');
}


/* The last sequence of each copy, as its reader finds it */
async function ends(cluster)
{
	return [...await cluster.copies()].map(([server, messages]) =>
		`${server} at ${messages.at(-1).seq}`).sort();
}


const alike = (list) =>
	new Set(list.map((end) => end.replace(/.* /, ''))).size === 1;


/* What status says of the copies: their ends, sorted; null for nothing */
async function told(s, cluster)
{
	const { text } = await new Referctl(s, ['fleet', 'status', '--json',
		'--fleet', cluster.urls()]).end();
	const said = JSON.parse(text).missing.find((m) => /copies/.test(m));

	if (!said)
		return null;
	assert.match(said, /^the copies of the stream FLEET differ: their last messages are /);

	return said.replace(/.* are /, '').split(', ').sort();
}


/* Copies that end alike are the same, and nothing is told of them */
async function assertTold(s, cluster)
{
	await until(async () => {
		const before = await ends(cluster);

		assert.deepEqual(await told(s, cluster),
			alike(before) ? null : before);

		return true;
	}, 'what status says');
}


scene('a copy that differs is told, and made again', async (s) => {
	const cluster = await Cluster.join(s, { servers: 3, sites: true,
		extra: 'ping_interval: "500ms"' });

	await publish(await cluster.client(), '{"before":1}');
	await current(cluster);
	await assertTold(s, cluster);

	const old = await cluster.leader();
	const [enter, args] = old.site.argv(process.execPath,
		'--input-type=module', '-e', PUBLISH, old.ip);

	await old.site.cut();
	execFileSync(enter, args);

	const others = cluster.servers.filter((one) => one !== old);
	const client = await cluster.client(others[0]);

	await until(async () => {
		const { leader } = (await client.info()).cluster;

		return leader && leader !== old.name;
	}, 'another leader');
	for (let i = 0; i < 5; i++)
		await publish(client, `{"after":${i}}`);
	client.close();
	for (const { process: { log } } of others)
		await log.wait((l) => /Router connection closed: Stale/.test(l),
			'closed route', { timeout: PATIENCE });

	await old.site.heal();
	await current(cluster);
	await assertTold(s, cluster);

	/* As docs/fleet.md says */
	await old.kill();
	old.forget();
	await old.start();
	await current(cluster);
	await until(async () => await told(s, cluster) === null, 'same copies');
	assert.ok(alike(await ends(cluster)));
}, { skip });
