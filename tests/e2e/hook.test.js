/**
 * @file hook.test.js  Hooks over HTTP: requests, answers, retries, bounds
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificate } from './lib/certificate.js';
import { fails, fateOf, parties, refer } from './lib/hooked.js';
import { http } from './lib/http.js';
import { hooksOver } from './lib/rows.js';
import { scene } from './lib/scene.js';

const SECRET = 'a secret that both know';


scene('POST: the hook as JSON, and headers that name and sign it',
	async (s) => {
	const file = join(s.dir, 'secret');

	writeFileSync(file, `${SECRET}\n`);
	const { client, application, call } = await parties(s, { REFER: fails,
		referd: { args: ['--hook-secret-file', file] } });
	const { sid, leg } = await call();
	const { url } = application;

	client.send(refer(sid, { id: 'v1', actionHook: `${url}/action`,
		eventHook: { url: `${url}/event?x=1` } }));
	const action = await application.request('/action');
	const events = application.all('/event');

	assert.deepEqual(events.map((r) => r.data.call_status),
		['100', '180', '486']);
	assert.equal(action.data.referStatus, '202');
	assert.equal(action.data.final_referred_call_status, '486');
	assert.equal(action.data.outcome, 'failed');
	assert.equal(action.data.evidence, 'notify');
	assert.equal(action.data.call_status, 'in-progress');

	for (const r of [...events, action]) {
		assert.equal(r.method, 'POST');
		assert.equal(r.headers['content-type'], 'application/json');
		assert.equal(r.headers.authorization, undefined);
		assert.equal(r.data.call_sid, sid);
		assert.equal(r.data.verb_id, 'v1');
		assert.equal(r.data.call_id, leg.id);

		const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/
			.exec(r.headers['jambonz-signature']);
		assert.ok(Math.abs(t - r.time / 1000) < 30);
		assert.equal(v1, createHmac('sha256', SECRET)
			.update(`${t}.${r.body}`).digest('hex'));
	}
	assert.ok(events.every((r) => r.search === '?x=1' &&
		r.data.event === 'transfer-status'));
	assert.equal(new Set([...events, action]
		.map((r) => r.headers['x-referd-delivery'])).size, 4);

	await client.message('hook:status',
		{ hook: `${url}/action`, event: 'answered' });
	assert.deepEqual(fateOf(client, `${url}/action`),
		['sent 1', 'answered 1 200']);
	assert.equal(client.all('verb:hook').length, 0);
});


scene('GET: the hook in the query, with a name and a password', async (s) => {
	const file = join(s.dir, 'secret');

	writeFileSync(file, SECRET);
	const { client, application, call } = await parties(s,
		{ referd: { args: ['--hook-secret-file', file] } });
	const { sid } = await call();
	const { url } = application;

	client.send(refer(sid, { id: 'a b&c=d/ä', actionHook: { method: 'GET',
		url: `${url}/action?x=1`, username: 'bot',
		password: 'p:w' } }));
	const r = await application.request('/action');

	assert.equal(r.method, 'GET');
	assert.equal(r.body, '');
	assert.equal(r.headers.authorization,
		`Basic ${Buffer.from('bot:p:w').toString('base64')}`);
	assert.equal(r.query.x, '1');
	assert.equal(r.query.referStatus, '603');
	assert.equal(r.query.verb_id, 'a b&c=d/ä');
	assert.equal(r.query.call_sid, sid);
	assert.match(r.headers['x-referd-delivery'], /./);

	const [, t, v1] = /^t=(\d+),v1=(.*)$/
		.exec(r.headers['jambonz-signature']);
	assert.equal(v1, createHmac('sha256', SECRET)
		.update(`${t}.${r.search.slice('?x=1&'.length)}`)
		.digest('hex'));

	/* No message to clients may contain the password. */
	await client.message('hook:status', { event: 'answered' });
	assert.ok(!JSON.stringify(client.messages.items).includes('p:w'));
});


