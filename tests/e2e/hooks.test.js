/**
 * @file hooks.test.js  Hooks over WebSocket and HTTP, and what answers them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HookServer } from './lib/hookserver.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

/* A name and password in a URL are for the server only. */
const DEAD = 'http://ann:secret@127.0.0.1:1/dead';


/* A referd with a bot, a node of the test's own, and an HTTP server */
async function application(s, { args = [], client } = {})
{
	const referd = await s.referd({ args });
	const bot = await s.client(referd, { query: '?client=bot', ...client });
	const node = await Node.connect(referd.socket);
	const server = await HookServer.start();

	s.join({ process: { name: 'node', alive: false, log: node.requests,
		kill: async () => {
			node.disconnect();
			await server.stop().catch(() => {});
		} } });

	return { referd, bot, node, server };
}


async function refer({ bot, node }, fields = {}, more = [])
{
	const call = node.call();

	await bot.message('session:new', { call_sid: call.sid });
	bot.send([{ verb: 'sip:refer', referTo: '100', id: 'v1',
		call_sid: call.sid, ...fields }, ...more]);

	return { call, ...await node.transfer(call) };
}


scene('an eventHook for each NOTIFY, then the actionHook, in order',
	async (s) => {
	const app = await application(s);
	const { bot } = app;
	const t = await refer(app, { eventHook: '/event',
		actionHook: { url: '/action' } });

	t.step('accepted', { refer_status: 202 });
	t.progress(180);
	t.progress(183);
	t.end(200);

	const action = await bot.message('verb:hook', { hook: '/action' });

	assert.deepEqual(bot.all('verb:hook').map((m) =>
		[m.hook, m.data.call_status]), [['/event', '180'],
		['/event', '183'], ['/event', '200'],
		['/action', 'in-progress']]);
	assert.equal(action.data.referStatus, '202');
	assert.equal(action.data.final_referred_call_status, '200');
	assert.equal(action.data.verb_id, 'v1');
});


scene('verbs in an ack replace the rest of the queue', async (s) => {
	const app = await application(s, { client: { acks: false } });
	const { bot, node } = app;
	const t = await refer(app, {}, [{ verb: 'hangup' }]);

	t.end(486);
	const { msgid } = await bot.message('verb:hook', { hook: 'refer' });

	bot.send({ type: 'ack', msgid,
		data: [{ verb: 'sip:refer', referTo: '200' }] });
	const { verbs } = await node.transfer(t.call);

	assert.equal(verbs[0].referTo, '200');
});


scene('bad verbs in an ack: told to the bot, the queue goes on',
	async (s) => {
	const app = await application(s, { client: { acks: false } });
	const { bot, node } = app;
	const t = await refer(app, {}, [{ verb: 'hangup' }]);

	t.end(486);
	const { msgid } = await bot.message('verb:hook', { hook: 'refer' });

	bot.send({ type: 'ack', msgid, data: [{ verb: 'gather' }] });
	const { data } = await bot.message('jambonz:error', { ref: msgid });

	assert.match(data.error, /^verbs\[0\]: gather: /);
	bot.send({ type: 'command', command: 'redirect',
		callSid: t.call.sid, data: [{ verb: 'hangup' }] });
	assert.equal((await node.accept()).verbs[0].verb, 'hangup');
});


scene('no ack within 5 s: the call goes on', async (s) => {
	const app = await application(s, { client: { acks: false } });
	const t = await refer(app, {}, [{ verb: 'hangup' }]);

	t.end(486);
	await app.bot.message('hook:status', { event: 'timeout' });
	assert.equal((await app.node.accept()).verbs[0].verb, 'hangup');
});


scene('a bot that was away gets its hooks, each once', async (s) => {
	const app = await application(s);
	const t = await refer(app, { eventHook: '/event' });
	const { seq } = await app.bot.message('transfer:status',
		{ step: 'requested' });

	app.bot.socket.terminate();
	const other = await s.client(app.referd);

	t.progress(180);
	t.end(200);
	await other.message('transfer:status', { step: 'ended' });

	const back = await s.client(app.referd,
		{ query: `?client=bot&since=${seq}` });

	await back.message('verb:hook', { hook: 'refer' });
	await back.message('hook:status', { kind: 'action',
		event: 'answered' });
	assert.deepEqual(back.all('verb:hook').map((m) => m.hook),
		['/event', '/event', 'refer']);

	const seqs = back.messages.items.map((m) => m.seq);

	assert.equal(seqs[0], seq);
	assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
});


scene('HTTP: POST and GET, credentials, delivery id', async (s) => {
	const app = await application(s);
	const { server } = app;
	const t = await refer(app, { eventHook: server.url('/event'),
		actionHook: { url: server.url('/action?app=1'), method: 'GET',
			username: 'u', password: 'p w' } });

	t.progress(180);
	t.end(486);

	const action = await server.hit('/action');
	const query = new URL(action.url, 'http://x').searchParams;
	const events = server.hits.filter((h) => h.path === '/event');

	assert.equal(action.method, 'GET');
	assert.equal(query.get('app'), '1');
	assert.equal(query.get('final_referred_call_status'), '486');
	assert.equal(query.get('from_uri'), 'sip:+4930123456@10.0.0.1');
	assert.equal(action.headers.authorization,
		`Basic ${btoa('u:p w')}`);
	assert.deepEqual(events.map((h) => JSON.parse(h.body).call_status),
		['180', '486']);
	assert.equal(new Set(server.hits.items.map((h) =>
		h.headers['x-referd-delivery'])).size, 3);
});


