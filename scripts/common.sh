# Functions of all scripts. Each script sets -eu, `me` to its own name, and
# `top` to the directory of the repository.

export DEBIAN_FRONTEND=noninteractive

# The packages needed to build the project; test.sh adds to them.
packages="baresip-core libre-dev librem-dev libwebsockets-dev
	libwebsockets-evlib-ev libev-dev libcjson-dev libsqlite3-dev
	libcurl4-openssl-dev libssl-dev zlib1g-dev libnats-dev cmake build-essential file pkg-config
	iproute2 util-linux ca-certificates"

say() {
	echo "$me: $*" >&2
}

fail() {
	say "$@"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

# Prints those of the packages that are not installed.
missing() {
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*" ok installed") ;;
		*) echo "$package" ;;
		esac
	done
}

has_node() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		node -e 'process.exit(parseInt(process.version.slice(1)) < 18 ? 1 : 0)'
}

# A node from elsewhere will do, and Debian's package would conflict with it.
node_packages() {
	has_node || echo nodejs npm
}

install_packages() {
	# shellcheck disable=SC2046
	set -- $(missing "$@")
	[ $# -gt 0 ] || return 0

	command -v apt-get >/dev/null ||
		fail "needs these packages, and has no apt-get to install" \
			"them with: $*"
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		fail "needs root, or sudo, to install: $*"

	say "installs $*"
	log=$(mktemp)
	as_root apt-get -q update >"$log" 2>&1 &&
		as_root apt-get -qy install --no-install-recommends "$@" \
			>>"$log" 2>&1 || true

	# apt-get exits with 0 even if every download has failed.
	# shellcheck disable=SC2046
	set -- $(missing "$@")
	if [ $# -gt 0 ]; then
		tail -n 5 "$log" >&2
		rm -f "$log"
		fail "could not install: $*"
	fi
	rm -f "$log"
}

# For optional packages: prints those that are not available.
offer_packages() {
	# shellcheck disable=SC2046
	set -- $(missing "$@")
	[ $# -gt 0 ] || return 0
	(install_packages "$@") && return 0

	for package; do
		(install_packages "$package") 2>/dev/null ||
			say "does without $package, which is not to be had"
	done
}

# install_node_modules DIR
install_node_modules() {
	cd "$top/$1"
	if ! cmp -s package-lock.json node_modules/.from-lock; then
		say "installs the Node.js modules of $1"
		npm ci --no-audit --no-fund --loglevel=error >&2 ||
			fail "npm ci failed in $1"
		cp package-lock.json node_modules/.from-lock
	fi
	cd "$top"
}

# build DIR [CMAKE OPTION]...
build() {
	dir=$top/$1
	shift
	say "builds in $dir"
	mkdir -p "$dir"
	if ! { cmake -S "$top" -B "$dir" "$@" &&
		cmake --build "$dir" -j "$(nproc)"; } >"$dir/build.log" 2>&1
	then
		grep -m 5 -i -A 3 error "$dir/build.log" >&2 || true
		fail "the build failed, $dir/build.log says why"
	fi
}

# Unpacks a package for this directory alone: installed, it would start a
# service.
unpack() {
	dir=$top/build-tools/$1
	[ ! -d "$dir/usr" ] || return 0
	say "takes $1 out of its package, into $dir"
	mkdir -p "$dir"
	(cd "$dir" && {
		apt-get -q download "$1" ||
			{ as_root apt-get -q update &&
				apt-get -q download "$1"; }
	} && dpkg -x "$1"_*.deb .) >"$dir/log" 2>&1 ||
		fail "cannot get the package $1, $dir/log says why"
}

# Unpacks nats-server, if it is not installed
unpack_nats_server() {
	for path in /usr/sbin /usr/bin /usr/local/bin; do
		[ ! -x "$path/nats-server" ] || return 0
	done
	unpack nats-server
}
