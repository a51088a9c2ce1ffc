# Fresh roots of Debian: functions to make a root, to give it the network
# settings of this machine, to enter it and to remove it. For scripts that have
# read common.sh and run as root.

roots=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sip-refer

# Packages of a root beyond debootstrap's minbase
root_packages=git,ca-certificates

ca_bundle=/etc/ssl/certs/ca-certificates.crt

# Makes the directory $work, which is removed when this script ends. Before
# that, removes the directories of earlier scripts that were killed.
root_begin() {
	[ "$(id -u)" = 0 ] || fail "needs to be root"
	install_packages debootstrap git
	for tool in debootstrap git unshare flock; do
		command -v $tool >/dev/null || fail "needs $tool"
	done
	# apt only knows archives whose lists it has fetched
	[ -n "$(root_sources any)" ] || apt-get -q update >/dev/null 2>&1 || true

	exec 8>"${TMPDIR:-/tmp}/sip-refer-root.lock"
	flock 8
	for work in "${TMPDIR:-/tmp}"/sip-refer-root.*/; do
		[ -d "$work" ] || continue
		flock -n "$work" true || continue
		rm -rf --one-file-system "$work" ||
			fail "cannot remove $work"
	done
	work=$(mktemp -d "${TMPDIR:-/tmp}/sip-refer-root.XXXXXX")
	exec 9<"$work"
	flock 9
	exec 8>&-

	child=
	trap root_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# The processes and mounts of a root end with the child
root_end() {
	[ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
	[ -z "$child" ] || wait "$child" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}

# Prints lines of sources.list for a release, in the archive that this
# machine's apt knows; nothing if apt knows no archive of Debian.
root_sources() {
	own=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	keys=/usr/share/keyrings/debian-archive-keyring.gpg

	# shellcheck disable=SC2016
	apt-get indextargets --format \
		'$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null |
		grep -E "^Debian\|[^ ]+ $own(-updates|-security)? main\$" |
		sed -E "s/^[^|]*\|/deb [signed-by=$(echo $keys | sed 's,/,\\/,g')] /
			s/ $own(-[a-z]+)? main\$/ $1\1 main/" || true
}

# root_bootstrap RELEASE DIR
root_bootstrap() {
	mirror=$(root_sources "$1" | awk -v release="$1" \
		'$4 == release { print $3; exit }')
	# debootstrap's downloader does not read apt's settings
	proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy)
	# shellcheck disable=SC2086
	http_proxy=${http_proxy:-$proxy} debootstrap --variant=minbase \
		--include="$root_packages" "$1" "$2" $mirror \
		>"$work/log" 2>&1
}

# root_make RELEASE DIR: from the cache, if one of this week is there
root_make() {
	key=$(printf '%s\n' "$1" "$root_packages" "$(dpkg --print-architecture)" \
		"$(dpkg-query -W debootstrap)" "$(date +%G-%V)" |
		sha256sum | cut -c 1-16)
	tar=$roots/$1-$key.tar

	if [ -e "$tar" ]; then
		say "takes the root of $1 that is $tar"
		mkdir "$2"
		tar -C "$2" --numeric-owner -xpf "$tar" && return 0
		say "cannot unpack it, and makes another"
		rm -rf --one-file-system "$2" "$tar"
	fi

	say "makes a root of $1"
	root_bootstrap "$1" "$2" || {
		tail -n 5 "$work/log" >&2
		fail "debootstrap could not make a root of $1"
	}
	root_keep "$1" "$2" || say "cannot keep the root in $roots"
}

# Other runs see a complete cache entry, or none
root_keep() {
	mkdir -p "$roots" || return 1
	find "$roots" -name "*.part" -mmin +60 -delete
	part=$(mktemp "$roots/XXXXXX.part") || return 1
	tar -C "$2" --numeric-owner --one-file-system -cf "$part" . &&
		find "$roots" -name "$1-*.tar" -delete &&
		mv "$part" "$tar" && return 0
	rm -f "$part"
	return 1
}

# Network settings of npm: those of its files and its environment, and the
# proxies that it takes from there
root_npmrc() {
	names='registry|proxy|http[-_]proxy|https[-_]proxy|no_?proxy|strict[-_]ssl'

	for file in /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc \
		"${HOME:-/root}/.npmrc"; do
		[ ! -r "$file" ] ||
			grep -E "^(@[^=]+:registry|//[^=]+|$names) *=" "$file" ||
			true
	done
	env | grep -iE "^(npm_config_($names)|https?_proxy|no_proxy)=" |
		sed -E 's/^npm_config_//i; s/^([^=]*)/\L\1/; s/^http_/https-/
			s/^https_/https-/; s/^no_proxy/noproxy/
			s/^strict_/strict-/' || true
	echo "cafile=$ca_bundle"
}

# root_connect RELEASE DIR: gives the root the network settings of this
# machine. Packages of other archives cannot be installed.
root_connect() {
	etc=$2/etc

	root_sources "$1" >"$work/sources"
	if [ -s "$work/sources" ]; then
		rm -rf "$etc/apt/sources.list.d"
		cp "$work/sources" "$etc/apt/sources.list"
	fi
	apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries|Force|Languages).* "[^"]+";' \
		>"$etc/apt/apt.conf.d/99machine" || true
	[ ! -e /etc/apt/auth.conf ] || cp /etc/apt/auth.conf "$etc/apt"
	[ ! -d /etc/apt/auth.conf.d ] || cp -r /etc/apt/auth.conf.d "$etc/apt"

	for file in resolv.conf hosts; do
		rm -f "$etc/$file"
		[ ! -e /etc/$file ] || cat /etc/$file >"$etc/$file"
	done

	# The bundle has the local certificates and those of the distribution
	mkdir -p "$2/usr/local/share"
	[ ! -d /usr/local/share/ca-certificates ] ||
		cp -r /usr/local/share/ca-certificates "$2/usr/local/share"
	[ ! -e $ca_bundle ] || cp -L $ca_bundle "$2$ca_bundle"

	(umask 077 && root_npmrc >"$2/root/.npmrc")

	# The root need not survive a power cut
	echo force-unsafe-io >"$etc/dpkg/dpkg.cfg.d/root"
}

# root_clone DIR: checks out HEAD of this repository as /sip-refer. Files that
# were fetched or built there before stay.
root_clone() {
	printf '[safe]\n\tdirectory = *\n' >"$work/gitconfig"
	export GIT_CONFIG_GLOBAL="$work/gitconfig"

	if [ -d "$1/sip-refer" ]; then
		git -C "$1/sip-refer" fetch -q --update-shallow "$top" HEAD
		git -C "$1/sip-refer" checkout -q --detach FETCH_HEAD
	else
		git clone -q --depth 1 "file://$top" "$1/sip-refer"
	fi
	unset GIT_CONFIG_GLOBAL
}

# root_enter DIR COMMAND...: runs the command in the root, with an environment,
# processes and mounts of its own. ENTER_BY is a command to enter the root by.
root_enter() {
	cat >"$work/enter" <<'ENTER'
#!/bin/sh
set -eu
root=$1
shift
# unshare -m, which the tests call, wants a mount at its root
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm" 2>/dev/null || true
mount -t sysfs sys "$root/sys" 2>/dev/null || true
exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
	NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$@"
ENTER
	chmod +x "$work/enter"

	# A shell handles a signal while it waits, not while a command runs
	# shellcheck disable=SC2086
	unshare -m -p -f --kill-child ${ENTER_BY-} "$work/enter" "$@" </dev/null &
	child=$!
	entered=0
	wait "$child" || entered=$?
	child=
	return $entered
}
