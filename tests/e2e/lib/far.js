/**
 * @file far.js  A far end with each step under control of the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from './journal.js';
import { connectSip, hostOf } from './sipconnection.js';
import { parse, tagOf, valuesOf } from './wire.js';

/* As in RFC 3261, but without the doubling: T1, and 64 times T1 */
const RESEND = 500;
const GIVE_UP = 32_000;

/* Of RTP with 20 ms of PCMU */
const RTP_HEADER = 12;
const FRAME = 160;
const SILENCE = 0xff;

const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER';


function token()
{
	return randomBytes(6).toString('hex');
}


function print(first, fields, body)
{
	return [first, ...fields.map(([name, value]) => `${name}: ${value}`),
		`Content-Length: ${Buffer.byteLength(body)}`, '', body]
		.join('\r\n');
}


/* Repetitions of a request have it; a CANCEL has the branch of its INVITE */
function keyOf({ method, headers })
{
	return `${method} ${headers.via}`;
}


async function open(ip, port, handler)
{
	const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');

	socket.on('message', handler);
	await new Promise((resolve, reject) => {
		socket.on('error', reject);
		socket.bind(port, ip, resolve);
	});

	return socket;
}


/**
 * One call of a far end. `messages` holds each SIP message that it sent or
 * received, `media` each RTP packet that it received.
 */
class Leg {
	constructor(far, id, local, remote)
	{
		this.far = far;
		this.id = id;
		this.peer = far.peer;
		this.tag = token();
		this.local = local;
		this.remote = remote;
		this.target = null;
		this.cseq = 1;
		this.messages = new Journal(`call ${id}`, (m) =>
			`${m.sent ? 'sent' : 'received'} ` +
			m.text.split('\r\n', 1)[0]);
		this.media = [];
		this.handlers = { ...far.handlers };
		this.waiting = new Map();
		this.answered = new Map();
	}

	async openMedia()
	{
		this.socket = await open(this.far.ip, 0, (packet) =>
			this.media.push({ time: Date.now(), packet }));
	}

	sdp()
	{
		const { ip } = this.far;
		const address = `${ip.includes(':') ? 'IP6' : 'IP4'} ${ip}`;

		return ['v=0', `o=far 1 1 IN ${address}`, 's=-',
			`c=IN ${address}`, 't=0 0',
			`m=audio ${this.socket.address().port} RTP/AVP 0`,
			'a=rtpmap:0 PCMU/8000', ''].join('\r\n');
	}

	send(text)
	{
		this.messages.add({ sent: true, ...parse(text) });
		if (!this.far.closed)
			this.far.socket.send(text, ...this.peer);
	}

	/**
	 * Send a request
	 *
	 * @param options `headers`; `body`; `cseq`, if not the next; `branch`,
	 *                if not a new one
	 *
	 * @return The final response, undefined if none came
	 */
	async request(method, { headers = {}, body = '', cseq = ++this.cseq,
		branch = `z9hG4bK${token()}` } = {})
	{
		const uri = this.target ?? this.remote;
		const text = print(`${method} ${uri} SIP/2.0`, [
			['Via', `SIP/2.0/${this.far.transport} ` +
				`${this.far.host};branch=${branch}`],
			['From', `${this.far.name}<${this.local}>` +
				`;tag=${this.tag}`],
			['To', `<${this.remote}>` +
				(this.peerTag ? `;tag=${this.peerTag}` : '')],
			['Call-ID', this.id],
			['CSeq', `${cseq} ${method}`],
			['Contact', `<${this.far.contact}>`],
			['Max-Forwards', '70'],
			...Object.entries(headers)], body);

		if (method === 'ACK') {
			this.send(text);
			return undefined;
		}

		const transaction = {};
		const final = new Promise((resolve) => {
			transaction.resolve = resolve;
		});

		this.waiting.set(branch, transaction);
		for (let t = 0; t < GIVE_UP && !transaction.response &&
			!this.far.closed; t += RESEND) {
			const again = t && this.far.transport !== 'UDP';

			if (!transaction.provisional && !again)
				this.send(text);
			await Promise.race([final, sleep(RESEND)]);
		}

		return transaction.response;
	}

