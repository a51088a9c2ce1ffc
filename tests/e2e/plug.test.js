/**
 * @file plug.test.js  Parties that are killed at random: no result is lost
 *
 * `SECONDS=600 node plug.test.js` repeats each fault for so long. With
 * `SEED=17` the faults occur after the same times as in the run that printed
 * that seed, and the far end answers the same.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dice, seed } from './lib/dice.js';
import { Far } from './lib/far.js';
import { Disk, noDisk } from './lib/disk.js';
import { scene } from './lib/scene.js';
import { jumpEnv } from './lib/settings.js';
import { Traffic } from './lib/traffic.js';

const SECONDS = Number(process.env.SECONDS ?? 5);


/* Strikes again and again, at random times. */
async function forAWhile(strike, { pause = 1500 } = {})
{
	const end = Date.now() + SECONDS * 1000;
	const d = dice(seed);

	while (Date.now() < end) {
		await sleep(d.upTo(pause));
		await strike(d);
	}
}


/* Both are one process: inside.test.js */
const TWO = { daemon: 'one is not killed without the other' };


/* A scene whose name contains the seed. */
function plug(what, act, options)
{
	scene(`${what}, seed ${seed}`, act, options);
}


plug('nothing happens', async (s) => {
	const t = await Traffic.start(s);

	await sleep(SECONDS * 1000);
	await t.stop();
	await t.settled();
});


plug('referd is killed', async (s) => {
	const t = await Traffic.start(s);

	await forAWhile(async (d) => {
		await t.referd.kill('SIGKILL');
		await sleep(d.upTo(300));
		await t.referd.run();
		await t.client.connect();
	});
	await t.stop();
	await t.settled();
}, TWO);


plug('baresip is killed', async (s) => {
	const t = await Traffic.start(s);

	await forAWhile(async () => {
		await t.gateway.kill('SIGKILL');
		await t.gateway.run();
		await t.referd.knows(1);
	}, { pause: 3000 });
	await t.stop();
	await t.settled();
});


plug('the client is killed', async (s) => {
	const t = await Traffic.start(s, { hook: (id) => `/${id}` });

	await t.begun();
	await forAWhile(async (d) => {
		t.client.client.socket.terminate();
		await sleep(d.upTo(200));
		await t.client.connect();
	}, { pause: 500 });
	await t.stop();
	await t.settled();

	const seqs = t.client.messages.items.map((m) => m.seq);
	assert.ok(seqs.every((seq, i) => !i || seq > seqs[i - 1]));
});


plug('referd and baresip are killed', async (s) => {
	const t = await Traffic.start(s);

	await forAWhile(async () => {
		await Promise.all([t.referd.kill('SIGKILL'),
			t.gateway.kill('SIGKILL')]);
		await Promise.all([t.referd.run(), t.gateway.run()]);
		await t.client.connect();
		await t.referd.knows(1);
	}, { pause: 4000 });
	await t.stop();
	await t.settled();
}, TWO);


/* The reply of the application to hooks while it is faulty. */
const illnesses = [
	['is not there', {}],
	['answers 500', { status: 500 }],
	['never answers', false],
];

for (const [how, answer] of illnesses) {
	plug(`the hook server ${how}`, async (s) => {
		let ill = true;
		const t = await Traffic.start(s,
			{ reply: () => (ill ? answer : {}) });

		if (how === 'is not there')
			t.application.leave();
		await sleep(SECONDS * 1000);
		ill = false;
		if (how === 'is not there')
			await t.application.comeBack();
		await t.stop();
		await t.settled();
	});
}


plug('the socket is removed, and baresip comes back', async (s) => {
	const t = await Traffic.start(s);

	await forAWhile(async () => {
		unlinkSync(t.referd.socket);
		await t.gateway.kill('SIGKILL');
		await t.gateway.run();
		await t.referd.knows(1);
	}, { pause: 4000 });
	await t.stop();
	await t.settled();
}, { daemon: 'no other process links to it' });


plug('the disk is full', async (s) => {
	const disk = new Disk(s, 64 << 20);
	const t = await Traffic.start(s,
		{ referd: { args: ['--state', disk.state] } });

	await forAWhile(async (d) => {
		disk.fill();
		await sleep(d.upTo(2000));
		disk.clear();
	});
	await t.stop();
	await t.settled();

	/* everything is on disk, not only in memory */
	await t.referd.kill('SIGKILL');
	await t.referd.run();
	await t.settled();
}, { skip: noDisk });


plug('the clock jumps', async (s) => {
	const clock = join(s.dir, 'clock');
	const hours = [1, -1, 24, 0, -24, 0];

	writeFileSync(clock, '0');
	const t = await Traffic.start(s,
		{ referd: { env: jumpEnv(clock) } });

	await forAWhile(async (d) => {
		const hour = d.of(hours);

		writeFileSync(clock, `${hour * 3600}`);
	});
	await t.stop();
	await t.settled();
	assert.ok(t.client.messages.items.some((m) =>
		Math.abs(Date.parse(m.time) - Date.now()) > 1_800_000));
});


/* The far end rings, and sends nothing more. */
async function ringing(leg, refer)
{
	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing');
}


scene('the clock of baresip is set back: no transfer waits for it',
	async (s) => {
	const clock = join(s.dir, 'clock');

	writeFileSync(clock, '0');
	const { client } = await s.control({ gateway: { clock } });
	const far = await Far.start(s, { handlers: { REFER: ringing } });

	await far.call();
	await client.message('call:status', { call_status: 'in-progress' });
	client.send({ verb: 'sip:refer', referTo: '100',
		timeouts: { notify: 3, ringing: 3 } });
	await client.message('transfer:status', { call_status: 180 });
	writeFileSync(clock, '-3600');
	await client.message('transfer:status',
		{ outcome: 'unknown', evidence: 'timer:ringing' });
});
