#!/bin/sh
#
# baresip hangs up the call when its REFER subscription is given up, and goes on
# calling the target.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 3515, section 2.4.4: to unsubscribe says only that one wants no more
# NOTIFYs. RFC 5057, section 3: a dialog lives until the last of its usages has
# ended, so the call outlives the subscription that shares its dialog. Seen by
# A, which called baresip and referred it to C, whose phone rings, after
# SUBSCRIBE with Expires: 0, and by C:
#
#     A: 200 to SUBSCRIBE
#     A: NOTIFY terminated;reason=timeout
#     A: BYE
#     C: no CANCEL

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/baresip disable=SC1091
. "$here/baresip"

cat >try.js <<'END'
const { a, answer, c, end, field, ip, refer, request } =
	require('./baresip');

let cancelled = false;

c.on('message', (data) => {
	const text = String(data);

	if (text.startsWith('CANCEL'))
		cancelled = true;
	if (!text.startsWith('INVITE'))
		return;
	answer(c, text, '180 Ringing', ';tag=3');
	setTimeout(request, 300, 'SUBSCRIBE', 3,
		['Event: refer;id=2', 'Expires: 0']);
});

a.on('message', (data) => {
	const text = String(data);
	const state = field(text, 'Subscription-State');

	if (text.startsWith('SIP/2.0') && field(text, 'CSeq') === '3 SUBSCRIBE')
		console.log('A:', text.split(' ')[1], 'to SUBSCRIBE');
	if (state?.startsWith('terminated'))
		console.log('A: NOTIFY', state);
	if (text.startsWith('BYE')) {
		console.log('A: BYE');
		setTimeout(() => {
			console.log(`C: ${cancelled ? '' : 'no '}CANCEL`);
			end();
		}, 1000);
	}
});

refer(`sip:c@${ip}:5090`);
END
run_try

expect seen <<'END'
A: 200 to SUBSCRIBE
A: NOTIFY terminated;reason=timeout
A: BYE
C: no CANCEL
END
