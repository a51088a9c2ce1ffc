/**
 * @file capture.test.js  A transfer as a capture, and its messages for HOMER
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { answers, parties } from './lib/attempts.js';
import { certificate } from './lib/certificate.js';
import { Far } from './lib/far.js';
import { Collector } from './lib/hep.js';
import { Kamailio, whyNoKamailio } from './lib/kamailio.js';
import { Node } from './lib/node.js';
import { dissect, getCapture, ofFar, ofGateway, packetsOf, word }
	from './lib/packets.js';
import { Referctl } from './lib/referctl.js';
import { scene } from './lib/scene.js';
import { hostOf } from './lib/sipconnection.js';
import { until } from './lib/until.js';

const KEPT = { daemon: 'its baresip would start anew with it' };

/* A transfer that succeeds, from INVITE to BYE, as the gateway sees it */
const STORY = ['INVITE', '200 INVITE', 'ACK', 'REFER',
	'202 REFER', 'NOTIFY', '200 NOTIFY', 'NOTIFY', '200 NOTIFY', 'BYE',
	'200 BYE'];


/* The end of a transfer of a call */
function ended(client, sid)
{
	return client.message('transfer:status',
		{ call_sid: sid, step: 'ended' }).then(({ data }) => data);
}


function isOver(packets)
{
	return packets.some((p) => word(p) === '200 BYE');
}


scene('a transfer is a capture: byte for byte, with its steps', async (s) => {
	const { client, referd, call } = await parties(s);
	const before = Date.now();
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });
	const { transfer_id: id } = await ended(client, sid);
	await leg.received('BYE');

	const packets = await packetsOf(s, referd, id, isOver);
	const far = `${leg.far.ip}:5060`;

	assert.deepEqual(packets.map(word)
		.filter((w) => !/^1\d\d INVITE$/.test(w)), STORY);
	assert.deepEqual(ofGateway(packets).sort(), ofFar(leg).sort());

	for (const p of packets) {
		assert.deepEqual([p.from, p.to].sort(),
			['10.77.0.1:5060', far].sort());
		assert.equal(p.callId, leg.id);
		assert.ok(p.time >= before - 1 && p.time <= Date.now() + 1);
		assert.ok(p.comment);
	}
	assert.deepEqual(packets.map((p) => p.comment)
		.filter((c) => c.startsWith('transfer:status')), [
		'transfer:status requested: REFER sent',
		'transfer:status accepted: REFER answered 202',
		'transfer:status progress: NOTIFY received: 180 Ringing',
		'transfer:status ended: NOTIFY received: 200 OK']);
	assert.equal(packets[0].comment, 'INVITE received');
	assert.equal(packets.at(-1).comment, 'BYE answered 200');

	/* sngrep must read the file, too */
	execFileSync('sngrep', ['-N', '-q', '-I', packets.path],
		{ env: { ...process.env, TERM: 'xterm' } });
});


scene('a file has a name and its own type, and observers may have it',
	async (s) => {
	const { client, referd, call } = await parties(s);
	const { sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: 'refuse' });

	const { transfer_id: id } = await ended(client, sid);

	await packetsOf(s, referd, id);

	const { headers, bytes } = await getCapture(referd, id);

	assert.equal(headers.get('content-type'), 'application/x-pcapng');
	assert.equal(headers.get('content-disposition'),
		`attachment; filename="transfer-${id}.pcapng"`);
	assert.equal(Number(headers.get('content-length')), bytes.length);
	assert.equal(bytes.readUInt32LE(0), 0x0a0d0d0a);
});


scene('masked, a capture has no number but its last digits, and its lengths',
	async (s) => {
	const far = await Far.start(s, { handlers: { REFER: answers },
		uri: 'sip:+49301234567@10.77.0.40',
		contact: 'sip:+49301234567@10.77.0.40:5060' });
	const { client, referd } = await s.control();
	const leg = await far.call();
	const { call_sid: sid } = await client.message('session:new');

	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });
	client.send({ verb: 'sip:refer', call_sid: sid,
		referTo: 'sip:200-98765432@10.77.0.40', headers: {
			'X-Number': '+49 40 7654321' } });

	const { transfer_id: id } = await ended(client, sid);
	const plain = await packetsOf(s, referd, id, isOver);
	const masked = await packetsOf(s, referd, id, isOver, '?mask=yes');

	assert.deepEqual(masked.map((p) => [word(p), p.time, p.from, p.to,
		p.payload.length, p.callId]), plain.map((p) => [word(p), p.time,
		p.from, p.to, p.payload.length, leg.id]));

	const texts = masked.map((p) => p.payload.toString('latin1')).join('');

	assert.doesNotMatch(texts, /301234567|98765432|7654321/);
	assert.match(texts, /sip:\+\*{8}567@10\.77\.0\.40/);
	assert.match(texts, /X-Number: \+\*\* \*\* \*{4}321\r\n/);
	assert.match(texts, /c=IN IP4 10\.77\.0\.40\r\n/);
});