	/** Answers a request, and each repetition of it. */
	answer(request, code, reason, headers = {}, body = '')
	{
		const { to } = request.headers;
		const text = print(`SIP/2.0 ${code} ${reason}`, [
			...valuesOf(request, 'Via').map((v) => ['Via', v]),
			['From', request.headers.from],
			['To', tagOf(to) || code === 100 ?
				to : `${to};tag=${this.tag}`],
			['Call-ID', this.id],
			['CSeq', request.headers.cseq],
			['Contact', `<${this.far.contact}>`],
			['Allow', ALLOW],
			...Object.entries(headers)], body);

		this.answered.set(keyOf(request), text);
		this.send(text);
	}

	/** Accepts an INVITE with the media of this leg. */
	accept(request, headers = {})
	{
		this.answer(request, 200, 'OK',
			{ 'Content-Type': 'application/sdp', ...headers },
			this.sdp());
	}

	notify(sipfrag, { headers = {}, ...options } = {})
	{
		return this.request('NOTIFY', { headers: {
			'Event': 'refer',
			'Subscription-State': 'active;expires=60',
			'Content-Type': 'message/sipfrag;version=2.0',
			...headers }, body: sipfrag, ...options });
	}

	bye(headers = {})
	{
		return this.request('BYE', { headers });
	}

	/** Sends silence to the address in an SDP, until it is stopped. */
	talk(sdp)
	{
		const send = this.packets(sdp, SILENCE);
		const timer = setInterval(send, 20);

		timer.unref();

		return () => clearInterval(timer);
	}

	/** A function that sends 20 ms more of a constant sample of PCMU. */
	packets(sdp, sample)
	{
		const [, ip] = /^c=IN IP\d (\S+)/m.exec(sdp);
		const [, port] = /^m=audio (\d+)/m.exec(sdp);
		const packet = Buffer.alloc(RTP_HEADER + FRAME, sample);
		let n = 0;

		packet.writeUInt32BE(0x80000000);
		packet.writeUInt32BE(0x51190, 8);

		return () => {
			packet.writeUInt16BE(++n & 0xffff, 2);
			packet.writeUInt32BE(n * FRAME, 4);
			if (!this.far.closed)
				this.socket.send(packet, Number(port), ip);
		};
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

	/** The requests that it received, each once. */
	requests(method)
	{
		const seen = new Set();

		return this.messages.filter((m) => !m.sent &&
			m.method === method && !seen.has(m.headers.via) &&
			seen.add(m.headers.via));
	}

	take(message)
	{
		this.messages.add({ sent: false, ...message });

		if (message.status)
			this.takeResponse(message);
		else
			this.takeRequest(message);
	}

	takeResponse(response)
	{
		const [, branch] = /branch=([^;,]+)/
			.exec(response.headers.via) ?? [];
		const transaction = this.waiting.get(branch);

		if (!transaction)
			return;
		if (response.status < 200) {
			transaction.provisional = true;
			return;
		}

		/* The peer repeats its answer if it has not seen the ACK. */
		if (transaction.response && this.acknowledged)
			this.request('ACK', { cseq: this.acknowledged });

		transaction.response = response;
		transaction.resolve();
	}

	takeRequest(request)
	{
		const { method } = request;
		const key = keyOf(request);

		if (method === 'ACK')
			return;
		if (this.answered.has(key)) {
			if (this.answered.get(key))
				this.send(this.answered.get(key));
			return;
		}

		this.answered.set(key, null);
		this.peerTag ??= tagOf(request.headers.from);
		this.target ??= /<([^>]+)>/.exec(request.headers.contact)?.[1];

		if (this.handlers[method])
			this.handlers[method](this, request);
		else if (method === 'INVITE')
			this.accept(request);
		else
			this.answer(request, 200, 'OK');
	}

	/** Calls the gateway, with more headers; its final response. */
	async invite(headers = {})
	{
		const branch = `z9hG4bK${token()}`;
		const { cseq } = this;
		const response = await this.request('INVITE', {
			headers: { 'Allow': ALLOW,
				'Content-Type': 'application/sdp', ...headers },
			body: this.sdp(), cseq, branch });

		/* a call that still rings at the end of its test */
		if (!response)
			return { status: 0 };

		this.peerTag = tagOf(response.headers.to);
		if (response.status !== 200) {
			this.request('ACK', { cseq, branch });
			return response;
		}

		this.target = /<([^>]+)>/.exec(response.headers.contact)[1];
		this.acknowledged = cseq;
		this.request('ACK', { cseq });

		return response;
	}
}


/**
 * A far end with an address of its own, and any number of calls.
 *
 * `transport` is `UDP`; with `TCP` or `TLS` it connects to the gateway, and has
 * the port of that connection. `handlers` holds functions of a leg and
 * a request, by method. Without one, the far end accepts an INVITE and answers
 * any other request with 200. `uri` is the URI of its From, `name` the display
 * name, `contact` the URI of its Contact.
 */
export class Far {
	static async start(s, { transport = 'UDP', ip = '10.77.0.40',
		port = 5060, to = ['10.77.0.1', 5060], handlers = {},
		uri = `sip:far@${hostOf(ip)}`, name = '', contact } = {})
	{
		const f = new Far();

		f.transport = transport;
		f.ip = ip;
		f.uri = uri;
		f.name = name;
		f.handlers = handlers;
		f.peer = [to[1], to[0]];
		f.legs = new Map();
		f.calls = new Journal('far end');
		f.process = { name: 'far end', log: f.calls, alive: true,
			kill: () => f.kill() };
		f.port = await f.open(port);
		f.host = `${hostOf(ip)}:${f.port}`;
		f.contact = contact ?? `sip:far@${f.host}` +
			(transport === 'UDP' ? '' :
				`;transport=${transport.toLowerCase()}`);

		return s.join(f);
	}

