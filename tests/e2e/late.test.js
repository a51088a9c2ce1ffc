/**
 * @file late.test.js  The step `late` of a transfer, and its receivers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { Application } from './lib/application.js';
import { Node } from './lib/node.js';
import { scene, settings } from './lib/scene.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TELLS = { eventHook: '/event', actionHook: '/action',
	traceparent: TRACE, tracestate: 'a=1' };


/* A transfer that has ended without a final NOTIFY */
async function unknown(s, { verb = TELLS, client, args } = {})
{
	const referd = await s.referd({ args });
	const node = await Node.connect(referd.socket);
	const watcher = await s.client(referd, { query: '?client=watcher' });
	const bot = await s.client(referd,
		{ query: '?client=bot', ...client });
	const call = node.call();

	await watcher.message('session:new');
	bot.send({ verb: 'sip:refer', referTo: 'bob', id: 'v1',
		call_sid: call.sid, ...verb });

	const transfer = await node.transfer(call);

	transfer.progress(180);
	transfer.giveUp();
	await watcher.message('transfer:status', { step: 'ended' });
	await watcher.message('hook:status',
		{ kind: 'action', event: 'answered' });

	return { referd, node, watcher, bot, call, transfer };
}


async function get(referd, path)
{
	const response = await fetch(referd.http + path);

	return response.json();
}


function lates(client)
{
	return client.all('transfer:status')
		.filter((m) => m.data.step === 'late');
}


