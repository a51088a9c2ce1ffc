#!/bin/sh
#
# Three SIP stacks for JavaScript know three different sets of compact names.
#
# jssip 3.13.8, sip.js 0.21.2, drachtio-srf 5.0.29. Needs node, npm.
#
# RFC 3261, section 7.3.3: of each name both the long and the short form have to
# be accepted. The short ones of a transfer are r (Refer-To, RFC 3515),
# b (Referred-By, RFC 3892), o (Event, RFC 6665); k is Supported, and e is
# Content-Encoding (RFC 3261). Where a name is not known, the header field is
# simply not there; drachtio-srf calls e `Contact-Encoding`. Seen:
#
#     r Refer-To          jssip yes  sip.js yes  drachtio-srf no
#     o Event             jssip yes  sip.js no  drachtio-srf no
#     b Referred-By       jssip no  sip.js no  drachtio-srf no
#     k Supported         jssip no  sip.js no  drachtio-srf yes
#     e Content-Encoding  jssip no  sip.js no  drachtio-srf no
#     drachtio-srf: contact-encoding is gzip

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm jssip@3.13.8 sip.js@0.21.2 drachtio-srf@5.0.29

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { Parser } from 'sip.js/lib/core/messages/parser.js';

const require = createRequire(import.meta.url);
const jssip = require('jssip/lib/Parser.js');
const Drachtio = require('drachtio-srf/lib/sip-parser/message');

const text = [
	'REFER sip:b@192.0.2.2 SIP/2.0',
	'v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK776',
	'f: <sip:a@192.0.2.1>;tag=1',
	't: <sip:b@192.0.2.2>;tag=2',
	'i: 3848276298220188511@192.0.2.1',
	'CSeq: 93809823 REFER',
	'Max-Forwards: 70',
	'm: <sip:a@192.0.2.1>',
	'r: <sip:c@192.0.2.3>',
	'o: refer;id=93809823',
	'b: <sip:a@192.0.2.1>',
	'k: replaces',
	'e: gzip',
	'l: 0', '', ''].join('\r\n');
const names = { r: 'Refer-To', o: 'Event', b: 'Referred-By',
	k: 'Supported', e: 'Content-Encoding' };
const one = jssip.parseMessage(text, {});
const two = Parser.parseMessage(text, { warn() {}, error() {} });
const three = new Drachtio(text);
const yes = (known) => known ? 'yes' : 'no';

for (const [letter, name] of Object.entries(names))
	console.log(letter, name.padEnd(16),
		' jssip', yes(one.hasHeader(name)),
		' sip.js', yes(two.hasHeader(name)),
		' drachtio-srf', yes(three.has(name)));
console.log('drachtio-srf: contact-encoding is',
	three.get('Contact-Encoding'));
END
node try.mjs >seen

expect seen <<'END'
r Refer-To          jssip yes  sip.js yes  drachtio-srf no
o Event             jssip yes  sip.js no  drachtio-srf no
b Referred-By       jssip no  sip.js no  drachtio-srf no
k Supported         jssip no  sip.js no  drachtio-srf yes
e Content-Encoding  jssip no  sip.js no  drachtio-srf no
drachtio-srf: contact-encoding is gzip
END
