/**
 * @file retry.test.js  A REFER that is answered 491
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from './lib/scene.js';
import { equal, over, plain, transfer, usable } from './lib/transfer.js';


/* RFC 3261 section 14.1: 0 to 2 s where the far end has made the Call-ID */
scene('REFER answered 491: sent once more, and told', async (s) => {
	const t = await transfer(s, 'pending', { final: '200 OK' });
	const { data: retry, time } = await t.client.message('transfer:status',
		{ step: 'retry' });
	const steps = t.client.all('transfer:status');
	const [first, second] = t.far.requests('REFER');

	equal(t.ended, { outcome: 'transferred', evidence: 'notify',
		refer_status: 202 });
	assert.deepEqual(steps.map((m) => m.data.step),
		['requested', 'retry', 'accepted', 'ended']);
	equal(retry, { refer_status: 491, call_status: undefined });
	assert.match(retry.reason,
		/^Request Pending; sent again in ([01]\.\d\d|2\.00) s$/);
	assert.equal(retry.sip.start, 'SIP/2.0 491 Request Pending');

	const waited = Date.parse(steps[2].time) - Date.parse(time);
	const announced = 1000 * parseFloat(/in (\S+) s/.exec(retry.reason)[1]);
	assert.ok(waited > announced - 20, `${waited} for ${announced} ms`);

	assert.equal(t.far.requests('REFER').length, 2);
	assert.ok(parseInt(second.headers.cseq) >
		parseInt(first.headers.cseq));
	assert.equal(second.headers['refer-to'], first.headers['refer-to']);
	await over(t);
});


/* A NOTIFY meanwhile belongs to an earlier transfer: this REFER was refused */
scene('a NOTIFY between a 491 and the second REFER decides nothing',
	async (s) => {
	/* In a call from the gateway: its second REFER waits 2.1 s or more */
	const { client, leg, call_sid } = await plain(s, async (_, refer) => {
		if (leg.requests('REFER').length > 1) {
			leg.answer(refer, 202, 'Accepted');
			await leg.notify('SIP/2.0 486 Busy Here\r\n');
			return;
		}
		leg.answer(refer, 491, 'Request Pending');
		await leg.notify('SIP/2.0 180 Ringing\r\n');
		await leg.notify('SIP/2.0 200 OK\r\n');
	}, { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2.5 } });
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'failed', evidence: 'notify',
		refer_status: 202, call_status: 486 });
	assert.deepEqual(client.all('transfer:status').map((m) => m.data.step),
		['requested', 'retry', 'accepted', 'ended']);
});


/* ... and 2.1 to 4 s where the gateway has made it */
scene('REFER answered 491 in a call of ours: sent again after 2.1 s or more',
	async (s) => {
	const { client, leg, call_sid } = await plain(s, (_, refer) =>
		leg.answer(refer, 491, 'Request Pending'), { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2.5 } });
	const { data, time } = await client.message('transfer:status',
		{ step: 'retry' });
	assert.match(data.reason, /sent again in 2\.([1-4]\d|50) s$/);

	const ended = await client.message('transfer:status',
		{ step: 'ended' });
	equal(ended.data, { outcome: 'failed', evidence: 'response',
		refer_status: 491, reason: 'Request Pending' });
	assert.ok(Date.parse(ended.time) - Date.parse(time) > 2_080);
	assert.equal(leg.requests('REFER').length, 2);

	/* with less time than that, the gateway does not retry */
	const from = client.now;
	client.send({ verb: 'sip:refer', referTo: '100', call_sid,
		timeouts: { retry: 2 } });
	equal((await client.message('transfer:status', { step: 'ended' },
		{ from })).data, { outcome: 'failed', refer_status: 491 });
	assert.equal(leg.requests('REFER').length, 3);
	assert.equal(leg.requests('BYE').length, 0);
});


scene('REFER answered 491 twice: failed, the call goes on', async (s) => {
	const t = await transfer(s, 'refuse',
		{ answer: 'SIP/2.0 491 Request Pending', more: 'X-More: none' },
		{ gateway: { config: { sip_refer_retry_timeout: 1 } } });

	equal(t.ended, { outcome: 'failed', evidence: 'response',
		refer_status: 491, reason: 'Request Pending' });
	assert.equal(t.far.requests('REFER').length, 2);
	await usable(t);
});


scene('the call ends while a REFER waits to be sent again: failed, 487',
	async (s) => {
	const { client, leg } = await plain(s, (_, refer) =>
		leg.answer(refer, 491, 'Request Pending'), { dial: true });

	client.send({ verb: 'sip:refer', referTo: '100' });
	await client.message('transfer:status', { step: 'retry' });
	leg.bye();
	equal((await client.message('transfer:status', { step: 'ended' }))
		.data, { outcome: 'failed', evidence: 'bye',
		refer_status: 487 });
	assert.equal(leg.requests('REFER').length, 1);
});
