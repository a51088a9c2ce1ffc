/**
 * @file message.test.js  Each step shows the SIP message that caused it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';


/** A call of a far end that handles each REFER by `refer`. */
async function transferred(s, refer, verb = {})
{
	const { client } = await s.control();
	const far = await Far.start(s, { handlers: { REFER: refer } });
	const leg = await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	client.send({ verb: 'sip:refer', referTo: 'sip:bob@example.com',
		call_sid, ...verb });

	const { data: ended } = await client.message('transfer:status',
		{ step: 'ended' }, { timeout: 40_000 });
	const sip = (step) => client.all('transfer:status')
		.find(({ data }) => data.step === step)?.data.sip;

	return { ended, leg, sip };
}


scene('REFER, answer and NOTIFY stand in their steps as they were on the wire',
	async (s) => {
	const { ended, leg, sip } = await transferred(s,
		async (leg, request) => {
			leg.answer(request, 202, 'Accepted',
				{ 'X-Trunk': 'a', 'x-trunk': 'b' });
			await leg.notify('SIP/2.0 180 Ringing\r\n');
			await leg.notify('SIP/2.0 200 OK\r\nX-Line: 7\r\n', {
				headers: { 'Subscription-State':
					'terminated;reason=noresource',
				'X-Odd': 'a\tb' } });
		}, { headers: { 'X-Ticket': '17' } });

	const sent = await leg.received('REFER');
	const refer = sip('requested');
	assert.match(refer.start, /^REFER sip:far@\S+ SIP\/2\.0$/);
	for (const name of ['Refer-To', 'Referred-By', 'Call-ID', 'From', 'To',
		'CSeq', 'Contact', 'X-Ticket'])
		assert.equal(refer.headers[name],
			sent.headers[name.toLowerCase()], name);
	assert.equal(refer.headers.Via, undefined);

	assert.equal(sip('accepted').start, 'SIP/2.0 202 Accepted');
	assert.equal(sip('accepted').headers['X-Trunk'], 'a, b');
	assert.equal(sip('accepted').body, undefined);

	const ringing = sip('progress');
	assert.match(ringing.start, /^NOTIFY sip:\S+ SIP\/2\.0$/);
	assert.equal(ringing.headers.Event, 'refer');
	assert.deepEqual(ringing.body, ['SIP/2.0 180 Ringing']);

	assert.deepEqual(ended.sip.body, ['SIP/2.0 200 OK', 'X-Line: 7']);
	assert.equal(ended.sip.headers['Subscription-State'],
		'terminated;reason=noresource');
	assert.equal(ended.sip.headers['X-Odd'], 'a b');
});


scene('a final NOTIFY that overtook the answer stands at the end',
	async (s) => {
	const { ended, sip } = await transferred(s, async (leg, request) => {
		await leg.notify('SIP/2.0 486 Busy Here\r\n');
		leg.answer(request, 202, 'Accepted');
	});

	assert.equal(ended.call_status, 486);
	assert.equal(sip('accepted').start, 'SIP/2.0 202 Accepted');
	assert.deepEqual(ended.sip.body, ['SIP/2.0 486 Busy Here']);
});


scene('the BYE that a transfer ended with is shown', async (s) => {
	const { ended } = await transferred(s, async (leg, request) => {
		leg.answer(request, 202, 'Accepted');
		await leg.notify('SIP/2.0 180 Ringing\r\n');
		leg.bye({ Reason: 'SIP;cause=200' });
	});

	assert.deepEqual([ended.outcome, ended.evidence],
		['presumed', 'bye']);
	assert.match(ended.sip.start, /^BYE /);
	assert.equal(ended.sip.headers.Reason, 'SIP;cause=200');
});


scene('a refusal is shown, and long header fields are cut', async (s) => {
	const { ended } = await transferred(s, (leg, request) =>
		leg.answer(request, 603, 'Decline', {
			'X-Long': 'x'.repeat(5000), 'X-Why': 'no' }));

	assert.equal(ended.sip.start, 'SIP/2.0 603 Decline');
	assert.equal(ended.sip.headers['X-Why'], 'no');
	assert.equal(ended.sip.headers['X-Long'], `${'x'.repeat(128)}…`);
});


scene('where no message made the end, none is shown', async (s) => {
	const { ended } = await transferred(s, (leg, request) =>
		leg.answer(request, 202, 'Accepted'),
	{ timeouts: { notify: 0.2 } });

	assert.equal(ended.evidence, 'timer:notify');
	assert.equal(ended.sip, undefined);
});
