#!/bin/sh
#
# JsSIP as transferor does not hear a NOTIFY that JsSIP as transferee writes.
#
# jssip 3.13.8. Needs node, npm.
#
# RFC 3261, section 25.1: Reason-Phrase may be empty, and the space before it
# stays; so `SIP/2.0 607 ` is a whole Status-Line, and a whole message/sipfrag
# (RFC 3420). JsSIP's notifier writes it for a status that it has no phrase
# for, such as 607 (RFC 8197). Its subscriber trims the body first, the space
# goes, and the line no longer parses: neither `failed` nor anything else is
# emitted, and the transfer never ends. With a phrase it works. Seen:
#
#     607 the body is "SIP/2.0 607 ", heard: nothing
#     603 the body is "SIP/2.0 603 Decline", heard: failed 603

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm jssip@3.13.8

cat >try.js <<'END'
const Notifier = require('jssip/lib/RTCSession/ReferNotifier.js');
const Subscriber = require('jssip/lib/RTCSession/ReferSubscriber.js');

for (const status of [607, 603]) {
	let body;
	let heard = 'nothing';
	const session = { sendRequest(method, request) { body = request.body; } };
	const subscriber = new Subscriber(session);

	for (const name of ['trying', 'progress', 'accepted', 'failed'])
		subscriber.on(name, (event) => {
			heard = `${name} ${event.status_line.status_code}`;
		});
	new Notifier(session, 2).notify(status);
	subscriber.receiveNotify({ body });
	console.log(status, `the body is "${body}", heard: ${heard}`);
}
END
node try.js >seen

expect seen <<'END'
607 the body is "SIP/2.0 607 ", heard: nothing
603 the body is "SIP/2.0 603 Decline", heard: failed 603
END
