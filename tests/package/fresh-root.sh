#!/bin/sh
#
# Installs the packages in a fresh Debian, uses them, upgrades them with calls
# up, purges them: see usage below.

set -eu

me=fresh-root.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/scripts/common.sh"
. "$top/scripts/root.sh"

usage() {
	cat <<END
usage: tests/package/fresh-root.sh [ROOT]

Makes a root of this machine's release with debootstrap, from the mirrors of this
machine, and removes it afterwards. With ROOT it uses that existing root
(debootstrap --variant=minbase), which cannot be used again. Needs to be root,
and the network.
END
}

case ${1-} in
-*) usage; exit 2 ;;
esac
root_begin
for tool in cmake cpack dpkg-shlibdeps file ip; do
	command -v $tool >/dev/null || fail "needs $tool"
done

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
if [ $# -gt 0 ]; then
	root=$1
else
	root=$work/root
	root_make "$release" "$root"
fi
[ -e "$root/etc/debian_version" ] || fail "$root is no root of Debian"

say "builds the packages, and those of an upgrade"
{
	cmake -S "$top" -B "$work/build" -DCMAKE_INSTALL_PREFIX=/usr \
		-DBUILD_TESTING=OFF &&
	cmake --build "$work/build" -j "$(nproc)" &&
	(cd "$work/build" && cpack -G DEB && cpack -G DEB -R 0.1.1)
} >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; fail "the build failed"; }

mkdir -p "$root/packages"
cp "$work"/build/*.deb "$top/tests/package/inside.sh" "$root/packages"

root_connect "$release" "$root"
inside="sh -eu /packages/inside.sh"
# shellcheck disable=SC2086
root_enter "$root" $inside install
# shellcheck disable=SC2086
ENTER_BY=$top/tests/e2e/in-netns root_enter "$root" $inside use
say "passed"
