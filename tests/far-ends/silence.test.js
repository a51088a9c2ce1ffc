/**
 * @file silence.test.js  Far ends that send no NOTIFY before the target rings
 *
 * The test uses real times: a route to the target may be silent for more than
 * 15 s, the obvious guess, and for at most the 32 s of timer B in RFC 3261.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../e2e/lib/scene.js';
import { asterisk, skip as noAsterisk } from './lib/asterisk.js';
import { skip as noSofia, sofia } from './lib/sofia.js';
import { end, goesOn, over, transfer } from './lib/transfer.js';

const LONG = 17_000; /* ms */


scene('sofia-sip: the target rings after 17 s', async (s) => {
	const t = await transfer(s, sofia, { trying: LONG, ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
}, { skip: noSofia });


scene('Asterisk: the target rings after 17 s', async (s) => {
	const t = await transfer(s, asterisk, { trying: LONG, ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
}, { skip: noAsterisk });


/* The first NOTIFY arrives when the Dial() of 30 s ends. */
scene('Asterisk: the target never rings', async (s) => {
	const t = await transfer(s, asterisk, { trying: 60_000 });

	assert.equal(end(t), 'failed notify 503');
	await goesOn(t);
}, { skip: noAsterisk });
