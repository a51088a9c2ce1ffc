#!/bin/sh
#
# Installs missing packages, builds, and runs every test as released. Then it
# runs all tests except those of the page, of scripts and of documents with
# AddressSanitizer and UBSan, and each fuzzer for a minute. The last line is
# the sum.

set -eu

me=test.sh
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/scripts/common.sh"
. "$top/scripts/root.sh"

usage() {
	cat <<END
usage: scripts/test.sh [--fast] [--far-ends] [--packages] [CTEST OPTION]...

  --fast      leave out the build with sanitizers, and the fuzzers
  --far-ends  transfer calls with all available SIP stacks, including those
              that take minutes to install or to run
  --packages  first install, use, upgrade and purge the packages in a fresh
              Debian (as root, with the network)

Further options go to ctest, for example: scripts/test.sh --fast -R e2e.transfer

To test another baresip than the system's, set BARESIP_PREFIX to the prefix where
it is installed, for example BARESIP_PREFIX=/opt/baresip.
END
}

# Counts in ctest's log the cases that a test printed as TAP, or else the test.
count() {
	awk '
	/^[0-9]+\/[0-9]+ Testing: / { cases = bad = 0 }
	/^ok [0-9]+ .*# SKIP/ { skipped++; cases++; next }
	/^ok [0-9]+/ { passed++; cases++ }
	/^not ok [0-9]+/ { failed++; cases++; bad++ }
	/^Test Passed\.$/ && !cases { passed++ }
	/^Test Failed\.$/ && !bad { failed++ }
	END { print passed + 0, failed + 0, skipped + 0 }' "$@"
}

# Prints the output of each failed case again: it is far up in a long log
digest() {
	awk '
	/^[0-9]+\/[0-9]+ Testing: / { test = $3; left = 0 }
	/^not ok [0-9]+/ { print test ": " $0; left = 16; next }
	/^Test Failed\.$/ { print test ": failed" }
	/^  (stack: |\.\.\.)/ { left = 0 }
	left > 0 && /^  / { print; left-- }' "$@"
}

# unpack_release RELEASE PACKAGE: unpacks a package of another release of
# Debian with all its dependencies, including its libraries and their loader.
# It runs from that directory.
unpack_release() {
	dir=$top/build-tools/$2
	[ ! -d "$dir/usr" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	root_sources "$1" | awk -v release="$1" '$4 == release' |
		head -n 1 >"$dir/sources"
	[ -s "$dir/sources" ] || return 1

	say "fetches $2 of Debian $1"
	package=$2
	set -- -qy -o Dir::State="$dir/state" -o Dir::Cache="$dir/cache" \
		-o Dir::State::status="$dir/status" \
		-o Dir::Etc::sourcelist="$dir/sources" -o Dir::Etc::sourceparts=- \
		-o APT::Sandbox::User=root
	{ apt-get "$@" update && apt-get "$@" --no-install-recommends \
		--download-only install "$package"; } >"$dir/log" 2>&1 ||
		return 1

	for deb in "$dir"/cache/archives/*.deb; do
		dpkg -x "$deb" "$dir/root" || return 1
	done
	mv "$dir/root"/* "$dir"
	rm -rf "$dir/root" "$dir/cache" "$dir/state"
}

fast=no
packages_too=no
far_ends=
while [ $# -gt 0 ]; do
	case $1 in
	--fast) fast=yes ;;
	--far-ends) far_ends="-C far-ends" ;;
	--packages) packages_too=yes ;;
	-h | --help) usage; exit 0 ;;
	*) break ;;
	esac
	shift
done

# For libFuzzer; clang-format has brought most of it.
[ $fast = yes ] || packages="$packages clang libclang-rt-14-dev"

# shellcheck disable=SC2046,SC2086
install_packages $packages $(node_packages) libcmocka-dev sip-tester valgrind clang-format man-db \
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user musl-tools \
	chromium openssl tshark sngrep
install_node_modules tests/e2e
unpack kamailio
unpack prometheus
unpack_nats_server

# Other SIP stacks: the tests skip those that are not available
offer_packages linphone-cli libsofia-sip-ua-dev twinkle-console
(install_node_modules tests/far-ends) || say "does without JsSIP and SIP.js"
(unpack kamailio-websocket-modules) || say "does without WebRTC phones"
[ -z "$far_ends" ] || unpack_release sid asterisk ||
	say "does without asterisk, which is not to be had"

if [ $packages_too = yes ]; then
	install_packages debootstrap
	as_root "$top/tests/package/fresh-root.sh"
fi

# In directories of its own: CMake caches the libraries that it has found
beside=
if [ -n "${BARESIP_PREFIX-}" ]; then
	[ -x "$BARESIP_PREFIX/bin/baresip" ] ||
		fail "BARESIP_PREFIX: there is no $BARESIP_PREFIX/bin/baresip"
	beside=-beside
fi

export CMOCKA_MESSAGE_OUTPUT=TAP
logs=
status=0

prepare() {
	dir=$1$beside
	shift
	build "$dir" -DCMAKE_PREFIX_PATH="${BARESIP_PREFIX-}" "$@"
}

run() {
	dir=$1$beside
	shift
	say "runs the tests of $dir"
	# shellcheck disable=SC2086
	(cd "$top/$dir" && ctest -j 3 --output-on-failure $far_ends "$@") ||
		status=1
	logs="$logs $top/$dir/Testing/Temporary/LastTest.log"
}

prepare build
run build "$@"

if [ $fast = no ]; then
	prepare build-sanitize -DSANITIZE=ON
	run build-sanitize "$@"
	prepare build-fuzz -DFUZZ=ON -DCMAKE_C_COMPILER=clang
	run build-fuzz "$@"
fi

# shellcheck disable=SC2086
digest $logs

# shellcheck disable=SC2046,SC2086
set -- $(count $logs)
[ "$3" = 0 ] || echo "$3 skipped"
echo "$1 passed, $2 failed"
[ "$2" = 0 ] && [ "$1" -gt 0 ] && exit $status
exit 1
