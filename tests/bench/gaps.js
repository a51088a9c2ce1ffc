/**
 * @file gaps.js  How long baresip's own work waits for ours
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from '../e2e/lib/application.js';
import { Far } from '../e2e/lib/far.js';
import { Names } from '../e2e/lib/names.js';
import { Process } from '../e2e/lib/process.js';
import { Referd } from '../e2e/lib/referd.js';
import { settings } from '../e2e/lib/settings.js';
import { Stall } from '../e2e/lib/stall.js';
import { Driver, inDirectory, withPeers } from './driver.js';
import { Inside, Ours, pids, Stock } from './peers.js';
import { Probe } from './probe.js';
import { memory, wakes } from './procfs.js';
import { program } from './sides.js';

const CALLS = 200; /* at once, at most */
const NAMED = 'silent.test'; /* which no name server knows of */
const ALONE = { join: (party) => party };
const FILES = ['prlimit', '--nofile=16384:16384'];
const MIB = 1024;
const STEPS = 2; /* of each transfer that is stored */

const FULL = { seconds: 20, rate: 200, clients: 1000, stored: 1_000_000,
	hooks: 2500, stall: 2000 };
const QUICK = { seconds: 1, rate: 20, clients: 10, stored: 200, hooks: 20,
	stall: 200 };


async function load(peer, rate, seconds, env = {})
{
	/* ctrl_tcp transfers the current call */
	const run = new Driver('load', peer.many ? CALLS : 1, rate, seconds,
		peer.control, env);

	await run.until('over');
	await run.end();
}


/* Both ways, and a baresip that has neither of our modules */
function ways(options)
{
	return {
		...Inside.available() && { embedded: (dir) => Inside.start(dir,
			{ referd: options }) },
		referd: (dir) => Ours.start(dir, options),
		...Stock.available() && { ctrl_tcp: (dir) => Stock.start(dir,
			{ ip: '10.77.0.4', type: 'ctrl_tcp', ...options }) },
	};
}


/* The process that has libre's loop */
function loopOf(peer)
{
	return peer.gateways?.[0].process.pid ?? peer.processes[0].pid;
}


/* How often an idle baresip wakes, and the CPU time that it takes */
async function idle(name, start, { seconds })
{
	return withPeers({ start }, async ([peer]) => {
		const pid = [loopOf(peer)];
		const at = memory(pid);

		await sleep(2000); /* remaining work of its start */
		const before = wakes(pid);
		await sleep(seconds * 1000);

		return { 'control': name,
			'wakes per second': (wakes(pid) - before) / seconds,
			'MiB': at / MIB,
			'MiB of all': memory(pids(peer)) / MIB };
	});
}


/* The work meanwhile, each beside transfers: `start` has options of the
   embedded referd, `act` runs while turns are measured */
const trials = {
	'1,000 clients': ({ clients, seconds }) => ({
		act: async (peer) => {
			await load(peer, 5, seconds);
		},
		before: async (peer) => {
			const p = new Process('listen', [join(settings.build,
				'tests/bench/bench-listen'),
			new URL(peer.referd.http).port, `${clients}`]);

			await p.log.wait((l) => l.startsWith('listen: '),
				'clients');

			return p;
		},
	}),

	'a search over 1,000,000 transfers': ({ stored, seconds }) => ({
		prepare: async (dir) => {
			const args = ['--keep-mb', '100000'];
			const referd = await Referd.start(join(dir, 'filled'),
				{ args });

			await program('bench-fill', referd.socket, stored,
				STEPS);
			await referd.kill('SIGTERM');

			return { args: [...args, '--state', referd.state] };
		},
		act: async (peer) => {
			let over = false;
			const searches = (async () => {
				while (!over)
					await (await fetch(`${peer.referd.http}` +
						'/transfers?q=nowhere')).text();
			})();

			await load(peer, 20, seconds);
			over = true;
			await searches;
		},
	}),

	'a disk that stalls': ({ stall: ms, seconds, rate }) => ({
		prepare: async (dir, env) => {
			const stall = new Stall(join(dir, 'stall'),
				join(dir, 'state'));

			return { stall, args: ['--state', join(dir, 'state')],
				env: { ...stall.env, ...env, LD_PRELOAD:
					`${stall.env.LD_PRELOAD} ${env.LD_PRELOAD}` } };
		},
		act: async (peer, { stall }) => {
			stall.each(ms);
			await load(peer, rate / 2, seconds);
			stall.each(0);
		},
	}),

	'a name server that is silent': ({ seconds, rate }) => ({
		prepare: async (dir) => {
			const map = join(dir, 'applications');

			writeFileSync(map, `gw ws://${NAMED}/bot\n* -\n`);

			return { args: ['--app-map', map] };
		},
		before: async () => {
			const names = await Names.start(ALONE, { [NAMED]: null });

			return { kill: () => names.kill() };
		},
		act: async (peer) => {
			const far = await Far.start(ALONE, { ip: '10.77.0.39',
				to: ['10.77.0.9', 5060] });
			const calls = setInterval(() => far.ring(), 200);

			await load(peer, rate / 4, seconds,
				{ BENCH_HOOK: `http://${NAMED}/hook` });
			clearInterval(calls);
			await far.kill();
		},
	}),

	'10,000 hooks': ({ rate, hooks }) => ({
		before: async () => {
			let open;
			const gate = new Promise((resolve) => {
				open = resolve;
			});
			const a = await Application.start(ALONE, {
				reply: () => gate.then(() => ({})) });

			return { url: a.url, open, kill: () => a.kill() };
		},
		act: async (peer, _options, { url, open }) => {
			await load(peer, rate, hooks / rate,
				{ BENCH_HOOK: `${url}/hook` });
			open();
			await delivered(peer.referd);
		},
	}),
};


