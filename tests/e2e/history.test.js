/**
 * @file history.test.js  The history: past transfers and their outcomes
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

const START = Date.parse('2025-01-31T10:00:00Z');


/* A referd with the test as its node, and a client that sees all messages */
async function history(s, options)
{
	const referd = await s.referd(options);
	const client = await s.client(referd);
	const connect = async (name) => {
		const node = await Node.connect(referd.socket, name);

		s.join({ process: { name, alive: false, log: node.requests,
			kill: async () => node.disconnect() } });

		return node;
	};

	return { referd, client, connect };
}


async function get(referd, path)
{
	const response = await fetch(referd.http + path);

	return { status: response.status, body: await response.json() };
}


async function list(referd, query)
{
	const { status, body } = await get(referd, `/transfers?${
		new URLSearchParams(query)}`);

	assert.equal(status, 200, JSON.stringify(body));

	return body.map((t) => t.transfer_id);
}


/* Reports a transfer from its begin to its end, or one that still runs */
function transfer(node, call, id, time, fields, end)
{
	const step = (name, more) => node.report({ type: 'transfer',
		call_sid: call.sid, transfer_id: id, ref: 'none', step: name,
		...fields, ...more });

	step('requested', { time });
	if (end) {
		const { ms = 1000, ...how } = end;

		step('ended', { time: time + ms, ...how });
	}
}


/* Five transfers of two nodes, a to e by their begin */
async function five(s)
{
	const { referd, client, connect } = await history(s);
	const gw1 = await connect('gw1');
	const gw2 = await connect('gw2');
	const ann = gw1.call({ started: START, from: 'sip:Ann@carrier.example',
		to: 'sip:100@10.0.0.2' });
	const ben = gw2.call({ started: START, from: 'sip:+4930123@10.0.0.1',
		to: 'sip:200@10.0.0.2' });
	const id = {};

	for (const name of 'abcde')
		id[name] = `${name}-${randomUUID()}`;

	transfer(gw1, ann, id.a, START, { refer_to: 'sip:Bob@example.com' },
		{ refer_status: 202, call_status: 200, reason: 'OK',
			outcome: 'transferred', evidence: 'notify' });
	transfer(gw1, ann, id.b, START + 60_000,
		{ refer_to: 'sip:+49301234@10.0.0.1',
			referred_by: 'sip:O\'Brien@example.com' },
		{ refer_status: 202, call_status: 486, reason: 'Busy Here',
			outcome: 'failed', evidence: 'notify' });
	transfer(gw2, ben, id.c, START + 120_000,
		{ refer_to: 'sip:%41%25@example.com' },
		{ refer_status: 603, reason: 'Decline',
			outcome: 'failed', evidence: 'response' });
	transfer(gw2, ben, id.d, START + 180_000,
		{ refer_to: 'sip:jörg@example.com' },
		{ refer_status: 202, outcome: 'presumed', evidence: 'bye' });
	await client.message('transfer:status',
		{ transfer_id: id.d, step: 'ended' });
	await client.message('transfer:status',
		{ transfer_id: id.b, step: 'ended' });
	transfer(gw2, ben, id.e, START + 240_000,
		{ refer_to: 'sip:carol@example.com' });
	await client.message('transfer:status', { transfer_id: id.e });

	return { referd, client, gw1, gw2, ann, ben, id };
}


scene('each filter of the list finds what it names', async (s) => {
	const { referd, client, ann, ben, id } = await five(s);
	const { a, b, c, d, e } = id;
	const last = client.all('transfer:status')
		.find((m) => m.data.transfer_id === b &&
			m.data.step === 'ended').seq;

	const after = new Set(client.all('transfer:status')
		.filter((m) => m.seq > last).map((m) => m.data.transfer_id));

	for (const [query, expected] of [
		[{}, [e, d, c, b, a]],
		[{ outcome: 'failed' }, [c, b]],
		[{ outcome: 'running' }, [e]],
		[{ outcome: 'running,presumed,cancelled' }, [e, d]],
		[{ outcome: 'unknown' }, []],
		[{ code: '486' }, [b]],
		[{ code: '6xx' }, [c]],
		[{ code: '4xx', outcome: 'failed' }, [b]],
		[{ code: '202' }, []],
		[{ target: 'BOB@' }, [a]],
		[{ target: 'ann' }, []],
		[{ target: '%41%25' }, [c]],
		[{ target: 'jörg' }, [d]],
		[{ target: '%' }, [c]],
		[{ node: 'gw1' }, [b, a]],
		[{ node: 'gw' }, []],
		[{ call_sid: ann.sid }, [b, a]],
		[{ q: 'ann@carrier' }, [b, a]],
		[{ q: '+4930123' }, [e, d, c, b]],
		[{ q: '200@10.0.0.2' }, [e, d, c]],
		[{ q: 'o\'brien' }, [b]],
		[{ q: ben.sid.slice(3, 20) }, [e, d, c]],
		[{ q: a.toUpperCase() }, [a]],
		[{ since: String(last) }, [e, d, c, b, a]
			.filter((i) => after.has(i))],
		[{ since: '0' }, [e, d, c, b, a]],
		[{ from: '2025-01-31T10:01:00Z' }, [e, d, c, b]],
		[{ from: '2025-01-31T10:01:00Z',
			to: '2025-01-31T12:03:00.000+02:00' }, [c, b]],
		[{ from: '2025-02-01' }, []],
		[{ limit: '2' }, [e, d]],
		[{ before: d }, [c, b, a]],
		[{ before: d, limit: '1' }, [c]],
		[{ before: e, outcome: 'failed', node: 'gw2', code: '603',
			target: 'example', q: 'ben', limit: '5' }, []],
		[{ outcome: '', code: '', q: '', limit: '' },
			[e, d, c, b, a]],
	]) {
		assert.deepEqual(await list(referd, query), expected,
			JSON.stringify(query));
	}
});