scene('the targets of one verb are in one file', async (s) => {
	const { client, referd, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, actionHook: '/action',
		referTo: ['refuse', '486', '200'] });

	const { data } = await client.message('verb:hook',
		{ hook: '/action' });

	await leg.received('BYE');

	const files = [];

	for (const { transfer_id: id } of data.attempts)
		files.push(await packetsOf(s, referd, id, isOver));

	for (const packets of files) {
		assert.deepEqual(ofGateway(packets).sort(), ofFar(leg).sort());
		assert.deepEqual(packets.filter((p) => p.method === 'REFER')
			.map((p) => p.comment), [1, 2, 3].map((n) =>
			'transfer:status requested: REFER sent; attempt ' +
			`${n} of 3`));
	}
});


scene('a second transfer of a call begins with the call, too', async (s) => {
	const { client, referd, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: 'refuse' });
	await ended(client, sid);
	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { data } = await client.message('transfer:status',
		{ call_sid: sid, step: 'ended', outcome: 'transferred' });
	const packets = await packetsOf(s, referd, data.transfer_id, isOver);

	assert.deepEqual(packets.map(word)
		.filter((w) => !/^1\d\d INVITE$/.test(w)), STORY);
	assert.equal(leg.requests('REFER').length, 2);
});


scene('what was reported survives a kill of referd', async (s) => {
	const { client, referd, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);
	const before = await packetsOf(s, referd, id, isOver);

	await referd.kill();
	await referd.run();

	const after = await packetsOf(s, referd, id, isOver);

	assert.deepEqual(ofGateway(after), ofGateway(before));
	assert.deepEqual(ofGateway(after).sort(), ofFar(leg).sort());
}, KEPT);


scene('what a password gave is not kept, and its length is', async (s) => {
	const challenge = 'Digest realm="far", nonce="abc", algorithm=MD5';
	const far = await Far.start(s, { handlers: {
		REFER: (leg, refer) => refer.headers.authorization ?
			answers(leg, refer) :
			leg.answer(refer, 401, 'Unauthorized',
				{ 'WWW-Authenticate': challenge }) } });
	const { client, referd } = await s.control({ gateway: {
		account: ';answermode=auto;auth_user=gw;auth_pass=secret' } });
	const leg = await far.call();
	const { call_sid: sid } = await client.message('session:new');

	await client.message('call:status',
		{ call_sid: sid, call_status: 'in-progress' });
	client.send({ verb: 'sip:refer', call_sid: sid,
		referTo: 'sip:200@10.77.0.40' });

	const { transfer_id: id } = await ended(client, sid);
	const packets = await packetsOf(s, referd, id, isOver);
	const kept = packets.map((p) => p.payload.toString('latin1'))
		.find((t) => /^Authorization:/m.test(t));
	const sent = leg.messages
		.filter((m) => m.headers.authorization)[0].text;

	assert.match(kept, /username="gw"/);
	assert.match(kept, /response="x{32}"/);
	assert.equal(kept.replace(/response="x*"/, ''),
		sent.replace(/response="[^"]*"/, ''));
	assert.equal(kept.length, sent.length);
});


scene('without captures nothing is kept, and transfers go on', async (s) => {
	const { client, referd, call } = await parties(s, { gateway: {
		config: { sip_refer_capture: 'no' } } });
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);

	await leg.received('BYE');
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });

	const { status, bytes } = await getCapture(referd, id);

	assert.equal(status, 404);
	assert.deepEqual(JSON.parse(bytes),
		{ error: 'The history has no SIP message of this transfer' });
});


