/**
 * @file baresip.test.js  A stock baresip is transferred
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { CARRIER, scene, settings } from '../e2e/lib/scene.js';
import { attended, end, goesOn, late, over, reached, transfer }
	from './lib/transfer.js';


function baresip(s)
{
	return s.carrier({ name: 'baresip', ip: CARRIER,
		account: ';answermode=auto' });
}


scene('the target answers', async (s) => {
	const t = await transfer(s, baresip, { ring: 100 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(t.ended.confidence, 'high');
	assert.deepEqual(t.notified, [
		'refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK']);
	await reached(t);
	await over(t);
});


scene('the target is busy', async (s) => {
	const t = await transfer(s, baresip,
		{ status: 486, reason: 'Busy Here' });

	assert.equal(end(t), 'failed notify 486');
	assert.deepEqual(t.notified, [
		'refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, terminated;reason=noresource: 486 Busy Here']);
	await reached(t);
	await goesOn(t);
});


scene('the target rings longer than a first NOTIFY may take', async (s) => {
	const t = await transfer(s, baresip,
		{ ring: 2000, verb: { timeouts: { notify: 1 } } });

	assert.equal(end(t), 'transferred notify 200');
	await over(t);
});


scene('the target rings longer than it may: the call stays, the result ' +
	'is told', async (s) => {
	const t = await transfer(s, baresip,
		{ ring: 2000, verb: { timeouts: { ringing: 1 } } });

	assert.equal(end(t), 'unknown timer:ringing 100');
	await late(t, 200);
	await goesOn(t);
});


/* It puts the Replaces into its Request-URI: a second call for the target */
scene('attended, to a baresip that does not know Replaces', async (s) => {
	const t = await attended(s, baresip);
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(invite.headers.replaces, undefined);
	assert.match(invite.uri, /\?Replaces=/);
	await over(t);
}, { skip: settings.baresipMajor > 1 && 'this baresip knows Replaces' });


scene('attended, to a baresip that knows Replaces', async (s) => {
	const t = await attended(s, baresip);
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.ok(invite.headers.replaces.startsWith(`${t.old.id};`));
	await over(t);
}, { skip: settings.baresipMajor < 4 && 'this baresip knows no Replaces' });