scene('it is told to all, once, and stays in the history', async (s) => {
	const p = await unknown(s);
	const { referd, node, watcher, bot, call, transfer } = p;

	transfer.late(200, 'OK');
	transfer.late(200, 'OK');
	for (const client of [watcher, bot]) {
		const { data } = await client.message('transfer:status',
			{ step: 'late' });

		assert.deepEqual(data, { step: 'late',
			transfer_id: transfer.id, verb_id: 'v1',
			traceparent: TRACE, tracestate: 'a=1',
			refer_to: 'sip:bob@example.com', refer_status: 202,
			call_status: 200, reason: 'OK', sip: data.sip });
		assert.deepEqual(data.sip.body, ['SIP/2.0 200 OK']);
	}

	const hook = await bot.message('verb:hook', { late: true });

	assert.equal(hook.hook, '/event');
	assert.equal(hook.data.event, 'transfer-status');
	assert.equal(hook.data.call_status, '200');
	assert.equal(hook.data.transfer_id, transfer.id);
	assert.equal(hook.data.verb_id, 'v1');
	assert.equal(hook.data.call_sid, call.sid);

	node.closed(call);
	for (const client of [watcher, bot])
		await client.message('call:status',
			{ call_status: 'completed' });
	assert.equal(lates(watcher).length, 1);
	assert.equal(bot.all('verb:hook').filter((m) => m.data.late).length, 1);
	assert.equal(watcher.all('verb:hook').length, 0);

	const { transfer: row, messages } = await get(referd,
		`/transfers/${transfer.id}`);

	assert.equal(row.outcome, 'unknown');
	assert.equal(row.step, 'ended');
	assert.equal(row.confidence, 'low');
	assert.equal(row.media, false);
	assert.equal(row.call_status, 180);
	assert.equal(row.late_status, 200);
	assert.equal(row.late_reason, 'OK');
	assert.equal(messages.filter((m) => m.data.step === 'late').length, 1);
	assert.deepEqual(await get(referd, '/transfers'), [row]);

	const since = lates(watcher)[0].seq;

	assert.equal((await get(referd, `/transfers?since=${since - 1}`))
		.length, 1);
	assert.equal((await get(referd, `/transfers?since=${since}`)).length, 0);
	const metrics = await (await fetch(`${referd.http}/metrics`)).text();

	assert.match(metrics, /^referd_transfers_late_total 1$/m);
	assert.match(metrics, /^# TYPE referd_transfers_late_total counter$/m);
	node.disconnect();
});


scene('referctl says how sure an end is, and what came late', async (s) => {
	const { referd, node, watcher, transfer } = await unknown(s);
	const run = (...args) => new Promise((resolve) => execFile(
		`${settings.build}/referctl/referctl`,
		['--url', referd.http, ...args],
		(error, stdout) => resolve(stdout)));

	transfer.late(486, 'Busy Here');
	await watcher.message('transfer:status', { step: 'late' });
	assert.match(await run('transfers'), new RegExp(' unknown +180 ' +
		'no NOTIFY for 40\\.0 s \\(low confidence, no media, ' +
		'late 486 Busy Here\\) +sip:bob@example\\.com\n$'));
	node.disconnect();
});


for (const [when, over] of [['the call lives', false],
	['the call is over', true]]) {
	scene(`referd is killed before it comes, twice, and ${when}`,
		async (s) => {
		const p = await unknown(s);
		const { referd, node, call, transfer, watcher } = p;
		const last = watcher.messages.items.at(-1).seq;

		if (over) {
			node.closed(call);
			await watcher.message('call:status',
				{ call_status: 'completed' });
		}
		for (let i = 0; i < 2; i++) {
			await referd.kill('SIGKILL');
			await referd.run();
			await node.connect();
		}

		const bot = await s.client(referd,
			{ query: `?client=bot&since=${last}` });

		transfer.late(200, 'OK');
		const { data } = await bot.message('verb:hook', { late: true });

		assert.equal(data.call_status, '200');
		assert.equal(data.verb_id, 'v1');
		assert.equal(data.duration !== undefined, over);
		await bot.message('hook:status',
			{ kind: 'event', event: 'answered' });

		/* after a restart no late message is repeated */
		await referd.kill('SIGKILL');
		await referd.run();
		await node.connect();
		const again = await s.client(referd,
			{ query: `?client=bot&since=${last}` });

		transfer.late(200, 'OK');
		node.call();
		await again.messages.wait((m) => m.type === 'session:new' &&
			m.call_sid !== call.sid, 'another call');
		assert.equal(lates(again).length, 1);
		assert.equal(again.all('verb:hook')
			.filter((m) => m.data.late).length, 1);

		const { transfer: row } = await get(referd,
			`/transfers/${transfer.id}`);

		assert.equal(row.late_status, 200);
		assert.equal(row.outcome, 'unknown');
		node.disconnect();
	});
}


scene('referd is away when it comes: it is told when it is back',
	async (s) => {
	const p = await unknown(s);
	const { referd, node, call, transfer, watcher } = p;
	const last = watcher.messages.items.at(-1).seq;

	await referd.kill('SIGKILL');
	node.closed(call);
	transfer.late(404, 'Not Found');
	await referd.run();
	await node.connect();

	const bot = await s.client(referd,
		{ query: `?client=bot&since=${last}` });
	const { data } = await bot.message('verb:hook', { late: true });

	assert.equal(data.call_status, '404');
	assert.equal(data.duration, 1);
	assert.equal(lates(bot).length, 1);
	node.disconnect();
});


scene('a hook over HTTP hears it, after a failure and a restart',
	async (s) => {
	let down = true;
	const web = await Application.start(s,
		{ reply: () => ({ status: down ? 500 : 200 }) });
	const p = await unknown(s, { verb: { eventHook: `${web.url}/event`,
		actionHook: '/action' } });
	const { referd, node, call, transfer, watcher } = p;

	node.closed(call);
	transfer.late(200, 'OK');
	await watcher.messages.wait((m) => m.type === 'hook:status' &&
		m.data.retry_ms && lates(watcher).length, 'the failure');
	const last = watcher.messages.items.at(-1).seq;

	await referd.kill('SIGKILL');
	down = false;
	await referd.run();
	await node.connect();

	const again = await s.client(referd,
		{ query: `?client=watcher&since=${last}` });

	await again.message('hook:status',
		{ kind: 'event', event: 'answered' });
	const late = web.all('/event').filter((r) => r.data.late);
	const ids = late.map((r) => r.headers['x-referd-delivery']);

	assert.ok(late.length > 1);
	assert.equal(new Set(ids).size, 1);
	assert.equal(late.at(-1).data.call_status, '200');
	assert.equal(late.at(-1).data.transfer_id, transfer.id);
	node.disconnect();
});


scene('a bot of jambonz hears it in its own form', async (s) => {
	const p = await unknown(s, { client: { protocol: 'ws.jambonz.org' } });
	const { node, bot, transfer } = p;
	const action = await bot.message('verb:hook', { outcome: 'unknown' });

	assert.equal(action.data.confidence, 'low');
	assert.equal(action.data.media, false);
	transfer.late(200, 'OK');
	const { data } = await bot.message('verb:hook', { late: true });

	assert.equal(data.call_status, 200);
	assert.equal(bot.all('transfer:status').length, 0);
	node.disconnect();
});


scene('another transfer is refused while the far end may still call',
	async (s) => {
	const WHY = 'must wait: the far end may still be calling ' +
		'the target of the previous transfer (force sends the ' +
		'REFER anyway)';
	const { referd, node, call, bot } = await unknown(s);
	const post = fetch(`${referd.http}/calls/${call.sid}/verbs`, {
		method: 'POST', headers: { traceparent: TRACE },
		body: '{"verb":"sip:refer","referTo":"1"}' });

	await node.refuse('sip:refer', WHY);
	const response = await post;

	assert.equal(response.status, 409);
	assert.deepEqual(await response.json(),
		{ error: `sip:refer ${WHY}`, verb: 'sip:refer',
			traceparent: TRACE });

	bot.send({ verb: 'sip:refer', referTo: '1', msgid: 'm',
		traceparent: TRACE });
	await node.refuse('sip:refer', WHY);
	const { data } = await bot.message('jambonz:error');

	assert.deepEqual(data, { error: `sip:refer ${WHY}`,
		verb: 'sip:refer', ref: 'm', traceparent: TRACE });

	const timeouts = { notify: 1, unsubscribe: true };

	bot.send({ verb: 'sip:refer', referTo: '1', force: true, timeouts });
	const { verbs } = await node.accept();

	assert.equal(verbs[0].force, true);
	assert.deepEqual(verbs[0].timeouts, timeouts);
	node.disconnect();
});
