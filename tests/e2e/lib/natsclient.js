/**
 * @file natsclient.js  A client of NATS: for requests and streams of a test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

const REQUEST_TIME = 2000; /* ms */
const PATIENCE = 60_000;
const END = Buffer.from('\r\n');


function headersOf(text)
{
	const [first, ...lines] = text.trimEnd().split('\r\n');
	const headers = Object.fromEntries(lines.map((l) => {
		const at = l.indexOf(':');

		return [l.slice(0, at), l.slice(at + 1).trim()];
	}));
	const [, status] = /^NATS\/1\.0 (\d+)/.exec(first) ?? [];

	return { headers, status: status && Number(status) };
}


function sleep(ms)
{
	return new Promise((resolve) => setTimeout(resolve, ms));
}


export class NatsClient {
	/**
	 * @param options `host`, `port`; `user` and `pass`; `tls`: options of
	 *                tls.connect()
	 */
	static async connect({ host, port = 4222, user, pass, tls })
	{
		const c = new NatsClient();

		c.subs = new Map();
		c.replies = 0;
		c.rest = Buffer.alloc(0);
		c.errors = [];
		c.socket = connectTcp({ host, port });
		c.closed = false;
		await c.greet({ user, pass, tls, host });

		return c;
	}

	async greet({ user, pass, tls, host })
	{
		const info = await new Promise((resolve, reject) => {
			this.socket.once('data', resolve);
			this.socket.once('error', reject);
			this.socket.once('close', () => reject(
				new Error('the server hung up')));
		});
		const { length } = info.subarray(0, info.indexOf(END) + 2);

		if (tls) {
			const plain = this.socket;

			this.socket = connectTls({ socket: plain, host, ...tls });
			await new Promise((resolve, reject) => {
				this.socket.once('secureConnect', resolve);
				this.socket.once('error', reject);
			});
		}
		this.socket.removeAllListeners('error');
		this.socket.on('error', () => {});
		this.socket.on('close', () => { this.closed = true; });
		this.socket.on('data', (data) => this.take(data));
		this.write(`CONNECT ${JSON.stringify({ verbose: false,
			pedantic: false, lang: 'test', version: '1', user, pass,
			headers: true, no_responders: true })}\r\nPING\r\n`);
		this.take(info.subarray(length));
		await this.ponged();
	}

	ponged()
	{
		return new Promise((resolve, reject) => {
			this.onPong = resolve;
			this.socket.once('close', () => reject(new Error(
				this.errors[0] ?? 'the server hung up')));
		});
	}

	write(data)
	{
		this.socket.write(data);
	}

	take(data)
	{
		this.rest = Buffer.concat([this.rest, data]);
		while (this.line())
			;
	}

	/* One line of the protocol, with its payload; false if incomplete */
	line()
	{
		const end = this.rest.indexOf(END);

		if (end < 0)
			return false;

		const words = this.rest.toString('utf8', 0, end).split(/\s+/);
		const op = words[0].toUpperCase();
		let next = end + 2;

		if (op === 'MSG' || op === 'HMSG') {
			const size = Number(words.at(-1));

			if (this.rest.length < next + size + 2)
				return false;
			this.message(op, words, this.rest.subarray(next,
				next + size));
			next += size + 2;
		}
		else if (op === 'PING') {
			this.write('PONG\r\n');
		}
		else if (op === 'PONG') {
			this.onPong?.();
		}
		else if (op === '-ERR') {
			this.errors.push(words.slice(1).join(' '));
		}
		this.rest = this.rest.subarray(next);

		return true;
	}

	message(op, words, payload)
	{
		const head = op === 'HMSG' ? Number(words.at(-2)) : 0;
		const counted = op === 'HMSG' ? 5 : 4;
		const m = { subject: words[1],
			reply: words.length > counted ? words[3] : undefined,
			...headersOf(payload.toString('utf8', 0, head)),
			data: payload.toString('utf8', head) };

		this.subs.get(words[2])?.(m);
	}

	/** @return Number to give to unsubscribe() */
	subscribe(subject, handler)
	{
		const sid = `${++this.replies}`;

		this.subs.set(sid, handler);
		this.write(`SUB ${subject} ${sid}\r\n`);

		return sid;
	}

	unsubscribe(sid)
	{
		this.subs.delete(sid);
		this.write(`UNSUB ${sid}\r\n`);
	}

