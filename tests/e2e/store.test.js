/**
 * @file store.test.js  The disk is full: calls go on
 *
 * `SECONDS=600 node store.test.js` keeps the disk full for so long.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './lib/application.js';
import { Disk, noDisk as skip } from './lib/disk.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const SECONDS = Number(process.env.SECONDS ?? 3);
const RATE = 200; /* transfers a second */
const BATCH = RATE / 20;


/* A referd on a small disk, with a client, an application and a node */
async function control(s, options = {})
{
	const disk = new Disk(s);
	const application = await Application.start(s);
	const referd = await s.referd({ ...options,
		args: ['--state', disk.state] });
	const client = await s.client(referd, { query: '?client=bot' });
	const node = await Node.connect(referd.socket);

	await referd.knows(1);

	return { disk, application, referd, client, node };
}


/* A call with one transfer, from its start to the last hook; its call_sid */
async function transferred({ application, client, node }, n)
{
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });
	client.send([{ verb: 'sip:refer', call_sid: call.sid, referTo: 'bob',
		id: `v${n}`, actionHook: `${application.url}/action`,
		eventHook: '/event' }]);

	const t = await node.transfer(call);

	t.progress(180);
	await client.message('verb:hook', { verb_id: `v${n}` });
	t.end(200);
	await client.message('transfer:status',
		{ call_sid: call.sid, step: 'ended' });
	await client.message('hook:status',
		{ kind: 'action', event: 'answered', verb_id: `v${n}` });
	node.closed(call);
	await client.message('call:status',
		{ call_sid: call.sid, call_status: 'completed' });

	return call.sid;
}


async function health(referd)
{
	const response = await fetch(`${referd.http}/healthz`);

	assert.equal(response.status, 200);

	return response.json();
}


/* Waits until the store is, or is not, in trouble; its health report */
async function until(referd, status)
{
	for (;;) {
		const body = await health(referd);

		if (body.status === status)
			return body;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}


async function metric(referd, name)
{
	const text = await (await fetch(`${referd.http}/metrics`)).text();

	return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
}


async function outcomes(referd)
{
	const list = await (await fetch(
		`${referd.http}/transfers?limit=1000`)).json();

	return new Map(list.map((t) => [t.verb_id ?? t.transfer_id,
		t.outcome]));
}


/* The number of transfers with an outcome, page by page */
async function counted(referd)
{
	let n = 0;

	for (let before = '';;) {
		const page = await (await fetch(`${referd.http}/transfers?` +
			`limit=1000&outcome=transferred&before=${before}`))
			.json();

		if (!page.length)
			return n;
		n += page.length;
		before = page.at(-1).transfer_id;
	}
}


/* A client that requests all messages gets those of the earlier clients. */
async function replayed(s, referd, clients, since)
{
	const said = clients.flatMap((c) => c.messages.filter((m) =>
		m.seq > since && m.type !== 'hello'));
	const late = await s.client(referd, { acks: false,
		query: `?client=bot&since=${since}` });

	await late.messages.wait((m) => m.seq === said.at(-1).seq,
		'the last message');
	assert.deepEqual(late.messages.items.slice(1, said.length + 1), said);
}


for (const [name, spoil, mend] of [
	['the disk is full', ({ disk }) => disk.fill(),
		({ disk }) => disk.clear()],
	['the disk fails', ({ disk, referd }) => {
		const { size } = statSync(join(disk.state, 'referd.db-wal'));

		execFileSync('prlimit', [`--pid=${referd.process.pid}`,
			`--fsize=${size}:unlimited`]);
	}, ({ referd }) => execFileSync('prlimit',
		[`--pid=${referd.process.pid}`, '--fsize=unlimited'])],
]) {
	scene(`${name}: calls go on, and nothing is missing later`,
		async (s) => {
		const p = await control(s);
		const { referd, client, application } = p;
		const since = client.messages.items[0].seq;

		await transferred(p, 0);
		assert.equal((await health(referd)).status, 'ok');
		assert.equal(await metric(referd, 'referd_store_writable'), 1);

		await spoil(p);
		for (let n = 1; n <= 5; n++)
			await transferred(p, n);

		const { error } = await until(referd, 'degraded');

		assert.match(error, /^The store cannot be written \(.*\); changes /);
		assert.equal(await metric(referd, 'referd_store_writable'), 0);

		/* a new client also gets the messages that are not on disk */
		await replayed(s, referd, [client], since);
		const again = await s.client(referd, { query: '?client=bot' });

		await transferred({ ...p, client: again }, 6);

		await mend(p);
		await until(referd, 'ok');
		await transferred({ ...p, client: again }, 7);
		await referd.kill('SIGKILL');
		await referd.run();

		assert.deepEqual(await outcomes(referd), new Map(
			Array.from({ length: 8 }, (_, i) =>
				[`v${7 - i}`, 'transferred'])));
		assert.deepEqual(application.requests.items
			.map((r) => r.data.verb_id).sort(),
		Array.from({ length: 8 }, (_, i) => `v${i}`));
		await replayed(s, referd, [client, again], since);
	}, { skip });
}


/* One transfer has ended before the disk is full, two end while it is; the
   state after a kill */
async function killedInTrouble(s, env)
{
	const p = await control(s, { env });
	const { disk, referd, client, application, node } = p;

	await transferred(p, 0);

	/* one is in progress, one begins later */
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });
	client.send([{ verb: 'sip:refer', call_sid: call.sid, referTo: 'bob',
		id: 'v1', actionHook: `${application.url}/action` }]);

	const t = await node.transfer(call);

	t.progress(180);
	await client.message('transfer:status', { call_status: 180,
		call_sid: call.sid });

	disk.fill();
	await transferred(p, 2);
	t.end(200);
	await application.requests.wait((r) => r.data.verb_id === 'v1',
		'actionHook');
	await client.message('hook:status', { kind: 'action',
		event: 'answered', verb_id: 'v1' });
	await until(referd, 'degraded');

	const last = client.messages.items.at(-1).seq;

	await referd.kill('SIGKILL');
	disk.clear();
	await referd.run();
	await node.connect();

	const again = await s.client(referd, { query: '?client=bot' });

	assert.ok(again.messages.items[0].seq > last);

	return { ...p, last, actions: (verb) => application.requests
		.filter((r) => r.data.verb_id === verb)
		.map((r) => r.headers['x-referd-delivery']) };
}


