#!/bin/sh
#
# JsSIP and SIP.js discard a whole REFER because its Refer-To is a tel: URI.
#
# jssip 3.13.8, sip.js 0.21.2; beside them drachtio-srf 5.0.29. Needs node, npm.
#
# RFC 3515, section 2.1: Refer-To is a name-addr or an addr-spec; RFC 3261,
# section 25.1: an addr-spec is a SIP, a SIPS, or any absolute URI. A URI of a
# scheme that one does not dial deserves an answer (416). Both parsers give up
# the message instead, so that no answer is sent, and the transferor learns
# nothing until its transaction times out after 32 seconds. Seen:
#
#     sip:  jssip REFER  sip.js REFER  drachtio-srf REFER
#     tel:  jssip none  sip.js none  drachtio-srf REFER

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm jssip@3.13.8 sip.js@0.21.2 drachtio-srf@5.0.29

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { Parser } from 'sip.js/lib/core/messages/parser.js';

const require = createRequire(import.meta.url);
const jssip = require('jssip/lib/Parser.js');
const Drachtio = require('drachtio-srf/lib/sip-parser/message');
const quiet = { warn() {}, error() {} };

const refer = (target) => [
	'REFER sip:b@192.0.2.2 SIP/2.0',
	'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK776',
	'From: <sip:a@192.0.2.1>;tag=1',
	'To: <sip:b@192.0.2.2>;tag=2',
	'Call-ID: 3848276298220188511@192.0.2.1',
	'CSeq: 93809823 REFER',
	'Max-Forwards: 70',
	'Contact: <sip:a@192.0.2.1>',
	`Refer-To: <${target}>`,
	'Content-Length: 0', '', ''].join('\r\n');

for (const target of ['sip:c@192.0.2.3', 'tel:+12125550123']) {
	const text = refer(target);
	const method = (message) => message?.method ?? 'none';

	console.log(target.slice(0, 4),
		' jssip', method(jssip.parseMessage(text, {})),
		' sip.js', method(Parser.parseMessage(text, quiet)),
		' drachtio-srf', method(new Drachtio(text)));
}
END
node try.mjs >seen

expect seen <<'END'
sip:  jssip REFER  sip.js REFER  drachtio-srf REFER
tel:  jssip none  sip.js none  drachtio-srf REFER
END
