/**
 * @file upgrade.test.js  The state of an earlier release
 *
 * states/0.1.0.tar.gz has two directories of referd 0.1.0: `stopped`, and
 * `killed`, with most of its state in the redo log.  In both a transfer has
 * ended, another is in progress, and its actionHook goes to
 * http://127.0.0.1:9/hook.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { scene, settings } from './lib/scene.js';

/* Long enough: the states get older every day */
const KEPT = ['--keep-days', '36500'];
const WHERE_THE_HOOK_GOES = 9;


function unpack(s, name)
{
	execFileSync('tar', ['-xzf', join(settings.source,
		'tests/e2e/states/0.1.0.tar.gz'), '-C', s.dir,
	'--no-same-owner', '--strip-components=1', `0.1.0/${name}`]);

	return join(s.dir, name);
}


/* The first request, answered 200 */
async function hooked()
{
	const server = createServer();

	server.unref();
	server.listen(WHERE_THE_HOOK_GOES, '127.0.0.1');
	await once(server, 'listening');

	return async () => {
		const [request, answer] = await once(server, 'request');
		let text = '';

		for await (const piece of request)
			text += piece;
		answer.end();
		server.close();

		return JSON.parse(text);
	};
}


async function get(referd, path)
{
	return (await fetch(referd.http + path)).json();
}


for (const name of ['stopped', 'killed'])
	scene(`referd takes over the state of a 0.1.0 that was ${name}`,
		async (s) => {
		const state = unpack(s, name);
		const hook = (await hooked())();
		const referd = await s.referd({ args: ['--state', state,
			...KEPT] });
		const action = await hook;

		/* its baresip has ended */
		assert.equal(action.outcome, 'unknown');
		assert.equal(action.evidence, 'node');
		assert.equal(action.verb_id, 'v2');

		const transfers = await get(referd, '/transfers');

		assert.deepEqual(transfers.map((t) => [t.verb_id, t.outcome,
			t.call_status, t.refer_to.slice(0, 11)]), [
			['v2', 'unknown', 180, 'sip:bob@exa'],
			['v1', 'transferred', 200, 'sip:+493012']]);

		/* the messages on the first call, unchanged */
		const { messages } = await get(referd,
			`/transfers/${transfers[1].transfer_id}`);
		const steps = messages.filter((m) => m.type ===
			'transfer:status').map((m) => m.data.step);

		assert.equal(messages[0].type, 'session:new');
		assert.equal(steps[0], 'requested');
		assert.equal(steps.at(-1), 'ended');

		/* all of them in order, followed by the new ones */
		const client = await s.client(referd, { query: '?since=1' });
		await client.message('transfer:status',
			{ step: 'ended', outcome: 'unknown' });
		const numbers = client.messages.items.slice(1)
			.map((m) => m.seq);

		assert.ok(numbers.length > 20, numbers);
		assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
		assert.ok(messages.every((m) => numbers.includes(m.seq)));
	});


scene('a converted state is one of this release', async (s) => {
	const state = unpack(s, 'stopped');
	const referd = await s.referd({ args: ['--state', state, ...KEPT] });
	const before = await get(referd, '/transfers');
	const converts = () => referd.process.log.filter((l) =>
		l.includes('which referd 0.1.0 has written')).length;

	assert.equal(converts(), 1);
	await referd.kill('SIGTERM');
	await referd.run();

	assert.equal(converts(), 0);
	assert.deepEqual(await get(referd, '/transfers'), before);
});
