#!/bin/sh
#
# A digit of which only the last packets arrive is not heard.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 4733, section 2.5.1.4: the last packet of an event comes three times, so
# that the event is known although packets are lost. Its time, event and
# duration say all. Sent by A, which called baresip: 1 and 3 whole, of 2 nothing
# but its three last packets. What baresip's log says of it:
#
#     event 1
#     event 3

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/baresip disable=SC1091
. "$here/baresip"

cat >try.js <<'END'
const { createSocket } = require('dgram');
const { baresip, call, end, ip, offer } = require('./baresip');
const rtp = createSocket('udp4').bind(4000, ip);
let number = 1;

const send = (port, digit, time, last, duration) => {
	const packet = Buffer.alloc(16);

	packet.writeUInt8(0x80, 0);
	packet.writeUInt8(101, 1);
	packet.writeUInt16BE(number++, 2);
	packet.writeUInt32BE(time, 4);
	packet.writeUInt32BE(7, 8);
	packet.writeUInt8(digit, 12);
	packet.writeUInt8(last ? 0x8a : 0x0a, 13);
	packet.writeUInt16BE(duration, 14);
	rtp.send(packet, port, ip);
};

baresip.stdout.on('data', (data) => {
	for (const [, digit] of String(data).matchAll(
		/[Rr]eceived event: '(.)' \(end=0\)/g))
		console.log('event', digit);
});

call((text) => {
	const port = Number(text.match(/m=audio (\d+)/)[1]);
	let time = 0;

	for (const digit of [1, 2, 3]) {
		const at = 1000 * digit;

		for (let i = 1; i <= 5 && digit !== 2; i++)
			setTimeout(send, time += 20, port, digit, at, false,
				160 * i);
		for (let i = 0; i < 3; i++)
			setTimeout(send, time += 20, port, digit, at, true,
				960);
		time += 200;
	}
	setTimeout(end, time + 1000);
}, offer.replace('AVP 0\r\n', 'AVP 0 101\r\na=rtpmap:101 telephone-event/' +
	'8000\r\na=fmtp:101 0-15\r\n'));
END
run_try

expect seen <<'END'
event 1
event 3
END
