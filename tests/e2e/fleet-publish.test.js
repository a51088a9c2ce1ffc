/**
 * @file fleet-publish.test.js  The events of a referd get into the stream
 *
 * The stream has each event once and in order, also after faults. The servers
 * are those of Debian's package, and baresip is the test.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { authority } from './lib/certificate.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { makeNkey } from './lib/nkey.js';
import { Node } from './lib/node.js';
import { scene, settings } from './lib/scene.js';

const LOOK_TIME = 20; /* ms */
const PATIENCE = 60_000;
const STOPS = 5;
/* ms; libnats waits for an answer for 500 */
const STOP_TIME = settings.sanitize ? 5000 : 450;
const skip = NO_FLEET;


/* A referd of a fleet, with a baresip and a client that sees all events */
async function member(s, urls, { name = 'gw1', args = [], ...options } = {})
{
	const referd = await s.referd({ ...options, args: ['--fleet', urls,
		'--fleet-node', name, ...args] });
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);

	await referd.knows(1);

	return { referd, client, node, name };
}


/* Makes events: calls begin and end. Returns the seq of the last event. */
async function act({ client, node }, count = 1)
{
	let last;

	for (let i = 0; i < count; i++) {
		const call = node.call();

		node.closed(call);
		last = call.sid;
	}

	const { seq } = await client.message('call:status', { call_sid: last,
		call_status: 'completed' });

	return seq;
}


/* Makes events all the time, until it is stopped. */
function busy(m)
{
	const timer = setInterval(() => m.node.closed(m.node.call()), 10);

	return () => {
		clearInterval(timer);

		return act(m);
	};
}


/* The last message of a member in the stream, or null. */
async function lastOf(c, { name })
{
	const last = await c.asked((client) => client.api(
		'STREAM.MSG.GET.FLEET', { last_by_subj: `fleet.ev.${name}` },
		{ timeout: 500 })).catch(() => null);

	return last && JSON.parse(Buffer.from(last.message.data, 'base64')
		.toString().split('\n')[0]);
}


/* Waits until the stream has the events of a member up to a seq. */
async function published(c, m, seq, timeout = PATIENCE)
{
	const end = Date.now() + timeout;

	for (;;) {
		const last = await lastOf(c, m);

		if (last?.last >= seq)
			return;
		if (Date.now() > end)
			throw new Error(`the stream has ${last?.last}, ` +
				`not ${seq}`);
		await sleep(LOOK_TIME);
	}
}


/* The events that a client has received. */
function toldTo(client)
{
	return client.messages.filter((m) => m.seq && m.type !== 'hello');
}


/* The stream has the events of a member's clients, once and in order. */
async function assertSame(c, { client, name })
{
	const events = (await c.events(name)).map((e) => e.event);

	assert.deepEqual(events, toldTo(client));
}


function said(m, text)
{
	return m.referd.process.log.wait((l) => l.includes(text), text);
}


function countSaid(m, text)
{
	return m.referd.process.log.filter((l) => l.includes(text)).length;
}


scene('each event is in the stream once, in order', async (s) => {
	const c = await Cluster.join(s);
	const m = await member(s, c.urls());

	for (let i = 0; i < 20; i++)
		await published(c, m, await act(m, 5));
	await published(c, m, await act(m, 500));
	await assertSame(c, m);

	/* the numbers of the batches have no gap */
	let after = 0;

	for (const { data, headers } of await c.messages()) {
		const [line, ...lines] = data.trimEnd().split('\n');
		const head = JSON.parse(line);
		const events = lines.map((l) => JSON.parse(l));

		assert.deepEqual([head.after, head.count, head.first, head.last],
			[after, lines.length, events[0].seq, events.at(-1).seq]);
		assert.deepEqual(head.jambonz, events.flatMap((e, i) =>
			e.msgid ? [i + 1] : []));
		assert.ok(headers['Nats-Msg-Id'].endsWith(
			`.${head.first}-${head.last}`), headers['Nats-Msg-Id']);
		assert.equal(head.anew, after === 0 ? true : undefined);
		after = head.last;
	}
}, { skip });


