/**
 * @file node.test.js  Clients hear of baresips that connect and disconnect
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';


scene('a baresip comes, quits and comes back', async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd, { query: '?client=reader' });
	const bot = await s.client(referd, { protocol: 'ws.jambonz.org' });
	const gateway = await s.gateway(referd);
	const { data, seq } = await client.message('node:status',
		{ node: 'gw', connected: true });

	assert.match(data.baresip, /^\d/);
	assert.match(data.libre, /^\d/);
	assert.equal(data.calls, 0);
	assert.equal(data.transfers, 0);
	assert.equal(data.reason, 'baresip has connected');
	assert.ok(Math.abs(Date.parse(data.since) - Date.now()) < 60_000);

	const { sid } = await s.call(client, 'ringing', { final: '200 OK' });
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await client.message('transfer:status', { call_status: 180 });

	const { data: hello } = await (await s.client(referd))
		.message('hello');

	assert.deepEqual(hello.nodes, [{ node: 'gw', version: data.version,
		baresip: data.baresip, libre: data.libre, aor: gateway.uri,
		connected: true,
		since: data.since, calls: 1, transfers: 1 }]);

	await gateway.kill();
	const gone = await client.message('node:status',
		{ reason: 'baresip is gone' });

	assert.equal(gone.data.connected, false);
	assert.equal(gone.data.calls, 0);
	assert.ok(gone.seq > seq);

	await s.gateway(referd, { ip: '10.77.0.4' });
	await client.message('node:status', { connected: true },
		{ from: client.messages.items.indexOf(gone) });

	/* a client that was away gets the message, too */
	const late = await s.client(referd, { query: `?since=${seq - 1}` });

	await late.messages.wait(() => late.all('node:status').length >=
		client.all('node:status').length, 'all that was said of it');
	assert.deepEqual(late.all('node:status'), client.all('node:status'));
	assert.deepEqual(bot.all('node:status'), []);
});


scene('a link that breaks is told, and its return', async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket, 'gw');

	await client.message('node:status', { connected: true });
	node.disconnect();

	const { data, seq } = await client.message('node:status',
		{ connected: false });

	assert.equal(data.reason, 'baresip has disconnected');

	await node.connect();
	await client.messages.wait((m) => m.type === 'node:status' &&
		m.data.connected && m.seq > seq, 'its return');
	node.disconnect();
});


scene('what a baresip said on an earlier link is not what lives now',
	async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = new Node(referd.socket, 'gw');
	const nodes = async () =>
		(await (await fetch(`${referd.http}/healthz`)).json()).nodes;
	let sync;

	/* a referd that has lost its store gets all reports again */
	node.kept = [{ type: 'sync', n: 1, time: Date.now(), transfers: [] }];
	node.n = 1;
	node.report = (what) => {
		if (what.type === 'sync')
			sync = what;
		else
			Node.prototype.report.call(node, what);
	};
	await node.connect();
	node.call();
	await client.message('session:new');
	assert.equal(await nodes(), 0);

	delete node.report;
	node.report(sync);
	await referd.knows(1);
	node.disconnect();
});


scene('of two processes of one name the one that is there counts',
	async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd);
	const former = await Node.connect(referd.socket, 'gw');

	await client.message('node:status', { connected: true });

	const node = await Node.connect(referd.socket, 'gw');
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });
	former.disconnect();
	node.closed(call);
	await client.message('call:status', { call_status: 'completed' });

	const other = await Node.connect(referd.socket, 'other');

	await client.message('node:status', { node: 'other' });
	assert.ok(client.all('node:status').every((m) => m.data.connected));
	node.disconnect();
	other.disconnect();
});


/* The messages to a client about a name that two baresips use */
function conflicts(client)
{
	return client.all('node:status').filter((m) =>
		m.data.reason === 'another baresip has this name');
}


