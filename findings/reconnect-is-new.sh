#!/bin/sh
#
# An application on @jambonz/sdk cannot tell a call that came back from a new
# one: after `session:reconnect` it greets the caller again.
#
# @jambonz/sdk 0.10.1; beside it @jambonz/node-client-ws 0.2.13. Needs node and
# npm.
#
# jambonz sends `session:reconnect` when the WebSocket of a call in progress was
# lost and is there again, for the application to restore its state (schema
# `callbacks/session-reconnect` of @jambonz/schema 0.4.15). The older client
# emits an event of that name. The SDK emits `session:new`, and keeps nothing
# of the message's type in the session. Seen:
#
#     sdk: session:new, "session:reconnect" in it: no
#     node-client-ws: session:reconnect

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm @jambonz/sdk@0.10.1 @jambonz/node-client-ws@0.2.13

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { EventEmitter } from 'events';
import { inspect } from 'util';
import { WsClient } from '@jambonz/sdk/websocket';

const require = createRequire(import.meta.url);
const OldClient = require('@jambonz/node-client-ws/lib/client.js');
const logger = { info() {}, debug() {}, error() {} };
const text = JSON.stringify({
	type: 'session:reconnect',
	msgid: '1',
	call_sid: 'c1',
	data: { call_sid: 'c1', direction: 'inbound' },
});

for (const [name, Client] of [
	['sdk', WsClient], ['node-client-ws', OldClient]]) {
	const client = new Client(logger, '/bot');
	const ws = new EventEmitter();

	client.on('session:new', (session) => {
		const kept = inspect(session, { depth: null })
			.includes('session:reconnect');

		console.log(`${name}: session:new,`,
			`"session:reconnect" in it: ${kept ? 'yes' : 'no'}`);
	});
	client.on('session:reconnect', () => {
		console.log(`${name}: session:reconnect`);
	});
	client.handle(ws, '/bot');
	ws.emit('message', Buffer.from(text), false);
}
END
node try.mjs >seen

expect seen <<'END'
sdk: session:new, "session:reconnect" in it: no
node-client-ws: session:reconnect
END
