/**
 * @file pace.test.js  Many REFERs at once, and far ends that do not answer
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';

const AT_ONCE = 16;  /* modules/sip_refer/link/window.c */
const HELD_BACK = 100; /* ms that an unanswered REFER delays others */
const CALLS = AT_ONCE + 4;


/* Established calls; each has `leg` and `sid` */
async function calls(far, client, count)
{
	const up = [];

	for (let i = 0; i < count; ++i) {
		const leg = await far.call();
		const { call_sid: sid } = await client.message('call:status',
			{ call_id: leg.id, call_status: 'in-progress' });

		up.push({ leg, sid });
	}

	return up;
}


function transfer(client, { sid })
{
	client.send({ verb: 'sip:refer', call_sid: sid, id: sid,
		referTo: 'sip:bob@example.com' });
}


scene('REFERs that nobody answers hold others back for a moment only',
	async (s) => {
		const { client } = await s.control();
		const times = [];
		const far = await Far.start(s, { handlers: {
			REFER: () => times.push(performance.now()) } });
		const up = await calls(far, client, CALLS);
		const begin = performance.now();

		for (const call of up)
			transfer(client, call);
		for (const { leg } of up)
			await leg.received('REFER');

		/* repeated ones arrive later; the first may be read late */
		const held = times[AT_ONCE] - begin;

		assert.ok(held > 0.9 * HELD_BACK,
			`the next REFER came after ${held} ms`);
	});


scene('REFERs that are answered make room, and none is sent again',
	async (s) => {
		const { client } = await s.control();
		const far = await Far.start(s, { handlers: {
			REFER: async (leg, request) => {
				leg.answer(request, 202, 'Accepted');
				await leg.notify('SIP/2.0 200 OK', { headers: {
					'Subscription-State':
						'terminated;reason=noresource',
				} });
			} } });
		const up = await calls(far, client, 4 * AT_ONCE);

		for (const call of up)
			transfer(client, call);
		for (const { sid } of up)
			await client.message('transfer:status', { verb_id: sid,
				step: 'ended', outcome: 'transferred' });
		for (const { leg } of up)
			assert.equal(leg.messages.filter((m) => !m.sent &&
				m.method === 'REFER').length, 1);
	});


scene('a far end that does not answer keeps no other call from anything',
	async (s) => {
		const { client } = await s.control();
		const silent = await Far.start(s, { handlers: {
			REFER: () => {} } });
		const other = await Far.start(s, { ip: '10.77.0.39' });
		const up = await calls(silent, client, CALLS);
		const [call] = await calls(other, client, 1);

		for (const each of up)
			transfer(client, each);
		transfer(client, call);
		await call.leg.received('REFER');
		client.send({ verb: 'hangup', call_sid: call.sid });
		await call.leg.received('BYE');
	});
