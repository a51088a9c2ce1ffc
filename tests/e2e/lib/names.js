/**
 * @file names.js  A name server with the names that a test sets
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { Journal } from './journal.js';

const HEADER = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;

export const NO_NAMES = 'this system has no /etc/hosts or /etc/resolv.conf';


/* The first question of a query: the name, its type, and the bytes. */
function question(query)
{
	const labels = [];
	let at = HEADER;

	while (query[at]) {
		labels.push(query.toString('latin1', at + 1,
			at + 1 + query[at]));
		at += 1 + query[at];
	}

	return { name: labels.join('.'), type: query.readUInt16BE(at + 1),
		bytes: query.subarray(HEADER, at + 5) };
}


function bytesOf(address)
{
	if (!address.includes(':'))
		return address.split('.').map(Number);

	const [head, tail] = address.split('::').map((half) => half.split(':')
		.filter(Boolean).map((group) => parseInt(group, 16)));
	const gap = Array(8 - head.length - tail.length).fill(0);

	return [...head, ...gap, ...tail].flatMap((g) => [g >> 8, g & 255]);
}


/* RFC 1035 section 4.1.3; the name is a pointer to that of the question */
function record(address)
{
	const bytes = bytesOf(address);
	const type = bytes.length === 4 ? TYPE_A : TYPE_AAAA;

	return Buffer.from([0xc0, HEADER, 0, type, 0, 1, 0, 0, 0, 0,
		0, bytes.length, ...bytes]);
}


function answer(query, addresses)
{
	const { type, bytes } = question(query);
	const records = (addresses ?? []).filter((address) => type ===
		(address.includes(':') ? TYPE_AAAA : TYPE_A)).map(record);
	const header = Buffer.from(query.subarray(0, HEADER));

	header.writeUInt16BE(addresses ? 0x8180 : 0x8180 | NAME_ERROR, 2);
	header.writeUInt16BE(1, 4);
	header.writeUInt16BE(records.length, 6);
	header.writeUInt32BE(0, 8);

	return Buffer.concat([header, bytes, ...records]);
}


/**
 * The name server of the private network. `names` holds the addresses of each
 * name. A name that is not in it does not exist; a name with null gets no
 * answer. `questions` holds the names in the queries.
 */
export class Names {
	static async start(s, names)
	{
		const n = new Names();

		n.questions = new Journal('names');
		n.socket = createSocket('udp4');
		n.process = { name: 'names', log: n.questions, alive: true,
			kill: () => n.kill() };
		n.socket.on('message', (query, from) => {
			const { name } = question(query);
			const reply = answer(query, names[name]);

			n.questions.add(name);
			if (names[name] !== null)
				n.socket.send(reply, from.port, from.address);
		});
		await new Promise((resolve, reject) => {
			n.socket.on('error', reject);
			n.socket.bind(53, '127.0.0.1', resolve);
		});

		return s.join(n);
	}

	async kill()
	{
		if (this.process.alive)
			this.socket.close();
		this.process.alive = false;
	}
}


/** Whether the private network has a name service: see in-netns. */
export async function usable()
{
	const probe = createSocket('udp4');

	try {
		await new Promise((resolve, reject) => {
			probe.on('error', reject);
			probe.bind(53, '127.0.0.1', resolve);
		});
		probe.on('message', (query, from) => probe.send(
			answer(query, ['127.0.0.1']), from.port, from.address));

		await lookup('localhost');

		return (await lookup('probe.test', { family: 4 })).address ===
			'127.0.0.1';
	} catch {
		return false;
	} finally {
		probe.close();
	}
}
