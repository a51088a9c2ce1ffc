/**
 * @file target.js  The target of the far end: a phone driven by the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Far } from '../../e2e/lib/far.js';
import { tagOf } from '../../e2e/lib/wire.js';

export const TARGET = '10.77.0.7';


/* The call of a phone that an INVITE replaces, RFC 3891 */
function replaced(far, { headers: { replaces } })
{
	return replaces && far.legs.get(replaces.split(';')[0]);
}


/**
 * The phone that is the target
 *
 * @param options `trying`: ms before it rings; `ring`: ms for which it rings,
 *                0 for no ringing; `status`, `reason`: its answer
 *
 * @return The phone, a Far; `number`: the URI that calls it
 */
export async function target(s, { trying = 0, ring = 0, status = 200,
	reason = 'OK' } = {})
{
	async function INVITE(leg, request)
	{
		const old = replaced(leg.far, request);

		if (tagOf(request.headers.to)) {
			leg.accept(request); /* e.g. hold */
			return;
		}

		if (trying) {
			leg.answer(request, 100, 'Trying');
			await sleep(trying);
		}
		if (ring) {
			leg.answer(request, 180, 'Ringing');
			await sleep(ring);
		}

		if (leg.far.closed)
			return;
		if (status !== 200) {
			leg.answer(request, status, reason);
			return;
		}
		leg.accept(request, { 'Supported': 'replaces' });
		old?.bye();
	}

	const far = await Far.start(s, { ip: TARGET, uri: `sip:t@${TARGET}`,
		handlers: { INVITE } });

	return Object.assign(far, { number: `sip:t@${TARGET}` });
}
