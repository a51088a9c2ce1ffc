/**
 * @file sipp.js  A far end that SIPp plays from a scenario in tests/sipp
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync }
	from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Journal } from './journal.js';
import { Process } from './process.js';
import { settings } from './settings.js';
import { parse } from './wire.js';

const HEAD = /^-{20,}.*\n(\w+) message (sent|received) .*\n\n/m;


/** Cuts SIPp's message trace into SIP messages as it grows. */
class Trace {
	constructor(handler)
	{
		this.handler = handler;
		this.text = '';
	}

	feed(data)
	{
		this.text += data.toString('latin1');

		for (;;) {
			const head = HEAD.exec(this.text);
			const size = head && /[[(](\d+)[\])]? bytes/
				.exec(head[0]);
			if (!size)
				return;

			const start = head.index + head[0].length;
			const end = start + Number(size[1]);
			if (this.text.length < end)
				return;

			this.handler({ sent: head[2] === 'sent',
				...parse(this.text.slice(start, end)) });
			this.text = this.text.slice(end);
		}
	}
}


const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;


/*
 * A file stream would occupy one of Node.js' few threads for files as long as
 * the FIFO is open.
 */
function openFifo(path)
{
	execFileSync('mkfifo', [path]);

	return new Socket({ fd: openSync(path, O_RDONLY | O_NONBLOCK),
		readable: true, writable: false });
}


/* A FIFO ends when its writer closes it. If SIPp never opened it, do so. */
function endFifo(path)
{
	try {
		closeSync(openSync(path, O_WRONLY | O_NONBLOCK));
	}
	catch {
		/* the reader has reached its end already */
	}
}


/**
 * One SIPp with an address of its own.
 *
 * `messages` holds every SIP message that it sent or received.
 */
export class Sipp {
	/**
	 * @param dir     Directory for all of its files, created here
	 * @param options `scenario`: file name in tests/sipp, without .xml;
	 *                `ip`; `to`: address it calls; `user`: user part it
	 *                calls; `keys`: values for [KEY] in the scenario;
	 *                `args`: further arguments
	 */
	static async start(dir, { scenario, ip, to = '10.77.0.1:5060',
		user = 'gw', keys = {}, args = [] })
	{
		const s = new Sipp();
		const fifo = join(dir, 'messages');

		mkdirSync(dir);

		s.dir = dir;
		s.ip = ip;
		s.uri = `sip:sipp@${ip}`;
		s.messages = new Journal(`sipp ${scenario}`, (m) =>
			`${m.sent ? 'sent' : 'received'} ` +
			m.text.split('\r\n', 1)[0]);

		const trace = new Trace((m) => s.messages.add(m));

		s.reader = openFifo(fifo);
		s.reader.on('data', (data) => trace.feed(data));
		s.reader.on('end', () => s.messages.end('SIPp ended'));

		s.process = new Process(`sipp ${scenario}`, ['sipp', to,
			'-sf', join(settings.source, 'tests/sipp',
				`${scenario}.xml`),
			'-i', ip, '-p', '5060', '-s', user, '-m', '1',
			'-nostdin',
			'-default_behaviors', 'all,-bye,-abortunexp',
			'-timeout', '90s', '-timeout_error',
			'-trace_msg', '-message_file', fifo,
			'-trace_err', '-error_file', join(dir, 'errors'),
			...Object.entries(keys)
				.flatMap(([k, v]) => ['-key', k, v]),
			...args], { cwd: dir });
		s.process.exited.then(() => endFifo(fifo));

		return s;
	}

	/** A message by direction and method or status code. */
	wait(sent, what, options)
	{
		return this.messages.wait((m) => m.sent === sent &&
			(m.method === what || m.status === what),
			`${what} ${sent ? 'sent' : 'received'}`, options);
	}

	received(what, options)
	{
		return this.wait(false, what, options);
	}

	sent(what, options)
	{
		return this.wait(true, what, options);
	}

	/** The requests that it received, retransmissions included. */
	requests(method)
	{
		return this.messages.filter((m) =>
			!m.sent && m.method === method);
	}

	/**
	 * Continues a scenario that waits for it: the test itself sends an
	 * INFO request within the scenario's call.
	 */
	async nudge()
	{
		const { headers } = this.messages.items[0];
		const socket = createSocket('udp4');
		const from = '127.0.0.1:5999';
		const text = [
			`INFO ${this.uri} SIP/2.0`,
			`Via: SIP/2.0/UDP ${from};branch=z9hG4bK${Date.now()}`,
			`From: <sip:test@${from}>;tag=1`,
			`To: <${this.uri}>`,
			`Call-ID: ${headers['call-id']}`,
			'CSeq: 1 INFO',
			'Content-Length: 0', '', ''].join('\r\n');

		await new Promise((resolve) =>
			socket.send(text, 5060, this.ip, resolve));
		socket.close();
	}

	/** Waits for the regular end of the scenario. */
	async passed()
	{
		const status = await this.process.ended(95_000);

		if (status !== 0)
			throw new Error(`${this.messages.name} failed, ` +
				`status ${status}: ${this.errors()}`);
	}

	/** The errors of SIPp; empty if it reported none. */
	errors()
	{
		const path = join(this.dir, 'errors');

		return existsSync(path) ? readFileSync(path, 'utf8') : '';
	}

	kill()
	{
		return this.process.kill();
	}
}
