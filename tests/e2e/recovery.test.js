/**
 * @file recovery.test.js  One of the two processes dies; the other does not
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene, settings } from './lib/scene.js';

const LIVES = { daemon: 'its calls end with it' };
const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };


/* A transfer of which the target rings already. */
async function inTransfer(s, options)
{
	const { client, ...rest } = await s.control(
		{ client: { query: '?client=bot' }, ...options });
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });

	client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid, actionHook: '/action', eventHook: '/event' });
	await client.message('transfer:status', { call_status: 180 });
	await client.message('verb:hook', { call_status: '180' });

	return { client, far, sid, ...rest };
}


scene('referd is killed in mid-transfer: the result is there all the same',
	async (s) => {
	const { referd, client, far, sid } = await inTransfer(s);
	const last = client.messages.items.at(-1).seq;

	await referd.kill('SIGKILL');
	await far.nudge();
	await far.passed();

	await referd.run();
	const again = await s.client(referd, { query: '?client=bot' });
	const hello = again.messages.items[0];
	assert.ok(hello.seq > last);

	const { data } = await again.message('verb:hook',
		{ hook: '/action' });
	assert.equal(data.referStatus, '202');
	assert.equal(data.final_referred_call_status, '200');
	assert.equal(data.verb_id, 'v1');

	const back = await s.client(referd,
		{ query: `?client=reader&since=${last}` });
	await back.message('transfer:status', { call_sid: sid, step: 'ended',
		outcome: 'transferred', evidence: 'notify' });
	await back.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	assert.equal(back.messages.filter((m) =>
		m.type === 'transfer:status' &&
		m.data.step === 'ended').length, 1);
}, LIVES);


scene('referd is away when a result comes late: it is told all the same',
	async (s) => {
	const { referd, client } = await s.control(
		{ client: { query: '?client=bot' } });
	const { far, sid } = await s.call(client, 'late', { final: '200 OK' });

	client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid, timeouts: { notify: 0.5 },
		eventHook: '/event' });
	const { seq } = await client.message('transfer:status',
		{ step: 'ended', outcome: 'unknown' });
	await referd.kill('SIGKILL');
	await far.nudge();
	await far.messages.wait((m) => !m.sent && m.status === 200 &&
		/NOTIFY/.test(m.headers.cseq), 'answer to the NOTIFY');
	await referd.run();

	const back = await s.client(referd, { query: `?client=bot&since=${seq}` });
	const late = { call_sid: sid, step: 'late', call_status: 200 };
	await back.message('transfer:status', late);
	const { data: { transfer_id } } = back.all('transfer:status').at(-1);
	const { transfer } = await (await fetch(
		`${referd.http}/transfers/${transfer_id}`)).json();

	assert.equal(transfer.outcome, 'unknown');
	assert.equal(transfer.late_status, 200);
	assert.equal(back.all('transfer:status').length, 1);

	const { data } = await back.message('verb:hook', { hook: '/event' });

	assert.equal(data.late, true);
	assert.equal(data.call_status, '200');
	assert.equal(data.verb_id, 'v1');
	assert.equal(back.messages.filter((m) => m.hook === '/event').length,
		1);
}, LIVES);


scene('referd is killed and back before the result', async (s) => {
	const { referd, far, sid } = await inTransfer(s);

	await referd.kill('SIGKILL');
	await referd.run();

	const client = await s.client(referd, { query: '?client=bot' });
	await client.messages.wait((m) =>
		m.type === 'hello' && m.data.calls.length === 1 ||
		m.type === 'transfer:status' || m.type === 'call:status',
	'the call again');

	await far.nudge();
	await far.passed();
	await client.message('transfer:status', { call_sid: sid, step: 'ended',
		outcome: 'transferred' });
	await client.message('verb:hook', { hook: '/action' });
	assert.equal(client.messages.filter((m) =>
		m.hook === '/action').length, 1);
}, LIVES);


scene('referd is stopped politely and comes back: nothing is lost',
	async (s) => {
	const { referd, client, far, sid } = await inTransfer(s);
	const last = client.messages.items.at(-1).seq;

	assert.equal(await referd.kill('SIGTERM'), 0);
	await far.nudge();
	await far.passed();
	await referd.run();

	const back = await s.client(referd,
		{ query: `?client=bot&since=${last}` });
	await back.message('transfer:status', { call_sid: sid, step: 'ended',
		outcome: 'transferred' });
}, LIVES);


