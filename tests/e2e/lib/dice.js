/**
 * @file dice.js  Random numbers that another run can repeat
 *
 * A test that uses them has `seed` in its name. `SEED=17 node NAME.test.js`
 * repeats the run that printed 17.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

export const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

if (!Number.isInteger(seed))
	throw new Error('SEED needs a whole number');


/** Numbers of one seed (mulberry32). */
export function dice(of)
{
	let a = of >>> 0;

	const next = () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);

		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};

	return {
		chance: (p) => next() < p,
		upTo: (n) => Math.floor(next() * (n + 1)),
		of: (list) => list[Math.floor(next() * list.length)],
	};
}
