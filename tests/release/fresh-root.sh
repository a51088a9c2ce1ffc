#!/bin/sh
#
# Builds and tests the commit in a fresh root of another Debian, with its
# baresip: see usage below.

set -eu

me=fresh-root.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/scripts/common.sh"
. "$top/scripts/root.sh"

usage() {
	cat <<END
usage: tests/release/fresh-root.sh [--root ROOT] [RELEASE [OPTION]...]

Makes a root of RELEASE (default trixie) with debootstrap, clones the repository
into it, runs scripts/test.sh --fast there, and removes the root. With --root it
uses the existing directory ROOT, and keeps it. The options go to test.sh: with
--packages it installs the packages in a fresh root as well.

  tests/release/fresh-root.sh trixie -R e2e.transfer

Needs to be root, and the network.
END
}

root=
while [ $# -gt 0 ]; do
	case $1 in
	--root)
		[ $# -gt 1 ] || fail "--root needs a directory"
		root=$2
		shift
		;;
	-*) usage; exit 2 ;;
	*) break ;;
	esac
	shift
done
release=${1-trixie}
[ $# = 0 ] || shift

root_begin
if [ -z "$root" ]; then
	root=$work/root
	root_make "$release" "$root"
fi
[ -e "$root/etc/debian_version" ] || fail "$root is no root of Debian"

root_connect "$release" "$root"
root_clone "$root"
root_enter "$root" /sip-refer/scripts/test.sh --fast "$@"
