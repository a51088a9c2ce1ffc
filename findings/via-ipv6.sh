#!/bin/sh
#
# drachtio-srf loses each Via behind one whose host is an IPv6 address, and of
# that one the port, the branch and half the address.
#
# drachtio-srf 5.0.29. Needs node, npm.
#
# RFC 3261, sections 20.42 and 25.1: the sent-by of a Via is a host, which may
# be an IPv6reference. Seen, of two Vias with a branch each:
#
#     [2001:db8::9]:5060: 1 of 2, first host [2001 branch none
#     192.0.2.9:5060: 2 of 2, first host 192.0.2.9 branch z9hG4bK1

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm drachtio-srf@5.0.29

cat >try.js <<'END'
const Message = require('drachtio-srf/lib/sip-parser/message');

for (const by of ['[2001:db8::9]:5060', '192.0.2.9:5060']) {
	const vias = new Message([
		'NOTIFY sip:a@192.0.2.1 SIP/2.0',
		`Via: SIP/2.0/UDP ${by};branch=z9hG4bK1`,
		'Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2',
		'From: <sip:b@192.0.2.2>;tag=1',
		'To: <sip:a@192.0.2.1>;tag=2',
		'Call-ID: 3848276298220188511@192.0.2.1',
		'CSeq: 1 NOTIFY',
		'Content-Length: 0', '', ''].join('\r\n')).getParsedHeader('Via');

	console.log(`${by}: ${vias.length} of 2, first host ${vias[0].host}`,
		`branch ${vias[0].params.branch ?? 'none'}`);
}
END
node try.js >seen

expect seen <<'END'
[2001:db8::9]:5060: 1 of 2, first host [2001 branch none
192.0.2.9:5060: 2 of 2, first host 192.0.2.9 branch z9hG4bK1
END
