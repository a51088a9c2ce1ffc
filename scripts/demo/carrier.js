/**
 * @file carrier.js  The carrier of the demo that misbehaves
 *
 * It does what a name of docs/carriers.md says: the name that it is asked to
 * call, that by which it is called itself, or else the one that it was
 * started with.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Far } from '../../tests/e2e/lib/far.js';
import { behaviours, Transfer } from './behaviours.js';

/* In ms: the pause before the next call, and how long the far end of a call
 * may still ask for what it was answered (RFC 3261 section 17) */
const PAUSE = 2_000;
const KEEP = 64_000;
const ACK_DELAY = 2_000;


/* The user of the first URI, or a number without a scheme */
function userOf(text = '')
{
	return /sips?:([^@;?>]+)@/.exec(text)?.[1];
}


function slowAck(leg)
{
	const { request } = leg;

	leg.request = async function(method, ...args) {
		if (method === 'ACK')
			await sleep(ACK_DELAY);

		return request.call(this, method, ...args);
	};
}


export class Carrier {
	/**
	 * @param options `ip`, `port`, `to`, as of Far.start(); `name`, what it
	 *                does by default; `tell`, called with each sentence
	 */
	static async start({ ip, port, to, name, tell = () => {} })
	{
		const c = new Carrier();

		if (!behaviours[name])
			throw new Error(`knows no carrier ${name}`);

		Object.assign(c, { name, tell });
		c.far = await Far.start({ join: (far) => far }, { ip, port, to,
			uri: `sip:carrier@${ip}`,
			contact: `sip:carrier@${ip}:${port ?? 5060}`,
			handlers: {
				INVITE: (leg, request) => c.called(leg, request),
				REFER: (leg, request) => c.asked(leg, request),
				BYE: (leg, request) => {
					leg.answer(request, 200, 'OK');
					leg.ended?.();
				},
			} });
		c.far.calls.follow(() => c.far.calls.forget());

		return c;
	}

	/* What Far's legs do not know of themselves */
	prepare(leg, name)
	{
		if (leg.over)
			return;

		leg.asked = new Map();
		leg.does = name;
		leg.media = { push() {} };
		leg.move = () => {
			leg.far = Object.assign(Object.create(leg.far), {
				contact: leg.far.contact.replace('carrier@',
					'moved@') });
		};
		leg.over = new Promise((resolve) => {
			leg.ended = resolve;
		});
		leg.over.then(() => setTimeout(() => this.far.closed ||
			this.far.forget(leg), KEEP).unref());
	}

	/* By its name, it does as it is called; a re-INVITE changes nothing. */
	called(leg, request)
	{
		const user = userOf(request.uri);

		this.prepare(leg, behaviours[user] ? user : this.name);
		leg.accept(request);
	}

	asked(leg, request)
	{
		const user = userOf(request.headers['refer-to']);
		const name = behaviours[user] ? user : leg.does;
		const again = leg.asked.get(name) ?? 0;

		leg.asked.set(name, again + 1);
		this.tell(`the carrier is asked to call ${user}: ${name}`);
		Promise.resolve(behaviours[name](
			new Transfer(leg, request, again))).catch((err) =>
			this.tell(`the carrier fails: ${err.message}`));
	}

	/** Calls the gateway; what comes of the call is in `leg.over`. */
	async call()
	{
		const leg = await this.far.leg(`${Date.now()}-${Math.random()}`,
			`sip:gateway@${this.far.peer[1]}`);

		this.prepare(leg, this.name);
		if (this.name === 'slow-ack')
			slowAck(leg);

		/* The page makes a list of it: web/fields.js. */
		const { status } = await leg.invite({ 'X-Demo':
			Object.keys(behaviours).join(', ') });
		if (status !== 200)
			throw new Error(`the gateway answers ${status}`);

		return leg;
	}

	/** One call after the other; `tell` is called with a word and a sentence. */
	async telephone(tell = () => {})
	{
		while (!this.far.closed) {
			try {
				const { over } = await this.call();

				tell('up', 'the carrier has called in');
				await over;
				tell('over', 'the call is over');
			}
			catch (err) {
				tell('failed', `no call: ${err.message}`);
			}
			await sleep(PAUSE);
		}
	}

	kill()
	{
		return this.far.kill();
	}
}
