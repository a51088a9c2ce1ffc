/**
 * @file behaviours.js  Behaviours of a carrier when it receives a REFER
 *
 * One function for each row of docs/carriers.md, by its name there. None of
 * them calls a target: each only sends the messages of a carrier that does.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { setTimeout as sleep } from 'node:timers/promises';

const TRYING = 'SIP/2.0 100 Trying';
const RINGING = 'SIP/2.0 180 Ringing';
const OK = 'SIP/2.0 200 OK';
const BUSY = 'SIP/2.0 486 Busy Here';

const ACTIVE = 'active;expires=60';
const OVER = 'terminated;reason=noresource';

/* In ms. LATE is longer than the 40 s that a transfer waits for a NOTIFY. */
const MOMENT = 300;
const RING = 3_000;
const RING_LONG = 20_000;
const LATE = 45_000;


/** A REFER that the carrier has received, and its handling. */
export class Transfer {
	/** @param again Number of earlier REFERs of this name in this call */
	constructor(leg, request, again)
	{
		this.leg = leg;
		this.request = request;
		this.again = again;
		this.id = parseInt(request.headers.cseq, 10);
	}

	answer(code, reason, headers)
	{
		this.leg.answer(this.request, code, reason, headers);
	}

	accept(headers)
	{
		this.answer(202, 'Accepted', headers);
	}

	/** A NOTIFY; without a text it has no body. */
	notify(text, { state = ACTIVE, event = 'refer',
		type = 'message/sipfrag;version=2.0', ...options } = {})
	{
		const headers = { 'Event': event };

		if (state)
			headers['Subscription-State'] = state;
		if (text)
			headers['Content-Type'] = type;

		return this.leg.request('NOTIFY', { headers,
			body: text ? `${text}\r\n` : '', ...options });
	}

	/** The last NOTIFY */
	end(text, options)
	{
		return this.notify(text, { state: OVER, ...options });
	}

	/** Sends the NOTIFYs of a good carrier after its 202. */
	async succeed(options)
	{
		await this.notify(TRYING, options);
		await this.notify(RINGING, options);
		await this.end(OK, options);
	}

	async bye()
	{
		await this.leg.bye();
		this.leg.ended();
	}

	/** Waits for a SUBSCRIBE that `answer` answers with 200. */
	subscribed(answer)
	{
		return new Promise((resolve) => {
			this.leg.handlers.SUBSCRIBE = (leg, request) => {
				const response = answer(request.headers.event);

				if (response)
					leg.answer(request, ...response);
				if (response?.[0] === 200)
					resolve();
			};
		});
	}
}


const REFRESHED = [200, 'OK', { Expires: '60' }];
const NO_SUBSCRIPTION = [481, 'Subscription Does Not Exist'];

/* Accepts, reports that the target rings, and expects a new SUBSCRIBE. */
async function refreshed(t, answer)
{
	const asked = t.subscribed(answer);

	t.accept();
	await t.notify(RINGING, { state: 'active;expires=3' });
	await asked;
	await t.end(OK);
}


/* Accepts, and sends these texts in NOTIFYs, each with options of its own. */
async function says(t, ...notifies)
{
	t.accept();
	for (const [text, options] of notifies)
		await t.notify(text, options);
}


function multipart(text)
{
	return ['--b', 'Content-Type: application/sdp', '', 'v=0',
		'--b', 'Content-Type: message/sipfrag;version=2.0', '', text,
		'--b--'].join('\r\n');
}


