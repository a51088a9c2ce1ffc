/**
 * @file traffic.js  Continuous transfers, and the check of their results
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './application.js';
import { count } from './count.js';
import { dice, seed } from './dice.js';
import { Far } from './far.js';
import { Journal } from './journal.js';

const AT_ONCE = 8;
const PAGE = 1000;

/* ms; a message that is missing by then was lost to a fault */
const CALL_TIME = 10_000;
const VERB_TIME = 15_000;

/* ms in which all due messages must arrive */
const SETTLE_TIME = 90_000;


/** A client that reconnects by its name, from the last message that it got. */
class Steady {
	constructor(s, referd)
	{
		this.s = s;
		this.referd = referd;
		this.messages = new Journal('steady client');
		this.since = null;
	}

	async connect()
	{
		const since = this.since === null ? '' : `&since=${this.since}`;

		this.client = await this.s.client(this.referd, {
			query: `?client=bot${since}`,
			handler: (m) => this.take(m) });
	}

	take(message)
	{
		if (message.type !== 'hello')
			this.messages.add(message);
		this.since = Math.max(this.since ?? 0, message.seq);
	}

	/** Loses a message that it cannot send now, as any client does. */
	send(message)
	{
		if (this.client.socket.readyState === this.client.socket.OPEN)
			this.client.send(message);
	}
}


/**
 * Incoming calls that are transferred, each by a verb with its own id, until
 * stop(). A fault may affect any of the parties meanwhile.
 */
export class Traffic {
	/**
	 * @param options `reply`: the application's answer; `hook`:
	 *                function of an id, the actionHook, by default at the
	 *                application over HTTP; `rings`: function of the dice
	 *                of a transfer, the time its target rings [ms];
	 *                `referd`, `gateway`: theirs
	 */
	static async start(s, { reply, hook, rings = (d) => d.upTo(400),
		...control } = {})
	{
		const t = new Traffic();

		t.rings = rings;

		t.referd = await s.referd(control.referd, control.gateway);
		t.client = new Steady(s, t.referd);
		await t.client.connect();
		t.gateway = await s.gateway(t.referd, control.gateway);
		await t.referd.knows(1);
		t.application = await Application.start(s, { reply });
		t.hook = hook ?? ((id) => `${t.application.url}/${id}`);
		t.far = await Far.start(s,
			{ handlers: { REFER: (...args) => t.refer(...args) } });
		t.referred = new Set(); /* verbs whose REFER the far end got */
		t.number = 0;
		t.running = true;
		t.workers = Promise.all(Array.from({ length: AT_ONCE },
			() => t.work()));

		return t;
	}

	async refer(leg, refer)
	{
		const headers = { 'Subscription-State':
			'terminated;reason=noresource' };
		const d = dice(seed * 7919 + this.referred.size);
		const final = d.chance(0.8) ? '200 OK' : '486 Busy Here';

		this.referred.add(refer.headers['x-verb']);
		await sleep(d.upTo(50));
		leg.answer(refer, 202, 'Accepted');
		leg.notify('SIP/2.0 180 Ringing');
		await sleep(this.rings(d), null, { ref: false });
		leg.notify(`SIP/2.0 ${final}`, { headers });
	}

	async work()
	{
		while (this.running && !this.far.closed)
			await this.oneCall().catch(() => sleep(100));
	}

	async oneCall()
	{
		const leg = await this.far.ring();

		try {
			await this.oneLeg(leg);
		}
		finally {
			this.far.forget(leg);
		}
	}

	async oneLeg(leg)
	{
		const late = sleep(CALL_TIME, { status: 0 }, { ref: false });
		const { status } = await Promise.race([leg.response, late]);

		if (status !== 200)
			return;

		try {
			await this.oneTransfer(leg);
		}
		finally {
			if (!leg.requests('BYE').length)
				await leg.bye();
		}
	}

	async oneTransfer(leg)
	{
		const id = `v${++this.number}`;
		const { messages } = this.client;
		const timeout = { timeout: VERB_TIME };
		const { call_sid } = await messages.wait((m) =>
			m.type === 'session:new' && m.data.call_id === leg.id,
			'session:new', timeout);

		this.client.send({ verb: 'sip:refer', id, msgid: id, call_sid,
			referTo: '100', headers: { 'X-Verb': id },
			actionHook: this.hook(id) });
		await messages.wait((m) => m.type === 'transfer:status' &&
			m.data.verb_id === id && m.data.step === 'ended',
			`end of ${id}`, timeout);
	}

	/**
	 * Waits until a first transfer has begun. The client sends the first
	 * verbs all at once: a kill of the client then loses all of them.
	 */
	async begun()
	{
		while (!this.referred.size && this.running)
			await sleep(10);
	}

	/** Makes no more calls; waits for the end of the others. */
	async stop()
	{
		this.running = false;
		await this.workers;
	}

	/** The transfers of the history that have ended. */
	async ends()
	{
		const ended = [];
		let before = '';

		for (;;) {
			const response = await fetch(`${this.referd.http}` +
				`/transfers?limit=${PAGE}${before}`);
			const page = await response.json();

			ended.push(...page.filter((t) => t.outcome));
			if (page.length < PAGE)
				return ended;
			before = `&before=${page.at(-1).transfer_id}`;
		}
	}

	/** The number of ended transfers of each verb. */
	async history()
	{
		return count(await this.ends(), (t) => t.verb_id);
	}

	/** The accepted actionHooks, by verb: each delivery once. */
	hooks()
	{
		const taken = this.application.requests.items
			.filter((r) => r.taken).map((r) =>
				[r.headers['x-referd-delivery'], r.data.verb_id]);
		const sent = this.client.messages
			.filter((m) => m.type === 'verb:hook')
			.map((m) => [m.msgid, m.data.verb_id]);

		return count(new Map([...taken, ...sent]).values());
	}

	async calls()
	{
		return (await fetch(`${this.referd.http}/calls`)).json();
	}

	/**
	 * Checks that each transfer that reached the far end has one outcome
	 * in the history and one actionHook, and that no call is left
	 */
	async settled()
	{
		const end = Date.now() + SETTLE_TIME;
		const all = (map) => [...this.referred].every((v) => map.has(v));
		let history, hooks, calls;

		do {
			await sleep(200);
			history = await this.history();
			hooks = this.hooks();
			calls = await this.calls();
		} while (Date.now() < end && !(all(history) && all(hooks) &&
			!calls.length && !this.gateway.reported().length));

		const wrong = [...this.referred].filter((v) =>
			history.get(v) !== 1 || hooks.get(v) !== 1);

		console.log(`# ${this.referred.size} transfers`);
		assert.ok(this.referred.size > 0);
		assert.deepEqual(wrong.map((v) => `${v}: ` +
			`${history.get(v) ?? 0} outcomes, ` +
			`${hooks.get(v) ?? 0} actionHooks`), []);
		assert.deepEqual(calls, []);
		assert.deepEqual(await this.gateway.talking(), []);
	}
}
