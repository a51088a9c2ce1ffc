/**
 * @file raw.js  Connections that a test drives byte by byte
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { http } from './http.js';

export const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: localhost\r\n' +
	'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
	'Sec-WebSocket-Version: 13\r\n' +
	'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';


/** The address at which a referd listens. */
export function portOf(referd)
{
	const { hostname: host, port } = new URL(referd.http);

	return { host, port };
}


/** A connection; `text` is the received text, `over` the time in ms until its
 * end, `told` resolves when it has received something. */
export function raw(where, ...texts)
{
	const socket = connect(where);
	const begun = Date.now();

	socket.text = '';
	socket.told = new Promise((resolve) => socket.once('data', resolve));
	socket.on('data', (data) => { socket.text += data.toString('latin1'); });
	socket.on('error', () => {});
	socket.over = new Promise((resolve) =>
		socket.on('close', () => resolve(Date.now() - begun)));
	for (const text of texts)
		socket.write(text);

	return socket;
}


/** Sends a text byte by byte, as long as the peer keeps the connection. */
export function dribble(socket, text, ms = 200)
{
	let i = 0;
	const timer = setInterval(() => socket.write(text[i++ % text.length]),
		ms);

	socket.on('close', () => clearInterval(timer));

	return socket;
}


/** A number of /metrics. */
export async function gauge(referd, name)
{
	const { text } = await http(`${referd.http}/metrics`);

	return Number(text.split('\n').find((l) => l.startsWith(`${name} `))
		.slice(name.length));
}


/** Waits for a state that only repeated queries can show. */
export async function until(condition)
{
	for (let i = 0; !await condition(); i++) {
		assert.ok(i < 600, `${condition}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
