/**
 * @file grace.test.js  Hooks of a client that is gone, or returns
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';


/* A client goes while its transfer is under way. */
async function gone(s, ...args)
{
	const referd = await s.referd({ args });
	const watcher = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const bot = await s.client(referd, { query: '?client=bot' });
	const call = node.call();

	await bot.message('session:new');
	bot.send({ verb: 'sip:refer', referTo: 'bob', call_sid: call.sid,
		id: 'v1', actionHook: '/action', eventHook: '/event' });

	const transfer = await node.transfer(call);

	await bot.message('transfer:status');
	bot.close();
	await bot.messages.wait(() => false, 'the end').catch(() => {});

	const last = bot.messages.items.at(-1).seq;

	transfer.progress(180);
	transfer.end(486);
	await watcher.message('transfer:status', { step: 'ended' });

	return { referd, watcher, node, call, last };
}


function hooksOf(client)
{
	return client.messages.filter((m) => m.type === 'verb:hook')
		.map((m) => `${m.hook} ${m.data.call_status}`);
}


const HOOKS = ['/event 180', '/event 486', '/action in-progress'];


scene('who comes back in time gets his hooks', async (s) => {
	const { referd, watcher } = await gone(s);
	const bot = await s.client(referd, { query: '?client=bot' });

	await watcher.message('hook:status',
		{ kind: 'action', event: 'answered' });
	assert.deepEqual(hooksOf(bot), HOOKS);
});


for (const [how, restart] of [['', false],
	[', also of a referd that was killed', true]]) {
	scene(`who comes too late finds them in the past${how}`, async (s) => {
		const p = await gone(s, '--hook-grace', '1');
		const { referd, node, last } = p;
		let { watcher } = p;

		if (restart) {
			await referd.kill('SIGKILL');
			await referd.run();
			await node.connect();
			watcher = await s.client(referd,
				{ query: `?since=${last}` });
		}

		/* the hooks wait together, not one after the other */
		await watcher.message('hook:status',
			{ kind: 'action', event: 'failed' });
		const fates = watcher.all('hook:status');

		assert.deepEqual(fates.map((m) => m.data.event),
			['failed', 'failed', 'failed']);
		const [first, , third] = fates.map((m) => Date.parse(m.time));

		assert.ok(third - first < 950, `${third - first} ms`);

		const bot = await s.client(referd, { acks: false,
			query: `?client=bot&since=${last}` });

		await bot.message('hook:status', { kind: 'action' });
		assert.deepEqual(hooksOf(bot), HOOKS);
		node.disconnect();
	});
}


scene('each wait begins when the client goes', async (s) => {
	const referd = await s.referd({ args: ['--hook-grace', '2'] });
	const watcher = await s.client(referd);
	const node = await Node.connect(referd.socket);
	const bot = await s.client(referd,
		{ acks: false, query: '?client=bot' });
	const call = node.call();

	await bot.message('session:new');
	bot.send({ verb: 'sip:refer', referTo: 'bob', call_sid: call.sid,
		eventHook: '/event' });

	const transfer = await node.transfer(call);

	transfer.progress(180);
	transfer.end(486);

	/* the first hook gets no answer: the others wait more than 2 s */
	await watcher.message('hook:status', { event: 'timeout' });
	bot.close();

	const again = await s.client(referd, { query: '?client=bot' });

	await watcher.message('hook:status',
		{ kind: 'action', event: 'answered' });
	assert.deepEqual(hooksOf(again), ['/event 486', 'refer in-progress']);
	node.disconnect();
});
