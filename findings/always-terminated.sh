#!/bin/sh
#
# SIP.js ends the subscription of a REFER with its first NOTIFY, and goes on
# notifying; it sends no last one if the target's answer has no reason phrase.
#
# sip.js 0.21.2. Needs node, npm.
#
# RFC 3515, section 2.4.7: a NOTIFY of a pending request says active or pending,
# the last one terminated; RFC 6665, section 4.1.3: after terminated there is no
# subscription. A transferor that keeps to it hears `100 Trying` as the result
# of each transfer. RFC 3261, section 25.1: a Reason-Phrase may be empty; of
# such an answer SIP.js tells nothing (it raises an error). Seen by a transferor
# whose REFER was accepted, for the answer 486 of the target:
#
#     target answers "486 Busy Here"
#     terminated: SIP/2.0 100 Trying
#     terminated: SIP/2.0 180 Ringing
#     terminated: SIP/2.0 486 Busy Here
#     target answers "486 "
#     terminated: SIP/2.0 100 Trying
#     terminated: SIP/2.0 180 Ringing
#     error: Reason phrase undefined.

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm sip.js@0.21.2

# SIP.js is B, which A calls and refers to C; A and C are written out here.
cat >try.mjs <<'END'
import { UserAgent } from 'sip.js';

const final = process.argv[2];
const sip = (...lines) => [...lines, 'Content-Length: 0', '', ''].join('\r\n');
const field = (text, name) =>
	text.match(new RegExp(`^${name}: *(.*)$`, 'im'))[1];
const via = (branch) => `Via: SIP/2.0/WS 192.0.2.1;branch=z9hG4bK${branch}`;
const from = 'From: <sip:a@192.0.2.1>;tag=1';
const deliver = (text) => setTimeout(() => {
	try {
		agent.transport.onMessage(text);
	} catch (error) {
		console.log('error:', error.message);
	}
}, 20);

const answer = (request, status) => sip(`SIP/2.0 ${status}`,
	`Via: ${field(request, 'Via')}`,
	`From: ${field(request, 'From')}`,
	`To: ${field(request, 'To').replace(/>$/, '>;tag=3')}`,
	`Call-ID: ${field(request, 'Call-ID')}`,
	`CSeq: ${field(request, 'CSeq')}`,
	'Contact: <sip:c@192.0.2.3>');

const from_agent = {
	async 'SIP/2.0'(text) {
		if (!text.startsWith('SIP/2.0 200') ||
		    field(text, 'CSeq') !== '1 INVITE')
			return;

		const dialog = [from, `To: ${field(text, 'To')}`, 'Call-ID: 1',
			'Max-Forwards: 70'];

		deliver(sip('ACK sip:b@192.0.2.2 SIP/2.0', via('ack'),
			...dialog, 'CSeq: 1 ACK'));
		deliver(sip('REFER sip:b@192.0.2.2 SIP/2.0', via('refer'),
			...dialog, 'CSeq: 2 REFER',
			'Contact: <sip:a@192.0.2.1>',
			'Refer-To: <sip:c@192.0.2.3>'));
	},
	async INVITE(text) {
		for (const status of ['100 Trying', '180 Ringing', final])
			deliver(answer(text, status));
		setTimeout(process.exit, 1000);
	},
	async NOTIFY(text) {
		console.log(`${field(text, 'Subscription-State')}:`,
			text.split('\r\n\r\n')[1]);
		deliver(answer(text, '200 OK'));
	},
	async ACK() {},
};

class Transport {
	protocol = 'WS';
	state = 'Connected';
	stateChange = { addListener() {}, removeListener() {} };
	async connect() { this.onConnect(); }
	async disconnect() {}
	async dispose() {}
	isConnected() { return true; }
	send(text) { return from_agent[text.match(/^[A-Z]+(\/2.0)?/)[0]](text); }
}

const no_media = () => ({
	close() {},
	hasDescription() { return true; },
	async getDescription() {
		return { body: 'v=0\r\n', contentType: 'application/sdp' };
	},
	async setDescription() {},
});

const agent = new UserAgent({
	uri: UserAgent.makeURI('sip:b@192.0.2.2'),
	transportConstructor: Transport,
	sessionDescriptionHandlerFactory: no_media,
	logBuiltinEnabled: false,
	delegate: { onInvite(invitation) { invitation.accept(); } },
});

console.log(`target answers "${final}"`);
await agent.start();
deliver(sip('INVITE sip:b@192.0.2.2 SIP/2.0', via('invite'), from,
	'To: <sip:b@192.0.2.2>', 'Call-ID: 1', 'CSeq: 1 INVITE',
	'Max-Forwards: 70', 'Contact: <sip:a@192.0.2.1>',
	'Content-Type: application/sdp')
	.replace('Content-Length: 0\r\n\r\n', 'Content-Length: 5\r\n\r\nv=0\r\n'));
END
for final in '486 Busy Here' '486 '; do
	node try.mjs "$final"
done >seen

expect seen <<'END'
target answers "486 Busy Here"
terminated: SIP/2.0 100 Trying
terminated: SIP/2.0 180 Ringing
terminated: SIP/2.0 486 Busy Here
target answers "486 "
terminated: SIP/2.0 100 Trying
terminated: SIP/2.0 180 Ringing
error: Reason phrase undefined.
END
