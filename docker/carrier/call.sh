#!/bin/bash
#
# The carrier of the demo: it calls the gateway, talks for a while to the target
# of the transfer, and calls again when all calls are over. It calls several
# gateways (separated by spaces in GATEWAY) in turn. It drives its baresip over
# ctrl_tcp, whose messages are JSON in netstrings.

set -eu

read -r -a gateways <<<"${GATEWAY:-sip:gateway@10.77.0.1}"
gateway=
calls=0
config=${CONFIG:-/etc/baresip/carrier}
pause=${PAUSE:-3}
talk=${TALK:-10}
declare -A up=()

# command NAME [PARAMETERS]
command() {
	local text="{\"command\":\"$1\",\"params\":\"${2-}\"}"

	printf '%d:%s,' ${#text} "$text" >&3
}

dial() {
	sleep "$pause"
	gateway=${gateways[calls++ % ${#gateways[@]}]}
	echo "calls $gateway"
	command dial "$gateway"
}

baresip -f "$config" </dev/null >/dev/null 2>&1 &
baresip=$!
trap 'kill $baresip' EXIT
trap 'exit 143' TERM INT

until { exec 3<>/dev/tcp/127.0.0.1/4444; } 2>/dev/null; do
	kill -0 $baresip
	sleep 0.2
done

dial
while read -r -d '}' event <&3; do
	[[ $event =~ \"id\":\"([^\"]*)\" ]] || continue
	id=${BASH_REMATCH[1]}

	case $event in
	*'"type":"CALL_ESTABLISHED"'*"$gateway"*)
		up[$id]=gateway
		echo "talks to the gateway"
		;;
	*'"type":"CALL_ESTABLISHED"'*)
		up[$id]=agent
		echo "was transferred"
		;;
	*'"type":"CALL_CLOSED"'*)
		unset "up[$id]"
		[ ${#up[@]} -gt 0 ] || dial
		;;
	esac

	# baresip 1.0.0 takes no id: wait until this call is the only one
	if [ "${up[*]-}" = agent ]; then
		id=${!up[*]}
		sleep "$talk"
		command hangup "$id"
		up[$id]=over
	fi
done
