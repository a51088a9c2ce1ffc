/**
 * @file hep.js  A receiver of HEP3, written to HOMER's published format
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';

const HEAD = 6;

/* Chunks of vendor 0, by their type */
const CHUNKS = {
	1: (m, b) => { m.family = b.readUInt8(); },
	2: (m, b) => { m.protocol = b.readUInt8(); },
	3: (m, b) => { m.source = b.join('.'); },
	4: (m, b) => { m.target = b.join('.'); },
	5: (m, b) => { m.source = b.toString('hex'); },
	6: (m, b) => { m.target = b.toString('hex'); },
	7: (m, b) => { m.sourcePort = b.readUInt16BE(); },
	8: (m, b) => { m.targetPort = b.readUInt16BE(); },
	9: (m, b) => { m.seconds = b.readUInt32BE(); },
	10: (m, b) => { m.microseconds = b.readUInt32BE(); },
	11: (m, b) => { m.kind = b.readUInt8(); },
	12: (m, b) => { m.id = b.readUInt32BE(); },
	15: (m, b) => { m.payload = b; },
	17: (m, b) => { m.correlation = b.toString(); },
};


function decode(data)
{
	const m = {};

	assert.equal(data.toString('latin1', 0, 4), 'HEP3');
	assert.equal(data.readUInt16BE(4), data.length);

	for (let at = HEAD; at < data.length;) {
		const length = data.readUInt16BE(at + 4);

		assert.ok(length >= HEAD && at + length <= data.length);
		assert.equal(data.readUInt16BE(at), 0);
		CHUNKS[data.readUInt16BE(at + 2)](m,
			data.subarray(at + HEAD, at + length));
		at += length;
	}

	m.from = `${m.source}:${m.sourcePort}`;
	m.to = `${m.target}:${m.targetPort}`;
	m.time = m.seconds * 1000 + m.microseconds / 1000;

	return m;
}


/** Decodes the packets into `messages`; an invalid one fails the test. */
export class Collector {
	static async start(s)
	{
		const c = new Collector();

		c.messages = [];
		c.socket = createSocket('udp6');
		c.socket.on('message', (data) => c.messages.push(decode(data)));
		await new Promise((resolve) =>
			c.socket.bind(0, '::', resolve));
		c.port = c.socket.address().port;
		c.process = { name: 'HOMER', log: { items: [] }, alive: true,
			kill: () => c.kill() };

		return s.join(c);
	}

	async kill()
	{
		if (this.process.alive)
			this.socket.close();
		this.process.alive = false;
	}
}
