#!/bin/sh
#
# A connection that is to be tried again without end, also before it was ever
# up, is closed for good by the first server that refuses its login.
#
# nats-server 2.9.10 (Debian nats-server 2.9.10-1+b3) with libnats 3.4.1 (Debian
# libnats3.4 and libnats-dev 3.4.1-1+b1). Needs cc.
#
# natsOptions_SetRetryOnFailedConnect() and natsOptions_SetMaxReconnect(-1) have
# the library go on while no server is there. natsConnection_Connect() has
# returned by then, with NATS_NOT_YET_CONNECTED, so that nothing but the closed
# callback tells that one server, whose user is not set up yet, has ended that.
# Seen:
#
#     no server: Not Yet Connected
#     after 1 s without a server: reconnecting
#     a server without the user: closed
#     the server has the user now: closed

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need cc
need_library libprotobuf-c.so.1 libssl.so.3
from_debian nats-server=2.9.10-1+b3 libnats3.4=3.4.1-1+b1 \
	libnats-dev=3.4.1-1+b1

cat >try.c <<'END'
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int closed;

static void closed_cb(natsConnection *nc, void *closure)
{
	(void)nc, (void)closure;
	closed = 1;
}

static void connected_cb(natsConnection *nc, void *closure)
{
	(void)nc, (void)closure;
}

static const char *state(natsConnection *nc)
{
	switch (natsConnection_Status(nc)) {
	case NATS_CONN_STATUS_CONNECTED: return "connected";
	case NATS_CONN_STATUS_CLOSED: return "closed";
	case NATS_CONN_STATUS_CONNECTING:
	case NATS_CONN_STATUS_RECONNECTING: return "reconnecting";
	default: return "other";
	}
}

int main(int argc, char *argv[])
{
	natsOptions *opts;
	natsConnection *nc;
	natsStatus s;
	char line[16];

	if (argc < 2 || natsOptions_Create(&opts))
		return 1;
	natsOptions_SetURL(opts, argv[1]);
	natsOptions_SetUserInfo(opts, "a", "b");
	natsOptions_SetMaxReconnect(opts, -1);
	natsOptions_SetReconnectWait(opts, 200);
	natsOptions_SetRetryOnFailedConnect(opts, true, connected_cb, NULL);
	natsOptions_SetClosedCB(opts, closed_cb, NULL);

	s = natsConnection_Connect(&nc, opts);
	printf("no server: %s\n", natsStatus_GetText(s));
	sleep(1);
	printf("after 1 s without a server: %s\n", state(nc));
	fflush(stdout);

	/* the script says when something has changed */
	while (fgets(line, sizeof(line), stdin)) {
		for (int i = 0; i < 30 && !closed &&
		     natsConnection_Status(nc) != NATS_CONN_STATUS_CONNECTED; i++)
			nats_Sleep(100);
		nats_Sleep(1000);
		printf("%s: %s\n", *line == '1' ? "a server without the user"
						: "the server has the user now",
		       state(nc));
		fflush(stdout);
	}

	return 0;
}
END
cc -w -I root/usr/include try.c -o try lib/libnats.so.3.4 \
	-Wl,--unresolved-symbols=ignore-in-shared-libs

# A port that is free now: the server comes later
server=$(find root -name nats-server -type f -perm -u+x | head -n 1)
"$server" -a 127.0.0.1 -p -1 >log 2>&1 &
probe=$!
port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	port=$(sed -n 's/.*client connections on 127.0.0.1:\([0-9]*\).*/\1/p' log)
	[ -z "$port" ] || break
	sleep 1
done
kill "$probe"
wait "$probe" || true

mkfifo steps
LD_LIBRARY_PATH=lib ./try "nats://127.0.0.1:$port" <steps >seen &
try=$!
pids=$try
exec 3>steps

for step in 1 2; do
	name=other
	[ $step = 1 ] || name=a
	[ $step = 1 ] || kill "$server_pid"
	[ $step = 1 ] || wait "$server_pid" || true
	cat >server.conf <<-END
		listen: "127.0.0.1:$port"
		authorization { users: [ { user: $name, password: b } ] }
	END
	sleep 2
	"$server" -c server.conf >>log 2>&1 3>&- &
	server_pid=$!
	pids="$try $server_pid"
	echo $step >&3
	sleep 5
done
exec 3>&-
wait "$try"

expect seen <<'END'
no server: Not Yet Connected
after 1 s without a server: reconnecting
a server without the user: closed
the server has the user now: closed
END
