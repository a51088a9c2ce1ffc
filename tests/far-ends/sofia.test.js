/**
 * @file sofia.test.js  A phone on sofia-sip's nua is transferred
 *
 * Its first NOTIFY comes when the target rings, and a failure is 503, whatever
 * the target has said.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../e2e/lib/scene.js';
import { skip, sofia } from './lib/sofia.js';
import { attended, end, goesOn, late, over, reached, transfer }
	from './lib/transfer.js';


scene('the target answers', async (s) => {
	const t = await transfer(s, sofia, { ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(t.ended.confidence, 'high');
	assert.deepEqual(t.notified, [
		'refer;id=CSEQ, active: 180 Ringing',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK']);
	await reached(t);
	await over(t);
}, { skip });


scene('the target is busy', async (s) => {
	const t = await transfer(s, sofia,
		{ status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 503');
	assert.deepEqual(t.notified, ['refer;id=CSEQ, ' +
		'terminated;reason=noresource: 503 Service Unavailable']);
	await reached(t);
	await goesOn(t);
}, { skip });


scene('the target rings longer than a first NOTIFY may take', async (s) => {
	const t = await transfer(s, sofia,
		{ ring: 2000, verb: { timeouts: { notify: 1 } } });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
}, { skip });


scene('the target rings later than a first NOTIFY may take: the result is ' +
	'told', async (s) => {
	const t = await transfer(s, sofia,
		{ trying: 1500, verb: { timeouts: { notify: 0.5 } } });

	assert.equal(end(t), 'unknown timer:notify ');
	await late(t, 200);
	await goesOn(t);
}, { skip });


scene('attended', async (s) => {
	const t = await attended(s, (own) => sofia(own, '--by-uri'));
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.ok(invite.headers.replaces.startsWith(`${t.old.id};`));
	await over(t);
}, { skip });
