/**
 * @file keep.test.js  The store deletes old messages, except those in use
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Application } from './lib/application.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

const MANY = 200;
const LONG = 'x'.repeat(14_000);


async function get(referd, path)
{
	const response = await fetch(referd.http + path);

	return { status: response.status, body: await response.json() };
}


/* Waits until a transfer is forgotten. */
async function forgotten(referd, id)
{
	while ((await get(referd, `/transfers/${id}`)).status !== 404)
		await new Promise((resolve) => setTimeout(resolve, 50));
}


/* The messages left, read while referd deletes none */
async function rest(s, referd)
{
	const bounds = async () =>
		(await s.client(referd)).messages.items[0].data;

	for (;;) {
		const { first_seq: first, last_seq: last } = await bounds();
		const late = await s.client(referd,
			{ query: `?since=${first - 1}` });

		await late.messages.wait((m) => m.seq === last, 'all of it');
		if ((await bounds()).first_seq === first)
			return { first, last, late };
	}
}


/* A transfer that a client requests, and that fails; returns its id */
async function failed({ node, client }, call, fields)
{
	client.send({ verb: 'sip:refer', referTo: 'bob', call_sid: call.sid,
		...fields });

	const t = await node.transfer(call);

	t.end();

	const { data } = await client.message('transfer:status',
		{ call_sid: call.sid, step: 'ended' });

	return data.transfer_id;
}


async function newCall({ node, client }, fields)
{
	const call = node.call(fields);

	await client.message('session:new', { call_sid: call.sid });

	return call;
}


async function endCall({ node, client }, call)
{
	node.closed(call);
	await client.message('call:status',
		{ call_sid: call.sid, call_status: 'completed' });
}


/* More messages than the store may keep */
async function fill(p)
{
	for (let i = 0; i < MANY; i++)
		await endCall(p, await newCall(p, { headers: { LONG } }));
}


scene('the oldest goes, but not what lives or waits', async (s) => {
	let status = 500;
	const application = await Application.start(s,
		{ reply: () => ({ status }) });
	const referd = await s.referd({ args: ['--keep-mb', '1'] });
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const p = { node, client };

	/* one call is over, one still runs, and one has a pending hook */
	const over = await newCall(p);
	const lost = await failed(p, over);
	await endCall(p, over);
	const lives = await newCall(p);
	const kept = await failed(p, lives);
	const waits = await newCall(p);
	const owed = await failed(p, waits,
		{ actionHook: `${application.url}/action` });
	await application.request('/action');
	await endCall(p, waits);

	const early = client.messages.items.at(-1).seq;

	await fill(p);
	await referd.kill('SIGTERM');
	await referd.run();
	await node.connect();
	await forgotten(referd, lost);

	const again = await s.client(referd);
	const { first, last, late } = await rest(s, referd);

	assert.ok(first > early, `${first} > ${early}`);
	assert.ok(first < last);

	/* no message after first_seq is missing */
	const said = client.messages.items.filter((m) => m.seq >= first);

	assert.deepEqual(late.messages.items.slice(1, said.length + 1), said);

	/* older messages remain where a call or a hook still needs them */
	const { body } = await get(referd, `/transfers/${kept}`);

	assert.deepEqual(body.messages.slice(0, 3),
		client.messages.filter((m) => m.call_sid === lives.sid)
			.filter((m) => m.type !== 'verb:hook').slice(0, 3));
	const all = await s.client(referd, { query: '?since=1' });

	await all.messages.wait((m) => m.seq === last, 'what is left');
	assert.ok(!all.messages.items.some((m) => m.call_sid === over.sid));
	assert.ok(all.all('session:new').some((m) =>
		m.call_sid === lives.sid));
	assert.ok(all.all('session:new').some((m) =>
		m.call_sid === waits.sid));

	/* the next messages replace the transfer after the answer to its hook */
	assert.equal((await get(referd, `/transfers/${owed}`)).status, 200);
	status = 200;
	await again.message('hook:status',
		{ call_sid: waits.sid, event: 'answered' });
	await fill({ node, client: again });
	await forgotten(referd, owed);
	assert.equal((await get(referd, `/transfers/${kept}`)).status, 200);

	node.disconnect();
});