	/* Its port */
	async open(port)
	{
		const [peerPort, address] = this.peer;
		const handler = (data, from) =>
			this.take(parse(data.toString('latin1')), from);

		if (this.transport === 'UDP') {
			this.socket = await open(this.ip, port, handler);
			return port;
		}

		this.socket = await connectSip(this.transport,
			{ ip: this.ip, port: peerPort, address }, handler);

		return this.socket.port;
	}

	async leg(id, remote)
	{
		const leg = new Leg(this, id, this.uri, remote);

		this.legs.set(id, leg);
		await leg.openMedia();

		return leg;
	}

	/** Removes a call that has ended. */
	forget(leg)
	{
		if (this.legs.delete(leg.id))
			leg.socket.close();
	}

	/** A call to the gateway that rings; `leg.response` is its answer. */
	async ring(headers, user = 'gw')
	{
		const leg = await this.leg(token(),
			`sip:${user}@${hostOf(this.peer[1])}`);

		leg.response = leg.invite(headers);

		return leg;
	}

	/** A call to the gateway that it has answered. */
	async call(headers)
	{
		const leg = await this.ring(headers);
		const { status } = await leg.response;

		if (status !== 200)
			throw new Error(`INVITE: ${status}`);

		return leg;
	}

	/** The next incoming call. */
	async incoming(options)
	{
		const { leg } = await this.calls.wait((c) => c.leg, 'call',
			options);

		return leg;
	}

	async take(message, from)
	{
		const id = message.headers['call-id'];
		let leg = this.legs.get(id);

		if (!leg && message.method === 'INVITE') {
			leg = await this.leg(id,
				/<([^>]+)>/.exec(message.headers.from)[1]);
			if (from)
				leg.peer = [from.port, from.address];
			this.calls.add({ leg, toString: () => `call ${id}` });
		}

		leg?.take(message);
	}

	async kill()
	{
		if (this.closed)
			return;

		this.closed = true;
		this.process.alive = false;
		this.socket.close();
		for (const leg of this.legs.values())
			leg.socket.close();
	}
}