scene('what is asked for in another way is answered in a sentence',
	async (s) => {
	const { referd } = await s.control();
	const { status, headers, bytes } = await getCapture(referd, 'none');

	assert.equal(status, 404);
	assert.equal(headers.get('content-type'), 'application/json');
	assert.deepEqual(JSON.parse(bytes),
		{ error: 'The history has no transfer none' });

	const wrong = await getCapture(referd, 'none', '?mask=1');

	assert.equal(wrong.status, 400);
	assert.deepEqual(JSON.parse(wrong.bytes),
		{ error: 'mask must be yes or no', field: 'mask' });
});


/* Each transport of baresip 1.x, with the address of the gateway */
const TRANSPORTS = [
	['UDP', '10.77.0.1', 5060],
	['UDP', 'fd77::1', 5060],
	['TCP', '10.77.0.1', 5060],
	['TCP', 'fd77::1', 5060],
	['TLS', '10.77.0.1', 5061],
	['TLS', 'fd77::1', 5061],
];

for (const [transport, ip, port] of TRANSPORTS) {
	scene(`over ${transport} from ${ip}: one packet for each message`,
		async (s) => {
		const v6 = isIPv6(ip);
		const { client, referd, call, far } = await parties(s, {
			far: { transport, to: [ip, port],
				ip: v6 ? 'fd77::40' : '10.77.0.40' },
			gateway: { ip: hostOf(ip), config: {
				prefer_ipv6: v6 ? 'yes' : 'no',
				sip_certificate: certificate(s.dir) } } });
		const { leg, sid } = await call();

		client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

		const { transfer_id: id } = await ended(client, sid);

		await leg.received('BYE');

		const packets = await packetsOf(s, referd, id, isOver);
		const ends = [`${ip}:${port}`, `${far.ip}:${far.port}`];

		assert.deepEqual(ofGateway(packets, ip).sort(),
			ofFar(leg).sort());
		for (const p of packets) {
			const sent = p.from === ends[0];

			assert.deepEqual([p.from, p.to],
				sent ? ends : [...ends].reverse());
			assert.equal(p.callId, leg.id);
			assert.equal(/; over (.*)$/.exec(p.comment)?.[1] ?? 'UDP',
				transport);
		}
	});
}


scene('baresip prints each message, too, if it is asked to', async (s) => {
	const { client, referd, call, gateway } = await parties(s,
		{ gateway: { trace: true } });
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);
	const packets = await packetsOf(s, referd, id, isOver);
	const printed = () => gateway.process.log.items.join('\n')
		.replace(/\r/g, '');

	assert.deepEqual(ofGateway(packets).sort(), ofFar(leg).sort());
	for (const p of packets) {
		const text = `UDP ${p.from} -> ${p.to}\n${p.payload}`
			.replace(/\r/g, '');

		await until(() => printed().includes(text), word(p));
	}
});


scene('over TCP a message is one packet, however its bytes come',
	async (s) => {
	const { client, referd, call, far } = await parties(s,
		{ far: { transport: 'TCP' } });
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: 'rings' });

	const { data } = await client.message('transfer:status',
		{ call_sid: sid, step: 'progress' });
	const { send } = far.socket;
	let text = '';

	far.socket.send = (more) => {
		text += more;
	};

	const asked = [1, 2, 3].map(() => leg.request('OPTIONS'));

	/* two, and the third in two pieces */
	send(text.slice(0, -100));
	await Promise.all(asked.slice(0, 2));
	send(text.slice(-100));
	await asked[2];
	far.socket.send = send;

	const packets = await packetsOf(s, referd, data.transfer_id, (all) =>
		all.filter((p) => word(p) === '200 OPTIONS').length === 3);

	assert.deepEqual(ofGateway(packets).sort(), ofFar(leg).sort());
});


scene('more messages than are kept: the last one says so', async (s) => {
	const { client, referd, call } = await parties(s);
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: 'rings' });

	const { data } = await client.message('transfer:status',
		{ call_sid: sid, step: 'progress' });

	for (let i = 0; i < 140; i++)
		await leg.request('OPTIONS');

	const packets = await packetsOf(s, referd, data.transfer_id,
		(p) => p.length === 256);

	assert.match(packets.at(-1).comment, new RegExp('; the capture ends ' +
		'here, as no more is kept of one transfer$'));
});