scene('the list has each transfer as it is told elsewhere', async (s) => {
	const { referd, id, ann } = await five(s);
	const { body } = await get(referd, '/transfers?code=486');
	const { boot, ...rest } = body[0];

	assert.ok(boot);
	assert.deepEqual(rest, { call_sid: ann.sid, node: 'gw1', from: 'Ann',
		to: '100', from_uri: 'sip:Ann@carrier.example',
		to_uri: 'sip:100@10.0.0.2', transfer_id: id.b, step: 'ended',
		refer_to: 'sip:+49301234@10.0.0.1',
		referred_by: 'sip:O\'Brien@example.com', refer_status: 202,
		call_status: 486, reason: 'Busy Here', outcome: 'failed',
		evidence: 'notify', started: '2025-01-31T10:01:00.000Z',
		ended: '2025-01-31T10:01:01.000Z', code: 486 });
});


scene('one transfer comes with all that was said of its call', async (s) => {
	const { referd, client, ann, id } = await five(s);
	const { status, body } = await get(referd, `/transfers/${id.b}`);

	assert.equal(status, 200);
	assert.equal(body.transfer.transfer_id, id.b);
	assert.deepEqual(body.messages, client.messages.filter((m) =>
		m.call_sid === ann.sid));

	for (const path of ['none', `${id.b}/x`, '%27%20OR%20%271%27=%271',
		'x'.repeat(400)]) {
		const none = await get(referd, `/transfers/${path}`);

		assert.equal(none.status, 404, path);
		assert.match(none.body.error, /The history has no transfer/);
	}
});


scene('hooks of others and their clients stay theirs', async (s) => {
	const { referd, client } = await history(s);
	const node = await Node.connect(referd.socket, 'gw');
	const bot = await s.client(referd, { query: '?client=bot' });
	const call = node.call();

	await bot.message('session:new');
	bot.send({ verb: 'sip:refer', referTo: 'bob', call_sid: call.sid,
		id: 'VERB-1', actionHook: '/action' });

	const t = await node.transfer(call);

	t.end();
	await client.message('hook:status', { event: 'answered' });

	const [id] = await list(referd, { q: 'verb-1' });
	const { body } = await get(referd, `/transfers/${id}`);

	assert.deepEqual(body.messages, client.messages.filter((m) =>
		m.call_sid === call.sid));
	assert.ok(body.messages.some((m) => m.type === 'hook:status'));
	assert.ok(!body.messages.some((m) => m.type === 'verb:hook'));
	node.disconnect();
});


scene('what is wrong with a filter is one sentence', async (s) => {
	const { referd, id } = await five(s);
	const evil = '\' OR 1=1; DROP TABLE transfers; --';

	for (const [name, value, rule] of [
		['outcome', 'lost', /must be transferred/],
		['outcome', evil, /must be transferred/],
		['code', '4x', /must be a final SIP status/],
		['code', evil, /must be a final SIP status/],
		['target', 'x'.repeat(1025), /at most 1024 bytes/],
		['q', 'x'.repeat(1025), /at most 1024 bytes/],
		['node', 'x'.repeat(1025), /at most 1024 bytes/],
		['since', '-1', /must be the seq/],
		['since', evil, /must be the seq/],
		['from', 'now', /must be a time/],
		['to', evil, /must be a time/],
		['before', 'none', /must be the id of a transfer/],
		['before', evil, /must be the id of a transfer/],
		['limit', '0', /from 1 to 1000/],
		['limit', '1; --', /from 1 to 1000/],
		['colour', 'red', /is not a filter; the filters are/],
	]) {
		const { status, body } = await get(referd, `/transfers?${
			new URLSearchParams({ outcome: '', [name]: value })}`);

		assert.equal(status, 400, `${name}=${value}`);
		assert.equal(body.field, name);
		assert.ok(body.error.startsWith(`${name} `), body.error);
		assert.match(body.error, rule);
	}

	const { status, body } = await get(referd, '/transfers?q=%ff');

	assert.equal(status, 400);
	assert.match(body.error, /^q must be UTF-8/);

	/* libwebsockets may reject it as bad HTTP, without an answer */
	for (const path of ['?q=a%00b', '?client=a%00b', '/a%00b']) {
		const answer = await fetch(`${referd.http}/transfers${path}`)
			.catch(() => null);

		assert.equal(answer?.status ?? 400, 400, path);
	}

	for (const name of ['target', 'node', 'q', 'call_sid'])
		assert.deepEqual(await list(referd, { [name]: evil }), []);
	assert.equal((await list(referd, {})).length,
		Object.keys(id).length);
});