scene('a password in the URL is used, and shown to nobody', async (s) => {
	const { client, application, call } = await parties(s);
	const { sid } = await call();
	const url = `${application.url}/action`.replace('//', '//bot:pw1@');

	client.send(refer(sid, { actionHook: url }));
	const r = await application.request('/action');
	assert.equal(r.headers.authorization,
		`Basic ${Buffer.from('bot:pw1').toString('base64')}`);

	await client.message('hook:status', { event: 'answered' });
	assert.deepEqual(fateOf(client, `${application.url}/action`),
		['sent 1', 'answered 1 200']);
	assert.ok(!JSON.stringify(client.messages.items).includes('pw1'));
});


scene('an array in the answer replaces the rest of the queue', async (s) => {
	const { client, application, call } = await parties(s, {
		reply: () => ({ body: [{ verb: 'pause', length: 0 },
			{ verb: 'hangup', headers: { 'X-By': 'hook' } }] }) });
	const { leg, sid } = await call();

	client.send([refer(sid, { actionHook: `${application.url}/action` }),
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	const bye = await leg.received('BYE');

	assert.equal(bye.headers['x-by'], 'hook');
});


for (const [what, body] of [['nothing', ''], ['no JSON', '<html>'],
	['an object', { ok: true }], ['an empty array', []],
	['a verb that is unknown', [{ verb: 'dance' }]],
	['a verb that is malformed', [{ verb: 'hangup' },
		{ verb: 'sip:refer', referTo: 'a\r\nb' }]]]) {
	scene(`an answer with ${what}: the queue goes on`, async (s) => {
		const { client, application, call } = await parties(s,
			{ reply: () => ({ body }) });
		const { leg, sid } = await call();

		client.send([refer(sid,
			{ actionHook: `${application.url}/action` }),
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
		const bye = await leg.received('BYE');

		assert.equal(bye.headers['x-by'], 'list');
	});
}


/* referd ignores the verbs of an answer that is one byte longer */
for (const [n, by] of [[65_536, 'hook'], [65_537, 'list']]) {
	scene(`an answer of ${n} bytes: the verbs of the ${by} are done`,
		async (s) => {
		const body = JSON.stringify([{ verb: 'hangup',
			headers: { 'X-By': 'hook' } }]).padEnd(n);
		const { client, application, call } = await parties(s,
			{ reply: (r) => (r.path === '/action' ? { body } : {}) });
		const { leg, sid } = await call();

		client.send([refer(sid,
			{ actionHook: `${application.url}/action` }),
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
		const bye = await leg.received('BYE');

		assert.equal(bye.headers['x-by'], by);
	});
}


scene('an answer to an eventHook replaces what comes behind the transfer',
	async (s) => {
	const { client, application, call } = await parties(s, { REFER: fails,
		reply: (r) => ({ body: r.data.call_status === '180' ?
			[{ verb: 'hangup', headers: { 'X-By': 'event' } }] :
			'' }) });
	const { leg, sid } = await call();

	client.send([refer(sid, { actionHook: `${application.url}/action`,
		eventHook: `${application.url}/event` }),
	{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	assert.equal((await leg.received('BYE')).headers['x-by'], 'event');
	assert.equal((await application.request('/action')).data.outcome,
		'failed');
});


for (const status of [301, 302, 307]) {
	scene(`${status} is not followed, nor tried again`, async (s) => {
		const { client, referd, application, call } = await parties(s,
			{ reply: (r) => (r.path === '/action' ? { status,
				headers: { location: '/elsewhere' } } : {}) });
		const { leg, sid } = await call();
		const hook = `${application.url}/action`;

		client.send([refer(sid, { actionHook: hook }),
			{ verb: 'hangup' }]);
		await leg.received('BYE');
		await hooksOver(referd);
		await client.echo();

		assert.equal(application.requests.length, 1);
		assert.deepEqual(fateOf(client, hook),
			['sent 1', `failed 1 ${status}`]);
	});
}


for (const [status, again] of [[500, true], [503, true], [429, true],
	[408, true], [400, false], [404, false], [410, false]]) {
	scene(`${status}: ${again ? 'tried again' : 'given up'}`, async (s) => {
		const { client, referd, application, call } = await parties(s,
			{ reply: () => ({ status:
				application.requests.length > 2 ?
					200 : status }) });
		const { leg, sid } = await call();
		const hook = `${application.url}/action`;

		client.send([refer(sid, { actionHook: hook }),
			{ verb: 'hangup' }]);
		await leg.received('BYE');

		if (!again) {
			await hooksOver(referd);
			await client.echo();
			assert.deepEqual(fateOf(client, hook),
				['sent 1', `failed 1 ${status}`]);
			return;
		}

		await client.message('hook:status', { event: 'answered' });
		assert.deepEqual(fateOf(client, hook), ['sent 1',
			`failed 1 ${status}`, 'sent 2', `failed 2 ${status}`,
			'sent 3', 'answered 3 200']);

		const [first, second, third] = application.all('/action');
		assert.equal(second.headers['x-referd-delivery'],
			first.headers['x-referd-delivery']);
		assert.equal(third.body, first.body);

		/* after 0.5 s, then 1 s; jitter leaves half or more */
		assert.ok(second.time - first.time >= 240);
		assert.ok(third.time - second.time >= 490);
	});
}


scene('a call waits for the first attempt only', async (s) => {
	const { client, application, call } = await parties(s,
		{ reply: () => ({ status: 500 }) });
	const { leg, sid } = await call();

	client.send([refer(sid, { actionHook: `${application.url}/action` }),
		{ verb: 'hangup' }]);
	await leg.received('BYE');
	assert.equal(application.requests.length, 1);
});


scene('the hooks of a call come one after the other; another call goes on',
	async (s) => {
	const { client, application, call } = await parties(s, { REFER: fails,
		reply: (r) => ({ delay: r.path.startsWith('/slow') ? 800 : 0 }) });
	const slow = await call();
	const quick = await call();

	for (const [name, { sid }] of [['slow', slow], ['quick', quick]])
		client.send(refer(sid, {
			actionHook: `${application.url}/${name}`,
			eventHook: `${application.url}/${name}` }));

	await client.message('hook:status',
		{ hook: `${application.url}/quick`, kind: 'action',
			event: 'answered' });
	assert.ok(application.all('/slow').length <= 2);

	await client.message('hook:status',
		{ hook: `${application.url}/slow`, kind: 'action',
			event: 'answered' });
	const hooks = application.all('/slow');
	assert.deepEqual(hooks.map((r) =>
		r.data.referStatus ?? r.data.call_status),
	['100', '180', '486', '202']);
	for (let i = 1; i < hooks.length; i++)
		assert.ok(hooks[i].time >= hooks[i - 1].answered);
});


scene('a hook for no client fails once the one before it is over', async (s) => {
	const { client, referd, application, call } = await parties(s,
		{ REFER: fails, reply: () => ({ delay: 500 }) });
	const { sid } = await call();
	const { status } = await http(`${referd.http}/calls/${sid}/verbs`,
		{ method: 'POST', body: JSON.stringify(refer(undefined, {
			eventHook: `${application.url}/event`,
			actionHook: '/action' })) });

	assert.equal(status, 202);
	const { data } = await client.message('hook:status',
		{ hook: '/action', event: 'failed' });
	assert.match(data.reason, /^the verb came over HTTP and has no client$/);
	assert.equal(application.requests.length, 3);
});


scene('a dead eventHook never costs the actionHook', async (s) => {
	const { client, application, call } = await parties(s, { REFER: fails,
		reply: (r) => (r.path === '/never' ? false :
			{ status: r.path === '/broken' ? 500 : 200 }) });
	const dead = ['http://127.0.0.1:9/closed', 'http://no.such.host/x',
		`${application.url}/broken`, `${application.url}/never`,
		'http://', 'https://127.0.0.1:9/closed', '/ws'];

	client.acks = false;
	await Promise.all(dead.map(async (eventHook, i) => {
		const { sid } = await call();

		client.send(refer(sid, { eventHook,
			actionHook: `${application.url}/action${i}` }));
		const { data } = await application.request(`/action${i}`);
		assert.equal(data.final_referred_call_status, '486');
	}));
	/* referd does not repeat a hook that was answered */
	await Promise.all(dead.map((_, i) => client.message('hook:status',
		{ hook: `${application.url}/action${i}`, event: 'answered' })));
	await client.echo();
	dead.forEach((_, i) =>
		assert.equal(application.all(`/action${i}`).length, 1));
});


scene('TLS: a certificate that nobody vouches for is refused', async (s) => {
	const pem = readFileSync(certificate(s.dir));
	const { client, application, call } = await parties(s,
		{ tls: { key: pem, cert: pem } });
	const { leg, sid } = await call();
	const hook = `${application.url}/action`;

	client.send([refer(sid, { actionHook: hook }), { verb: 'hangup' }]);
	await leg.received('BYE');
	const { data } = await client.message('hook:status',
		{ event: 'failed' });

	assert.equal(data.hook, hook);
	assert.equal(data.http_status, undefined);
	assert.ok(data.retry_ms > 0);
	assert.equal(application.requests.length, 0);
});


/* A port where every new connection hangs: its queue is full, its owner
   stopped. */
async function deadPort()
{
	const child = spawn('node', ['-e', `
		const s = require('net').createServer().listen(
			{ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
				console.log(s.address().port);
				process.kill(process.pid, 'SIGSTOP');
			});`]);
	const port = await new Promise((resolve) =>
		child.stdout.once('data', (data) => resolve(Number(data))));
	const sockets = [1, 2, 3].map(() => connect(port, '127.0.0.1')
		.on('error', () => {}));

	await sleep(300);

	return { port, end: () => {
		sockets.forEach((socket) => socket.destroy());
		child.kill('SIGKILL');
	} };
}


scene('5 s to connect, 10 s in all', async (s) => {
	const { client, application, call } = await parties(s,
		{ reply: () => false });
	const dead = await deadPort();
	const took = async (hook) => {
		const { leg, sid } = await call();
		const start = Date.now();

		client.send([refer(sid, { actionHook: hook }),
			{ verb: 'hangup' }]);
		await leg.received('BYE');

		return Date.now() - start;
	};

	try {
		const [connecting, whole] = await Promise.all([
			took(`http://127.0.0.1:${dead.port}/action`),
			took(`${application.url}/action`)]);

		assert.ok(connecting > 4_500 && connecting < 8_000,
			`${connecting}`);
		assert.ok(whole > 9_500 && whole < 13_000, `${whole}`);
	}
	finally {
		dead.end();
	}
});


scene('a hook that failed is tried again by a referd that was killed',
	async (s) => {
	let up = false;
	const { client, referd, application, call } = await parties(s, {
		client: { query: '?client=bot' },
		reply: () => ({ status: up ? 200 : 500 }) });
	const { sid } = await call();
	const hook = `${application.url}/action`;

	client.send(refer(sid, { id: 'v1', actionHook: hook }));
	const { seq } = await client.message('hook:status',
		{ event: 'failed', attempt: 2 });

	await referd.kill('SIGKILL');
	up = true;
	const before = application.requests.length;
	await referd.run();
	const again = await s.client(referd,
		{ query: `?client=bot&since=${seq}` });
	const { data } = await again.message('hook:status',
		{ event: 'answered' });
	await hooksOver(referd);

	const all = application.all('/action');
	assert.equal(data.hook, hook);
	assert.equal(all.length, before + 1);
	assert.equal(new Set(all.map((r) =>
		r.headers['x-referd-delivery'])).size, 1);
	assert.equal(new Set(all.map((r) => r.body)).size, 1);
});
