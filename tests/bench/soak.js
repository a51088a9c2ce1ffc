/**
 * @file soak.js  Transfers for an hour, and the use of memory meanwhile
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '../e2e/lib/client.js';
import { dice, seed } from '../e2e/lib/dice.js';
import { Driver, withPeers } from './driver.js';
import { percentile, table } from './figures.js';
import { Ours } from './peers.js';
import { svg } from './plot.js';
import { descriptors, memory } from './procfs.js';

const usage = `usage: tests/bench/soak [--minutes N] [--rate N] [--plot FILE]

Makes transfers at a constant rate (default 225 per second, about half of what
one baresip carries) for a number of minutes (default 60), while clients come and
go. Prints a row for each 60th of that time, and fails if a transfer was lost, or
if memory or descriptors grow. To repeat the clients of a run, set SEED to the
number that the run printed, for example SEED=17.
`;

const ROWS = 60;
const CALLS = 200; /* at once, at most */
const CLIENTS = 20;
const STAY = 5000; /* ms that a client stays, on average */
const GROWTH = 1.1; /* of the last quarter over the one before: is flat */


/* Clients that come, listen for a while, and go, some without a word */
class Crowd {
	constructor(url)
	{
		this.url = url;
		this.came = 0;
		this.members = Array.from({ length: CLIENTS },
			(_, i) => this.live(`crowd-${i}`, dice(seed + i)));
	}

	async live(name, d)
	{
		while (!this.over) {
			const { socket } = await Client.connect(
				`${this.url}?client=${name}`);

			++this.came;
			await sleep(d.upTo(2 * STAY));
			if (d.chance(0.5))
				socket.close();
			else
				socket.terminate();
		}
	}

	async end()
	{
		this.over = true;
		await Promise.all(this.members);
	}
}


function row(second, samples, ours)
{
	const [referd] = ours.processes;
	const baresips = ours.processes.slice(1).map((p) => p.pid);
	const final = (share) => percentile(samples.map((s) => s.final),
		share);

	return {
		'minute': second / 60,
		'transfers': samples.length,
		'final p50': final(0.5),
		'final p99': final(0.99),
		'KiB referd': memory([referd.pid]),
		'KiB baresip': memory(baresips),
		'fds referd': descriptors([referd.pid]),
		'fds baresip': descriptors(baresips),
	};
}


/* Row after row, while the transfers go on */
async function watch(run, ours, seconds)
{
	const { log } = run.process;
	const step = Math.max(Math.round(seconds / ROWS), 1);
	const rows = [];

	for (let second = step; second <= seconds; second += step) {
		const line = await log.wait((l) =>
			l.startsWith(`{"second":${second},`),
		`second ${second}`, { timeout: 120_000 });
		const lines = log.items.slice(0, log.items.indexOf(line));
		const samples = lines
			.filter((l) => l.startsWith('{"control"'))
			.map((l) => JSON.parse(l));

		/* millions of lines in an hour; those of the next second may
		   have come with these */
		log.forget(lines.length + 1);
		for (const p of ours.processes)
			p.forget();
		if (samples.length)
			rows.push(row(second, samples, ours));
	}

	return rows;
}


/* The outcomes that the history has */
async function outcomes(ours)
{
	const text = await (await fetch(`${ours.referd.http}/metrics`)).text();
	const counts = [...text.matchAll(
		/^referd_transfers_total\{outcome="(\w+)"\} (\d+)$/gm)];

	return Object.fromEntries(counts.map(([, name, n]) =>
		[name, Number(n)]));
}


function mean(values)
{
	return values.reduce((a, b) => a + b, 0) / values.length;
}


/* A figure that grows from each quarter to the next will continue to grow */
function growing(rows)
{
	const quarter = Math.floor(rows.length / 4);

	if (!quarter)
		return [];

	const last = rows.slice(-quarter);
	const before = rows.slice(-2 * quarter, -quarter);

	return Object.keys(rows[0]).filter((key) =>
		/KiB|fds/.test(key) && mean(last.map((r) => r[key])) >
			GROWTH * mean(before.map((r) => r[key])));
}


function draw(path, rows)
{
	const line = (key, scale = 1) => rows.map((r) => r[key] / scale);

	writeFileSync(path, svg([
		{ title: 'Memory', unit: 'MiB', lines: [
			{ name: 'baresip', values: line('KiB baresip', 1024) },
			{ name: 'referd', values: line('KiB referd', 1024) },
		] },
		{ title: 'From the verb to its outcome', unit: 'ms', lines: [
			{ name: 'p50', values: line('final p50', 1000) },
			{ name: 'p99', values: line('final p99', 1000) },
		] },
		{ title: 'Descriptors', unit: 'open', lines: [
			{ name: 'baresip', values: line('fds baresip') },
			{ name: 'referd', values: line('fds referd') },
		] },
	], rows.map((r) => r.minute)));
}


async function soak(ours, { minutes, rate, plot })
{
	const crowd = new Crowd(ours.referd.ws);
	const seconds = Math.ceil(60 * minutes);
	const run = new Driver('load', CALLS, rate, seconds + 1,
		ours.control);
	const rows = await watch(run, ours, seconds);
	const total = (await run.until('over')).at(-1);

	await run.end();

	await crowd.end();
	if (plot)
		draw(plot, rows);

	const counted = await outcomes(ours);
	const faults = growing(rows).map((key) => `${key} grows`);

	if (total.transferred !== total.placed ||
	    counted.transferred !== total.placed)
		faults.push('transfers were lost');

	console.log(`\n${table(rows)}\n`);
	console.log(`${total.placed} transfers, ${total.transferred} of them ` +
		`told, ${JSON.stringify(counted)} counted; ` +
		`${crowd.came} clients came, by the seed ${seed}.`);

	if (faults.length)
		throw new Error(faults.join(', '));
}


async function main()
{
	const { values } = parseArgs({ options: {
		minutes: { type: 'string', default: '60' },
		rate: { type: 'string', default: '225' },
		plot: { type: 'string' },
		help: { type: 'boolean' },
	} });

	if (values.help) {
		process.stdout.write(usage);
		return;
	}

	await withPeers({ ours: (dir) => Ours.start(dir) }, ([ours]) =>
		soak(ours, { minutes: Number(values.minutes),
			rate: Number(values.rate), plot: values.plot }));
}


main().then(() => process.exit(0), (err) => {
	console.error(`soak: ${err.message}`);
	process.exit(1);
});