/* A referd whose only node is the test, and which knows one transfer */
async function nodeOf(s)
{
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket, 'gw');
	const call = node.call();

	s.join({ process: { name: 'node', alive: false, log: node.requests,
		kill: async () => node.disconnect() } });
	node.report({ type: 'call', event: 'new', call });
	node.report({ type: 'transfer', call_sid: call.sid,
		transfer_id: 'aa', ref: 'none', step: 'requested' });
	await client.message('transfer:status', { step: 'requested' });

	const capture = (packets, fields) => node.report({ type: 'capture',
		call_sid: call.sid, transfer_id: 'aa', packets, ...fields });

	return { referd, client, node, capture };
}


scene('what a node reports may be rubbish, too long, or of nobody',
	async (s) => {
	const { referd, capture } = await nodeOf(s);
	const packet = (text, more) => ({ us: 1e15, transport: 'UDP',
		from: '10.0.0.1:5060', to: '10.0.0.2:5060', text, ...more });
	const long = 'x'.repeat(60_000);

	capture([7, null, { text: 7 }, {}, [], packet('')]);
	capture('none');
	capture([packet('BYE sip:a SIP/2.0\n\n')],
		{ transfer_id: 'unknown' });
	capture([packet('BYE sip:a SIP/2.0\n\n',
		{ from: 'here', transport: '<b>' })]);
	for (let i = 0; i < 30; i++)
		capture([packet(`INFO sip:a SIP/2.0\n\n${long}`)]);

	const packets = await packetsOf(s, referd, 'aa', (all) =>
		/; the capture ends here, /.test(all.at(-1).comment));

	assert.equal((await getCapture(referd, 'unknown')).status, 404);
	assert.equal(packets[0].from, '0.0.0.0:0');
	assert.equal(packets[0].comment,
		'BYE received; an address is unknown');
	assert.ok(packets.length <= 19, `${packets.length}`);
}, { daemon: 'its node is a baresip' });


scene('what went by WebSocket is one packet for each message, too',
	async (s) => {
	const { referd, capture } = await nodeOf(s);
	const told = { us: 1e15, text: 'BYE sip:a SIP/2.0\n\n' };

	capture([
		{ ...told, transport: 'WS', sent: true, from: '10.0.0.1:50001',
			to: '10.0.0.2:80' },
		{ ...told, transport: 'WSS', from: '[fd00::2]:443',
			to: '[fd00::1]:50001' }]);

	const packets = await packetsOf(s, referd, 'aa', (p) => p.length > 1);

	assert.deepEqual(packets.map((p) => [p.from, p.to, p.comment]), [
		['10.0.0.1:50001', '10.0.0.2:80', 'BYE sent; over WS'],
		['fd00::2:443', 'fd00::1:50001', 'BYE received; over WSS']]);
	for (const p of packets)
		assert.equal(`${p.payload}`, 'BYE sip:a SIP/2.0\r\n\r\n');
}, { daemon: 'its node is a baresip' });


scene('a message of several datagrams is cut', async (s) => {
	const { referd, capture } = await nodeOf(s);
	const whole = Buffer.from(`INFO sip:a SIP/2.0\r\n\r\n${
		'x'.repeat(70_000)}`);
	const piece = (from, to) => ({ us: 1e15, transport: 'TCP',
		from: '[fd00::1]:5060', to: '[fd00::2]:40000', sent: true,
		more: to < whole.length,
		base64: whole.subarray(from, to).toString('base64') });

	capture([piece(0, 30_000)]);
	capture([piece(30_000, 60_000)]);
	capture([piece(60_000, whole.length)]);

	const [packet] = await packetsOf(s, referd, 'aa');

	assert.equal(packet.from, 'fd00::1:5060');
	assert.equal(packet.comment, 'INFO sent; over TCP; cut to 65507 of ' +
		`its ${whole.length} bytes`);
	assert.ok(packet.payload.equals(whole.subarray(0, 65_507)));
}, { daemon: 'its node is a baresip' });


scene('referctl writes a capture, or what is known, to a file', async (s) => {
	const { client, referd, call } = await parties(s);
	const { leg, sid } = await call();
	const ctl = (...args) => new Referctl(s, ['--url', referd.http,
		'export', ...args]).end();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);

	await packetsOf(s, referd, id, isOver);

	const file = join(s.dir, 'one.pcapng');

	assert.deepEqual(await ctl(id, '-o', file), { status: 0, text: '' });
	assert.deepEqual(ofGateway(dissect(file)).sort(), ofFar(leg).sort());

	await ctl(id, '--mask', '--output', file);
	assert.equal(dissect(file).length, ofFar(leg).length);

	const { text } = await ctl(id, '--format', 'json');

	assert.equal(JSON.parse(text).transfer.transfer_id, id);
	assert.deepEqual(await ctl('none'), { status: 1,
		text: 'referctl: The history has no transfer none' });
	assert.deepEqual(await ctl(id, '--format', 'text'), { status: 2,
		text: 'referctl: --format must be pcapng or json' });
	assert.deepEqual(await ctl(id, '--format', 'json', '--mask'),
		{ status: 2, text: 'referctl: --mask must be given with ' +
			'--format pcapng' });
});


