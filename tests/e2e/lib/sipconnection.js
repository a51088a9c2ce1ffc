/**
 * @file sipconnection.js  SIP messages over TCP or TLS
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { connect as connectTcp, isIPv6 } from 'node:net';
import { connect as connectTls } from 'node:tls';

const END = '\r\n\r\n';


/** An address as it stands in a URI. */
export function hostOf(ip)
{
	return isIPv6(ip) ? `[${ip}]` : ip;
}


/* Cuts what comes into messages: RFC 3261 section 18.3 */
class Framer {
	constructor(handler)
	{
		this.handler = handler;
		this.text = '';
	}

	feed(data)
	{
		this.text = (this.text + data.toString('latin1'))
			.replace(/^[\r\n]+/, '');

		const head = this.text.indexOf(END);
		if (head < 0)
			return;

		const [, size] = /^(?:Content-Length|l) *: *(\d+)/im
			.exec(this.text.slice(0, head));
		const end = head + END.length + Number(size);
		if (this.text.length < end)
			return;

		const message = this.text.slice(0, end);

		this.text = this.text.slice(end);
		this.handler(message);
		this.feed('');
	}
}


/**
 * Connect to a SIP server
 *
 * @param transport `TCP` or `TLS`
 * @param ends      `ip`: own address; `address`, `port`: those of the server
 * @param handler   Function of each message that comes
 *
 * @return `port` of this end; `send` a message; `close`
 */
export async function connectSip(transport, { ip, port, address }, handler)
{
	const options = { host: address, port, localAddress: ip };
	const framer = new Framer(handler);
	const socket = transport === 'TLS' ?
		connectTls({ ...options, rejectUnauthorized: false }) :
		connectTcp(options);

	socket.on('data', (data) => framer.feed(data));
	await new Promise((resolve, reject) => {
		socket.on('error', reject);
		socket.on(transport === 'TLS' ? 'secureConnect' : 'connect',
			resolve);
	});

	return { port: socket.localPort, send: (text) => socket.write(text),
		close: () => socket.destroy() };
}
