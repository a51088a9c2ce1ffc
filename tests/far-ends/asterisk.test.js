/**
 * @file asterisk.test.js  A party behind Asterisk is transferred
 *
 * It sends its first NOTIFY when the target rings, and reports each failure as
 * 503, regardless of the target's status. After a failure it hangs up the
 * party, and keeps the gateway's call for a minute without another party.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from '../e2e/lib/scene.js';
import { asterisk, skip } from './lib/asterisk.js';
import { askedLate, askedPatience } from './lib/stack.js';
import { attended, end, goesOn, over, reached, refer, transfer }
	from './lib/transfer.js';


scene('the target answers', async (s) => {
	const t = await transfer(s, asterisk, { ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(t.ended.confidence, 'high');
	assert.deepEqual(t.notified, [
		'refer, active: 100 Trying',
		'refer, active: 180 Ringing',
		'refer, terminated;reason=noresource: 200 OK']);
	await reached(t);
	await over(t);
	assert.equal((await t.far.caller.talking()).length, 1);
}, { skip });


scene('the target is busy: nobody is left in the call', async (s) => {
	const t = await transfer(s, asterisk,
		{ status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 503');
	assert.deepEqual(t.notified, [
		'refer, active: 100 Trying',
		'refer, terminated;reason=noresource: ' +
			'503 Service Unavailable']);
	await reached(t);
	await t.far.caller.event('CALL_CLOSED');

	const second = await refer(t.client,
		{ call_sid: t.sid, referTo: t.target.number });

	assert.equal(end(second), 'failed response ');
	assert.equal(second.ended.refer_status, 404);
	await goesOn(t);
}, { skip });


scene('the target is busy: no media comes', async (s) => {
	const t = await transfer(s, asterisk,
		{ trying: 2000, status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 503');
	assert.equal(t.ended.media, false);
}, { skip });


askedPatience(asterisk, { skip });
askedLate(asterisk, { skip });


scene('attended: it bridges its two calls', async (s) => {
	const t = await attended(s, asterisk);

	assert.equal(end(t), 'transferred notify 200');
	await reached(t);
	await over(t);
	assert.equal((await t.far.caller.talking()).length, 1);
	assert.equal(t.old.requests('BYE').length, 0);
}, { skip });
