/**
 * @file ack.test.js  Hooks over WebSocket, and their acks
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { fails, fateOf, parties, refer } from './lib/hooked.js';
import { scene } from './lib/scene.js';


/* A transfer with an actionHook over WebSocket, followed by more verbs. */
async function hooked(s)
{
	const p = await parties(s, { client: { acks: false } });
	const { leg, sid } = await p.call();

	p.client.send([refer(sid, { actionHook: '/action' }),
		{ verb: 'hangup', headers: { 'X-By': 'list' } }]);
	const hook = await p.client.message('verb:hook');

	return { ...p, leg, sid, hook, sent: Date.now() };
}


scene('an ack with verbs replaces the queue', async (s) => {
	const { client, leg, hook } = await hooked(s);

	client.send({ type: 'ack', msgid: hook.msgid, data: [
		{ verb: 'hangup', headers: { 'X-By': 'ack' } }] });
	assert.equal((await leg.received('BYE')).headers['x-by'], 'ack');
	await client.message('hook:status', { event: 'answered' });
	assert.deepEqual(fateOf(client, '/action'), ['sent 1', 'answered 1']);
});


scene('an ack without verbs, and the queue goes on', async (s) => {
	const { client, leg, hook, sent } = await hooked(s);

	/* by now the queue would have continued */
	await client.echo();
	assert.ok(!client.all('verb:status')
		.some((m) => m.data.verb === 'hangup'));
	client.send({ type: 'ack', msgid: hook.msgid });
	assert.equal((await leg.received('BYE')).headers['x-by'], 'list');
	assert.ok(Date.now() - sent < 4_000);
});


scene('no ack within 5 s, and the queue goes on', async (s) => {
	const { client, leg, hook, sent } = await hooked(s);

	assert.equal((await leg.received('BYE')).headers['x-by'], 'list');
	assert.ok(Date.now() - sent > 4_500 && Date.now() - sent < 8_000);
	await client.message('hook:status', { event: 'timeout' });
	assert.deepEqual(fateOf(client, '/action'), ['sent 1', 'timeout 1']);

	/* A late ack is an error, and its verbs replace nothing. */
	client.send({ type: 'ack', msgid: hook.msgid,
		data: [{ verb: 'hangup' }] });
	assert.equal((await client.message('jambonz:error')).data.field,
		'msgid');
});


scene('an ack with a wrong verb is refused, the queue goes on',
	async (s) => {
	const { client, leg, hook } = await hooked(s);

	client.send({ type: 'ack', msgid: hook.msgid, data: [
		{ verb: 'hangup' }, { verb: 'dance' }] });
	const { data } = await client.message('jambonz:error');
	assert.equal(data.position, 1);
	assert.equal(data.verb, 'dance');
	assert.equal((await leg.received('BYE')).headers['x-by'], 'list');
});


scene('each hook waits for the ack of the one before',
	async (s) => {
	const { client, call } = await parties(s, { REFER: fails,
		client: { acks: false } });
	const { sid } = await call();
	const seen = [];

	client.send(refer(sid, { eventHook: '/event', actionHook: '/action' }));
	for (let i = 1; i <= 4; i++) {
		const { msgid, data } = await client.messages.wait((m) =>
			m.type === 'verb:hook' && !seen.includes(m.msgid),
			`hook ${i}`);

		await client.echo();
		assert.equal(client.all('verb:hook').length, i);
		assert.equal(typeof data.call_status, 'string');
		seen.push(msgid);
		client.send({ type: 'ack', msgid });
	}

	assert.deepEqual(client.all('verb:hook').map((m) =>
		m.data.referStatus ?? m.data.call_status),
	['100', '180', '486', '202']);
});