scene('baresip is killed: its calls end, its verbs fail, referd lives',
	async (s) => {
	const { referd, client, gateway, sid } = await inTransfer(s);
	const other = await s.gateway(referd,
		{ name: 'other', ip: '10.77.0.4' });

	await gateway.kill();
	await client.message('transfer:status', { call_sid: sid, step: 'ended',
		outcome: 'unknown' });
	await client.message('call:status',
		{ call_sid: sid, call_status: 'failed' });
	await client.message('verb:hook', { hook: '/action' });

	const from = client.now;
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await client.message('jambonz:error', {}, { from });

	const far = await s.sipp('transfer', ANSWERED,
		{ to: '10.77.0.4:5060', user: 'other' });
	await client.message('session:new', { node: 'other' });
	await client.message('call:status', { call_status: 'in-progress' },
		{ from });
	client.send({ verb: 'sip:refer', referTo: '100' });
	await far.passed();
	assert.ok(other.process.alive && referd.process.alive);
});


scene('baresip quits in mid-transfer: at once, and the outcome is told',
	async (s) => {
	const { client, gateway, far, sid } = await inTransfer(s);
	const begin = Date.now();

	assert.equal(await gateway.quit(), 0);
	assert.ok(Date.now() - begin < (settings.sanitize ? 8_000 : 4_000),
		`it took ${Date.now() - begin} ms`);
	await far.received('BYE');
	await client.message('transfer:status', { call_sid: sid,
		step: 'ended' });
	assert.equal(client.all('transfer:status')
		.filter((m) => m.data.step === 'ended').length, 1);
});


scene('the module is unloaded and loaded again', async (s) => {
	const { client, gateway } = await s.control();
	const { far } = await s.call(client, 'transfer', ANSWERED);
	const from = client.now;

	await gateway.command('rmmod', 'sip_refer.so');
	await gateway.command('insmod', 'sip_refer.so');
	assert.ok(gateway.process.alive);

	/* A new boot does not know the old calls. */
	const second = await s.sipp('transfer', ANSWERED);
	const { call_sid } = await client.messages.wait((m) =>
		m.type === 'session:new' &&
		m.data.from_uri.includes(second.ip), 'session:new', { from });
	await client.message('call:status',
		{ call_sid, call_status: 'in-progress' }, { from });
	client.send({ verb: 'sip:refer', referTo: '100', call_sid });
	await second.passed();
	assert.equal(far.requests('REFER').length, 0);
});


scene('the module is unloaded in mid-transfer: baresip and its call live',
	async (s) => {
	const { client, gateway, far, sid } = await inTransfer(s);

	await gateway.command('rmmod', 'sip_refer.so');
	await client.message('transfer:status', { call_sid: sid,
		step: 'ended' });
	await far.nudge();
	await far.messages.wait((m) => m.sent &&
		m.body.startsWith('SIP/2.0 200'), 'the final NOTIFY');
	await gateway.event('CALL_ESTABLISHED');
	assert.equal((await gateway.talking()).length, 1);
	await gateway.command('hangup');
	await far.received('BYE');
});


scene('baresip starts before referd, which then finds its call', async (s) => {
	const referd = await s.referd();

	await referd.kill('SIGTERM');
	const gateway = await s.gateway(referd);
	const far = await s.sipp('transfer', ANSWERED);
	await gateway.event('CALL_ESTABLISHED');

	await referd.run();
	const client = await s.client(referd);
	await client.messages.wait((m) => m.data?.call_status ===
		'in-progress' || m.data?.calls?.[0]?.call_status ===
		'in-progress', 'the call');
	client.send({ verb: 'sip:refer', referTo: '100' });
	await far.passed();
	await client.message('transfer:status', { outcome: 'transferred' });
}, LIVES);


scene('two baresips at one referd, each with a call of its own', async (s) => {
	const { referd, client } = await s.control();

	await s.gateway(referd, { name: 'second', ip: '10.77.0.4' });
	const here = await s.call(client, 'transfer', ANSWERED);
	const there = await s.call(client, 'transfer', ANSWERED,
		{ to: '10.77.0.4:5060', user: 'second' });

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: here.sid });
	client.send({ verb: 'sip:refer', referTo: '2', call_sid: there.sid });
	await Promise.all([here.far.passed(), there.far.passed()]);
	assert.match((await there.far.received('REFER')).headers['refer-to'],
		/^<sip:2@/);
});


scene('ninety calls are known again when referd has lost what it knew',
	async (s) => {
	const { referd, client, gateway } = await s.control();
	const known = async () => (await (await fetch(`${referd.http}/calls`))
		.json()).map((call) => call.call_sid).sort();

	await s.sipp('refuse', { answer: 'SIP/2.0 603 Decline',
		more: 'X-More: none' }, { args: ['-m', '90', '-l', '90', '-r', '90'] });
	await client.messages.wait(() => client.all('call:status')
		.filter((m) => m.data.call_status === 'in-progress')
		.length === 90, '90 calls', { timeout: 60_000 });

	const before = await known();

	assert.equal(before.length, 90);
	await referd.kill('SIGKILL');
	referd.forget();
	await referd.run();
	await referd.knows(1);
	assert.deepEqual(await known(), before);
	assert.equal((await gateway.talking()).length, 90);
}, LIVES);
