#!/bin/sh
#
# baresip leaves the header fields of a Refer-To in the Request-URI of its
# INVITE, where a target does not look for them, and changes what is escaped.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 3261, section 19.1.5: a request that is made from a URI has the header
# fields of its `headers` component; section 19.1.1, table 1: a Request-URI has
# no such component. An attended transfer names its call in this very way (RFC
# 5589, section 7). Seen by C, to whom A, which called baresip, referred it:
#
#     Refer-To: sip:c@10.77.0.1:5090?User-to-User=4869%3Bencoding%3Dhex
#     INVITE sip:c@10.77.0.1:5090?User-to-User=4869?encoding?hex SIP/2.0
#     User-to-User: none

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/baresip disable=SC1091
. "$here/baresip"

cat >try.js <<'END'
const { c, end, field, ip, refer } = require('./baresip');

const target = `sip:c@${ip}:5090?User-to-User=4869%3Bencoding%3Dhex`;

c.once('message', (data) => {
	const text = String(data);

	console.log(`Refer-To: ${target}`);
	console.log(text.split('\r\n')[0]);
	console.log('User-to-User:', field(text, 'User-to-User') ?? 'none');
	end();
});

refer(target);
END
run_try

expect seen <<'END'
Refer-To: sip:c@10.77.0.1:5090?User-to-User=4869%3Bencoding%3Dhex
INVITE sip:c@10.77.0.1:5090?User-to-User=4869?encoding?hex SIP/2.0
User-to-User: none
END
