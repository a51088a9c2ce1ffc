#!/bin/sh
#
# Starts the gateway of compose.yaml under another name, at another address:
# `start-gateway NAME ADDRESS`

set -eu

from=${CONFIG:-/etc/baresip/gateway}
dir=${TMPDIR:-/tmp}/$1

mkdir -p "$dir"
sed "s/^sip_refer_node.*/sip_refer_node $1/" "$from/config" >"$dir/config"
sed "s/10\.77\.0\.1/$2/" "$from/accounts" >"$dir/accounts"
exec baresip -f "$dir"
