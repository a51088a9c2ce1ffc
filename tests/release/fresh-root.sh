#!/bin/sh
#
# Builds and tests what is committed in a fresh root of another Debian, with
# the baresip that it has: see usage below.

set -eu

me=fresh-root.sh
top=$(cd "$(dirname "$0")/../.." && pwd)

usage() {
	cat <<END
usage: tests/release/fresh-root.sh [--root ROOT] [RELEASE [OPTION]...]

Makes a root of RELEASE (trixie, unless another is given) with debootstrap,
clones the repository into it, runs scripts/test.sh --fast there, and removes
the root. ROOT is one that is there already, and stays. The options go to
test.sh: with --packages it installs the packages in a fresh root as well.

  tests/release/fresh-root.sh trixie -R e2e.transfer

Needs to be root, and the network.
END
}

say() {
	echo "$me: $*" >&2
}

fail() {
	say "$@"
	exit 1
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

[ "$(id -u)" = 0 ] || fail "needs to be root"
for tool in debootstrap git unshare; do
	command -v $tool >/dev/null || fail "needs $tool"
done

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM

if [ -z "$root" ]; then
	root=$work/root
	say "makes a root of $release"
	debootstrap --variant=minbase --include=ca-certificates "$release" \
		"$root" >"$work/log" 2>&1 ||
		{ tail -n 5 "$work/log" >&2; fail "debootstrap failed"; }
fi
[ -e "$root/etc/debian_version" ] || fail "$root is no root of Debian"

# What the tests have fetched and built there before is kept
[ -d "$root/sip-refer" ] || git init -q "$root/sip-refer"
git -C "$root/sip-refer" fetch -q "$top" HEAD
git -C "$root/sip-refer" checkout -q --detach FETCH_HEAD

# How this machine reaches the mirrors
cp -r /etc/apt/apt.conf.d "$root/etc/apt"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs"
cp /etc/resolv.conf "$root/etc" 2>/dev/null || true

# The mounts and processes of the root end with this
cat >"$work/enter" <<'END'
#!/bin/sh
set -eu
root=$1
shift
# unshare -m, which the tests call, wants a mount at its root
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs sys "$root/sys" 2>/dev/null || true
exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
	NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
	/sip-refer/scripts/test.sh --fast "$@"
END
chmod +x "$work/enter"

unshare -m -p -f --kill-child "$work/enter" "$root" "$@"