export const behaviours = {
	/* The answer to the REFER */
	'refused': (t) => t.answer(405, 'Method Not Allowed'),

	'no-dialog': (t) => t.answer(481, 'Call/Transaction Does Not Exist'),

	async 'pending'(t)
	{
		if (t.again % 2 === 0)
			t.answer(491, 'Request Pending');
		else
			await behaviours.answered(t);
	},

	/* Every password is refused. */
	'challenge': (t) => t.answer(401, 'Unauthorized', { 'WWW-Authenticate':
		'Digest realm="carrier", nonce="1", algorithm=MD5' }),

	async 'says-ok'(t)
	{
		t.answer(200, 'OK');
		await t.succeed();
	},

	'silent'() {},

	'refer-sub': (t) => t.accept({ 'Refer-Sub': 'false' }),

	async 'new-contact'(t)
	{
		t.leg.move();
		t.accept();
		await t.succeed();
	},

	/* Of the call, see carrier.js */
	'slow-ack': (t) => behaviours.answered(t),

	/* After the answer */
	async 'answered'(t)
	{
		t.accept();
		await t.succeed();
	},

	'busy': (t) => says(t, [TRYING], [BUSY, { state: OVER }]),

	'declined': (t) => says(t, [TRYING], [RINGING],
		['SIP/2.0 603 Decline', { state: OVER }]),

	async 'no-answer'(t)
	{
		await says(t, [TRYING], [RINGING]);
		await sleep(RING);
		await t.end('SIP/2.0 480 Temporarily Unavailable');
	},

	'no-notify': (t) => t.accept(),

	async 'late'(t)
	{
		t.accept();
		await sleep(LATE);
		await t.end(OK);
	},

	'calls-on': (t) => says(t, [TRYING], [RINGING]),

	async 'ringing'(t)
	{
		await says(t, [TRYING]);
		for (let ms = 0; ms < RING_LONG; ms += RING) {
			await t.notify(RINGING);
			await sleep(RING);
		}
		await t.end(OK);
	},

	async 'bye-after-202'(t)
	{
		t.accept();
		await t.bye();
	},

	async 'bye-then-ringing'(t)
	{
		t.accept();
		await t.bye();
		await t.notify(RINGING);
		await sleep(RING);
		await t.end(OK);
	},

	async 'bye-then-silence'(t)
	{
		t.accept();
		await t.bye();
		await t.notify(RINGING);
	},

	async 'bye-then-notify'(t)
	{
		t.accept();
		await t.bye();
		await sleep(MOMENT);
		await t.end(OK);
	},

	async 'bye-with-final'(t)
	{
		t.accept();
		await Promise.all([t.bye(), t.end(OK)]);
	},

	'refresh': (t) => refreshed(t, () => REFRESHED),

	'refresh-event': (t) => refreshed(t, (event) =>
		event === 'refer' && REFRESHED),

	async 'refresh-named'(t)
	{
		const asked = t.subscribed((event) =>
			event === `refer;id=${t.id}` ? REFRESHED :
				NO_SUBSCRIPTION);

		t.accept({ Expires: '3' });
		await asked;
		await t.end(OK);
	},

	/* A REFER of its own, and then the requested transfer */
	async 'own-refer'(t)
	{
		t.accept();
		await t.leg.request('REFER', { headers: {
			'Refer-To': `<${t.leg.far.contact}>` } });
		await t.succeed();
	},

	/* The form of a NOTIFY */
	async 'early-notify'(t)
	{
		await t.notify(TRYING);
		t.accept();
		await t.end(OK);
	},

	async 'notify-id'(t)
	{
		t.accept();
		await t.succeed({ event: `refer;id=${t.id}` });
	},

	'notify-event': (t) => says(t, [RINGING, { event: 'REFER' }],
		[OK, { event: 'refer;x=1', state: OVER }]),

	'notify-stateless': (t) => says(t, [RINGING, { state: null }],
		[OK, { state: null }]),

	'notify-active': (t) => says(t, [RINGING], [OK]),

	'notify-phraseless': (t) => says(t, ['SIP/2.0 180 '],
		['SIP/2.0 200', { state: OVER }]),

	'notify-headers': (t) => says(t, [`${OK}\r\nTo: <sip:b@a>;tag=1\r\n` +
		'Contact: <sip:b@a>', { state: OVER }]),

	'notify-timeout': (t) => says(t, [RINGING],
		[RINGING, { state: 'terminated;reason=timeout' }]),

	'notify-terminated': (t) => says(t, [TRYING, { state: 'terminated' }],
		[RINGING, { state: 'terminated' }],
		[OK, { state: 'terminated' }]),

	'notify-none': (t) => says(t, [''], ['HTTP/1.1 200 OK'],
		['Server: x'], [OK, { state: OVER }]),

	'notify-unreadable': (t) => says(t, [RINGING],
		['SIP/2.0 99999', { state: OVER }]),

	'notify-multipart': (t) => says(t, [multipart(OK),
		{ type: 'multipart/mixed;boundary=b', state: OVER }]),

	'notify-empty': (t) => says(t, [RINGING], ['', { state: OVER }]),

	async 'notify-twice'(t)
	{
		const same = { cseq: ++t.leg.cseq, branch: 'z9hG4bKtwice' };

		await says(t, [RINGING, same], [RINGING, same]);
		await t.end(OK);
	},

	async 'notify-overtaken'(t)
	{
		const cseq = t.leg.cseq;

		t.leg.cseq += 2;
		await says(t, [RINGING, { cseq: cseq + 2 }],
			[TRYING, { cseq: cseq + 1 }]);
		await t.end(OK);
	},

	/* The second time: the late NOTIFY belongs to the first REFER */
	async 'notify-first-late'(t)
	{
		const event = `refer;id=${t.id}`;

		if (t.again % 2 === 0)
			await says(t, [BUSY]);
		else
			await says(t, [RINGING, { event }],
				[BUSY, { state: OVER }],
				[OK, { event, state: OVER }]);
	},

	async 'notify-late'(t)
	{
		await says(t, [OK]);
		await t.end(BUSY);
	},

	'notify-foreign': (t) => says(t, [BUSY, { event: 'refer;id=1' }],
		[OK, { state: OVER }]),

	'notify-other': (t) => says(t,
		[BUSY, { event: 'message-summary' }], [OK, { state: OVER }]),
};