scene('killed while the disk is full: nothing is missing', async (s) => {
	const p = await killedInTrouble(s);
	const { referd, client, actions } = p;

	assert.deepEqual(await outcomes(referd), new Map(
		['v2', 'v1', 'v0'].map((v) => [v, 'transferred'])));
	await replayed(s, referd, [client], client.messages.items[0].seq);

	/* each hook was delivered, and the store knows it */
	await transferred({ ...p, client: await s.client(referd,
		{ query: '?client=bot' }) }, 3);
	for (const verb of ['v0', 'v1', 'v2', 'v3'])
		assert.equal(actions(verb).length, 1);
}, { skip });


scene('... and without memory that outlives referd: the node says it again',
	async (s) => {
		/* the directory of that memory has no space */
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none',
			'/dev/shm']);
		try {
			const { referd, client, application, last, actions } =
				await killedInTrouble(s, { XDG_RUNTIME_DIR: '' });

			await application.requests.wait(() =>
				actions('v1').length === 2, 'actionHook again');

			assert.deepEqual([...(await outcomes(referd)).values()],
				['transferred', 'transferred', 'transferred']);

			/* it may arrive twice, but as the same hook */
			assert.equal(actions('v1')[0], actions('v1')[1]);
			assert.ok(client.all('transfer:status')
				.every((m) => m.seq <= last));
			assert.match(referd.process.log.items.join('\n'),
				/no tmpfs that outlives this process/);
		}
		finally {
			execFileSync('umount', ['/dev/shm']);
		}
	}, { skip });


/* Memory [MiB] and time on the CPU [s] of a process */
function usage(pid)
{
	const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(
		`/proc/${pid}/status`, 'utf8'))[1];
	const times = readFileSync(`/proc/${pid}/stat`, 'utf8')
		.replace(/^.*\) /, '').split(' ');

	return { rss: rss / 1024,
		cpu: (Number(times[11]) + Number(times[12])) / 100 };
}


