/**
 * @file link.test.js  Bytes from the network do not end the link
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Far } from './lib/far.js';
import { GATEWAY, scene } from './lib/scene.js';

const MARK = '\u2026';


/* A call by TCP, for its large SIP messages; returns the answered socket */
async function tcpCall({ id = 'c1', name = '', headers = [] })
{
	const socket = connect(5060, GATEWAY);
	const sdp = ['v=0', 'o=far 1 1 IN IP4 10.77.0.9', 's=-',
		'c=IN IP4 10.77.0.9', 't=0 0', 'm=audio 9000 RTP/AVP 0',
		'a=rtpmap:0 PCMU/8000', ''].join('\r\n');
	const { localAddress: ip, localPort: port } =
		await new Promise((resolve) =>
			socket.on('connect', () => resolve(socket)));

	socket.text = '';
	socket.setEncoding('latin1');
	socket.write([`INVITE sip:gw@${GATEWAY} SIP/2.0`,
		`Via: SIP/2.0/TCP ${ip}:${port};branch=z9hG4bK${port}`,
		`From: ${name}<sip:far@${ip}>;tag=a`, `To: <sip:gw@${GATEWAY}>`,
		`Call-ID: ${id}`, 'CSeq: 1 INVITE', 'Max-Forwards: 70',
		`Contact: <sip:far@${ip}:${port};transport=tcp>`, ...headers,
		'Content-Type: application/sdp',
		`Content-Length: ${sdp.length}`, '', sdp].join('\r\n'));
	await new Promise((resolve, reject) => {
		socket.on('data', (text) => {
			socket.text += text;
			if (socket.text.includes('SIP/2.0 200'))
				resolve();
		});
		socket.on('close', () => reject(new Error(socket.text)));
		socket.on('error', reject);
	});

	return socket;
}


for (const [what, invite, check] of [
	['a display name of 40,000 backslashes',
		{ name: `"${'\\'.repeat(40_000)}" ` }, (data) =>
			assert.ok(data.caller_name.endsWith(MARK))],
	['a Call-ID of 40,000 quotes', { id: '"'.repeat(40_000) }, (data) =>
		assert.equal(data.call_id, '"'.repeat(510) + MARK)],
	['header fields of 40,000 quotes', { headers: [
		`X-Large: ${'"'.repeat(40_000)}`, 'X-Small: 1'] }, (data) => {
		assert.equal(data.sip.headers['X-Small'], '1');
		assert.equal(data.sip.headers['X-Large'],
			'"'.repeat(128) + MARK);
	}]]) {
	scene(`${what}: it is cut, and all others go on`, async (s) => {
		const { client } = await s.control();
		const far = await Far.start(s);

		await far.call();
		const { call_sid } = await client.message('session:new');
		const from = client.now;
		const socket = await tcpCall(invite);
		const { data } = await client.messages.wait((m) =>
			m.type === 'session:new' && m.call_sid !== call_sid,
		'session:new', { from });

		check(data);
		client.send({ verb: 'sip:refer', dryRun: true, msgid: 'a',
			referTo: '1', call_sid });
		await client.message('ack', { msgid: 'a' });
		assert.ok(client.all('node:status')
			.every((m) => m.data.connected));
		socket.destroy();
	});
}


scene('a REFER that would be overlong is refused, and nothing is sent',
	async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s);
	const leg = await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	const refer = (count) => client.send({ verb: 'sip:refer', call_sid,
		referTo: '1', targetHeaders: Object.fromEntries(Array.from(
			{ length: count }, (_, i) =>
				[`X-${i}`, '\u00fc'.repeat(1000)])) });

	refer(6);
	const { data } = await client.message('jambonz:error');

	assert.match(data.error, /targetHeaders must be shorter: .*32768/);
	assert.equal(data.field, 'targetHeaders');
	assert.equal(leg.requests('REFER').length, 0);
	assert.ok(client.all('node:status').every((m) => m.data.connected));
	client.send({ verb: 'sip:refer', dryRun: true, msgid: 'a',
		referTo: '1', call_sid });
	await client.message('ack', { msgid: 'a' });
});


scene('the clock is set back by an hour: a call has had its few seconds',
	async (s) => {
	const clock = join(s.dir, 'clock');

	writeFileSync(clock, '0');
	const { client } = await s.control({ gateway: { clock } });
	const far = await Far.start(s);

	await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	writeFileSync(clock, '-3600');
	client.send({ verb: 'hangup', call_sid });
	const { data } = await client.message('call:status',
		{ call_status: 'completed' });

	assert.ok(data.duration < 60, `${data.duration}`);
});
