/**
 * @file transfer.js  A call with a third-party SIP stack, and its transfer
 *
 * The gateway calls the far end, as for a bot that calls back, and then refers
 * it to a phone.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { target } from './target.js';

const END_TIME = 60_000;
const LATE_TIME = 10_000;


/** An answered call of the gateway; its call_sid. */
export async function call(client, to)
{
	const msgid = `dial-${to}`;

	client.send({ type: 'command', command: 'dial', msgid, data: { to } });
	const { call_sid } = await client.message('ack', { msgid });

	await client.message('call:status',
		{ call_sid, call_status: 'in-progress' });

	return call_sid;
}


/*
 * A NOTIFY in one line: its Event, its Subscription-State without the seconds
 * that are left, and its sipfrag.
 */
function line({ headers, body }, refer)
{
	const [number] = refer.headers.CSeq.split(' ');
	const event = headers.Event.replace(`;id=${number}`, ';id=CSEQ');
	const state = headers['Subscription-State']
		.replace(/;expires=\d+/, '');

	return `${event}, ${state}: ${body[0].replace('SIP/2.0 ', '')}`;
}


/**
 * Requests a transfer and waits for its end
 *
 * @param client The client that requests it
 * @param verb   Fields of the verb
 *
 * @return `ended`: data of the last step; `refer`: the REFER; `notified`: a
 *         line for each NOTIFY up to then
 */
export async function refer(client, verb)
{
	const { call_sid } = verb;
	const from = client.now;

	client.send({ verb: 'sip:refer', ...verb });
	const { data: ended } = await client.message('transfer:status',
		{ call_sid, step: 'ended' }, { from, timeout: END_TIME });
	const steps = client.messages.filter((m) => m.call_sid === call_sid &&
		m.type === 'transfer:status', from).map((m) => m.data);
	const { sip } = steps.find((d) => d.step === 'requested');
	const notified = steps.map((d) => d.sip).filter((m) =>
		m?.start.startsWith('NOTIFY ')).map((m) => line(m, sip));

	return { ended, refer: sip, notified };
}


/**
 * A call to a far end, and its transfer to a target
 *
 * @param start   Function that starts the far end
 * @param options Options of target(); `verb`: fields of the verb
 *
 * @return As refer(); `client`; `gateway`; `target`; `far`; `sid`
 */
export async function transfer(s, start, { verb = {}, ...options })
{
	const { client, gateway } = await s.control();
	const phone = await target(s, options);
	const far = await start(s);
	const sid = await call(client, far.uri);
	await far.connected?.(1);
	const result = await refer(client, { call_sid: sid,
		referTo: phone.number, ...verb });

	return { ...result, client, gateway, target: phone, far, sid };
}


/**
 * An attended transfer: the gateway has called the target before, by the far
 * end if that has a `second` URI for it.
 *
 * @return As transfer(); `consulted`: call_sid of the call to the target;
 *         `old`: that call at the target
 */
export async function attended(s, start, { verb = {}, ...options } = {})
{
	const { client, gateway } = await s.control();
	const phone = await target(s, options);
	const far = await start(s);
	const consulted = await call(client, far.second ?? phone.number);
	const old = await phone.incoming();
	const sid = await call(client, far.uri);
	await far.connected?.(2);
	const result = await refer(client, { call_sid: sid,
		replaces: consulted, ...verb });

	return { ...result, client, gateway, target: phone, far, sid,
		consulted, old };
}


/** Its end in short. */
export function end({ ended: { outcome, evidence, call_status: status } })
{
	return [outcome, evidence, status].join(' ');
}


/** The one call that the target got from the far end, and its INVITE. */
export async function reached({ target: { calls, legs } }, { count = 1 } = {})
{
	const { leg } = calls.items.at(-1);

	assert.equal(legs.size, count);

	return leg.messages.items[0];
}


/** The call with the gateway has ended by the gateway's BYE. */
export async function over({ client, sid })
{
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
}


/** The call with the gateway goes on, and ends by a verb. */
export async function goesOn({ client, gateway, sid })
{
	assert.equal((await gateway.talking()).length, 1);
	client.send({ verb: 'hangup', call_sid: sid });
	await over({ client, sid });
}


/** The requests of a method that the gateway has sent. */
export function sentBy(gateway, method)
{
	return gateway.process.log.filter((l) =>
		l.startsWith(`${method} sip:`));
}


/**
 * A final NOTIFY after the transfer was given up: referd reports it, the
 * outcome stays, and the gateway has not unsubscribed meanwhile.
 */
export async function late({ client, gateway, sid, ended }, status)
{
	assert.equal(ended.outcome, 'unknown');

	const { data } = await client.message('transfer:status',
		{ call_sid: sid, step: 'late' }, { timeout: LATE_TIME });

	assert.equal(data.call_status, status);
	assert.equal(data.transfer_id, ended.transfer_id);
	assert.deepEqual(sentBy(gateway, 'SUBSCRIBE'), []);
}
