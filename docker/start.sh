#!/bin/sh
#
# Starts referd in its container. Since other machines may reach it there, referd
# asks for a token; this script makes one at the first start. Arguments go to
# referd.

set -eu

if [ ! -s "$REFERD_TOKEN_FILE" ]; then
	token=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077 && echo "page controller $token" >"$REFERD_TOKEN_FILE")
fi

# The first line that is not a comment
token=$(awk '!/^#/ && NF { print $NF; exit }' "$REFERD_TOKEN_FILE")
echo "page: ${PAGE_URL:-http://127.0.0.1:8080}/#token=$token"

exec referd "$@"