scene('a referd that is killed goes on where the stream is', async (s) => {
	const c = await Cluster.join(s);
	const m = await member(s, c.urls());
	const boots = new Set();
	let seq;

	for (let i = 0; i < 6; i++) {
		const stop = busy(m);

		await published(c, m, await act(m, 20));
		boots.add((await lastOf(c, m)).boot);
		await m.referd.kill('SIGKILL');
		clearInterval(stop);
		stop().catch(() => {});
		await m.referd.run();
		await m.node.connect();
		await m.referd.knows(1);
		m.client = await s.client(m.referd, { query: '?since=0' });
		seq = await act(m);
	}

	await published(c, m, seq);
	await assertSame(c, m);
	assert.equal(boots.size, 6);
}, { skip, daemon: 'it is killed' });


scene('three servers: the leader is killed, hangs, all are killed', async (s) => {
	const c = await Cluster.join(s, { servers: 3 });
	const m = await member(s, c.urls());

	await published(c, m, await act(m));

	const stop = busy(m);
	const leader = await c.leader();

	await leader.kill();
	await published(c, m, await act(m));
	await leader.start();

	/* a server that hangs does not block the clients of referd */
	const hanging = await c.leader();

	hanging.stop();
	c.known.close();
	for (let i = 0; i < 10; i++) {
		const begin = Date.now();

		await act(m);
		assert.ok(Date.now() - begin < 1000 * (settings.sanitize ? 5 : 1));
		await sleep(100);
	}
	hanging.cont();
	await published(c, m, await act(m));

	await Promise.all(c.servers.map((one) => one.kill()));
	await act(m, 100);
	await Promise.all(c.servers.map((one) => one.start()));
	await published(c, m, await stop());
	await assertSame(c, m);
}, { skip });


/* The server stops before it confirms the events, and for longer than it
   recognizes duplicates. */
scene('an outage is longer than the duplicate window', async (s) => {
	const c = await Cluster.join(s, { stream: { duplicate_window: 100e6 } });
	const [server] = c.servers;
	const m = await member(s, c.urls());

	await published(c, m, await act(m));

	const stop = busy(m);

	for (let i = 0; i < 4; i++) {
		await sleep(100 * Math.random());
		server.stop();
		await sleep(1200); /* referd waits no longer for an answer */
		if (i % 2) {
			server.cont();
			continue;
		}
		await server.kill();
		await server.start();
	}
	await published(c, m, await stop());
	await assertSame(c, m);
}, { skip });


scene('no server is there at the start', async (s) => {
	const c = await Cluster.join(s);
	const [server] = c.servers;

	await server.kill();

	const m = await member(s, c.urls());

	await said(m, 'no connection');
	const seq = await act(m, 300);

	await server.start();
	await published(c, m, seq);
	await assertSame(c, m);
	assert.equal(countSaid(m, 'no connection'), 1);
}, { skip });


scene('the stream is deleted, and made anew', async (s) => {
	const c = await Cluster.join(s);
	const m = await member(s, c.urls());
	const admin = await c.client();

	await published(c, m, await act(m, 10));
	await admin.api('STREAM.DELETE.FLEET');
	const seq = await act(m, 10);

	await said(m, 'make it with referctl fleet init');
	await c.makeStream();
	await published(c, m, seq);

	/* the stream has all kept events, from the first one on */
	await assertSame(c, m);

	/* also if no message tells referd that the stream is new */
	await admin.api('STREAM.DELETE.FLEET');
	await c.makeStream();
	await published(c, m, await act(m));
	await assertSame(c, m);
}, { skip });


scene('a member stops without a wait for its server', async (s) => {
	const c = await Cluster.join(s);
	const times = [];

	/* the machine may be busy for most of them */
	for (let i = 1; i <= STOPS; i++) {
		const m = await member(s, c.urls(), { name: `gw${i}` });

		await published(c, m, await act(m));

		const begun = performance.now();

		await m.referd.kill('SIGTERM');
		times.push(performance.now() - begun);
	}

	assert.ok(Math.min(...times) < STOP_TIME, `${times} ms`);
}, { skip, daemon: 'it is stopped' });


