#!/bin/sh
#
# Installs the packages in a fresh Debian, uses them, upgrades them with calls
# up, purges them: see usage below.

set -eu

me=fresh-root.sh
top=$(cd "$(dirname "$0")/../.." && pwd)

usage() {
	cat <<END
usage: tests/package/fresh-root.sh [ROOT]

Makes a root of the release that runs here with debootstrap, from the mirrors
that this machine uses, and removes it afterwards. ROOT is one that is there
already (debootstrap --variant=minbase); it is used up. Needs to be root, and
the network.
END
}

say() {
	echo "$me: $*" >&2
}

fail() {
	say "$@"
	exit 1
}

case ${1-} in
-*) usage; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || fail "needs to be root"
for tool in debootstrap cmake cpack dpkg-shlibdeps file unshare ip; do
	command -v $tool >/dev/null || fail "needs $tool"
done

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM

if [ $# -gt 0 ]; then
	root=$1
else
	root=$work/root
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	say "makes a root of $release"
	debootstrap --variant=minbase --include=ca-certificates "$release" \
		"$root" >"$work/log" 2>&1 ||
		{ tail -n 5 "$work/log" >&2; fail "debootstrap failed"; }
fi
[ -e "$root/etc/debian_version" ] || fail "$root is no root of Debian"

say "builds the packages, and those of an upgrade"
{
	cmake -S "$top" -B "$work/build" -DCMAKE_INSTALL_PREFIX=/usr &&
	cmake --build "$work/build" -j "$(nproc)" &&
	(cd "$work/build" && cpack -G DEB && cpack -G DEB -R 0.1.1)
} >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; fail "the build failed"; }

mkdir -p "$root/packages"
cp "$work"/build/*.deb "$top/tests/package/inside.sh" "$root/packages"

# The mirrors of this machine, and how it reaches them
rm -f "$root/etc/apt/sources.list"
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$root/etc/apt"
[ ! -e /etc/apt/sources.list ] || cp /etc/apt/sources.list "$root/etc/apt"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs"
cp /etc/resolv.conf "$root/etc" 2>/dev/null || true

# enter ARGUMENT...: inside.sh in the root, whose mounts and processes end
# with it
cat >"$work/enter" <<'END'
#!/bin/sh
set -eu
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs sys "$root/sys" 2>/dev/null || true
exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
	sh -eu /packages/inside.sh "$@"
END
chmod +x "$work/enter"

enter() {
	unshare -m -p -f --kill-child "$work/enter" "$root" "$@"
}

enter install
export PATH
unshare -m -p -f --kill-child "$top/tests/e2e/in-netns" "$work/enter" \
	"$root" use
say "passed"
