#!/bin/sh
#
# Kamailio's topology hiding masks Call-IDs, but not the one in the Replaces of a
# Refer-To, so that an attended transfer names a dialog that nobody knows.
#
# kamailio 5.6.3 (Debian 12, 5.6.3-2), module topoh, mask_callid 1. Needs node.
#
# RFC 3891, section 3: the Call-ID of Replaces has to be equal to that of a
# dialog of its receiver. B knows the call with A under a masked Call-ID. A's
# REFER gets to B in that dialog; but in its Refer-To, which names the same
# dialog (RFC 5589, section 7), the Call-ID is A's. (The module's README says
# that transfer "will be added"; it says nothing of what happens until then.)
# Seen by B:
#
#     Call-ID of the INVITE: masked
#     Call-ID of the REFER: masked
#     Call-ID in its Refer-To: A's own

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need node
from_debian kamailio=5.6.3-2

cat >try.js <<'END'
const { createSocket } = require('dgram');
const { once } = require('events');
const { spawn } = require('child_process');
const { writeFileSync } = require('fs');

const ip = '127.0.0.1';
const own = '3848276298220188511@a.example';
const here = process.cwd();

const open = async () => {
	const socket = createSocket('udp4').bind(0, ip);

	await once(socket, 'listening');
	return socket;
};
const port = (socket) => socket.address().port;
const all = (text, name) =>
	[...text.matchAll(new RegExp(`^${name}: *(.*?)\r$`, 'gim'))]
		.map((match) => match[1]);
const field = (text, name) => all(text, name)[0];
const sip = (...lines) => [...lines, 'Content-Length: 0', '', ''].join('\r\n');
const kind = (id) => id === own ? 'A\'s own' :
	id.startsWith('!!:') ? 'masked' : id;

const main = async () => {
	const a = await open();
	const b = await open();
	const free = await open();
	const proxy = port(free);
	const contact = `Contact: <sip:a@${ip}:${port(a)}>`;
	let told = '';

	await new Promise((closed) => free.close(closed));
	writeFileSync('kamailio.cfg', [
		'log_stderror=yes', 'children=1', 'disable_tcp=yes',
		`listen=udp:${ip}:${proxy}`,
		`mpath="${here}/lib/kamailio/modules/"`,
		...['tm', 'rr', 'sl', 'pv', 'siputils', 'topoh']
			.map((name) => `loadmodule "${name}.so"`),
		'modparam("topoh", "mask_callid", 1)',
		'modparam("topoh", "mask_key", "findings")',
		'request_route {',
		'	if (has_totag()) { loose_route(); t_relay(); exit; }',
		'	record_route();',
		`	$du = "sip:${ip}:${port(b)}";`,
		'	t_relay();', '}', ''].join('\n'));

	const kamailio = spawn('root/usr/sbin/kamailio', ['-f', 'kamailio.cfg',
		'-DD', '-E', '-m', '32', '-M', '8', '-Y', here],
	{ stdio: 'ignore' });
	const send = (socket, text) => socket.send(text, proxy, ip);
	const via = (name) =>
		`Via: SIP/2.0/UDP ${ip}:${port(a)};branch=z9hG4bK${name}`;
	const end = async () => {
		kamailio.kill();
		await once(kamailio, 'exit');
		process.exit();
	};
	const invite = () => {
		if (told)
			return;
		send(a, sip(`INVITE sip:b@${ip}:${proxy} SIP/2.0`,
			via('invite'), `From: <sip:a@${ip}>;tag=1`,
			`To: <sip:b@${ip}>`, `Call-ID: ${own}`,
			'CSeq: 1 INVITE', 'Max-Forwards: 70', contact));
		setTimeout(invite, 500);
	};

	b.on('message', (data) => {
		const text = String(data);
		const method = text.split(' ')[0];
		const id = kind(field(text, 'Call-ID'));

		if (method === 'INVITE' && !told) {
			told = `Call-ID of the INVITE: ${id}`;
			console.log(told);
		}
		if (method === 'INVITE')
			send(b, sip('SIP/2.0 200 OK',
				...all(text, 'Via').map((v) => `Via: ${v}`),
				...all(text, 'Record-Route')
					.map((r) => `Record-Route: ${r}`),
				`From: ${field(text, 'From')}`,
				`To: ${field(text, 'To')};tag=2`,
				`Call-ID: ${field(text, 'Call-ID')}`,
				`CSeq: ${field(text, 'CSeq')}`,
				`Contact: <sip:b@${ip}:${port(b)}>`));
		if (method !== 'REFER')
			return;

		const inside = field(text, 'Refer-To')
			.match(/Replaces=(.*?)%3B/)[1];

		console.log(`Call-ID of the REFER: ${id}`);
		console.log('Call-ID in its Refer-To:',
			kind(decodeURIComponent(inside)));
		b.removeAllListeners('message');
		end();
	});

	a.on('message', (data) => {
		const text = String(data);

		if (!text.startsWith('SIP/2.0 200'))
			return;

		const target = field(text, 'Contact').slice(1, -1);
		const dialog = [`From: <sip:a@${ip}>;tag=1`,
			`To: ${field(text, 'To')}`, `Call-ID: ${own}`,
			'Max-Forwards: 70', contact,
			...all(text, 'Record-Route').reverse()
				.map((r) => `Route: ${r}`)];

		a.removeAllListeners('message');
		send(a, sip(`ACK ${target} SIP/2.0`, via('ack'), ...dialog,
			'CSeq: 1 ACK'));
		send(a, sip(`REFER ${target} SIP/2.0`, via('refer'), ...dialog,
			'CSeq: 2 REFER', `Refer-To: <sip:b@${ip}:${port(b)}` +
			`?Replaces=${encodeURIComponent(
				`${own};to-tag=2;from-tag=1`)}>`));
	});

	setTimeout(end, 20000);
	invite();
};

main();
END
node try.js >seen

expect seen <<'END'
Call-ID of the INVITE: masked
Call-ID of the REFER: masked
Call-ID in its Refer-To: A's own
END
