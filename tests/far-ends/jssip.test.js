/**
 * @file jssip.test.js  A phone with JsSIP is transferred, behind kamailio
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../e2e/lib/scene.js';
import { phone, skip } from './lib/edge.js';
import { attended, end, goesOn, late, over, reached, transfer }
	from './lib/transfer.js';

const jssip = (s) => phone(s, 'jssip');


scene('the target answers', async (s) => {
	const t = await transfer(s, jssip, { ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(t.ended.confidence, 'high');
	assert.deepEqual(t.notified, [
		'refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, active: 180 Ringing',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK']);
	await reached(t);
	await over(t);
}, { skip });


scene('the target is busy', async (s) => {
	const t = await transfer(s, jssip,
		{ status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 486');
	assert.deepEqual(t.notified, [
		'refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, terminated;reason=noresource: 486 Busy Here']);
	await reached(t);
	await goesOn(t);
}, { skip });


scene('the target rings longer than a first NOTIFY may take', async (s) => {
	const t = await transfer(s, jssip,
		{ ring: 2000, verb: { timeouts: { notify: 1 } } });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
}, { skip });


scene('the target rings longer than it may: the result is told',
	async (s) => {
	const t = await transfer(s, jssip,
		{ ring: 2000, verb: { timeouts: { ringing: 1 } } });

	assert.equal(end(t), 'unknown timer:ringing 180');
	await late(t, 200);
	await goesOn(t);
}, { skip });


scene('attended', async (s) => {
	const t = await attended(s, jssip);
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.ok(invite.headers.replaces.startsWith(`${t.old.id};`));
	await over(t);
}, { skip });
