/**
 * @file client.js  A WebSocket client of referd, e.g. a bot
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { WebSocket } from 'ws';
import { Journal } from './journal.js';


/**
 * Keeps every message that referd sends, and acknowledges hooks as a
 * well-behaved application does (`acks: false` leaves that to the test).
 */
export class Client {
	static async connect(url, { protocol, acks = true, name = 'client',
		handler = () => {}, ...options } = {})
	{
		const c = new Client();

		c.messages = new Journal(name);
		c.acks = acks;
		c.handler = handler;
		c.socket = new WebSocket(url, protocol ? [protocol] : [],
			options);
		c.socket.on('message', (data) => c.take(JSON.parse(data)));
		c.closed = new Promise((resolve) => c.socket.on('close',
			(code, reason) => resolve({ code, reason: `${reason}` })));
		c.socket.on('close', (code, reason) => c.messages.end(
			`the connection was closed, ${code} ${reason}`));

		await new Promise((resolve, reject) => {
			c.socket.on('open', resolve);
			c.socket.on('error', reject);
		});

		return c;
	}

	take(message)
	{
		if (message.type === 'verb:hook' && this.acks)
			this.send({ type: 'ack', msgid: message.msgid });

		this.messages.add(message);
		this.handler(message);
	}

	/** Sends an object as JSON, or text unchanged. */
	send(message)
	{
		this.socket.send(typeof message === 'string' ?
			message : JSON.stringify(message));
	}

	/** Indexes of `messages` for `from`, to match later messages only. */
	get now()
	{
		return this.messages.length;
	}

	/** The first message of a type whose `data` (or self) has `fields`. */
	message(type, fields = {}, options)
	{
		const has = (o) => o && Object.entries(fields)
			.every(([k, v]) => o[k] === v);

		return this.messages.wait((m) => m.type === type &&
			(has({ ...m, ...m.data })),
			`${type} with ${JSON.stringify(fields)}`, options);
	}

	/**
	 * Makes referd answer, with an error. All messages that it sent
	 * before have arrived by then.
	 */
	async echo()
	{
		const msgid = `echo-${this.echoes = (this.echoes ?? 0) + 1}`;

		this.send({ type: 'echo', msgid });
		await this.message('jambonz:error', { ref: msgid });
	}

	/** All messages of a type, so far. */
	all(type)
	{
		return this.messages.filter((m) => m.type === type);
	}

	close()
	{
		this.socket.close();
	}
}
