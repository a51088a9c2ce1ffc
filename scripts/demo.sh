#!/bin/sh
#
# Installs missing packages, builds, and runs a demo on this machine: see usage
# below.

set -eu

me=demo.sh
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/scripts/common.sh"

usage() {
	cat <<END
usage: scripts/demo.sh [--port N] [--once] [--carrier NAME]
                       [--embedded | --fleet [--kill]]

  --port N   port of the page and of the WebSocket (default 8080)
  --once     make one transfer, print each message as a line of JSON, and
             exit 0 if the agent ended up talking to the carrier
  --carrier NAME
             use a carrier with the behaviour NAME of docs/carriers.md; with
             --once: print its messages, whatever the outcome.
             --carrier list prints the names
  --embedded run referd.so in the process of the gateway, and no referd
  --fleet    run three gateways with a referd each (ports N, N + 1 and N + 2),
             joined by three nats-servers
  --kill     kill some of them, and check that all members have one history

Starts referd, a baresip with sip_refer.so, and two stock baresips: the carrier
calls in, and the agent is the target of transfers. Ctrl-C ends everything.
END
}

carrier=
embedded=
fleet=
kill=
once=
port=8080
while [ $# -gt 0 ]; do
	case $1 in
	--carrier=*) carrier=${1#*=} ;;
	--carrier)
		[ $# -gt 1 ] || fail "--carrier needs a NAME, or list"
		shift
		carrier=$1
		;;
	--embedded) embedded=--embedded ;;
	--fleet) fleet=--fleet ;;
	--kill) kill=--kill ;;
	--once) once=--once ;;
	--port=*) port=${1#*=} ;;
	--port) [ $# -gt 1 ] && shift; port=$1 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; fail "knows no option $1" ;;
	esac
	shift
done

# Prints NAME and the behaviour, for each row in docs/carriers.md.
carriers() {
	# shellcheck disable=SC2016
	sed -n -e '/^## What a bot/q' \
		-e 's/^| `\([a-z0-9-]*\)` | \([^|]*\) |.*/\1 \2/p' \
		"$top/docs/carriers.md"
}

if [ "$carrier" = list ]; then
	carriers | while read -r name text; do
		printf '%-18s %s\n' "$name" "$text"
	done
	exit 0
fi
[ -z "$carrier" ] || carriers | cut -d ' ' -f 1 | grep -Fqx -e "$carrier" ||
	fail "knows no carrier $carrier; --carrier list prints the names"
[ -z "$carrier" ] || [ -z "$fleet" ] ||
	fail "--carrier has one gateway, and --fleet has several"

case $port in
'' | *[!0-9]* | ??????*) fail "--port needs a number from 0 to 65535" ;;
esac
[ "$port" -le 65535 ] || fail "--port needs a number from 0 to 65535"
[ -z "$fleet$kill" ] || [ -z "$embedded" ] ||
	fail "--embedded is one baresip, and --fleet has several"
[ -z "$kill" ] || [ -n "$fleet" ] || fail "--kill needs --fleet"
[ -z "$fleet" ] || [ "$port" -le 65533 ] ||
	fail "--fleet needs a --port up to 65533: it takes two more"

# shellcheck disable=SC2046,SC2086
install_packages $packages $(node_packages)
install_node_modules tests/e2e
build build

if [ -n "$fleet" ]; then
	unpack_nats_server
	exec node "$top/scripts/demo/fleet.js" "$port" $once $kill
fi
# shellcheck disable=SC2086
exec node "$top/scripts/demo/main.js" "$port" $once $embedded $carrier
