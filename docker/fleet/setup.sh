#!/bin/sh
#
# Makes the users of a fleet and a configuration for each of its nats-servers, if
# they do not exist yet: `setup-fleet [DIR]`

set -eu

dir=${1:-/var/lib/fleet}
hosts=${HOSTS:-nats1 nats2 nats3}
members=${MEMBERS:-gw1 gw2 gw3}
store=${STORE:-/var/lib/referd/nats}
urls=

umask 077
for host in $hosts; do
	urls=$urls${urls:+,}nats://$host:4222
done
for host in $hosts; do
	# shellcheck disable=SC2086
	referctl fleet config $members --fleet "$urls" --keys "$dir" \
		--store "$store" --server "$host" >"$dir/$host.new"
	mv "$dir/$host.new" "$dir/$host.conf"
done
