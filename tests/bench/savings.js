/**
 * @file savings.js  The gain by the redo log, the JSON writer and the reader
 * of reports, beside simpler ways
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './figures.js';
import { program } from './sides.js';

const QUICK = { transfers: 20, messages: 1000, rounds: 2 };


/** Runs a program that does one thing in several ways, by turns; the medians
 * of the figures of each way, and the last figure to that of the first way */
async function compare(name, args, figures)
{
	const ways = new Map();

	for (const line of (await program(name, ...args)).trim().split('\n')) {
		const [way, ...values] = line.split(',');

		ways.set(way, [...ways.get(way) ?? [], values.map(Number)]);
	}

	const rows = [...ways].map(([way, runs]) => ({ way,
		...Object.fromEntries(figures.map((figure, i) => [figure,
			percentile(runs.map((run) => run[i]), 0.5)])) }));
	const last = figures.at(-1);

	return rows.map((row) =>
		({ ...row, 'to the first': row[last] / rows[0][last] }));
}


/**
 * Savings: the cost of a part and of its simpler form, in one run
 *
 * @param options `quick`: a short run. `transfers` of each round in the store,
 *                `messages` of each round; `rounds`
 */
export async function savings({ quick, ...options } = {})
{
	const { transfers, messages, rounds } = { transfers: 2000,
		messages: 200_000, rounds: 7, ...(quick && QUICK), ...options };
	const dir = mkdtempSync(join(tmpdir(), 'bench-'));

	try {
		return [{ title: 'The cost of a transfer in the store (µs)',
			rows: await compare('bench-redo',
				[dir, transfers, rounds], ['time', 'CPU']) },
		{ title: 'The cost of writing a message (ns)',
			rows: await compare('bench-json',
				[messages, rounds], ['CPU']) },
		{ title: 'The cost of reading a report (ns)',
			rows: await compare('bench-member',
				[messages, rounds], ['CPU']) }];
	} finally {
		rmSync(dir, { recursive: true });
	}
}
