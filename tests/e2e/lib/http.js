/**
 * @file http.js  Requests with each header under control of the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { request as plain } from 'node:http';
import { request as secure } from 'node:https';


/**
 * Send a request, also with headers that fetch() refuses to send
 *
 * @return `status`, `headers`, `text`
 */
export function http(url, { method = 'GET', headers = {}, body, ...options }
	= {})
{
	const length = body === undefined ? {} :
		{ 'content-length': Buffer.byteLength(body) };
	const request = `${url}`.startsWith('https:') ? secure : plain;

	return new Promise((resolve, reject) => {
		const q = request(url, { method, agent: false, ...options,
			headers: { ...length, ...headers } }, async (a) => {
			let text = '';

			for await (const piece of a)
				text += piece;
			resolve({ status: a.statusCode, text,
				headers: a.headers });
		});

		q.on('error', reject);
		q.on('upgrade', (a, socket) => {
			socket.destroy();
			resolve({ status: a.statusCode, text: '',
				headers: a.headers });
		});
		q.end(body);
	});
}


/** The status of the answer to an attempt to open a WebSocket. */
export async function upgrade(url, headers = {})
{
	const { status } = await http(`${url}`.replace(/^ws/, 'http'), {
		headers: { Connection: 'Upgrade', Upgrade: 'websocket',
			'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
			...headers } });

	return status;
}
