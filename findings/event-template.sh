#!/bin/sh
#
# JsSIP puts a comma into the name of an event package that has a template.
#
# jssip 3.13.8; beside it sip.js 0.21.2. Needs node, npm.
#
# RFC 6665, section 8.4: event-type is event-package *( "." event-template ),
# as in presence.winfo (RFC 3857). Section 8.2.1: event types are compared byte
# by byte, so that nobody who looks for presence.winfo finds it. Seen:
#
#     jssip presence.,winfo
#     sip.js presence.winfo

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm jssip@3.13.8 sip.js@0.21.2

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { Grammar } from 'sip.js/lib/grammar/index.js';

const require = createRequire(import.meta.url);
const parser = require('jssip/lib/Parser.js');

const notify = parser.parseMessage([
	'NOTIFY sip:a@192.0.2.1 SIP/2.0',
	'Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK776',
	'From: <sip:b@192.0.2.2>;tag=1',
	'To: <sip:a@192.0.2.1>;tag=2',
	'Call-ID: 3848276298220188511@192.0.2.1',
	'CSeq: 1 NOTIFY',
	'Event: presence.winfo',
	'Subscription-State: active;expires=60',
	'Content-Length: 0', '', ''].join('\r\n'), {});

console.log('jssip', notify.event.event);
console.log('sip.js', Grammar.parse('presence.winfo', 'Event').event);
END
node try.mjs >seen

expect seen <<'END'
jssip presence.,winfo
sip.js presence.winfo
END
