/**
 * @file stall.test.js  A disk that stalls, a name server that is silent, a
 * server of a fleet that hangs: no call is affected
 *
 * The tone of a call passes through baresip and back: a delay of libre's loop
 * is a gap in the echo.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tone } from './lib/audio.js';
import { Far } from './lib/far.js';
import { NO_NAMES, Names, usable } from './lib/names.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { scene, settings } from './lib/scene.js';
import { Stall } from './lib/stall.js';

const STALL = 1000; /* ms, of each access */
const TIME = 6000; /* ms with such delays */
const FRAME = 20; /* ms of a packet */
const BOUND = settings.sanitize ? 400 : 200; /* ms */
const SERVICE = 500; /* ms, less than a stall */

/* A call to this user gets an application that is not reachable */
const NAMED = 'silent.test';
const SCHEMES = ['ws', 'http'];

/* A gateway whose calls hear themselves */
const ECHO = { sound: false, account: ';answermode=manual', config: {
	'module': 'aubridge.so', 'audio_source': 'aubridge,echo',
	'audio_player': 'aubridge,echo' } };
const skip = !await usable() && NO_NAMES;


/* The target rings, and is busy: the call goes on. */
async function busy(leg, refer)
{
	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing');
	await leg.notify('SIP/2.0 486 Busy Here', { headers:
		{ 'Subscription-State': 'terminated;reason=noresource' } });
}


/* Repeats an action; the longest time [ms] that it took until now */
function longest(act)
{
	let over = false, worst = 0;
	const done = (async () => {
		while (!over) {
			const begin = performance.now();

			await act();
			worst = Math.max(worst, performance.now() - begin);
			await sleep(FRAME, null, { ref: false });
		}
	})();

	done.catch(() => {}); /* the function below throws it */

	return async () => {
		over = true;
		await done;

		return Math.ceil(worst);
	};
}


/* Parties whose disk can stall, and a name server that never answers. */
async function parties(s)
{
	const state = join(s.dir, 'state');
	const map = join(s.dir, 'applications');
	const stall = new Stall(join(s.dir, 'stall'), state);

	writeFileSync(map, SCHEMES.map((scheme) =>
		`${scheme} ${scheme}://${NAMED}/bot\n`).join(''));

	return {
		stall,
		names: await Names.start(s, { [NAMED]: null }),
		far: await Far.start(s, { handlers: { REFER: busy } }),
		...await s.control({
			referd: { env: stall.env,
				args: ['--state', state, '--app-map', map] },
			gateway: { ...ECHO, users: ['gw', ...SCHEMES] } }),
	};
}


/* The call whose echo the test measures. */
async function answered({ client, far })
{
	const leg = await far.ring();
	const { call_sid } = await client.message('session:new');

	client.send({ verb: 'answer', call_sid });
	await client.message('call:status', { call_sid,
		call_status: 'in-progress' });
	assert.equal((await leg.response).status, 200);

	return { leg, call_sid };
}


/* Transfers calls for so long; the number of transfers. */
async function transfers({ client }, call_sid, time)
{
	const end = performance.now() + time;
	let n = 0;

	while (performance.now() < end) {
		const id = `v${++n}`;

		client.send({ verb: 'sip:refer', id, call_sid, referTo: '100' });
		await client.message('transfer:status', { verb_id: id,
			step: 'ended', outcome: 'failed' });
	}

	return n;
}


/* Measures calls and the service while `trouble` lasts. */
async function assertUnheld(p, trouble)
{
	const { leg, call_sid } = await answered(p);
	const echo = tone(leg);

	await echo.begun();
	const answers = longest(() => leg.request('OPTIONS'));
	const health = longest(() => fetch(`${p.referd.http}/healthz`));
	const searched = longest(async () => assert.equal((await fetch(
		`${p.referd.http}/transfers?q=nobody`)).status, 200));
	const transferred = transfers(p, call_sid, TIME);

	await trouble();

	const slowest = await answers();
	const slow = await health();
	const { silence, late } = echo.stop();
	const n = await transferred;

	await searched();

	console.log(`# ${n} transfers; the echo lacks ${silence} ms at most, ` +
		`an answer takes ${slowest} ms, one of the service ${slow} ms, ` +
		`this program is late by ${late} ms`);
	assert.ok(silence <= BOUND + late, `${silence} ms of silence`);
	assert.ok(slowest <= BOUND + late, `answered after ${slowest} ms`);
	assert.ok(slow <= SERVICE + late, `health after ${slow} ms`);
}


scene('a stalled disk and a silent name server: an echo without a gap',
	async (s) => {
	const p = await parties(s);

	await assertUnheld(p, async () => {
		p.stall.each(STALL);
		for (const scheme of SCHEMES)
			await p.far.ring({}, scheme);
		await sleep(TIME);
		p.stall.each(0);
	});
	assert.ok(p.stall.waited > 0);
	assert.ok(p.names.questions.items.includes(NAMED));
}, { skip });


/* Events wait to be published, and the server takes nothing */
scene('a server of the fleet hangs, dies, and is back: an echo without a gap',
	async (s) => {
	const cluster = await Cluster.join(s);
	const [server] = cluster.servers;
	const p = {
		far: await Far.start(s, { handlers: { REFER: busy } }),
		...await s.control({
			referd: { args: ['--fleet', cluster.urls(),
				'--fleet-node', 'gw1', '--fleet-view', 'yes'] },
			gateway: ECHO }),
	};
	const is = (state) => p.referd.fleet((f) => f.state === state);

	await is('up');
	await assertUnheld(p, async () => {
		server.stop();
		await sleep(TIME);
		await is('down');
		await server.kill();
		await server.start();
		await is('up');
	});
}, { skip: NO_FLEET });
