/**
 * @file stack.js  The tests that every third-party SIP stack must pass
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../../e2e/lib/scene.js';
import { attended, end, goesOn, late, over, reached, transfer }
	from './transfer.js';


/**
 * The target answers, is busy, or rings for long
 *
 * @param start    Function that starts the far end
 * @param skip     The reason to skip the test, or false
 * @param answered Its NOTIFYs if the target answers
 * @param busy     Its NOTIFYs if the target is busy
 * @param failure  Status that it reports then
 */
export function asked(start, { skip = false, answered, busy, failure = 486 })
{
	scene('the target answers', async (s) => {
		const t = await transfer(s, start, { ring: 100 });

		assert.equal(end(t), 'transferred notify 200');
		assert.equal(t.ended.confidence, 'high');
		assert.deepEqual(t.notified, answered);
		await reached(t);
		await over(t);
	}, { skip });

	scene('the target is busy', async (s) => {
		const t = await transfer(s, start,
			{ status: 486, reason: 'Busy Here' });

		assert.equal(end(t), `failed notify ${failure}`);
		assert.deepEqual(t.notified, busy);
		await reached(t);
		await goesOn(t);
	}, { skip });

	askedPatience(start, { skip });
}


/** The target rings longer than a first NOTIFY may take */
export function askedPatience(start, { skip = false })
{
	scene('the target rings longer than a first NOTIFY may take',
		async (s) => {
		const t = await transfer(s, start,
			{ ring: 2000, verb: { timeouts: { notify: 1 } } });

		assert.equal(end(t), 'transferred notify 200');
		await over(t);
	}, { skip });
}


function askedToo(title, start, skip, options, ended, goneOn)
{
	scene(`${title}: the result is told`, async (s) => {
		const t = await transfer(s, start, options);

		assert.equal(end(t), ended);
		await late(t, 200);
		await goneOn(t);
	}, { skip });
}


/**
 * The target rings longer than it may
 *
 * @param start  Function that starts the far end
 * @param skip   The reason to skip the test, or false
 * @param status The last status that it has reported until then
 * @param leaves Whether it hangs up by itself when the target has answered
 */
export function askedLong(start, { skip = false, status, leaves = false })
{
	askedToo('the target rings longer than it may', start, skip,
		{ ring: 2000, verb: { timeouts: { ringing: 1 } } },
		`unknown timer:ringing ${status}`, leaves ? over : goesOn);
}


/** The target rings late; the far end sends no NOTIFY before that */
export function askedLate(start, { skip = false })
{
	askedToo('the target rings later than a first NOTIFY may take', start,
		skip, { trying: 1500, verb: { timeouts: { notify: 0.5 } } },
		'unknown timer:notify ', goesOn);
}


/** The target replaces its present call by the new one */
export function askedAttended(start, { skip = false })
{
	scene('attended', async (s) => {
		const t = await attended(s, start);
		const invite = await reached(t, { count: 2 });

		assert.equal(end(t), 'transferred notify 200');
		assert.ok(invite.headers.replaces.startsWith(`${t.old.id};`));
		await over(t);
	}, { skip });
}
