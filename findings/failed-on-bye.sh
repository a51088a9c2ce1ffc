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
# shellcheck source=findings/baresip disable=SC1091
. "$here/baresip"

cat >try.js <<'END'
const { a, answer, c, end, field, ip, offer, refer, request } =
	require('./baresip');

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
	const [number, asked] = field(text, 'CSeq').split(' ');

	if (text.startsWith('SIP/2.0') && number > 1)
		console.log(`A: ${text.split(' ')[1]} to ${asked}`);
	if (text.startsWith('NOTIFY'))
		console.log('A: NOTIFY', text.split('\r\n\r\n')[1].trim());
});

refer(`sip:c@${ip}:5090`);
END
run_try

expect seen <<'END'
A: 202 to REFER
A: NOTIFY SIP/2.0 100 Trying
A: 200 to BYE
A: NOTIFY SIP/2.0 500 Connection reset by peer
C: answers, ACK
END
