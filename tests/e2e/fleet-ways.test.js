/**
 * @file fleet-ways.test.js  Each member of a fleet can reach every call
 *
 * Most cases are without SIP: the test takes the place of baresip.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './lib/application.js';
import { Far } from './lib/far.js';
import { Cluster, NO_FLEET as skip } from './lib/nats.js';
import { Node } from './lib/node.js';
import { getCapture, packetsOf } from './lib/packets.js';
import { Referctl } from './lib/referctl.js';
import { scene as anyScene } from './lib/scene.js';
import { until } from './lib/until.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const STATE = 'rojo=00f067aa0ba902b7';
const BEAT_TIME = 20_000; /* ms */
const FAST = 500;
const SILENCE = 3500; /* after which a member counts as unreachable */


function scene(name, act)
{
	anyScene(name, act, { skip, daemon: 'a fleet has several referds' });
}


/* The members of a fleet, gw1 and so on, as soon as all are heard. */
async function fleet(s, { count = 2, servers = 1, args = () => [] } = {})
{
	const cluster = await Cluster.join(s, { servers });
	const referds = [];

	for (let i = 1; i <= count; i++)
		referds.push(await s.referd({ args: ['--fleet', cluster.urls(),
			'--fleet-node', `gw${i}`, ...args(i)] }));

	const client = await cluster.client();
	const heard = (says, text) => beats(client, says, text);

	await heard((all) => all.size === count, `${count} members`);

	return { cluster, referds, client, heard };
}


/* Waits until `says` accepts the last heartbeats of all members,
   and then for one more of each. By then all members know the same. */
async function beats(client, says, text)
{
	const all = new Map();
	let counts;
	let again;
	const sid = client.subscribe('fleet.hb.*', ({ data }) => {
		const beat = JSON.parse(data);

		all.set(beat.member, beat);
		if (!says(all))
			counts = null;
		else if (!counts)
			counts = new Map();
		else
			counts.set(beat.member, true);
		if (counts?.size === all.size)
			again?.();
	});

	try {
		await Promise.race([
			new Promise((resolve) => { again = resolve; }),
			sleep(BEAT_TIME, null, { ref: false }).then(() => {
				throw new Error(`no heartbeats say: ${text}`);
			})]);
	}
	finally {
		client.unsubscribe(sid);
	}
}


/* A call at a member's baresip, which the test is */
async function callAt(s, referd, name = 'gw')
{
	const node = await Node.connect(referd.socket, name);
	const watcher = await s.client(referd);
	const call = node.call();

	await watcher.message('session:new', { call_sid: call.sid }).catch(
		() => {});

	return { node, watcher, call, sid: call.sid };
}


function post(referd, path, body, headers = {})
{
	return fetch(`${referd.http}${path}`, { method: 'POST', headers,
		body: JSON.stringify(body) });
}


function errorOf(client, ref)
{
	return client.messages.wait((m) => m.type === 'jambonz:error' &&
		m.data.ref === ref, `jambonz:error for ${ref}`);
}


function hooksOf(client)
{
	return client.messages.filter((m) => m.type === 'verb:hook')
		.map((m) => m.msgid);
}


