#!/bin/sh
#
# The part of fresh-root.sh within the root: `install`, with the network of the
# machine, then `use`, in a network of its own.

former=/packages/former
this=/packages/this
agent=sip:agent@10.77.0.3

say() {
	echo "fresh-root.sh: $*" >&2
}

fail() {
	say "$@"
	for log in /tmp/*.log; do
		echo "--- $log" >&2
		tail -n 20 "$log" >&2
	done
	exit 1
}

# eventually WHAT COMMAND...: within 30 s
eventually() {
	what=$1
	shift
	i=0
	until "$@" >/tmp/eventually.log 2>&1; do
		i=$((i + 1))
		[ $i -lt 300 ] || fail "$what: this does not come true: $*"
		sleep 0.1
	done
}

# As the service does it with systemd
start_referd() {
	setpriv --reuid referd --regid referd --init-groups -- \
		referd --config /etc/referd/referd.conf \
		>>/tmp/referd.log 2>&1 &
	referd=$!
	eventually "referd listens" referctl calls
}

stop_referd() {
	kill "$referd"
	wait "$referd" || fail "referd ended with $?"
}

# run_baresip USER ADDRESS CONFIG-LINES ACCOUNT [OPTION]...
run_baresip() {
	user=$1 address=$2 lines=$3 account=$4
	shift 4
	home=/home/$user
	log=/tmp/$user.log

	# Its own first config, and our lines
	if [ ! -e "$home/.baresip/config" ]; then
		adduser --quiet --disabled-password --gecos "" "$user"
		case $lines in
		*sip_refer*) adduser --quiet "$user" referd ;;
		esac
		setpriv --reuid "$user" --regid "$user" --init-groups -- \
			env HOME="$home" LOGNAME="$user" \
			baresip -t 1 >"$log" 2>&1 || true
		[ -e "$home/.baresip/config" ] ||
			fail "baresip has made no config"
		# Settings of a machine with four phones and no sound
		sed -i -E "/^(module.*(alsa|pulse|jack|portaudio|gtk|x11)|audio_|video_|sip_listen|net_interface)/d" \
			"$home/.baresip/config"
		{
			echo "sip_listen $address:5060"
			echo "net_interface $address"
			echo "$lines"
		} >>"$home/.baresip/config"
		echo "<sip:$user@$address>;regint=0;$account" \
			>"$home/.baresip/accounts"
	fi

	setpriv --reuid "$user" --regid "$user" --init-groups -- \
		env HOME="$home" LOGNAME="$user" \
		XDG_RUNTIME_DIR="/run/user/$user" \
		baresip "$@" </dev/null >>"$log" 2>&1 &
	pid=$!
	eventually "$user's baresip is ready" grep -q "baresip is ready" "$log"
}

call_in() {
	run_baresip "$1" "$2" "" "" -e "/dial sip:gateway@10.77.0.1"
	carrier=$pid
	eventually "the call is up" calls_up
}

calls_up() {
	[ "$(referctl calls | grep -c in-progress)" = 1 ]
}

transfer() {
	referctl refer - $agent --wait >/tmp/transfer.log 2>&1 ||
		fail "the transfer ended with $?"
	grep -q "^transferred  200 OK (notify)$" /tmp/transfer.log ||
		fail "the transfer did not say that it was one"
	kill "$carrier"
}

maps_module() {
	grep -q "sip_refer.so$1\$" "/proc/$2/maps"
}

no_trace() {
	! grep "^referd:" /etc/passwd /etc/group || fail "a user is left"
	! dpkg-query -W referd referd-page referd-fleet baresip-sip-refer 2>/dev/null ||
		fail "dpkg remembers a package"
	left=$(find / -xdev \( -iname "*referd*" -o -iname "*referctl*" -o \
		-iname "*sip[_-]refer*" \) \
		! -path "/packages/*" ! -path "/proc/*" ! -path "/tmp/*" \
		! -path "/var/cache/*" ! -path "/var/lib/apt/*" \
		! -path "/dev/*" ! -path "/sys/*")
	[ -z "$left" ] || fail "the purge has left $left"
}

install() {
	apt-get -q update >/tmp/apt.log 2>&1
	apt-get -qy install --no-install-recommends $former/*.deb \
		>>/tmp/apt.log 2>&1 || fail "apt-get ended with $?"
	[ "$(dpkg-query -W -f '${Status}' baresip-core)" = \
		"install ok installed" ] || fail "baresip did not come along"
	# The later upgrade has no network, and may need more packages
	apt-get -qy --download-only install $this/*.deb >>/tmp/apt.log 2>&1 ||
		fail "apt-get ended with $?"
	say "installed 0.1.0, without systemd"
}

# The state of a 0.1.0 that was killed with a transfer in progress
leave_state() {
	tar -xzf /packages/0.1.0.tar.gz -C /tmp --no-same-owner
	cp /tmp/0.1.0/killed/* /var/lib/referd
	chown referd:referd /var/lib/referd/*
	# the state is old: retention must not remove it
	echo "keep-days = 36500" >>/etc/referd/referd.conf
}

remembers() {
	referctl transfers >/tmp/transfers.log
	grep -q "unknown.*bob@example.com" /tmp/transfers.log &&
		grep -q "transferred.*49301234" /tmp/transfers.log
}

use() {
	leave_state
	start_referd
	run_baresip agent 10.77.0.3 "" answermode=auto
	run_baresip gateway 10.77.0.1 "module_app sip_refer.so" answermode=auto
	gateway=$pid

	call_in ann 10.77.0.5
	transfer
	say "a caller was transferred"

	call_in ben 10.77.0.6
	echo "# mine" >>/etc/referd/referd.conf
	DEBIAN_FRONTEND=noninteractive apt-get -qy \
		-o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold \
		install --no-install-recommends $this/*.deb \
		>/tmp/dpkg.log 2>&1 || fail "the upgrade ended with $?"
	grep -q "^# mine$" /etc/referd/referd.conf ||
		fail "the upgrade took back a change of referd.conf"
	stop_referd
	start_referd
	eventually "the call lives on" calls_up
	eventually "baresip is back" referctl refer - 100 --dry-run
	maps_module " (deleted)" $gateway ||
		fail "baresip does not run the module that it has loaded"
	transfer
	remembers || fail "the history of 0.1.0 is lost"
	say "upgraded with a call up, which was transferred then"

	kill $gateway
	wait $gateway || true
	run_baresip gateway 10.77.0.1 "" ""
	eventually "baresip loads the new module" maps_module "" "$pid"

	stop_referd
	apt-get -qy purge referd referd-page referd-fleet baresip-sip-refer >/tmp/purge.log 2>&1 ||
		fail "the purge ended with $?"
	no_trace
	say "purged without a trace"
}

"$1"
