/**
 * @file service.js  referd's side of the link, driven by the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Journal } from './journal.js';


/**
 * A stand-in for referd that sends the test's requests and keeps the module's
 * reports. Only the module is under test.
 */
export class Service {
	static async start(s)
	{
		const r = new Service();
		const dir = s.path('service');

		mkdirSync(dir);
		r.socket = join(dir, 'node.sock');
		r.reports = new Journal('reports', (m) => JSON.stringify(m));
		r.refs = 0;
		r.process = { name: 'service', log: { items: [] }, alive: true,
			kill: async () => r.close() };
		r.server = createServer((link) => r.greet(link));
		await new Promise((done) => r.server.listen(r.socket, done));

		return s.join(r);
	}

	greet(link)
	{
		this.link = link;
		link.on('error', () => {});
		createInterface({ input: link }).on('error', () => {})
			.on('line', (line) => this.take(JSON.parse(line)));
	}

	take(m)
	{
		if (m.type === 'hello')
			this.say({ type: 'welcome', protocol: 1, version: '0',
				n: 0 });
		else
			this.say({ type: 'ack', n: m.n });
		this.reports.add(m);
		this.process.log.items.push(JSON.stringify(m));
	}

	say(m)
	{
		this.link.write(JSON.stringify(m) + '\n');
	}

	async kill()
	{
		this.close();
	}

	close()
	{
		this.process.alive = false;
		this.link?.destroy();
		this.server.close();
	}

	/** Sends a request, and waits for its result. */
	async ask(type, call_sid, fields = {})
	{
		return this.result(this.request(type, call_sid, fields));
	}

	/** Sends a request; its ref. */
	request(type, call_sid, fields = {})
	{
		const ref = `${call_sid}:${++this.refs}`;

		this.say({ type, ref, call_sid, ...fields });

		return ref;
	}

	result(ref)
	{
		return this.report({ type: 'result', ref });
	}

	/** Runs one verb on a call. */
	run(call_sid, verb)
	{
		return this.ask('verbs', call_sid,
			{ run: true, verbs: [verb] });
	}

	/** The first report, past or future, with these members. */
	report(members, options)
	{
		const wanted = Object.entries(members);

		return this.reports.wait((m) => wanted.every(([key, value]) =>
			m[key] === value), JSON.stringify(members), options);
	}

	all(type)
	{
		return this.reports.filter((m) => m.type === type);
	}

	/** A report of a call, by its sid and state. */
	async call(sid, state)
	{
		const { call } = await this.reports.wait((m) =>
			m.type === 'call' && m.call.sid === sid &&
			m.call.state === state, `${sid} ${state}`);

		return call;
	}

	/** The sid of the next incoming call. */
	async incoming(options)
	{
		const { call } = await this.reports.wait((m) =>
			m.event === 'new' && m.call.direction === 'inbound',
		'an incoming call', options);

		return call.sid;
	}

	/** Makes a call; its sid. */
	async dial(to, fields = {})
	{
		const sid = randomUUID();
		const { ok, error } = await this.ask('dial', sid,
			{ to, ...fields });

		if (!ok)
			throw new Error(error);

		return sid;
	}
}
