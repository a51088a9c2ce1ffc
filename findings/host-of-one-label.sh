#!/bin/sh
#
# drachtio-srf takes the parameters of a URI for a part of its host, if the
# host has no dot and the URI no port.
#
# drachtio-srf 5.0.29. Needs node, npm.
#
# RFC 3261, section 25.1: a hostname is *( domainlabel "." ) toplabel, so
# `gateway` is one, as in most networks of containers. What follows it goes
# lost: the transport, and the Replaces of an attended transfer. Seen:
#
#     sip:c@gateway;transport=tcp
#       host gateway;transport=tcp params {} headers {}
#     sip:c@gateway?Replaces=1%40h
#       host gateway?Replaces=1%40h params {} headers {}
#     sip:c@gateway:5060;transport=tcp
#       host gateway params {"transport":"tcp"} headers {}
#     sip:c@gateway.example;transport=tcp
#       host gateway.example params {"transport":"tcp"} headers {}

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
from_npm drachtio-srf@5.0.29

cat >try.js <<'END'
const { parseUri } = require('drachtio-srf');

for (const text of [
	'sip:c@gateway;transport=tcp',
	'sip:c@gateway?Replaces=1%40h',
	'sip:c@gateway:5060;transport=tcp',
	'sip:c@gateway.example;transport=tcp']) {
	const uri = parseUri(text);

	console.log(`${text}\n  host ${uri.host}`,
		`params ${JSON.stringify(uri.params)}`,
		`headers ${JSON.stringify(uri.headers)}`);
}
END
node try.js >seen

expect seen <<'END'
sip:c@gateway;transport=tcp
  host gateway;transport=tcp params {} headers {}
sip:c@gateway?Replaces=1%40h
  host gateway?Replaces=1%40h params {} headers {}
sip:c@gateway:5060;transport=tcp
  host gateway params {"transport":"tcp"} headers {}
sip:c@gateway.example;transport=tcp
  host gateway.example params {"transport":"tcp"} headers {}
END
