/**
 * @file fleet-scope.test.js  A referd serves the events it has read of a fleet
 *
 * It also does so while it can reach no NATS server. A program of the tests
 * has put the events into its store.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { NO_FLEET as skip } from './lib/nats.js';
import { Referd } from './lib/referd.js';
import { scene, settings } from './lib/scene.js';

const EPOCH = '2026-11-29T10:00:00.123456789Z';
const COUNT = 2000;
const OPTIONS = { skip, daemon: 'referd has a fleet of its own' };
const NOWHERE = 'nats://127.0.0.1:1';


/* The fields in the data of a hello, as docs/protocol.md shows it */
function toldKeys()
{
	const page = readFileSync(join(settings.source, 'docs/protocol.md'),
		'utf8');
	const [, section] = /^### A whole fleet$(.*?)^###? /ms.exec(page);
	const text = section.match(/^ {4}.*$/gm).join('')
		.replaceAll('…', '');

	return Object.keys(JSON.parse(text).data);
}


/* The seq of the n-th call in the fleet */
function numberOf(n)
{
	return n * 256 + 1;
}


/* A referd that has read `count` messages, and has none in memory */
async function member(s, { count = COUNT, args = [] } = {})
{
	const dir = s.path('referd');

	mkdirSync(dir);
	execFileSync(settings.fleetfill,
		[join(dir, 'state'), EPOCH, '1', `${count}`]);

	const referd = new Referd(dir, { args: ['--fleet', NOWHERE,
		'--fleet-node', 'gw1', '--fleet-view', 'yes', ...args] });

	await referd.run();

	return s.join(referd);
}


function query(more = {})
{
	return `?${new URLSearchParams({ scope: 'fleet', ...more })}`;
}


async function get(referd, path)
{
	const response = await fetch(referd.http + path);

	return { status: response.status, body: await response.json() };
}


async function ids(referd, more)
{
	const { status, body } = await get(referd, `/transfers${query(more)}`);

	assert.equal(status, 200);

	return body.map((t) => t.transfer_id);
}


scene('a client of the fleet has what it has missed, each once, in order',
	async (s) => {
	const referd = await member(s);
	const client = await s.client(referd,
		{ query: query({ client: 'bot', since: numberOf(10),
			fleet: EPOCH }) });
	const hello = client.all('hello')[0];

	assert.equal(hello.seq, numberOf(10));
	assert.deepEqual({ ...hello.data, version: '', status: {} }, {
		version: '', client: 'bot', role: 'controller', scope: 'fleet',
		fleet: EPOCH, last_seq: numberOf(COUNT), first_seq: 1,
		status: {}, nodes: [], calls: [], transfers: [] });
	assert.ok(Array.isArray(hello.data.status.members));

	assert.deepEqual(Object.keys(hello.data), toldKeys());

	await client.message('call:status', { seq: numberOf(COUNT) });
	const seqs = client.all('call:status').map((m) => m.seq);

	assert.deepEqual(seqs, Array.from({ length: COUNT - 10 },
		(_, i) => numberOf(11 + i)));
	assert.ok(client.all('call:status').every((m) =>
		m.member === (m.member_seq % 2 ? 'gw1' : 'gw2')));
}, OPTIONS);


scene('what is for one client alone has the number before it',
	async (s) => {
	const referd = await member(s, { count: 3 });
	const client = await s.client(referd, { query: query() });
	const local = await s.client(referd);

	client.send({ verb: 'hangup', call_sid: 'none', msgid: 'm' });
	const refused = await client.message('jambonz:error');

	assert.equal(refused.seq, numberOf(3));
	assert.equal(refused.member, undefined);
	assert.equal(client.all('hello')[0].seq, numberOf(3));

	/* a client gets only numbers of its scope: fleet or referd */
	assert.deepEqual(local.all('jambonz:error'), []);
	local.send({ verb: 'hangup', call_sid: 'none', msgid: 'm' });
	assert.ok((await local.message('jambonz:error')).seq < 100);
}, OPTIONS);


scene('numbers of another stream say nothing: a client begins anew',
	async (s) => {
	const referd = await member(s, { count: 20 });
	const client = await s.client(referd, { query:
		query({ since: numberOf(900), fleet: 'another' }) });
	const { seq, data } = client.all('hello')[0];

	assert.equal(seq, numberOf(20));
	assert.equal(data.fleet, EPOCH);
	client.send({ verb: 'hangup', call_sid: 'none', msgid: 'm' });
	await client.message('jambonz:error');
	assert.deepEqual(client.all('call:status'), []);
}, OPTIONS);


scene('a client that knows more than was read is not told less',
	async (s) => {
	const referd = await member(s, { count: 20 });
	const client = await Client.connect(referd.ws +
		query({ client: 'bot', since: numberOf(30), fleet: EPOCH }));

	s.clients.push(client);
	client.send({ verb: 'hangup', call_sid: 'none', msgid: 'm' });
	assert.equal((await client.message('jambonz:error')).seq,
		numberOf(30));
	assert.deepEqual(client.all('hello'), []);
	assert.deepEqual(client.all('call:status'), []);
}, OPTIONS);


scene('the transfers of the fleet are found', async (s) => {
	const referd = await member(s, { count: 20 });

	assert.deepEqual(await ids(referd, { limit: 3 }),
		['t-20', 't-19', 't-18']);
	assert.deepEqual(await ids(referd, { limit: 2, member: 'gw1' }),
		['t-19', 't-17']);
	assert.deepEqual(await ids(referd, { limit: 2, q: 'gw2' }),
		['t-20', 't-18']);
	assert.deepEqual(await ids(referd, { since: numberOf(18) }),
		['t-20', 't-19']);
	assert.deepEqual(await ids(referd,
		{ member: 'gw1', before: 't-5', outcome: 'transferred' }),
		['t-3', 't-1']);

	const { body } = await get(referd, `/transfers/t-7${query()}`);

	assert.equal(body.transfer.member, 'gw1');
	assert.deepEqual(body.messages.map((m) => m.seq), [numberOf(7)]);

	const { body: own } = await get(referd, '/transfers');

	assert.deepEqual(own, []);
}, OPTIONS);


scene('a store of the fleet that is damaged is moved aside, which is said',
	async (s) => {
	const referd = await member(s, { count: 20 });
	const path = join(referd.dir, 'state/fleet.db');

	await referd.process.kill('SIGTERM');
	execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4096', 'count=1',
		'conv=notrunc'], { stdio: 'ignore' });
	await referd.run();
	assert.ok(referd.process.log.items.some((l) =>
		/fleet\.db is damaged; it is moved to .*fleet\.db-old/.test(l)));
	assert.ok(readFileSync(`${path}-old`).length > 0);

	const client = await s.client(referd, { query: query() });

	assert.equal(client.all('hello')[0].data.last_seq, 0);
}, OPTIONS);


scene('without a view nobody is served one', async (s) => {
	const referd = await s.referd({ args: ['--fleet', NOWHERE,
		'--fleet-node', 'gw1'] });
	const local = await s.client(referd);

	for (const path of ['/ws', '/calls', '/transfers', '/transfers/t',
		'/stats', '/metrics']) {
		const response = await fetch(referd.http + path + query(),
			path === '/ws' ? { headers: {} } : {});

		if (path !== '/ws')
			assert.equal(response.status, 400, path);
	}
	await assert.rejects(Client.connect(referd.ws + query()), /400/);
	assert.equal(local.all('hello')[0].data.fleet.member, 'gw1');
}, OPTIONS);
