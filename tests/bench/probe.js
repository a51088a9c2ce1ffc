/**
 * @file probe.js  How long a loop is kept from its next turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../e2e/lib/settings.js';

/* As in gap.c */
const STEPS = 16;
const BUCKETS = 64 * STEPS;


/* The times [ns] of a bucket are below this */
function end(bucket)
{
	if (bucket < STEPS)
		return bucket + 1;

	const power = Math.floor(bucket / STEPS) - 1;

	return (STEPS + bucket % STEPS + 1) * 2 ** power;
}


/* The time [ns] that a share of all is below */
function below(counts, share)
{
	const total = counts.reduce((a, b) => a + b, 0);
	let left = Math.ceil(share * total);

	return end(counts.findIndex((n) => (left -= n) <= 0));
}


/** A histogram of one process' turns, kept by libbench-gap.so. */
export class Probe {
	/**
	 * @param file File of its own, made here
	 * @param of   Library that has the loop, libre if it is left out
	 */
	constructor(file, of)
	{
		this.file = file;
		this.env = { GAPS: file, ...of && { GAPS_OF: of }, LD_PRELOAD: join(settings.build,
			'tests/bench/libbench-gap.so') };
		writeFileSync(file, Buffer.alloc(2 * BUCKETS * 8));
	}

	/** Counts of all turns so far: by the clock, and while it had a CPU. */
	look()
	{
		const { buffer, byteOffset } = readFileSync(this.file);
		const counts = Array.from(new BigUint64Array(
			buffer.slice(byteOffset), 0, 2 * BUCKETS), Number);

		return [counts.slice(0, BUCKETS), counts.slice(BUCKETS)];
	}

	/** Figures of the turns during act, in µs and ms. */
	async during(act)
	{
		const before = this.look();

		await act();

		const [clock, held] = this.look().map((counts, i) =>
			counts.map((n, k) => n - before[i][k]));
		const us = (counts, share) => below(counts, share) / 1000;

		return {
			'turns': held.reduce((a, b) => a + b, 0),
			'p50': us(held, 0.5),
			'p99': us(held, 0.99),
			'p99.9': us(held, 0.999),
			'longest': us(held, 1),
			'with waits for a CPU p99.9': us(clock, 0.999),
			'longest of these': us(clock, 1),
		};
	}
}
