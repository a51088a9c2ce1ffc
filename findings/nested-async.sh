#!/bin/sh
#
# A loop of libev that is nested in another loop, which waits for the descriptor
# of its epoll instance, is not woken by ev_async_send(); by a pipe it is.
#
# libev 4.33 (Debian libev4 and libev-dev 1:4.33-1). Needs cc.
#
# ev(3) on ev_async_send(): it can be called from any thread, and the watcher is
# fed "an event into the event loop". libev writes to its own pipe only while it
# is in epoll_wait() itself; so where somebody else waits for the descriptor
# (libevent, libre, systemd's, another libev), the event stays unseen until
# something else wakes the loop. Seen:
#
#     a byte in a pipe: the descriptor is readable
#     ev_async_send: the descriptor is not readable
#     the next turn: the handler of the async is called

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need cc
from_debian libev4=1:4.33-1 libev-dev=1:4.33-1

cat >try.c <<'END'
#include <ev.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static int fds[2];

static void io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	char c;

	(void)loop, (void)revents;
	if (read(w->fd, &c, 1) != 1)
		puts("error");
}

static void async_cb(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	puts("the next turn: the handler of the async is called");
}

static const char *look(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 500) > 0 ? "readable" : "not readable";
}

int main(void)
{
	struct ev_loop *inner = ev_loop_new(EVBACKEND_EPOLL);
	struct ev_loop *outer = ev_loop_new(EVBACKEND_POLL);
	ev_async async;
	ev_embed embed;
	ev_io io;

	/* how a loop tells another one its descriptor */
	ev_embed_init(&embed, NULL, inner);
	ev_embed_start(outer, &embed);

	if (pipe(fds))
		return 1;
	ev_io_init(&io, io_cb, fds[0], EV_READ);
	ev_io_start(inner, &io);
	ev_async_init(&async, async_cb);
	ev_async_start(inner, &async);
	ev_run(inner, EVRUN_NOWAIT);

	if (write(fds[1], "x", 1) != 1)
		return 1;
	printf("a byte in a pipe: the descriptor is %s\n",
	       look(embed.io.fd));
	ev_run(inner, EVRUN_NOWAIT);

	ev_async_send(inner, &async);
	printf("ev_async_send: the descriptor is %s\n", look(embed.io.fd));
	ev_run(inner, EVRUN_NOWAIT);

	return 0;
}
END
cc -w -I root/usr/include try.c -o try lib/libev.so.4
LD_LIBRARY_PATH=lib ./try >seen

expect seen <<'END'
a byte in a pipe: the descriptor is readable
ev_async_send: the descriptor is not readable
the next turn: the handler of the async is called
END
