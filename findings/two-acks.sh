#!/bin/sh
#
# @jambonz/sdk acknowledges the eventHook of `sip:refer` a second time, if the
# application has done so; and before it, if the application takes its time.
#
# @jambonz/sdk 0.10.1; beside it @jambonz/node-client-ws 0.2.13. Needs node and
# npm.
#
# The guide in the package says that every hook is to be answered with reply().
# But the SDK replies itself, right after the listener, whenever the data have
# a text `event`, as each eventHook of `sip:refer` does (schema
# `callbacks/sip-refer-event` of @jambonz/schema 0.4.15). So one msgid is
# acknowledged twice; and of an application that looks something up before it
# replies, jambonz hears the SDK's empty list first. Seen, msgid and data:
#
#     sdk, reply at once: 7 [{"verb":"hangup"}], 7 []
#     sdk, reply later: 7 [], 7 [{"verb":"hangup"}]
#     node-client-ws, reply at once: 7 [{"verb":"hangup"}]

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm @jambonz/sdk@0.10.1 @jambonz/node-client-ws@0.2.13

cat >try.mjs <<'END'
import { createRequire } from 'module';
import { EventEmitter } from 'events';
import { Session } from '@jambonz/sdk/websocket';

const require = createRequire(import.meta.url);
const OldSession = require('@jambonz/node-client-ws/lib/session.js');
const logger = { info() {}, debug() {}, error() {} };
const event = JSON.stringify({
	type: 'verb:hook',
	msgid: '7',
	hook: '/event',
	data: { event: 'transfer-status', call_status: 486 },
});

const show = async (name, Session, later) => {
	const ws = Object.assign(new EventEmitter(), { readyState: 1 });
	const session = new Session({
		logger, ws, msg: { msgid: '1', data: {} } });
	const acks = [];

	ws.send = (text) => {
		const { msgid, data } = JSON.parse(text);

		acks.push(`${msgid} ${JSON.stringify(data)}`);
	};
	session.on('/event', async () => {
		if (later)
			await null;
		session.hangup().reply();
	});
	ws.emit('message', Buffer.from(event), false);
	await new Promise(setImmediate);
	console.log(`${name}, reply ${later ? 'later' : 'at once'}:`,
		acks.join(', '));
};

await show('sdk', Session, false);
await show('sdk', Session, true);
await show('node-client-ws', OldSession, false);
END
node try.mjs >seen

expect seen <<'END'
sdk, reply at once: 7 [{"verb":"hangup"}], 7 []
sdk, reply later: 7 [], 7 [{"verb":"hangup"}]
node-client-ws, reply at once: 7 [{"verb":"hangup"}]
END
