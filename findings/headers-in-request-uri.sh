#!/bin/sh
#
# baresip leaves the header fields of a Refer-To in the Request-URI of its
# INVITE, where a target does not look for them, and changes what is escaped.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 3261, section 19.1.5: a request that is made from a URI has the header
# fields of its `headers` component; section 19.1.1, table 1: a Request-URI has
# no such component. An attended transfer names its call in this very way (RFC
# 5589, section 7). Seen by C, to whom A, which called baresip, referred it:
#
#     Refer-To: sip:c@10.77.0.1:5090?User-to-User=4869%3Bencoding%3Dhex
#     INVITE sip:c@10.77.0.1:5090?User-to-User=4869?encoding?hex SIP/2.0
#     User-to-User: none

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need node ip unshare
need_library libssl.so.3
[ "$(id -u)" = 0 ] && alone='unshare -n' || alone='unshare -rn'
$alone true 2>/dev/null || skip "this system gives no network of one's own"
from_debian baresip-core=1.0.0-4+b3 libre0=1.1.0-1+b2 librem0=0.6.0-4

cat >try.js <<'END'
const { createSocket } = require('dgram');
const { spawn } = require('child_process');
const { mkdirSync, writeFileSync } = require('fs');

const ip = '10.77.0.1';
const here = process.cwd();

mkdirSync('conf');
writeFileSync('conf/config', [
	'poll_method epoll',
	`sip_listen ${ip}:5060`,
	`module_path ${here}/root/usr/lib/baresip/modules`,
	'module g711.so',
	'module_app account.so',
	'module_app menu.so', ''].join('\n'));
writeFileSync('conf/accounts',
	`<sip:b@${ip};transport=udp>;regint=0;answermode=auto\n`);
writeFileSync('conf/contacts', '');

const baresip = spawn('root/usr/bin/baresip', ['-f', 'conf'],
	{ env: { ...process.env, LD_LIBRARY_PATH: 'lib' } });
const field = (text, name) =>
	text.match(new RegExp(`^${name}: *(.*?)\r$`, 'im'))?.[1];
const sip = (lines, body = '') => [...lines,
	`Content-Length: ${body.length}`, '', body].join('\r\n');
const offer = ['v=0', `o=- 1 1 IN IP4 ${ip}`, 's=-', `c=IN IP4 ${ip}`,
	't=0 0', 'm=audio 4000 RTP/AVP 0', ''].join('\r\n');
const a = createSocket('udp4').bind(5080, ip);
const c = createSocket('udp4').bind(5090, ip);
let to = `<sip:b@${ip}>`;
const target = `sip:c@${ip}:5090?User-to-User=4869%3Bencoding%3Dhex`;

const request = (method, number, fields = [], body = '') => a.send(sip([
	`${method} sip:b@${ip}:5060 SIP/2.0`,
	`Via: SIP/2.0/UDP ${ip}:5080;branch=z9hG4bK${method}`,
	`From: <sip:a@${ip}>;tag=1`, `To: ${to}`, 'Call-ID: 1',
	`CSeq: ${number} ${method}`, 'Max-Forwards: 70',
	`Contact: <sip:a@${ip}:5080>`, ...fields], body), 5060, ip);

const answer = (socket, text, status, tag = '') => socket.send(sip([
	`SIP/2.0 ${status}`, `Via: ${field(text, 'Via')}`,
	`From: ${field(text, 'From')}`, `To: ${field(text, 'To')}${tag}`,
	`Call-ID: ${field(text, 'Call-ID')}`, `CSeq: ${field(text, 'CSeq')}`,
	`Contact: <sip:${ip}:${socket.address().port}>`]), 5060, ip);

const end = () => {
	baresip.once('exit', () => process.exit());
	baresip.kill('SIGKILL');
};

c.once('message', (data) => {
	const text = String(data);

	console.log(`Refer-To: ${target}`);
	console.log(text.split('\r\n')[0]);
	console.log('User-to-User:', field(text, 'User-to-User') ?? 'none');
	end();
});

a.on('message', (data) => {
	const text = String(data);

	if (text.startsWith('SIP/2.0 200') &&
	    field(text, 'CSeq') === '1 INVITE') {
		to = field(text, 'To');
		request('ACK', 1);
		request('REFER', 2, [`Refer-To: <${target}>`]);
	}
	if (!text.startsWith('SIP/2.0'))
		answer(a, text, '200 OK');
});

setTimeout(end, 20000);
baresip.stdout.on('data', (data) => {
	if (/baresip is ready/.test(data))
		request('INVITE', 1, ['Content-Type: application/sdp'], offer);
});
END
$alone sh -c 'ip link set lo up && ip address add 10.77.0.1/24 dev lo &&
	exec node try.js' >seen

expect seen <<'END'
Refer-To: sip:c@10.77.0.1:5090?User-to-User=4869%3Bencoding%3Dhex
INVITE sip:c@10.77.0.1:5090?User-to-User=4869?encoding?hex SIP/2.0
User-to-User: none
END
