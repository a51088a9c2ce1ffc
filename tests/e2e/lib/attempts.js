/**
 * @file attempts.js  A far end whose targets answer as their numbers say
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Far } from './far.js';

const OVER = { 'Subscription-State': 'terminated;reason=noresource' };

const REASONS = { 200: 'OK', 404: 'Not Found', 480: 'Temporarily Unavailable',
	486: 'Busy Here', 603: 'Decline' };


/** The number, or user, that a REFER is for. */
export function userOf(refer)
{
	return /sips?:([^@>]+)/.exec(refer.headers['refer-to'])[1];
}


/** An Event that names a REFER by its CSeq. */
export function named(refer)
{
	return { Event: `refer;id=${parseInt(refer.headers.cseq)}` };
}


/** Answers a REFER: the target's user part decides the fate of its call. */
export async function answers(leg, refer)
{
	const user = userOf(refer);
	const status = Number(user.slice(0, 3));

	if (user.startsWith('refuse')) {
		leg.answer(refer, 603, 'Decline');
		return;
	}

	leg.answer(refer, 202, 'Accepted');
	if (user === 'silent')
		return;

	await leg.notify('SIP/2.0 180 Ringing', { headers: named(refer) });
	if (status in REASONS)
		await leg.notify(`SIP/2.0 ${status} ${REASONS[status]}`,
			{ headers: { ...named(refer), ...OVER } });
}


/** Reports the end of a transfer that rings or was given up. */
export function finish(leg, refer, status, reason)
{
	return leg.notify(`SIP/2.0 ${status} ${reason}`,
		{ headers: { ...named(refer), ...OVER } });
}


/**
 * A referd, a gateway, a client and a far end. Each target behaves as its user
 * part begins: a final status, `rings`, `silent`, or `refuse`.
 * `call()` makes a call and returns its leg and its call_sid. `far` are options
 * of the far end, the others those of s.control().
 */
export async function parties(s, { far: fields, ...options } = {})
{
	const p = await s.control(options);
	const far = await Far.start(s,
		{ handlers: { REFER: answers }, ...fields });
	const call = async () => {
		const leg = await far.call();
		const { call_sid: sid } = await p.client.messages.wait((m) =>
			m.type === 'call:status' &&
			m.data.call_id === leg.id &&
			m.data.call_status === 'in-progress', 'call:status');

		return { leg, sid };
	};

	return { ...p, far, call };
}


/** The users of the REFERs of a call, in order. */
export function tried(leg)
{
	return leg.requests('REFER').map(userOf);
}