scene('a member whose store is lost begins anew', async (s) => {
	const c = await Cluster.join(s);
	const m = await member(s, c.urls());

	await published(c, m, await act(m, 50));
	const before = (await c.events('gw1')).length;

	await m.referd.kill('SIGTERM');
	m.referd.forget();
	await m.referd.run();
	m.node = await Node.connect(m.referd.socket);
	await m.referd.knows(1);
	m.client = await s.client(m.referd, { query: '?since=0' });

	const seq = await act(m, 5);

	for (;;) {
		const events = (await c.events('gw1')).slice(before);

		if (events.at(-1)?.event.seq === seq) {
			assert.deepEqual(events.map((e) => e.event),
				toldTo(m.client));
			assert.equal(events[0].head.anew, true);
			return;
		}
		await sleep(LOOK_TIME);
	}
}, { skip, daemon: 'it is started again' });


scene('the second of two with one name leaves', async (s) => {
	const c = await Cluster.join(s);
	const m = await member(s, c.urls());

	await published(c, m, await act(m));

	const second = await s.referd({ args: ['--fleet', c.urls(),
		'--fleet-node', 'gw1'] });

	assert.equal(await second.process.ended(), 1);
	assert.equal(second.process.log.filter((l) => l.startsWith(
		'error: fleet: another live referd has the name gw1')).length, 1);
	await published(c, m, await act(m));
	await assertSame(c, m);
}, { skip, daemon: 'it ends' });


function authorization(permissions)
{
	return `authorization {
	users: [ { user: gw1, password: secret,
			permissions: ${permissions} },
		{ user: admin, password: admin } ] }`;
}

const ADMIN = { user: 'admin', pass: 'admin' };


scene('what is not permitted is said once', async (s) => {
	const c = await Cluster.join(s, { admin: ADMIN, extra: authorization(
		'{ publish: { deny: ["fleet.ev.>"] } }') });
	const m = await member(s, c.urls({ user: 'gw1:secret' }));
	const seq = await act(m, 10);

	await said(m, 'Permissions Violation for Publish to "fleet.ev.gw1"');
	await sleep(2500);
	assert.equal(countSaid(m, 'Permissions Violation'), 1);
	assert.equal(countSaid(m, 'secret'), 0);

	/* now publishing is permitted */
	c.extra = authorization('{ publish: [">"], subscribe: [">"] }');
	await c.servers[0].kill('SIGTERM');
	await c.servers[0].start();
	await published(c, m, seq);
	await assertSame(c, m);
}, { skip });


scene('a wrong password is said, and tried again later', async (s) => {
	const c = await Cluster.join(s, { admin: ADMIN,
		extra: authorization('{ publish: [">"], subscribe: [">"] }') });
	const m = await member(s, c.urls({ user: 'gw1:wrong' }));

	await said(m, 'no connection: ');
	assert.match(m.referd.process.log.filter((l) =>
		l.includes('no connection'))[0], /Authorization Violation/i);
	const seq = await act(m);

	c.extra = c.extra.replace('secret', 'wrong');
	await c.servers[0].kill('SIGTERM');
	await c.servers[0].start();
	await published(c, m, seq);
	await assertSame(c, m);
}, { skip });


