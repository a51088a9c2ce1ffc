#!/bin/sh
#
# Installs what is missing, builds, and shows the whole thing at work on this
# machine: see usage below.

set -eu

me=demo.sh
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/scripts/common.sh"

usage() {
	cat <<END
usage: scripts/demo.sh [--port N] [--once]

  --port N   port of the page and of the WebSocket (default 8080)
  --once     make one transfer, print each message as a line of JSON, and
             exit 0 if the agent ended up talking to the carrier

Starts referd, a baresip with sip_refer.so, and two stock baresips: the carrier
calls in, the agent waits to be the target of a transfer. Ctrl-C ends it all.
END
}

once=
port=8080
while [ $# -gt 0 ]; do
	case $1 in
	--once) once=--once ;;
	--port=*) port=${1#*=} ;;
	--port) [ $# -gt 1 ] && shift; port=$1 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; fail "knows no option $1" ;;
	esac
	shift
done

case $port in
'' | *[!0-9]* | ??????*) fail "--port needs a number from 0 to 65535" ;;
esac
[ "$port" -le 65535 ] || fail "--port needs a number from 0 to 65535"

# shellcheck disable=SC2046,SC2086
install_packages $packages $(node_packages)
install_node_modules tests/e2e
build build

exec node "$top/scripts/demo/main.js" "$port" $once
