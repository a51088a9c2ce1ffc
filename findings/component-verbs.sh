#!/bin/sh
#
# jambonz's older validator takes parts of verbs for verbs, and its WebSocket
# client has a method to send each of them.
#
# @jambonz/verb-specifications 0.1.13, @jambonz/node-client-ws 0.2.13; beside
# them @jambonz/schema 0.4.15, published on the following day. Needs node, npm.
#
# `vad` (a part of `gather`) and `target` (of `dial`) are no verbs: jambonz has
# nothing that executes them, and @jambonz/schema refuses them. The older
# package keeps verbs and their parts in one list, from which the client makes
# its methods, and which the validator takes for the list of the verbs. Seen:
#
#     vad     verb-specifications accepts  schema: invalid instruction: vad
#     target  verb-specifications accepts  schema: invalid instruction: target
#     node-client-ws sends [{"verb":"vad","enable":true}]

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm @jambonz/verb-specifications@0.1.13 @jambonz/node-client-ws@0.2.13 \
	@jambonz/schema@0.4.15

cat >try.js <<'END'
const old = require('@jambonz/verb-specifications');
const schema = require('@jambonz/schema');
const Session = require('@jambonz/node-client-ws/lib/session.js');
const logger = { info() {}, debug() {}, error() {} };

const said = (validate, verbs) => {
	try {
		validate(logger, verbs);
		return ' accepts';
	} catch (error) {
		return `: ${error.message}`;
	}
};

for (const verb of [
	{ verb: 'vad', enable: true },
	{ verb: 'target', type: 'phone', number: '+12125550123' }])
	console.log(verb.verb.padEnd(7),
		`verb-specifications${said(old.validate, [verb])}`,
		` schema${said(schema.validate, [verb])}`);

const ws = {
	on() {},
	send(text) {
		console.log('node-client-ws sends',
			JSON.stringify(JSON.parse(text).data));
	},
};

new Session({ logger, ws, msg: { msgid: '1', data: {} } })
	.vad({ enable: true }).send();
END
node try.js >seen

expect seen <<'END'
vad     verb-specifications accepts  schema: invalid instruction: vad
target  verb-specifications accepts  schema: invalid instruction: target
node-client-ws sends [{"verb":"vad","enable":true}]
END