async function delivered({ http })
{
	for (let i = 0; i < 600; i++) {
		const metrics = await (await fetch(`${http}/metrics`)).text();

		if (/^referd_hooks_waiting 0$/m.test(metrics))
			return;
		await sleep(100);
	}
}


/* One trial of an embedded referd */
async function trial(name, make, size, dir)
{
	const probe = new Probe(join(dir, 'probe'));
	const { prepare = () => ({}), before = () => null, act } = make(size);
	const options = await prepare(dir, probe.env);
	const start = (at) => Inside.start(at, {
		users: ['gw0', 'gw1', 'gw2', 'gw3', 'gw'],
		referd: { wrap: FILES, args: options.args,
			env: options.env ?? probe.env } });

	return withPeers({ start }, async ([peer]) => {
		const beside = await before(peer);

		try {
			return { 'beside': name, ...await probe.during(() =>
				act(peer, options, beside)) };
		}
		finally {
			await beside?.kill();
		}
	});
}


/* The turns of each way under load */
async function loaded(dir, { rate, seconds })
{
	const rows = [];

	for (const name of Object.keys(ways())) {
		const probe = new Probe(join(dir, `${name}-probe`));
		const start = ways({ env: probe.env })[name];

		rows.push(await withPeers({ start }, async ([peer]) => ({
			'control': name, ...await probe.during(() =>
				load(peer, rate, seconds)) })));
	}

	return rows;
}


/**
 * Gaps: how long libre's loop, which handles SIP and RTP, waits between two
 * turns under different loads
 *
 * @param options `quick`: a short run. `seconds` of each; `rate` of
 *                transfers; how many `clients`, `stored` transfers, transfers
 *                with `hooks`; `stall` of the disk in ms; `only`: part of
 *                the name of the measurement, `idle` or `load` or a trial
 */
export async function gaps({ quick, only = process.env.TRIAL, ...options } = {})
{
	const size = { ...FULL, ...(quick && QUICK), ...options };
	const is = (name) => !only || name.includes(only);
	const waking = [], turns = [], beside = [];

	for (const [name, start] of Object.entries(ways())) {
		if (is('idle'))
			waking.push(await idle(name, start, size));
	}

	return inDirectory(async (dir) => {
		if (is('load'))
			turns.push(...await loaded(dir, size));

		for (const [name, make] of Object.entries(trials)) {
			const own = join(dir, `${beside.length}`);

			if (!is(name) || !Inside.available())
				continue;
			mkdirSync(own);
			beside.push(await trial(name, make, size, own));
		}

		return [
			{ title: 'An idle baresip', rows: waking },
			{ title: `Turns of libre's loop, ${size.rate} ` +
				'transfers per second (µs)', rows: turns },
			{ title: "Turns of libre's loop with referd embedded " +
				'(µs)', rows: beside },
		].filter(({ rows }) => rows.length);
	});
}