/* The messages of a node for a call and its transfer, step by step */
function* story(node)
{
	const call = node.call();
	const step = (name, fields) => node.report({ type: 'transfer',
		call_sid: call.sid, transfer_id, ref: 'none', step: name,
		refer_to: 'sip:bob@example.com', ...fields });
	const transfer_id = randomUUID();

	yield step('requested');
	yield step('accepted', { refer_status: 202 });
	yield step('progress', { refer_status: 202, call_status: 180 });
	yield step('ended', { refer_status: 202, call_status: 200,
		outcome: 'transferred', evidence: 'notify' });
	node.closed(call);
}


/* So many transfers a second, each with a duration of two seconds */
async function traffic(node, seconds, each)
{
	const begin = Date.now();
	const stories = [];

	for (let n = 0; n < seconds * RATE || stories.length; n += BATCH) {
		const wait = begin + n / RATE * 1000 - Date.now();

		if (wait > 0)
			await sleep(wait);
		if (n < seconds * RATE)
			stories.push(...Array.from({ length: BATCH },
				() => ({ steps: story(node), at: n })));
		for (const s of stories) {
			if (n >= s.at) {
				s.over = s.steps.next().done;
				s.at = n + RATE / 2;
			}
		}
		while (stories[0]?.over)
			stories.shift();

		/* limits the memory of the test */
		node.kept.length = 0;
		if (n % RATE === 0)
			each(n / RATE);
	}
}


scene('full for long: memory and CPU stay as they are, outcomes are kept',
	async (s) => {
		const disk = new Disk(s, (16 + 2 * SECONDS) << 20);
		const referd = await s.referd({ args: ['--state', disk.state] });
		const node = await Node.connect(referd.socket);
		const used = [];
		const part = (from, to) => used.slice(
			from * used.length, to * used.length);
		const most = (list) => Math.max(...list.map((u) => u.rss));
		const busy = (list) => (list.at(-1).cpu - list[0].cpu) /
			(list.length - 1);

		await referd.knows(1);
		disk.fill();
		await traffic(node, SECONDS, (second) => {
			used.push(usage(referd.process.pid));
			if (second % 30 === 0)
				console.log(`${second} s: ${used.at(-1).rss
					.toFixed(1)} MiB, ${used.at(-1).cpu
					.toFixed(2)} s on the CPU`);
		});
		used.push(usage(referd.process.pid));
		assert.match((await until(referd, 'degraded')).error, /full/);

		/* the limit, and the normal memory of referd */
		assert.ok(most(used) < 64 + 64, `${most(used)} MiB`);
		if (SECONDS >= 300) {
			assert.ok(most(part(0.5, 1)) < most(part(0, 0.5)) * 1.1,
				'memory grows');
			assert.ok(busy(part(0.8, 1)) < busy(part(0.2, 0.4)) * 1.5,
				'the CPU has more and more to do');
		}

		disk.clear();
		await until(referd, 'ok');

		assert.equal(await counted(referd), SECONDS * RATE);
		assert.deepEqual(referd.process.log.filter((l) =>
			/^(error|warning):/.test(l)).map((l) =>
			/cannot write|messages are lost|writes again/.exec(
				l)?.[0] ?? l), ['cannot write',
			...SECONDS >= 300 ? ['messages are lost'] : [],
			'writes again']);
	}, { skip });


scene('it does not start on what it cannot write', async (s) => {
	const disk = new Disk(s);
	const referd = await s.referd({ args: ['--state', disk.state] });
	const args = [settings.referd, '--listen', '127.0.0.1:0',
		'--socket', join(s.dir, 'other.sock'), '--state', disk.state];
	const refused = async () => {
		const p = new Process('referd', args);

		assert.equal(await p.ended(), 1);
		assert.equal(p.log.length, 1, p.log.items.join('\n'));

		return p.log.items[0];
	};

	assert.equal(await referd.kill('SIGTERM'), 0);
	disk.readOnly(true);
	assert.match(await refused(),
		/cannot use the state directory .*: Read-only file system/);

	disk.readOnly(false);
	disk.fill();
	assert.match(await refused(), /cannot use .*referd\.db: .*(full|I\/O)/);

	disk.clear();
	await referd.run();
	assert.equal((await health(referd)).status, 'ok');
}, { skip });