scene('HOMER gets the same messages, by Call-ID', async (s) => {
	const homer = await Collector.start(s);
	const { client, referd, call } = await parties(s, { referd: { args: [
		'--hep', `127.0.0.1:${homer.port}`, '--hep-id', '2001'] } });
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);
	const packets = await packetsOf(s, referd, id, isOver);

	await until(() => homer.messages.length === packets.length,
		'messages at HOMER');
	assert.deepEqual(homer.messages.map((m) => m.payload.toString('hex')),
		packets.map((p) => p.payload.toString('hex')));
	for (const [i, m] of homer.messages.entries()) {
		const p = packets[i];

		assert.deepEqual({ family: m.family, protocol: m.protocol,
			from: m.from, to: m.to, kind: m.kind, id: m.id,
			correlation: m.correlation }, {
			family: 2, protocol: 17, from: p.from, to: p.to,
			kind: 1, id: 2001, correlation: leg.id });
		assert.ok(Math.abs(m.time - p.time) < 0.01);
	}

	const metrics = await (await fetch(`${referd.http}/metrics`)).text();

	assert.match(metrics, new RegExp(
		`referd_hep_packets_total{result="sent"} ${packets.length}\n`));
	assert.match(metrics,
		/referd_hep_packets_total{result="dropped"} 0\n/);
});


scene('numbers are hidden from HOMER; it may be named, and may not be there',
	async (s) => {
	const homer = await Collector.start(s);
	const { client, call } = await parties(s, { referd: { args: [
		'--hep', `localhost:${homer.port}`, '--hep-mask', 'yes'] } });
	const { sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid,
		referTo: 'sip:200-98765432@10.77.0.40' });
	await ended(client, sid);
	await until(() => homer.messages.some((m) =>
		/^REFER /.test(m.payload)), 'REFER at HOMER');

	const refer = homer.messages.find((m) => /^REFER /.test(m.payload));

	assert.doesNotMatch(`${refer.payload}`, /98765432/);
	assert.match(`${refer.payload}`,
		/Refer-To: <sip:\*{3}-\*{5}432@10\.77\.0\.40>/);
});


scene('what HOMER cannot get is counted, and nobody waits', async (s) => {
	const { client, referd, call } = await parties(s, { referd: { args: [
		'--hep', 'nowhere.invalid:9060'] } });
	const { sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });
	await ended(client, sid);
	await until(async () => /hep_packets_total{result="dropped"} [1-9]/
		.test(await (await fetch(`${referd.http}/metrics`)).text()),
	'dropped messages');
});


scene('an address of HOMER that is none keeps referd from starting',
	async (s) => {
	await assert.rejects(s.referd({ args: ['--hep', 'homer'] }),
		/ended with 1/);
}, { daemon: 'baresip goes on without it' });


scene('kamailio takes it for a capture of its own kind', async (s) => {
	const port = 9060;
	const homer = await Kamailio.start(s, port);
	const { client, referd, call } = await parties(s, { referd: { args: [
		'--hep', `127.0.0.1:${port}`] } });
	const { leg, sid } = await call();

	client.send({ verb: 'sip:refer', call_sid: sid, referTo: '200' });

	const { transfer_id: id } = await ended(client, sid);
	const packets = await packetsOf(s, referd, id, isOver);

	await until(() => homer.rows().length === packets.length,
		'rows of sip_capture');

	const rows = homer.rows();

	assert.deepEqual(rows.map((r) => [r.callid, r.correlation_id, r.node,
		`${r.source_ip}:${r.source_port}`,
		`${r.destination_ip}:${r.destination_port}`]),
	packets.map((p) => [leg.id, leg.id, 'homer:1', p.from, p.to]));
	assert.deepEqual(rows.map((r) => r.msg),
		packets.map((p) => p.payload.toString('latin1')));
}, { skip: whyNoKamailio });
