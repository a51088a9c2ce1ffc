/**
 * @file baresip.test.js  A stock baresip is transferred
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { CARRIER, scene, settings } from '../e2e/lib/scene.js';
import { asked, askedAttended, askedLong } from './lib/stack.js';
import { attended, end, over, reached } from './lib/transfer.js';


function baresip(s)
{
	return s.carrier({ name: 'baresip', ip: CARRIER,
		account: ';answermode=auto' });
}


asked(baresip, {
	answered: ['refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK'],
	busy: ['refer;id=CSEQ, active: 100 Trying', 'refer;id=CSEQ, ' +
		'terminated;reason=noresource: 486 Busy Here'] });
askedLong(baresip, { status: 100 });
askedAttended(baresip, { skip: settings.baresipMajor < 4 &&
	'this baresip knows no Replaces' });


/* It puts the Replaces into its Request-URI: a second call for the target */
scene('attended, to a baresip that does not know Replaces', async (s) => {
	const t = await attended(s, baresip);
	const invite = await reached(t, { count: 2 });

	assert.equal(end(t), 'transferred notify 200');
	assert.equal(invite.headers.replaces, undefined);
	assert.match(invite.uri, /\?Replaces=/);
	await over(t);
}, { skip: settings.baresipMajor > 1 && 'this baresip knows Replaces' });
