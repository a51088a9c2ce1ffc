/**
 * @file jambonz.js  A gateway whose calls have an application of jambonz
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { join } from 'node:path';
import { writeWav } from './audio.js';
import { Bot } from './bot.js';
import { Far } from './far.js';

export const FILE = 'sorry.wav';
export const LEVEL = 8000;
export const MANUAL = { account: ';answermode=manual' };


/* The first target is busy, any other answers. */
export async function busyThenFree(leg, refer)
{
	const busy = refer.headers['refer-to'].includes('sip:100@');
	const state = { 'Subscription-State': 'terminated;reason=noresource' };

	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 180 Ringing');
	await leg.notify(busy ? 'SIP/2.0 486 Busy Here' : 'SIP/2.0 200 OK',
		{ headers: state });
}


/**
 * A bot, a referd whose application it is, a gateway that leaves calls to it,
 * a client that observes, and a far end
 *
 * @param options `host`: its name in the URL, if not its address; `user`,
 *                `fragment`: further parts of the URL; `args`: referd's
 */
export async function parties(s, name, { wish = {}, host, fragment = '',
	user = '', args = [], REFER = busyThenFree } = {})
{
	const config = { audio_path: s.dir };

	writeWav(join(s.dir, FILE), LEVEL, 0.3);

	const bot = await Bot.start(s, name, { file: FILE, ...wish });
	const scheme = name === 'webhook' ? 'http' : 'ws';
	const at = host ? `${host}:${bot.wish.port}` : bot.host;
	const app = `${scheme}://${user}${at}/bot${fragment}`;
	const far = await Far.start(s, { handlers: { REFER } });
	const p = await s.control({ gateway: { ...MANUAL, config },
		referd: { args: ['--app', app, ...args] } });

	return { bot, far, ...p };
}


/* A transfer that the test ends; `finish` ends the last one. */
export function held()
{
	const headers = { 'Subscription-State':
		'terminated;reason=noresource' };
	const h = { REFER: async (leg, refer) => {
		h.finish = (status = '200 OK') =>
			leg.notify(`SIP/2.0 ${status}`, { headers });
		leg.answer(refer, 202, 'Accepted');
		await leg.notify('SIP/2.0 180 Ringing');
	} };

	return h;
}


/**
 * A call whose transfer rings; the bot knows the call and has acknowledged it;
 * `h` ends it
 */
export async function inTransfer(s, name, options)
{
	const h = held();
	const p = await parties(s, name, { REFER: h.REFER, ...options });

	await p.far.call();
	await p.bot.event('event', { call_status: 180 });
	await p.client.message('hook:status', { event: 'answered' });

	return { h, ...p };
}