	publish(subject, data = '', { reply = '', headers } = {})
	{
		const body = Buffer.from(data);

		if (!headers) {
			this.write(Buffer.concat([Buffer.from(`PUB ${subject} ` +
				`${reply} ${body.length}\r\n`), body, END]));
			return;
		}

		const head = Buffer.from(`NATS/1.0\r\n${Object.entries(headers)
			.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);

		this.write(Buffer.concat([Buffer.from(`HPUB ${subject} ${reply} ` +
			`${head.length} ${head.length + body.length}\r\n`),
		head, body, END]));
	}

	/** The answer; an error without a responder or after the timeout. */
	async request(subject, data, { timeout = REQUEST_TIME, headers } = {})
	{
		const reply = `_INBOX.test.${process.pid}.${++this.replies}`;
		let sid, timer;

		try {
			return await new Promise((resolve, reject) => {
				timer = setTimeout(() => reject(new Error(
					`${subject}: no answer`)), timeout);
				sid = this.subscribe(reply, (m) => {
					if (m.status === 503)
						reject(new Error(
							`${subject}: nobody`));
					else
						resolve(m);
				});
				this.publish(subject, data, { reply, headers });
			});
		}
		finally {
			clearTimeout(timer);
			this.unsubscribe(sid);
		}
	}

	/** The answer of the JetStream API; throws if it is an error. */
	async api(name, body = {}, options)
	{
		const { data } = await this.request(`$JS.API.${name}`,
			JSON.stringify(body), options);
		const answer = JSON.parse(data);

		if (answer.error)
			throw Object.assign(new Error(
				`${name}: ${answer.error.description}`),
			answer.error);

		return answer;
	}

	/** Repeats a request until the servers have elected a leader. */
	async settled(name, body, patience = PATIENCE)
	{
		const end = Date.now() + patience;

		for (;;) {
			try {
				return await this.api(name, body);
			}
			catch (err) {
				if (Date.now() > end || this.closed ||
				    err.code === 404)
					throw err;
				await sleep(50);
			}
		}
	}

	/** Creates the stream of a fleet, as `referctl fleet init` does. */
	async makeStream({ name = 'fleet', ...config } = {})
	{
		const stream = name.toUpperCase();

		return this.settled(`STREAM.CREATE.${stream}`, { name: stream,
			subjects: [`${name}.ev.*`, `${name}.lost.*.*`],
			storage: 'file', retention: 'limits', discard: 'old',
			num_replicas: 1, max_age: 86_400e9,
			max_bytes: 256 << 20, duplicate_window: 120e9,
			deny_delete: true, deny_purge: true, max_consumers: -1,
			max_msgs: -1, max_msg_size: -1, ...config });
	}

	info(stream = 'FLEET')
	{
		return this.settled(`STREAM.INFO.${stream}`, {});
	}

	/**
	 * All messages of a stream at present, each with `seq`
	 *
	 * @param from First sequence to return
	 */
	async messages(stream = 'FLEET', from = 1)
	{
		return (await this.read(stream, from)).messages;
	}

	/** The same, with the `server` whose copy it is: any that has one. */
	async read(stream = 'FLEET', from = 1)
	{
		const { state } = await this.info(stream);

		if (!state.messages || state.last_seq < from)
			return { messages: [] };

		const deliver = `_INBOX.test.${process.pid}.${++this.replies}`;
		const messages = [];
		let sid;
		const all = new Promise((resolve) => {
			sid = this.subscribe(deliver, (m) => {
				const [, , , , , seq, , , pending] =
					m.reply?.split('.') ?? [];

				if (!seq)
					return;
				messages.push({ ...m, seq: Number(seq) });
				if (pending === '0')
					resolve();
			});
		});

		const made = await this.settled(`CONSUMER.CREATE.${stream}`, {
			stream_name: stream, config: { deliver_subject: deliver,
				deliver_policy: 'by_start_sequence',
				opt_start_seq: Math.max(from, state.first_seq),
				ack_policy: 'none', max_deliver: 1,
				mem_storage: true, num_replicas: 1,
				replay_policy: 'instant' } });
		if (made.num_pending)
			await all;
		this.unsubscribe(sid);

		return { messages, server: made.cluster?.leader };
	}

	close()
	{
		this.closed = true;
		this.socket.destroy();
	}
}