scene('two baresips of one name: each goes on, and the conflict is named once',
	async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd, { query: '?client=bot' });
	const [one, two] = [await Node.connect(referd.socket, 'gw'),
		await Node.connect(referd.socket, 'gw')];
	const [first, second] = [one.call(), two.call()];

	await client.message('session:new', { call_sid: first.sid });
	await client.message('session:new', { call_sid: second.sid });

	/* a reset of the link ends no call */
	two.disconnect();
	await referd.knows(1);
	await two.connect();
	await referd.knows(2);
	client.send({ verb: 'sip:refer', referTo: '1', call_sid: second.sid });
	const transfer = await two.transfer(second);
	await client.message('transfer:status', { step: 'requested' });

	const log = referd.process.log;

	assert.equal(conflicts(client).length, 1);
	assert.equal(conflicts(client)[0].data.node, 'gw');
	assert.equal(log.filter((l) => /two baresips have the name gw/.test(l))
		.length, 1);

	/* nor does the first to connect after a restart of referd */
	await referd.kill('SIGKILL');
	await referd.run();
	const again = await s.client(referd, { query: '?client=bot' });

	await one.connect();
	await referd.knows(1);
	await two.connect();
	await referd.knows(2);
	transfer.end(200);
	const { data } = await again.message('transfer:status',
		{ step: 'ended' });

	assert.equal(data.outcome, 'transferred');
	one.closed(first);
	two.closed(second);
	for (const { sid } of [first, second])
		await again.message('call:status', { call_sid: sid,
			call_status: 'completed' });
	assert.deepEqual([...client.all('call:status'),
		...again.all('call:status')].filter((m) =>
		m.data.call_status === 'failed'), []);
	one.disconnect();
	two.disconnect();
});


scene('of two baresips of one name one is killed: only its calls end',
	async (s) => {
	const { referd, client, gateway } = await s.control();

	await s.gateway(referd, { ip: '10.77.0.4' });
	await client.messages.wait(() => conflicts(client).length,
		'the conflict');
	const here = await s.call(client, 'refuse', { more: 'X-More: none',
		answer: 'SIP/2.0 603 Decline' });
	const there = await s.call(client, 'refuse', { more: 'X-More: none',
		answer: 'SIP/2.0 603 Decline' }, { to: '10.77.0.4:5060' });

	await gateway.kill();
	await client.message('call:status', { call_sid: here.sid,
		call_status: 'failed' });
	client.send({ verb: 'hangup', call_sid: there.sid });
	await client.message('call:status', { call_sid: there.sid,
		call_status: 'completed' });
});


scene('the socket could not be made again: it is when that is possible',
	async (s) => {
	const dir = join(s.dir, 'run');
	const referd = await s.referd({ args: ['--socket', join(dir, 's')] });
	const client = await s.client(referd);
	const log = referd.process.log;

	process.kill(referd.process.child.pid, 'SIGSTOP');
	rmSync(dir, { recursive: true });
	writeFileSync(dir, 'in the way');
	process.kill(referd.process.child.pid, 'SIGCONT');
	await log.wait((l) => l.includes("cannot listen"), 'its failure');
	unlinkSync(dir);

	await log.wait((l) => l.includes('listens on'), 'the socket');
	const node = await Node.connect(join(dir, 's'), 'gw');

	await client.message('node:status', { connected: true });
	assert.equal(log.filter((l) => l.includes("cannot listen")).length, 1);
	node.disconnect();
});


/* referd no longer knows whether it was sent. */
for (const [when, accepts] of [['before it has answered', false],
	['before it has told of the REFER', true]]) {
	scene(`a baresip that was asked for a transfer goes ${when}: unknown`,
		async (s) => {
		const referd = await s.referd();
		const client = await s.client(referd,
			{ query: '?client=bot' });
		const node = await Node.connect(referd.socket, 'gw');
		const call = node.call();

		await client.message('session:new');
		client.send([{ verb: 'sip:refer', id: 'v1', referTo: '100',
			call_sid: call.sid }, { verb: 'hangup' }]);
		await (accepts ? node.accept() : node.request('verbs'));
		if (accepts)
			await client.message('verb:status',
				{ event: 'starting' });
		node.disconnect();

		const { data } = await client.message('transfer:status');
		assert.equal(data.step, 'ended');
		assert.equal(data.outcome, 'unknown');
		assert.equal(data.evidence, 'node');
		assert.equal(data.verb_id, 'v1');
		assert.equal(data.refer_to, '100');
		await client.message('verb:hook', { hook: 'refer' });
		await client.message('call:status', { call_status: 'failed' });
		assert.deepEqual(client.all('jambonz:error'), []);

		const list = await (await fetch(`${referd.http}/transfers`))
			.json();
		assert.deepEqual(list.map((t) => [t.verb_id, t.outcome]),
			[['v1', 'unknown']]);
	});
}


scene('a baresip that was asked for a dry run goes: an error', async (s) => {
	const referd = await s.referd();
	const client = await s.client(referd, { query: '?client=bot' });
	const node = await Node.connect(referd.socket, 'gw');
	const call = node.call();

	await client.message('session:new');
	client.send({ verb: 'sip:refer', referTo: '100', dryRun: true,
		call_sid: call.sid });
	await node.request('verbs');
	node.disconnect();

	await client.message('jambonz:error');
	await client.message('call:status', { call_status: 'failed' });
	assert.deepEqual(client.all('transfer:status'), []);
});