scene('HTTP: signed with the secret, over time and body', async (s) => {
	const path = join(s.dir, 'secret');

	writeFileSync(path, 'open sesame\n');
	const app = await application(s, { args: ['--hook-secret-file', path] });
	const t = await refer(app, { actionHook: app.server.url('/a') });

	t.end(486);
	const { body, headers } = await app.server.hit('/a');
	const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/
		.exec(headers['x-referd-signature']);

	assert.equal(mac, createHmac('sha256', 'open sesame')
		.update(`${time}.${body}`).digest('hex'));
	assert.ok(Math.abs(Date.now() / 1000 - time) < 60);
});


scene('HTTP: verbs in the answer replace the rest of the queue',
	async (s) => {
	const app = await application(s);

	app.server.answer = () => ({ body: '[{"verb":"hangup","id":"h"}]' });
	const t = await refer(app, { actionHook: app.server.url('/a') },
		[{ verb: 'pause', length: 60 }]);

	t.end(486);
	assert.equal((await app.node.accept()).verbs[0].id, 'h');
});


scene('HTTP: what fails for a while is tried again, the call goes on',
	async (s) => {
	const app = await application(s);
	const { bot, node, server } = app;
	let failures = 2;

	server.answer = () => ({ status: failures-- > 0 ? 500 : 200 });
	const t = await refer(app, { actionHook: server.url('/a') },
		[{ verb: 'hangup' }]);

	t.end(486);
	await node.accept();
	await bot.message('hook:status', { event: 'answered', attempt: 3,
		http_status: 200 });
	assert.equal(server.hits.length, 3);
	assert.equal(new Set(server.hits.items.map((h) =>
		h.headers['x-referd-delivery'])).size, 1);
});


scene('HTTP: a redirect is not followed, nor is a 404 tried again',
	async (s) => {
	const app = await application(s);
	const { bot, server } = app;

	for (const status of [302, 404]) {
		server.answer = () => ({ status,
			headers: { location: server.url('/elsewhere') } });
		const t = await refer(app, { actionHook: server.url('/a') });

		t.end(486);
		const { data } = await bot.message('hook:status',
			{ event: 'failed', http_status: status });

		assert.equal(data.retry_ms, undefined);
	}
	assert.equal(server.hits.length, 2);
});


scene('a dead eventHook never costs the actionHook', async (s) => {
	const app = await application(s);
	const t = await refer(app, { eventHook: DEAD,
		actionHook: app.server.url('/action') });

	for (const code of [100, 180, 183])
		t.progress(code);
	t.end(200);
	await app.server.hit('/action', { timeout: 5000 });

	const told = app.bot.all('hook:status').filter((m) =>
		m.data.kind === 'event');

	assert.ok(told.length >= 4);
	assert.ok(told.every((m) => m.data.hook === 'http://127.0.0.1:1/dead'));
});


scene('a server that never answers holds up no other call', async (s) => {
	const app = await application(s);
	const { server } = app;

	server.answer = (h) => h.path === '/hole' ? null : {};
	const slow = await refer(app, { actionHook: server.url('/hole') });

	slow.end(486);
	await server.hit('/hole');

	const quick = await refer(app, { actionHook: server.url('/quick') });

	quick.end(486);
	await server.hit('/quick', { timeout: 5000 });
});


scene('referd is killed while the server is down: delivered all the same',
	async (s) => {
	const app = await application(s);
	const { bot, referd, server } = app;

	await server.stop();
	const t = await refer(app, { actionHook: server.url('/a') });

	t.end(200);
	app.node.closed(t.call);
	await bot.message('hook:status', { event: 'failed' });

	await referd.kill('SIGKILL');
	await referd.run();
	await server.listen(server.port);

	const { body } = await server.hit('/a');

	assert.equal(JSON.parse(body).outcome, 'transferred');
});


scene('redirect asks for verbs, tag is in each hook, play tells how long',
	async (s) => {
	const app = await application(s, { client: { acks: false } });
	const { bot, node } = app;
	const call = node.call();

	await bot.message('session:new', { call_sid: call.sid });
	bot.send([{ verb: 'tag', data: { ticket: 17 }, call_sid: call.sid },
		{ verb: 'play', url: 'a.wav', actionHook: '/played' },
		{ verb: 'redirect', actionHook: '/more' },
		{ verb: 'pause', length: 60 }]);
	await node.accept();

	const { ref } = await node.accept();

	node.report({ type: 'played', call_sid: call.sid, ref,
		reason: 'completed', ms: 1234 });
	const played = await bot.message('verb:hook', { hook: '/played' });

	assert.equal(played.data.playback_milliseconds, 1234);
	assert.deepEqual(played.data.customerData, { ticket: 17 });
	bot.send({ type: 'ack', msgid: played.msgid });

	const { msgid } = await bot.message('session:redirect');

	bot.send({ type: 'ack', msgid, data: [{ verb: 'hangup' }] });
	assert.equal((await node.accept()).verbs[0].verb, 'hangup');
});
