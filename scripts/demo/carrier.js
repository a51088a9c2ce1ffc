/**
 * @file carrier.js  The carrier of the demo that misbehaves
 *
 * Its behaviour is a name of docs/carriers.md: the user in Refer-To, the user
 * that was called, or else the name that it was started with.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Far } from '../../tests/e2e/lib/far.js';
import { behaviours, Transfer } from './behaviours.js';

/* In ms: the pause before the next call, and the time for which the far end of
 * a call may still repeat a request (RFC 3261 section 17) */
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
	 * @param options `ip`, `port`, `to`, as of Far.start(); `name`, its
	 *                default behaviour; `tell`, called with each sentence
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

	/* Adds the properties that Far's legs do not have */
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

	/* The called name selects the behaviour; a re-INVITE has no effect. */
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

	/** Calls the gateway; `leg.over` has the result of the call. */
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

	/** Makes one call after the other; `tell` gets a word and a text. */
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
