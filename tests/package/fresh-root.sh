#!/bin/sh
#
# Installs the packages of 0.1.0 in a fresh Debian, uses them, upgrades them to
# these with calls up, purges them: see usage below.

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

FORMER is the commit of 0.1.0; the default is the tag v0.1.0. Without that tag
the script gives this commit's packages the number 0.1.0 and upgrades those.
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

# pack SOURCE NAME [CPACK OPTION]...: the packages, in packages/NAME
pack() {
	source=$1 name=$2
	shift 2
	{
		cmake -S "$source" -B "$work/$name" -DCMAKE_INSTALL_PREFIX=/usr \
			-DBUILD_TESTING=OFF &&
		cmake --build "$work/$name" -j "$(nproc)" &&
		(cd "$work/$name" && cpack -G DEB "$@")
	} >"$work/log" 2>&1 ||
		{ tail -n 5 "$work/log" >&2; fail "the build failed"; }
	mkdir -p "$root/packages/$name"
	cp "$work/$name"/*.deb "$root/packages/$name"
}

former=$(git -C "$top" rev-parse -q --verify "${FORMER:-v0.1.0}^{commit}") ||
	[ -z "${FORMER-}" ] || fail "FORMER: there is no commit $FORMER"
if [ -n "$former" ]; then
	say "builds the packages of 0.1.0"
	mkdir "$work/source"
	git -C "$top" archive "$former" | tar -x -C "$work/source"
	pack "$work/source" former
else
	say "builds the packages, as those of 0.1.0"
	# a package for exactly this version cannot be a former one
	pack "$top" former -R 0.1.0
	rm -f "$root"/packages/former/referd-fleet_*
fi
say "builds the packages"
pack "$top" this
cp "$top/tests/package/inside.sh" "$top/tests/e2e/states/0.1.0.tar.gz" \
	"$root/packages"

root_connect "$release" "$root"
inside="sh -eu /packages/inside.sh"
# shellcheck disable=SC2086
root_enter "$root" $inside install
# shellcheck disable=SC2086
ENTER_BY=$top/tests/e2e/in-netns root_enter "$root" $inside use
say "passed"
