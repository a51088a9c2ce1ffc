/**
 * @file targets.js  A far end whose targets act by their numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Far } from './far.js';

const REASONS = { 200: 'OK', 404: 'Not Found', 486: 'Busy Here',
	603: 'Decline' };


/* A target 486 is busy; 200, or one without a number, answers; 180 rings. */
async function refer(leg, request)
{
	const code = /sip:(\d+)@/.exec(request.headers['refer-to'])?.[1] ?? 200;

	leg.answer(request, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing\r\n');
	if (code >= 200)
		await leg.notify(`SIP/2.0 ${code} ${REASONS[code]}\r\n`,
			{ headers: { 'Subscription-State':
				'terminated;reason=noresource' } });
}


/** A call of such a far end: {far, leg, sid}. */
export async function callOfTargets(s, client, options)
{
	const far = await Far.start(s, { handlers: { REFER: refer },
		...options });
	const leg = await far.call();
	const { call_sid: sid } = await client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === leg.id,
	'session:new');

	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });

	return { far, leg, sid };
}
