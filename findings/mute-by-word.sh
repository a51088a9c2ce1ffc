#!/bin/sh
#
# The two WebSocket clients of jambonz send different commands for one mute.
#
# @jambonz/node-client-ws 0.2.13, @jambonz/sdk 0.10.1 (published a day later).
# Needs node, npm.
#
# node-client-ws takes a bare word for `mute:status`, and has a function that
# makes an object of it, as jambonz expects it. The function assigns the object
# to its own parameter, so the word leaves as it came. Seen:
#
#     node-client-ws "mute"
#     sdk {"mute_status":"mute"}

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm @jambonz/sdk@0.10.1 @jambonz/node-client-ws@0.2.13

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { Session } from '@jambonz/sdk/websocket';

const require = createRequire(import.meta.url);
const OldSession = require('@jambonz/node-client-ws/lib/session.js');
const logger = { info() {}, debug() {}, error() {} };
const open = (name, Session) => new Session({
	logger,
	ws: {
		readyState: 1,
		on() {},
		send(text) {
			console.log(name, JSON.stringify(JSON.parse(text).data));
		},
	},
	msg: { msgid: '1', data: {} },
});

open('node-client-ws', OldSession).injectCommand('mute:status', 'mute');
open('sdk', Session).injectMute('mute');
END
node try.mjs >seen

expect seen <<'END'
node-client-ws "mute"
sdk {"mute_status":"mute"}
END