scene('a client of one member transfers a call of another', async (s) => {
	const far = await Far.start(s, { handlers: {
		REFER: async (leg, refer) => {
			leg.answer(refer, 202, 'Accepted');
			await leg.notify('SIP/2.0 486 Busy Here', { headers: {
				'Subscription-State':
					'terminated;reason=noresource' } });
		} } });
	const { referds: [gw1, gw2] } = await fleet(s);
	const watcher = await s.client(gw2);

	await s.gateway(gw2, {});
	await gw2.knows(1);
	const leg = await far.call();
	const { call_sid } = await watcher.message('session:new');

	await watcher.message('call:status',
		{ call_sid, call_status: 'in-progress' });
	const bot = await s.client(gw1, { query: '?client=bot', acks: false });

	/* only the client receives a dry run, or an error */
	bot.send({ verb: 'sip:refer', referTo: '100', dryRun: true, call_sid,
		msgid: 'd1' });
	const dry = await bot.message('ack', { msgid: 'd1' });

	assert.match(dry.data.dry_run.refer, /^REFER sip:/);
	bot.send({ verb: 'sip:refer', referTo: '100', headers: { Via: 'x' },
		call_sid, msgid: 'e1' });
	const wrong = await errorOf(bot, 'e1');

	assert.equal(wrong.data.field, 'headers.Via');
	assert.equal(wrong.call_sid, call_sid);
	assert.equal(leg.requests('REFER').length, 0);

	bot.send([{ verb: 'sip:refer', referTo: '100', id: 'v1', msgid: 'm1',
		call_sid, actionHook: '/action', traceparent: TRACE,
		tracestate: STATE },
	{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	await bot.message('ack', { msgid: 'm1', traceparent: TRACE,
		tracestate: STATE });
	const refer = await leg.received('REFER');
	const hook = await bot.message('verb:hook');

	assert.match(refer.headers['refer-to'], /<sip:100@/);
	assert.equal(hook.hook, '/action');
	assert.equal(hook.data.outcome, 'failed');
	assert.equal(hook.data.final_referred_call_status, '486');
	assert.equal(hook.data.traceparent, TRACE);
	assert.equal(hook.data.tracestate, STATE);
	await watcher.message('transfer:status',
		{ step: 'ended', traceparent: TRACE, tracestate: STATE });

	/* the answer to the hook decides the next verb */
	bot.send({ type: 'ack', msgid: hook.msgid, data: [
		{ verb: 'hangup', headers: { 'X-By': 'hook' } }] });
	const bye = await leg.received('BYE');

	assert.equal(bye.headers['x-by'], 'hook');
	await watcher.message('hook:status', { event: 'answered' });
	assert.equal(leg.requests('REFER').length, 1);
	assert.equal(hooksOf(bot).length, 1);
	assert.ok(!watcher.messages.items.some((m) => m.type === 'ack' ||
		m.type === 'jambonz:error' || m.type === 'verb:hook'));
	assert.ok(bot.messages.items.every((m, i, all) =>
		!i || m.seq > all[i - 1].seq));
});


scene('HTTP: 202, 400, 404 at once, the call, and 503', async (s) => {
	const { referds: [gw1, gw2], client } = await fleet(s);
	const { node, watcher, sid } = await callAt(s, gw2);

	const ok = post(gw1, `/calls/${sid}/verbs`, { verb: 'hangup' },
		{ traceparent: TRACE, tracestate: STATE });

	await node.accept();
	assert.equal((await ok).status, 202);
	assert.deepEqual(await (await ok).json(),
		{ call_sid: sid, traceparent: TRACE, tracestate: STATE });
	assert.equal((await watcher.message('verb:status',
		{ tracestate: STATE })).data.traceparent, TRACE);

	const bad = await post(gw1, `/calls/${sid}/verbs`, { verb: 'pause' });
	const { error, field } = await bad.json();

	assert.equal(bad.status, 400);
	assert.equal(error, 'pause: length is required');
	assert.equal(field, 'length');

	const call = await fetch(`${gw1.http}/calls/${sid}`);

	assert.equal(call.status, 200);
	assert.equal((await call.json()).call_sid, sid);

	for (const request of [() => post(gw1, '/calls/nobodys/verbs',
		{ verb: 'hangup' }), () => fetch(`${gw1.http}/calls/nobodys`)]) {
		const start = Date.now();
		const { status } = await request();

		assert.equal(status, 404);
		assert.ok(Date.now() - start < FAST);
	}

	/* the member runs a repeated request once, and answers it twice */
	const text = JSON.stringify({ id: `gw9.${randomUUID()}.1`, from: 'gw9',
		boot: 'b', type: 'message', client: { name: 'eve', badge: '' },
		text: JSON.stringify({ verb: 'sip:refer', referTo: '100',
			call_sid: sid }) });
	const answers = [await client.request('fleet.rq.gw2', text),
		await client.request('fleet.rq.gw2', text)];

	assert.deepEqual(answers.map((a) => a.data),
		['{"ok":true}', '{"ok":true}']);
	await node.transfer(node.calls.get(sid));
	assert.equal(node.requests.items.length, node.taken);

	await gw2.kill();
	const gone = await post(gw1, `/calls/${sid}/verbs`, { verb: 'hangup' });

	/* 504 if the server has not noticed its end yet */
	assert.ok([503, 504].includes(gone.status), `${gone.status}`);
	assert.match((await gone.json()).error, /^The member gw2 /);
});


scene('who has the call hangs, goes on, and dies in the middle', async (s) => {
	const { referds: [gw1, gw2] } = await fleet(s);
	const { node, sid } = await callAt(s, gw2);
	const bot = await s.client(gw1, { query: '?client=bot' });

	bot.send({ verb: 'config', call_sid: sid, msgid: 'm0' });
	await bot.message('ack', { msgid: 'm0' });

	process.kill(gw2.process.pid, 'SIGSTOP');
	const start = Date.now();

	bot.send({ verb: 'hangup', call_sid: sid, msgid: 'm1' });
	const late = await errorOf(bot, 'm1');

	assert.match(late.data.error, /member gw2 (does not answer|is not )/);
	assert.ok(Date.now() - start < 2 * SILENCE);
	process.kill(gw2.process.pid, 'SIGCONT');

	/* it receives the request four times, and runs it once */
	await node.accept();
	await bot.message('ack', { msgid: 'm1' });
	bot.send({ verb: 'config', call_sid: sid, msgid: 'm2' });
	await bot.message('ack', { msgid: 'm2' });
	assert.equal(node.requests.items.length, node.taken);

	process.kill(gw2.process.pid, 'SIGSTOP');
	bot.send({ verb: 'sip:refer', referTo: '1', call_sid: sid,
		msgid: 'm3' });
	await sleep(200);
	await gw2.kill();
	const dead = await errorOf(bot, 'm3');

	assert.match(dead.data.error,
		/member gw2 (does not answer|cannot be reached)|No live call/);
});


scene('its member dies: the client has its hook elsewhere, once',
	async (s) => {
	const { referds: [gw1, gw2, gw3] } = await fleet(s, { count: 3 });
	const { node, watcher, call, sid } = await callAt(s, gw2);
	let bot = await s.client(gw1, { query: '?client=bot', acks: false });

	bot.send({ verb: 'sip:refer', referTo: 'bob', call_sid: sid, id: 'v1',
		actionHook: '/action', msgid: 'm1' });
	const transfer = await node.transfer(call);

	await bot.message('ack', { msgid: 'm1' });
	await gw1.kill();
	transfer.end(486);
	await watcher.message('transfer:status', { step: 'ended' });
	bot = await s.client(gw3, { query: '?client=bot' });
	const hook = await bot.message('verb:hook');

	assert.equal(hook.data.verb_id, 'v1');
	await watcher.message('hook:status', { event: 'answered' });

	/* also if the client was connected there, and did not answer */
	bot.acks = false;
	bot.send({ verb: 'sip:refer', referTo: 'bob', call_sid: sid, id: 'v2',
		actionHook: '/action' });
	(await node.transfer(call)).end(486);
	const first = await bot.message('verb:hook', { verb_id: 'v2' });

	await gw3.kill('SIGTERM');
	const there = await s.client(gw2, { query: '?client=bot' });
	const again = await there.message('verb:hook', { verb_id: 'v2' });

	assert.equal(again.msgid, first.msgid);
	await watcher.message('hook:status',
		{ event: 'answered', verb_id: 'v2' });
	assert.equal(hooksOf(there).length, 1);
});


scene('two members at once, and each client hears of its own', async (s) => {
	const { referds: [gw1, gw2, gw3] } = await fleet(s, { count: 3 });
	const { watcher, sid } = await callAt(s, gw2);
	const bots = [await s.client(gw1), await s.client(gw3),
		await s.client(gw2)];

	for (let i = 0; i < 10; i++) {
		bots.forEach((bot, n) => bot.send({ type: 'command',
			command: 'redirect', callSid: sid, queueCommand: true,
			msgid: `m${n}-${i}`, data: [{ verb: 'config',
				id: `v${n}-${i}` }] }));
	}
	for (const [n, bot] of bots.entries()) {
		await bot.message('ack', { msgid: `m${n}-9` });
		assert.deepEqual(bot.all('ack').map((m) => m.msgid),
			Array.from({ length: 10 }, (_, i) => `m${n}-${i}`));
	}
	await watcher.messages.wait(() => watcher.all('verb:status').length >=
		60, 'all verbs');

	const started = watcher.all('verb:status')
		.filter((m) => m.data.event === 'starting')
		.map((m) => m.data.id);

	/* the verbs of each client start in its order */
	for (const n of [0, 1, 2])
		assert.deepEqual(started.filter((id) => id.startsWith(`v${n}`)),
			Array.from({ length: 10 }, (_, i) => `v${n}-${i}`));
});


scene('dial: a baresip, a label, or the one with the fewest calls',
	async (s) => {
	const { referds: [gw1, gw2, gw3], heard } = await fleet(s, { count: 3,
		args: (i) => ['--fleet-label', i === 1 ? 'here' : `sbc,l${i}`] });
	const nodes = [await Node.connect(gw1.socket, 'n1'),
		await Node.connect(gw2.socket, 'n2'),
		await Node.connect(gw3.socket, 'n3')];
	const bot = await s.client(gw1);

	nodes[0].call();
	nodes[0].call();
	nodes[1].call();
	await heard((all) => all.get('gw1')?.calls === 2 &&
		all.get('gw2')?.calls === 1 &&
		all.get('gw3')?.nodes.length === 1,
	'the calls');

	const dial = (msgid, data) => bot.send({ type: 'command',
		command: 'dial', msgid, data: { to: 'sip:bob@example.com',
			...data } });
	const dialledBy = async (msgid, data, node) => {
		dial(msgid, data);
		const { call_sid } = await node.accept('dial');
		const ack = await bot.message('ack', { msgid });

		assert.equal(ack.call_sid, call_sid);
	};

	await dialledBy('d1', {}, nodes[2]);
	await dialledBy('d2', { node: 'n2' }, nodes[1]);
	await dialledBy('d3', { node: 'n1' }, nodes[0]);
	await dialledBy('d4', { label: 'here' }, nodes[0]);
	await dialledBy('d5', { label: 'l2' }, nodes[1]);

	const response = post(gw1, '/calls', { to: 'sip:a@b', node: 'n3' });
	const { call_sid } = await nodes[2].accept('dial');

	assert.equal((await response).status, 202);
	assert.deepEqual(await (await response).json(), { call_sid });

	dial('d6', { node: 'n9' });
	assert.equal((await errorOf(bot, 'd6')).data.error,
		'node must name a connected baresip');
	dial('d7', { label: 'moon' });
	assert.equal((await errorOf(bot, 'd7')).data.error,
		'label names no member that can dial now');

	/* an error of a baresip at another member reaches the client */
	dial('d8', { node: 'n2' });
	const m = await nodes[1].request('dial');

	nodes[1].report({ type: 'result', ref: m.ref, ok: false, index: 0,
		field: 'to', error: 'to must be a URI' });
	assert.equal((await errorOf(bot, 'd8')).data.error,
		'to must be a URI');
});


scene('referctl: a call of another member, and what becomes of it',
	async (s) => {
	const { referds: [gw1, gw2] } = await fleet(s, { args: (i) =>
		i === 1 ? ['--fleet-view', 'yes'] : [] });
	const { node, call, sid } = await callAt(s, gw2);
	const ctl = (referd, ...args) => new Referctl(s,
		['--url', referd.http, ...args]);

	/* a member with a view also accepts the start of a call_sid */
	const viewer = await s.client(gw1, { query: '?scope=fleet' });

	if (!viewer.messages.items[0].data.calls.length)
		await viewer.message('session:new', { call_sid: sid });
	const refer = ctl(gw1, 'refer', sid.slice(0, 20), 'bob', '--wait');
	const transfer = await node.transfer(call);

	transfer.progress(180);
	transfer.end(486);
	const { status, text } = await refer.end();

	assert.equal(status, 3, text);
	assert.match(text, /^failed +486/m);

	/* gw1 knows the baresips of others by their heartbeats */
	await until(async () => (await (await fetch(`${gw1.http}/healthz`))
		.json()).fleet.members.some((m) => m.nodes
		.some(({ node: name, can }) => name === 'gw' && can)),
	'the baresip of gw2 at gw1');

	const dial = ctl(gw1, 'dial', 'sip:bob@example.com', '--wait',
		'--node', 'gw');
	const { call_sid } = await node.accept('dial');
	const made = node.call({ sid: call_sid, direction: 'outbound',
		state: 'ringing' });

	node.status(made, { state: 'in-progress' });
	assert.equal((await dial.end()).status, 0);

	const hangup = ctl(gw1, 'hangup', sid);

	await node.accept();
	assert.equal((await hangup.end()).status, 0);

	const none = await ctl(gw1, 'hangup', 'nobodys').end();

	assert.equal(none.text,
		'referctl: no live call matches nobodys');

	/* a member without a view needs the whole call_sid */
	const other = await Node.connect(gw1.socket, 'n1');
	const own = other.call();
	const blind = ctl(gw2, 'refer', own.sid, 'bob', '--wait');

	await other.accept();
	const { text: why, status: unknown } = await blind.end();

	assert.equal(unknown, 5);
	assert.match(why, /at another member of the fleet/);
});


/* The id that every member gives the hook of a transfer */
function deliveryOf(transferId)
{
	let hash = 0xcbf29ce484222325n;
	let id = 'h-';

	for (const byte of Buffer.from(transferId))
		hash = (hash ^ BigInt(byte)) * 0x100000001b3n &
			0xffffffffffffffffn;
	for (let i = 0; i < 12; i++, hash >>= 4n)
		id += (hash & 15n).toString(16);

	return id;
}


scene('a machine is lost: another sends its actionHooks, each once',
	async (s) => {
	const application = await Application.start(s);
	const { referds: [gw1, gw2] } = await fleet(s, { count: 3, args: () =>
		['--fleet-view', 'yes', '--fleet-dead', '2'] });
	const { node, call, sid } = await callAt(s, gw1);
	const viewer = await s.client(gw2, { query: '?scope=fleet&client=bot' });

	if (!viewer.messages.items[0].data.calls.length)
		await viewer.message('session:new', { call_sid: sid });

	viewer.send({ verb: 'sip:refer', referTo: 'bob', call_sid: sid,
		id: 'v1', actionHook: `${application.url}/action`,
		traceparent: TRACE, tracestate: STATE });
	const transfer = await node.transfer(call);

	transfer.step('accepted', { refer_status: 202 });
	await viewer.message('transfer:status', { step: 'accepted' });
	await gw1.kill();
	node.disconnect();

	const hook = await application.request('/action');

	assert.equal(hook.headers['x-referd-delivery'],
		deliveryOf(transfer.id));
	assert.equal(hook.data.outcome, 'unknown');
	assert.equal(hook.data.evidence, 'node');
	assert.equal(hook.data.referStatus, '202');
	assert.equal(hook.data.verb_id, 'v1');
	assert.equal(hook.data.call_sid, sid);
	for (const given of [hook.data, hook.headers])
		assert.deepEqual([given.traceparent, given.tracestate],
			[TRACE, STATE]);
	await viewer.message('transfer:status',
		{ step: 'ended', traceparent: TRACE, tracestate: STATE });

	/* gw1 restarts, reads the decision, and sends the hook no more */
	await gw1.run();
	const there = await s.client(gw1, { query: '?since=0' });

	await there.message('transfer:status', { step: 'ended' });
	await viewer.messages.wait((m) => m.member === 'gw1' &&
		m.type === 'call:status' && m.data.call_status === 'failed',
	'the end of the call');
	assert.equal(application.all('/action').length, 1);
	assert.equal(viewer.all('transfer:status')
		.filter((m) => m.data.step === 'ended').length, 1);
});


/* The state of a verb when its machine is lost, with no transfer running. */
const between = [
	['a warm transfer has sent no REFER', 'verb:status', async (node) => {
		await node.accept();
		await node.request('hold');
	}, { verb: 'transfer', mode: 'warm',
		target: [{ type: 'phone', number: '100' }] },
	({ data }) => {
		assert.equal(data.transfer_result, 'failed');
		assert.equal(data.transfer_reason, 'error');
		assert.deepEqual(data.attempts, []);
	}],
	['the next target of a list has not begun', 'transfer:status',
		async (node, call) => {
		const first = await node.transfer(call);

		first.end(486);
		await node.request('verbs');

		return first.id;
	}, { verb: 'sip:refer', referTo: ['bob', 'carol'] },
	({ headers, data }, id) => {
		assert.equal(headers['x-referd-delivery'], deliveryOf(id));
		assert.equal(data.outcome, 'unknown');
		assert.equal(data.evidence, 'node');
		assert.deepEqual(data.attempts.map((t) => t.outcome),
			['failed']);
	}],
];

for (const [what, type, begin, verb, check] of between) {
	scene(`a machine is lost while ${what}: its actionHook is sent once`,
		async (s) => {
		const application = await Application.start(s);
		const { referds: [gw1, gw2] } = await fleet(s, { count: 3,
			args: () => ['--fleet-view', 'yes', '--fleet-dead', '5'] });
		const viewer = await s.client(gw2,
			{ query: '?scope=fleet&client=bot' });
		const { node, call, sid } = await callAt(s, gw1);

		await viewer.message('session:new', { call_sid: sid });
		viewer.send({ ...verb, id: 'v1', call_sid: sid,
			actionHook: `${application.url}/action` });
		const id = await begin(node, call);

		await viewer.messages.wait((m) => m.type === type &&
			m.call_sid === sid && m.data.step !== 'requested', type);
		await gw1.kill();
		node.disconnect();

		const hook = await application.request('/action');

		check(hook, id);
		assert.equal(hook.data.verb_id, 'v1');
		assert.equal(hook.data.call_sid, sid);
		await viewer.messages.wait((m) => m.type === 'call:status' &&
			m.call_sid === sid && m.data.call_status === 'failed',
		'the end of the call');
		assert.equal(application.all('/action').length, 1);
	});
}


scene('tokens and roles are looked at where the client is', async (s) => {
	const tokens = join(s.dir, 'tokens');
	const bot = 'bot-0123456789abcdef';
	const eve = 'eve-0123456789abcdef';
	const wall = 'wall-0123456789abcdef';

	writeFileSync(tokens, `bot controller ${bot}\neve controller ${eve}\n` +
		`wall observer ${wall}\n`);
	chmodSync(tokens, 0o600);
	const { referds: [gw1, gw2] } = await fleet(s,
		{ args: () => ['--token-file', tokens] });
	const as = (token, name) => `?access_token=${token}&client=${name}`;
	const node = await Node.connect(gw2.socket);
	const watcher = await s.client(gw2, { query: as(bot, 'bot') });
	const call = node.call();

	await watcher.message('session:new');
	const observer = await s.client(gw1, { query: as(wall, 'wall') });

	observer.send({ verb: 'hangup', call_sid: call.sid, msgid: 'm1' });
	assert.match((await errorOf(observer, 'm1')).data.error,
		/The role observer cannot send commands/);

	const refused = await fetch(`${gw1.http}/calls/${call.sid}/verbs`, {
		method: 'POST', body: '{"verb":"hangup"}',
		headers: { Authorization: `Bearer ${wall}` } });

	assert.equal(refused.status, 403);

	/* another token can not take the name of a client elsewhere */
	const other = await s.client(gw1, { query: as(eve, 'bot') });

	other.send({ verb: 'hangup', call_sid: call.sid, msgid: 'm2' });
	assert.match((await errorOf(other, 'm2')).data.error,
		/another token/);
	assert.equal(node.requests.items.length, 0);
});


scene('the capture of a transfer comes from the member that has it',
	async (s) => {
	const { referds: [one, two] } = await fleet(s, {
		args: () => ['--fleet-view', 'yes'] });
	const { node, watcher, sid } = await callAt(s, one);
	const ID = '4f1c2a3b5d6e7f80';
	const text = 'BYE sip:a@10.0.0.1 SIP/2.0\nCall-ID: c\n\n';
	const packet = (piece) => ({ us: 1e15, transport: 'UDP', sent: true,
		from: '10.0.0.2:5060', to: '10.0.0.1:5060', text: piece });
	const capture = (...packets) => node.report({ type: 'capture',
		call_sid: sid, transfer_id: ID, packets });
	const get = async (query, id = ID) => {
		const { status, bytes } = await getCapture(two, id, query);

		return status === 200 ? status :
			[status, JSON.parse(bytes).error];
	};
	const FLEET = '?scope=fleet';

	node.report({ type: 'transfer', call_sid: sid, transfer_id: ID,
		ref: 'none', step: 'requested', refer_to: 'sip:b@10.0.0.3' });
	await watcher.message('transfer:status', { transfer_id: ID });
	await until(async () => (await fetch(
		`${two.http}/transfers/${ID}${FLEET}`)).status === 200,
	'the transfer at the other member');

	assert.deepEqual(await get(FLEET), [404,
		'The history has no SIP message of this transfer']);
	capture(packet(text));

	const packets = await packetsOf(s, two, ID, () => true, FLEET);

	assert.equal(packets.length, 1);
	assert.equal(packets[0].payload.toString(),
		text.replaceAll('\n', '\r\n'));
	assert.equal(packets[0].comment, 'BYE sent');

	assert.deepEqual(await get(''), [404,
		`The history has no transfer ${ID}`]);
	assert.deepEqual(await get(FLEET, 'none'),
		[404, 'The history has no transfer none']);

	for (let i = 0; i < 10; i++)
		capture(packet(text + `${i}`.repeat(60_000)));
	await until(async () => (await getCapture(one, ID)).bytes.length >
		500_000, 'a long capture');
	assert.deepEqual(await get(FLEET), [413,
		'This transfer has too many SIP messages to be passed on; ' +
		'ask the member gw1']);
});
