/**
 * @file log.js  The reports of a bot to the test: one JSON object per line
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readFileSync } from 'node:fs';
import { createServer as http } from 'node:http';
import { createServer as https } from 'node:https';


export function log(event, data = {})
{
	process.stdout.write(JSON.stringify({ event, ...data }) + '\n');
}


/** The options of the test for the bot: its only argument. */
export const wish = { port: 0, targets: ['100', '200'], file: 'sorry.wav',
	...JSON.parse(process.argv[2] ?? '{}') };


/** Blocks the process for so many milliseconds. */
export function pause(ms)
{
	if (ms)
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}


/** A server for WebSockets, with TLS if there is a certificate. */
export function server()
{
	if (!wish.certificate)
		return http();

	const pem = readFileSync(wish.certificate);

	return https({ key: pem, cert: pem });
}


/** Reports the address of the bot once its server listens. */
export function listen(server)
{
	server.listen(wish.port, wish.ip ?? '127.0.0.1', () =>
		log('listening', { port: server.address().port }));
}
