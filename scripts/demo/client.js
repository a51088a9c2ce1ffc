/**
 * @file client.js  A WebSocket client for the command line
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * `client.js URL [MESSAGE]...` sends each message, then each line of standard
 * input, and prints what it receives, until Ctrl-C or referd ends it.
 */

import { createInterface } from 'node:readline';
import { Client } from '../../tests/e2e/lib/client.js';

const [url, ...messages] = process.argv.slice(2);

if (!url) {
	console.error('usage: client.js URL [MESSAGE]...');
	process.exit(2);
}

try {
	const client = await Client.connect(url, {
		handler: (m) => console.log(JSON.stringify(m)) });

	for (const message of messages)
		client.send(message);
	createInterface({ input: process.stdin })
		.on('line', (line) => line.trim() && client.send(line));
	await client.messages.wait(() => false, 'end',
		{ timeout: 2 ** 31 - 1 });
}
catch (err) {
	console.error(`client.js: ${err.message.split('\n')[0]}`);
	process.exit(1);
}
