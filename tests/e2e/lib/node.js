/**
 * @file node.js  The module's side of the link to referd, driven by the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Journal } from './journal.js';


/**
 * A stand-in for baresip under control of the test. Only referd is under test,
 * with any number of calls and in any order of events.
 */
export class Node {
	constructor(socket, name = 'gw')
	{
		this.path = socket;
		this.name = name;
		this.boot = randomUUID();
		this.n = 0;
		this.kept = [];
		this.calls = new Map();
		this.transfers = new Set();
		this.requests = new Journal('node');
		this.taken = 0;
	}

	static async connect(socket, name)
	{
		const n = new Node(socket, name);

		await n.connect();

		return n;
	}

	async connect()
	{
		this.link = connect(this.path);
		this.link.on('error', () => {});
		this.say({ type: 'hello', protocol: 1, node: this.name,
			boot: this.boot, version: '0.1.0', baresip: '1.0.0',
			libre: '1.1.0', aor: `sip:${this.name}@10.0.0.2`,
			first: this.kept[0]?.n ?? this.n + 1,
			next: this.n + 1 });

		const welcome = new Journal('link');

		createInterface({ input: this.link })
			.on('error', () => {})
			.on('line', (line) =>
				this.take(JSON.parse(line), welcome));

		const { n } = await welcome.wait(() => true, 'welcome');

		for (const report of this.kept.filter((r) => r.n > n))
			this.say(report);
		for (const call of this.calls.values())
			this.report({ type: 'call', event: 'live', call });
		this.report({ type: 'sync',
			transfers: [...this.transfers] });
	}

	disconnect()
	{
		this.link.destroy();
	}

	take(m, welcome)
	{
		if (m.type === 'welcome')
			welcome.add(m);
		else if (m.type === 'ack')
			this.kept = this.kept.filter((r) => r.n > m.n);
		else
			this.requests.add(m);
	}

	say(line)
	{
		if (!this.link.destroyed)
			this.link.write(JSON.stringify(line) + '\n');
	}

	report(what)
	{
		const report = { n: ++this.n, time: Date.now(), ...what };

		this.kept.push(report);
		this.say(report);
	}

	/** The next request that has not been taken yet. */
	async request(type)
	{
		const m = await this.requests.wait(() => true, type,
			{ from: this.taken });

		++this.taken;
		if (m.type !== type)
			throw new Error(`${JSON.stringify(m)} is no ${type}`);

		return m;
	}

	/** Takes a request for verbs, and accepts it. */
	async accept(type = 'verbs')
	{
		const m = await this.request(type);

		this.report({ type: 'result', ref: m.ref, ok: true });

		return m;
	}

	/** Takes a request for verbs, and rejects the first verb. */
	async refuse(field, error)
	{
		const m = await this.request('verbs');

		this.report({ type: 'result', ref: m.ref, ok: false, index: 0,
			field, error: `${field} ${error}` });

		return m;
	}

	call(fields = {})
	{
		const call = { sid: randomUUID(), direction: 'inbound',
			from: 'sip:+4930123456@10.0.0.1',
			to: 'sip:100@10.0.0.2', caller_name: 'Ann',
			account: 'sip:gw@10.0.0.2', state: 'in-progress',
			sip_status: 200, sip_reason: 'OK',
			started: Date.now(), headers: {}, ...fields };

		this.calls.set(call.sid, call);
		this.report({ type: 'call', event: 'new', call,
			time: call.started });

		return call;
	}

	status(call, fields)
	{
		Object.assign(call, fields);
		this.report({ type: 'call', event: 'status', call });
	}

	closed(call, state = 'completed')
	{
		Object.assign(call, { state, duration: 1 });
		this.calls.delete(call.sid);
		this.report({ type: 'call', event: 'closed', call });
	}

	/** Takes a sip:refer and begins; `step` reports its later steps. */
	async transfer(call)
	{
		const { ref, verbs } = await this.accept();
		const transfer_id = randomUUID();
		const step = (name, fields) => this.report({ type: 'transfer',
			call_sid: call.sid, transfer_id, ref, step: name,
			...fields });

		this.transfers.add(transfer_id);
		step('requested', { refer_to: 'sip:bob@example.com' });

		const end = (fields) => {
			this.transfers.delete(transfer_id);
			step('ended', { refer_status: 202, ...fields });
		};

		return { id: transfer_id, verbs, step,
			progress: (code) => step('progress',
				{ refer_status: 202, call_status: code }),
			end: (code = 486) => end({ call_status: code,
				evidence: 'notify', confidence: 'high',
				outcome: code < 300 ?
					'transferred' : 'failed' }),
			giveUp: (fields) => end({ reason: 'no NOTIFY for 40.0 s',
				outcome: 'unknown', evidence: 'timer:notify',
				confidence: 'low', media: false, ...fields }),
			late: (code, reason) => step('late',
				{ call_status: code, reason,
					sip: { start: 'NOTIFY sip:gw SIP/2.0',
						headers: { Event: 'refer' },
						body: [`SIP/2.0 ${code} ${
							reason}`] } }) };
	}
}
