#!/bin/sh
#
# Starts referd in its container. Out of a container it is reached from
# elsewhere, so it asks for a token: one that is made at the first start.
# Arguments go to referd.

set -eu

if [ ! -s "$REFERD_TOKEN_FILE" ]; then
	token=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077 && echo "page controller $token" >"$REFERD_TOKEN_FILE")
fi

# The first line that is no comment
token=$(awk '!/^#/ && NF { print $NF; exit }' "$REFERD_TOKEN_FILE")
echo "page: ${PAGE_URL:-http://127.0.0.1:8080}/#token=$token"

exec referd "$@"
