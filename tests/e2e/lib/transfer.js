/**
 * @file transfer.js  One transfer to a far end, from its request to its end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './far.js';
import { scene } from './scene.js';

/* Short enough for a test, long enough for a busy machine. */
export const SHORT = { sip_refer_notify_timeout: 2,
	sip_refer_ringing_timeout: 3 };


/* The actionHook repeats the last step, with its codes as strings. */
function told(action, ended)
{
	const { referStatus, final_referred_call_status: final } = action;

	assert.match(referStatus, /^[2-6]\d\d$/);
	assert.equal(final, ended.call_status >= 200 ?
		String(ended.call_status) : undefined);
	assert.equal(action.outcome, ended.outcome);
	assert.equal(action.evidence, ended.evidence);
	assert.equal(action.transfer_id, ended.transfer_id);
}


/*
 * Requests one transfer of a new call to the far end and waits for its end.
 * A later message must not cause a second report of the end.
 */
export async function transfer(s, scenario, keys, { gateway, during, on } = {})
{
	const { client, gateway: gw } = on ?? await s.control({ gateway });
	const { far, sid } = await s.call(client, scenario, keys);

	client.send({ verb: 'sip:refer', id: 'v1', referTo: '100',
		call_sid: sid, eventHook: '/event', actionHook: '/action' });
	await during?.({ client, far, gw });

	const { data: ended } = await client.message('transfer:status',
		{ call_sid: sid, step: 'ended' }, { timeout: 50_000 });
	const { data: action } = await client.message('verb:hook',
		{ call_sid: sid, hook: '/action' });

	assert.equal(action.verb_id, 'v1');
	told(action, ended);

	return { client, far, sid, gw, ended, action };
}


export function once(client, sid)
{
	const ofCall = client.messages.filter((m) => m.call_sid === sid);

	assert.equal(ofCall.filter((m) => m.type === 'transfer:status' &&
		m.data.step === 'ended').length, 1);
	assert.equal(ofCall.filter((m) => m.type === 'verb:hook' &&
		m.hook === '/action').length, 1);
}


/** The final response to the far end's n-th request of a method. */
export async function answerTo(far, method, n = 1)
{
	const sent = (m) => m.sent && m.method === method;

	await far.messages.wait((m) => sent(m) &&
		new Set(far.messages.filter(sent).map((r) => r.headers.cseq))
			.size >= n, `${method} ${n}`);
	const cseq = [...new Set(far.messages.filter(sent)
		.map((r) => r.headers.cseq))][n - 1];

	return far.messages.wait((m) => !m.sent && m.status >= 200 &&
		m.headers.cseq === cseq, `answer to ${cseq}`);
}


/** The call has ended at both ends, by the gateway's BYE or the far end's. */
export async function over({ client, far, sid })
{
	await far.passed();
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	once(client, sid);
}


/**
 * The call is up and usable: held, resumed, and ended by a verb only.
 */
export async function usable({ client, far, sid, gw })
{
	const from = far.messages.length;

	const id = far.messages.items[0].headers['call-id'];

	/* baresip may report it after referd */
	await gw.events.wait((e) => e.type === 'CALL_ESTABLISHED' &&
		e.id === id, 'the call');
	assert.equal((await gw.talking()).length, 1);
	assert.equal(far.requests('BYE').length, 0);

	await gw.command('hold');
	const held = await far.received('INVITE', { from });
	assert.match(held.body, /a=(sendonly|inactive)/);
	await far.received('ACK', { from });

	client.send({ verb: 'hangup', call_sid: sid });
	await far.received('BYE', { from });
	await over({ client, far, sid });
}


/** A call of a far end whose reaction to a REFER the test defines. */
export async function plain(s, REFER, { dial = false } = {})
{
	const { client, gateway } = await s.control();
	const far = await Far.start(s, { handlers: { REFER } });

	if (dial)
		client.send({ type: 'command', command: 'dial',
			data: { to: far.uri } });

	const leg = dial ? await far.incoming() : await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	return { client, gateway, leg, call_sid };
}


/** Runs the cases one after the other, in calls to one gateway. */
export function several(name, cases, act)
{
	scene(name, async (s) => {
		const on = await s.control();

		for (const [what, ...rest] of cases) {
			try {
				await act(s, on, ...rest);
			}
			catch (err) {
				err.message = `${what}: ${err.message}`;
				throw err;
			}
		}
	});
}


export function equal(actual, expected)
{
	const part = Object.fromEntries(Object.keys(expected)
		.map((key) => [key, actual[key]]));

	assert.deepEqual(part, expected);
}
