/**
 * @file hooked.js  Calls whose transfers fail, and an application for hooks
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Application } from './application.js';
import { Far } from './far.js';


/* Refuses the REFER: the quickest way to an actionHook. */
function refuses(leg, refer)
{
	leg.answer(refer, 603, 'Decline');
}


/** Lets the target ring, then fails: three eventHooks, one actionHook. */
export async function fails(leg, refer)
{
	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 100 Trying');
	await leg.notify('SIP/2.0 180 Ringing');
	await leg.notify('SIP/2.0 486 Busy Here', { headers:
		{ 'Subscription-State': 'terminated;reason=noresource' } });
}


/**
 * A referd, a gateway, a client, an application and a far end. `call()` makes
 * a call and returns its leg and its call_sid.
 *
 * @param options `REFER`: the far end's handler of one; `referd`, `client`:
 *                their options; the others are the application's
 */
export async function parties(s, { REFER = refuses, referd, client,
	...options } = {})
{
	const application = await Application.start(s, options);
	const far = await Far.start(s, { handlers: { REFER } });
	const p = await s.control({ referd, client });
	const call = async () => {
		const leg = await far.call();
		const { call_sid: sid } = await p.client.messages.wait((m) =>
			m.type === 'session:new' &&
			m.data.call_id === leg.id, 'session:new');

		return { leg, sid };
	};

	return { ...p, application, call };
}


/** The verb, with more fields. */
export function refer(sid, fields)
{
	return { verb: 'sip:refer', referTo: '100', call_sid: sid, ...fields };
}


/** The hook:status messages about one hook: `event` and the fields in use. */
export function fateOf(client, hook)
{
	return client.all('hook:status').filter((m) => m.data.hook === hook)
		.map(({ data: { event, attempt, http_status: status } }) =>
			[event, attempt, status].filter((v) => v !== undefined)
				.join(' '));
}
