/**
 * @file packets.js  The capture of a transfer, as decoded by Wireshark
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.js';

const FIELDS = ['frame.time_epoch', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst',
	'udp.srcport', 'udp.dstport', 'sip.Method', 'sip.Status-Code',
	'sip.CSeq.method', 'sip.Call-ID', 'frame.comment', 'udp.payload',
	'ip.checksum.status', 'udp.checksum.status'];

let files = 0;


/** The answer to a GET: status, headers, and the bytes. */
export async function getCapture(referd, id, query = '', options)
{
	const response = await fetch(
		`${referd.http}/transfers/${id}.pcapng${query}`, options);

	return { status: response.status, headers: response.headers,
		bytes: Buffer.from(await response.arrayBuffer()) };
}


/** The packets of a file; fails if tshark finds a fault in one of them. */
export function dissect(path)
{
	const text = execFileSync('tshark', ['-r', path, '-n', '-T', 'json',
		'-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE',
		...FIELDS.flatMap((f) => ['-e', f])],
		{ stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });

	return JSON.parse(text).map(({ _source: { layers: l } }) => {
		const one = (name) => l[name]?.[0];

		assert.equal(one('udp.checksum.status'), '1',
			JSON.stringify(l));
		if (one('ip.src'))
			assert.equal(one('ip.checksum.status'), '1');

		return {
			time: Number(one('frame.time_epoch')) * 1000,
			from: `${one('ip.src') ?? one('ipv6.src')}:` +
				one('udp.srcport'),
			to: `${one('ip.dst') ?? one('ipv6.dst')}:` +
				one('udp.dstport'),
			method: one('sip.Method'),
			status: Number(one('sip.Status-Code')) || undefined,
			of: one('sip.CSeq.method'),
			callId: one('sip.Call-ID'),
			comment: one('frame.comment'),
			payload: Buffer.from((one('udp.payload') ?? '')
				.replace(/:/g, ''), 'hex'),
		};
	});
}


/** The packets of a transfer, once they match the expectation. */
export async function packetsOf(s, referd, id, is = () => true, query = '')
{
	let packets;

	await until(async () => {
		const { status, bytes } = await getCapture(referd, id, query);

		if (status !== 200)
			return false;

		const path = join(s.dir, `${files++}.pcapng`);

		writeFileSync(path, bytes);
		packets = dissect(path);
		packets.path = path;

		return is(packets);
	}, `packets of transfer ${id}`);

	return packets;
}


/** A packet in one or two words. */
export function word({ method, status, of })
{
	return method ?? `${status} ${of}`;
}


/** The SIP messages of a far end, each as [sent by the gateway, bytes]. */
export function ofFar({ messages })
{
	return messages.filter(() => true).map((m) =>
		[!m.sent, Buffer.from(m.text, 'latin1').toString('hex')]);
}


/** The same of packets. */
export function ofGateway(packets, ip = '10.77.0.1')
{
	return packets.map((p) =>
		[p.from.startsWith(`${ip}:`), p.payload.toString('hex')]);
}