scene('pages of the list join without a gap or a double', async (s) => {
	const { referd, client, connect } = await history(s);
	const node = await connect('gw');
	const call = node.call({ started: START });
	const ids = Array.from({ length: 250 }, (_, i) => `t${i}`);

	/* three transfers at a time begin in the same second */
	for (const [i, id] of ids.entries()) {
		transfer(node, call, id, START + Math.floor(i / 3) * 1000, {},
			{ refer_status: 202, call_status: 200 + i % 2 * 286,
				outcome: i % 2 ? 'failed' : 'transferred',
				evidence: 'notify' });
	}
	await client.message('transfer:status',
		{ transfer_id: ids.at(-1), step: 'ended' });

	assert.equal((await list(referd, {})).length, 100);

	for (const query of [{}, { outcome: 'failed' }, { code: '486' },
		{ q: 't' }]) {
		const found = [];

		for (;;) {
			const page = await list(referd, { limit: 7, ...query,
				...found.length && { before: found.at(-1) } });

			found.push(...page);
			if (page.length < 7)
				break;
		}

		const odd = query.outcome || query.code;

		assert.deepEqual(found, ids.filter((_, i) =>
			!odd || i % 2).reverse(), JSON.stringify(query));
	}
});


scene('the list outlives referd', async (s) => {
	const { referd, id } = await five(s);
	const before = await get(referd, '/transfers?outcome=failed');

	await referd.kill('SIGKILL');
	await referd.run();
	assert.deepEqual(await get(referd, '/transfers?outcome=failed'),
		before);
	assert.deepEqual(await list(referd, { q: 'ann@carrier' }),
		[id.b, id.a]);
});


scene('the last hour in numbers', async (s) => {
	const { referd, client, connect } = await history(s);
	const node = await connect('gw');
	const minute = 60_000;
	const now = Math.floor(Date.now() / minute) * minute;
	const call = node.call({ started: now - 70 * minute });
	const ends = {
		transferred: { refer_status: 202, call_status: 200,
			outcome: 'transferred', evidence: 'notify' },
		failed: { refer_status: 202, call_status: 486,
			outcome: 'failed', evidence: 'notify' },
		presumed: { refer_status: 202, outcome: 'presumed',
			evidence: 'bye' },
	};
	const none = { transferred: 0, failed: 0, presumed: 0, unknown: 0,
		cancelled: 0 };

	/* two hours ago, ten minutes ago, and over a full minute */
	transfer(node, call, 'a', now - 120 * minute, {}, ends.failed);
	for (let i = 1; i <= 20; i++) {
		transfer(node, call, `b${i}`, now - 10 * minute, {},
			{ ...ends.transferred, ms: i * 100 });
	}
	transfer(node, call, 'c', now - 5 * minute, {},
		{ ...ends.failed, ms: minute });
	transfer(node, call, 'd', now - 5 * minute, {}, ends.presumed);
	transfer(node, call, 'e', now - 5 * minute, {});
	await client.message('transfer:status', { transfer_id: 'e' });

	const { status, body } = await get(referd, '/stats');
	const at = (t) => body.minutes.find((m) => Date.parse(m.time) === t);

	assert.equal(status, 200);
	assert.equal(body.window, 3600);
	assert.equal(body.minutes.length, 60);
	assert.ok(Math.abs(Date.parse(body.now) - Date.now()) < minute);
	assert.ok(body.minutes.every((m, i) => !i ||
		Date.parse(m.time) - Date.parse(body.minutes[i - 1].time) ===
		minute));
	assert.deepEqual(body.outcomes,
		{ ...none, transferred: 20, failed: 1, presumed: 1 });
	assert.equal(at(now - 10 * minute).started, 20);
	assert.deepEqual(at(now - 10 * minute).outcomes,
		{ ...none, transferred: 20 });
	assert.equal(at(now - 5 * minute).started, 3);
	assert.deepEqual(at(now - 5 * minute).outcomes,
		{ ...none, presumed: 1 });
	assert.deepEqual(at(now - 4 * minute).outcomes,
		{ ...none, failed: 1 });
	assert.equal(at(now - 4 * minute).started, 0);
	assert.deepEqual(body.final_ms, { count: 21, p50: 1100, p95: 2000 });

	const [{ node: name, connected, calls, transfers, version }] =
		body.nodes;

	assert.deepEqual({ name, connected, calls, transfers, version },
		{ name: 'gw', connected: true, calls: 1, transfers: 1,
			version: '0.1.0' });
});


scene('an hour without a transfer is all zeros', async (s) => {
	const { body } = await get(await s.referd(), '/stats');

	assert.equal(body.minutes.length, 60);
	assert.ok(body.minutes.every((m) => m.started === 0 &&
		Object.values(m.outcomes).every((n) => n === 0)));
	assert.deepEqual(body.final_ms, { count: 0 });
	assert.deepEqual(body.nodes, []);
});
