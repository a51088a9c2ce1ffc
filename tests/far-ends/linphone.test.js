/**
 * @file linphone.test.js  linphonec is transferred
 *
 * It tells of no ringing, writes `reason=` twice, and leaves a subscription
 * active when the transfer has failed. Meanwhile it holds the call.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../e2e/lib/scene.js';
import { linphone, skip } from './lib/linphone.js';
import { attended, end, goesOn, late, over, reached, transfer }
	from './lib/transfer.js';


scene('the target answers', async (s) => {
	const t = await transfer(s, linphone, { ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(t.ended.confidence, 'high');
	assert.deepEqual(t.notified, [
		'refer, active: 100 Trying',
		'refer, terminated;reason=reason=noresource: 200 Ok']);
	await reached(t);
	await over(t);
}, { skip });


scene('the target is busy', async (s) => {
	const t = await transfer(s, linphone,
		{ status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 486');
	assert.deepEqual(t.notified, [
		'refer, active: 100 Trying',
		'refer, active: 486 Busy Here']);
	await reached(t);
	await goesOn(t);
}, { skip });


scene('the target rings longer than a first NOTIFY may take', async (s) => {
	const t = await transfer(s, linphone,
		{ ring: 2000, verb: { timeouts: { notify: 1 } } });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
}, { skip });


scene('the target rings longer than it may: the result is told',
	async (s) => {
	const t = await transfer(s, linphone,
		{ ring: 2000, verb: { timeouts: { ringing: 1 } } });

	assert.equal(end(t), 'unknown timer:ringing 100');
	await late(t, 200);
	await goesOn(t);
}, { skip });


scene('attended', async (s) => {
	const t = await attended(s, linphone);
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.ok(invite.headers.replaces.startsWith(`${t.old.id};`));
	await over(t);
}, { skip });