scene('TLS, with a certificate of our own', async (s) => {
	const dir = s.path('pki');

	mkdirSync(dir);
	const ca = authority(dir, { server: 'IP:10.77.0.31', gw1: 'DNS:gw1',
		other: 'IP:10.77.0.39' });
	const file = (name) => join(dir, `${name}.pem`);
	const tls = (name) => `tls { cert_file: "${file(name)}"
		key_file: "${file(`${name}-key`)}", ca_file: "${ca}"
		verify: true }`;
	const read = (name) => readFileSync(file(name));
	const c = await Cluster.join(s, { extra: tls('server'), admin: { tls: {
		ca: read('ca'), cert: read('gw1'), key: read('gw1-key') } } });
	const urls = c.urls({ scheme: 'tls' });
	const m = await member(s, urls, { args: ['--fleet-ca', ca,
		'--fleet-cert', file('gw1'), '--fleet-key', file('gw1-key')] });

	await published(c, m, await act(m, 10));
	await assertSame(c, m);

	/* a member without a certificate, and one without the CA */
	const bare = await member(s, urls, { name: 'gw2',
		args: ['--fleet-ca', ca] });
	const unknown = await member(s, urls, { name: 'gw3', args: [
		'--fleet-cert', file('gw1'), '--fleet-key', file('gw1-key')] });

	await said(bare, 'no connection');
	await said(unknown, 'no connection');
	assert.equal(await lastOf(c, bare), null);

	/* a server with the certificate of another host */
	c.extra = tls('other');
	await c.servers[0].kill('SIGTERM');
	await c.servers[0].start();
	await m.referd.process.log.wait((l) =>
		/no connection: .*(verif|mismatch|certificate)/i.test(l),
	'what is wrong with the certificate');
}, { skip });


scene('an NKey', async (s) => {
	const { seed, id } = makeNkey();
	const file = s.path('seed');

	writeFileSync(file, `${seed}\n`);
	const c = await Cluster.join(s, { admin: ADMIN, extra: `authorization {
	users: [ { nkey: ${id} }, { user: admin, password: admin } ] }` });
	const m = await member(s, c.urls(), { args: ['--fleet-nkey', file] });

	await published(c, m, await act(m, 10));
	await assertSame(c, m);
}, { skip });


for (const [what, content, sentence] of [
	['is not there', null, 'No such file'],
	['has no seed', 'SUAnothing\n', "must begin with the seed of a user's"],
])
	scene(`a file for an NKey that ${what}`, async (s) => {
		const file = s.path('seed');

		if (content)
			writeFileSync(file, content);
		const m = await member(s, 'nats://10.77.0.31:4222',
			{ args: ['--fleet-nkey', file] });

		await said(m, `no connection: ${file}`);
		assert.equal(countSaid(m, sentence), 1);
	}, { skip });


scene('without a fleet nothing of it runs', async (s) => {
	const threads = (referd) => readdirSync(
		`/proc/${referd.process.pid}/task`).length;
	const libraries = (referd) => readFileSync(
		`/proc/${referd.process.pid}/maps`, 'utf8').match(
		/libnats|referd_fleet/g) ?? [];
	const alone = await s.referd();
	const one = await member(s, 'nats://10.77.0.31:4222');

	assert.deepEqual(libraries(alone), []);
	assert.ok(libraries(one.referd).length > 0);
	await said(one, 'no connection');
	assert.ok(threads(one.referd) > threads(alone));

	/* all other threads block the signals that are meant for referd */
	const blocked = readdirSync(`/proc/${one.referd.process.pid}/task`)
		.map((t) => /^SigBlk:\s+(\w+)/m.exec(readFileSync(
			`/proc/${one.referd.process.pid}/task/${t}/status`,
			'utf8'))[1]).filter((mask) => BigInt(`0x${mask}`) &
				1n << 14n);

	assert.ok(blocked.length >= threads(one.referd) - threads(alone));
}, { skip, daemon: 'it is a process of its own' });


for (const [option, value, sentence] of [
	['--fleet-node', 'a.b', '--fleet-node must have 1 to 64 letters'],
	['--fleet-name', '', '--fleet-name must have 1 to 64 letters'],
	['--fleet-view', 'maybe', 'fleet-view must be yes or no'],
	['--fleet-dead', '0', 'fleet-dead must be a number from 1'],
])
	scene(`${option} ${value || '""'} is refused`, async (s) => {
		const r = s.referd({ args: ['--fleet', 'nats://10.77.0.31',
			option, value] });

		await assert.rejects(r, (err) => err.message.includes(sentence));
	}, { skip, daemon: 'it ends' });
