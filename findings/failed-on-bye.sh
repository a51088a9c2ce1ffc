#!/bin/sh
#
# baresip tells a transferor that hangs up that the transfer has failed, and
# goes on calling the target, who answers.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 3515, section 2.4.5: the status line of a NOTIFY tells how the referred
# action fares. RFC 5057, section 3: a dialog lives until the last of its usages
# has ended, so that the subscription outlives a BYE. Seen by A, which called
# baresip, referred it to C, and hung up behind the 202; and by C, whose phone
# rings, and is answered a second later:
#
#     A: 202 to REFER
#     A: NOTIFY SIP/2.0 100 Trying
#     A: 200 to BYE
#     A: NOTIFY SIP/2.0 500 Connection reset by peer
#     C: answers, ACK

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

const request = (method, number, fields = [], body = '') => a.send(sip([
	`${method} sip:b@${ip}:5060 SIP/2.0`,
	`Via: SIP/2.0/UDP ${ip}:5080;branch=z9hG4bK${method}`,
	`From: <sip:a@${ip}>;tag=1`, `To: ${to}`, 'Call-ID: 1',
	`CSeq: ${number} ${method}`, 'Max-Forwards: 70',
	`Contact: <sip:a@${ip}:5080>`, ...fields], body), 5060, ip);

const answer = (socket, text, status, tag = '', body = '') => socket.send(sip([
	`SIP/2.0 ${status}`, `Via: ${field(text, 'Via')}`,
	`From: ${field(text, 'From')}`, `To: ${field(text, 'To')}${tag}`,
	`Call-ID: ${field(text, 'Call-ID')}`, `CSeq: ${field(text, 'CSeq')}`,
	`Contact: <sip:${ip}:${socket.address().port}>`,
	...body ? ['Content-Type: application/sdp'] : []], body), 5060, ip);

const end = () => {
	baresip.once('exit', () => process.exit());
	baresip.kill('SIGKILL');
};

c.on('message', (data) => {
	const text = String(data);

	if (text.startsWith('CANCEL'))
		console.log('C: CANCEL');
	if (text.startsWith('ACK')) {
		console.log('C: answers, ACK');
		end();
	}
	if (!text.startsWith('INVITE'))
		return;
	answer(c, text, '180 Ringing', ';tag=3');
	setTimeout(request, 500, 'BYE', 3);
	setTimeout(answer, 1500, c, text, '200 OK', ';tag=3', offer);
});

a.on('message', (data) => {
	const text = String(data);
	const method = text.split(' ')[0];
	const [number, asked] = field(text, 'CSeq').split(' ');

	if (text.startsWith('SIP/2.0 200') && asked === 'INVITE') {
		to = field(text, 'To');
		request('ACK', 1);
		request('REFER', 2, [`Refer-To: <sip:c@${ip}:5090>`]);
	}
	if (method === 'SIP/2.0') {
		if (number > 1)
			console.log(`A: ${text.split(' ')[1]} to ${asked}`);
		return;
	}

	answer(a, text, '200 OK');
	if (method === 'NOTIFY')
		console.log('A: NOTIFY', text.split('\r\n\r\n')[1].trim());
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
A: 202 to REFER
A: NOTIFY SIP/2.0 100 Trying
A: 200 to BYE
A: NOTIFY SIP/2.0 500 Connection reset by peer
C: answers, ACK
END
