/**
 * @file until.js  Repeats a query until its answer is the expected one
 *
 * For a state of another party that no event reports.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_TIME = 50; /* ms */


/**
 * Wait for an answer
 *
 * @param question Function that returns it; called again if it fails
 * @param what     The expected state, for the error
 * @param timeout  ms
 *
 * @return The first answer that is not false
 */
export async function until(question, what, timeout = 30_000)
{
	const end = Date.now() + timeout;
	let last;

	for (;;) {
		try {
			last = await question();
			if (last)
				return last;
		}
		catch (err) {
			last = err;
		}
		if (Date.now() > end)
			throw new Error(`no ${what}: ${last?.message ?? last}`);
		await sleep(LOOK_TIME);
	}
}
