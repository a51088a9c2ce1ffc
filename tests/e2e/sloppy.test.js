/**
 * @file sloppy.test.js  Far ends that write what few write
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';


/* A call of a far end; `headers` are those of its INVITE. */
async function called(s, options, headers)
{
	const { client } = await s.control();
	const far = await Far.start(s, options);
	const leg = await far.call(headers);
	const { call_sid: sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	return { client, far, leg, sid };
}


scene('folded lines, tabs and compact names are read as if they were not',
	async (s) => {
	const { client, leg, sid } = await called(s, { handlers: {
		async REFER(leg, request) {
			leg.answer(request, 202, 'Accepted');
			await leg.notify('SIP/2.0 180 Ringing\r\n', { headers: {
				'Event': 'refer\r\n ;id=' +
					parseInt(request.headers.cseq, 10),
				'Subscription-State': 'active\t;expires=60' } });
			await leg.notify('', { headers: {
				'Event': '\r\n\trefer',
				'Subscription-State': 'terminated\r\n' +
					'\t; reason\r\n = noresource' } });
		} } }, {
		'k': 'timer,\r\n replaces', 's': 'lost\tand\r\n found',
		'User-to-User': '4869\r\n ;encoding=hex' });
	const { data: { sip } } = await client.message('session:new');

	assert.equal(sip.headers.Supported, 'timer, replaces');
	assert.equal(sip.headers.Subject, 'lost and found');
	assert.equal(sip.headers['User-to-User'], '4869 ;encoding=hex');
	assert.equal(sip.headers.k, undefined);

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	assert.deepEqual(leg.messages.filter((m) => !m.sent &&
		/ NOTIFY$/.test(m.headers.cseq)).map((m) => m.status),
		[200, 200]);
	assert.equal(data.call_status, 180);
	assert.equal(data.outcome, 'unknown');
	assert.equal(data.evidence, 'terminated');
	assert.equal(data.reason, 'noresource');
	assert.equal(data.sip.headers['Subscription-State'],
		'terminated ; reason = noresource');
});
