/**
 * @file acceptor.c  A socket on which connections come
 *
 * While no descriptors are free, new connections stay in the kernel's queue,
 * and the socket remains readable.  The loop ignores the socket for a while
 * then.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "base/base.h"
#include "net.h"


/* Seconds without accepting after descriptors have run out */
static const double pause_time = .1;


static void rest(struct acceptor *a, int err)
{
	if (!a->stuck)
		log_warning("%s: cannot accept connections: %s", a->name,
			    strerror(err));

	a->stuck = true;
	ev_io_stop(loop_ev(), &a->io);
	timer_start(&a->pause, pause_time);
}


static void accept_handler(EV_P_ ev_io *w, int revents)
{
	struct acceptor *a = w->data;
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	int fd = descriptor_move(accept4(w->fd, (struct sockaddr *)&ss, &len,
					 SOCK_NONBLOCK | SOCK_CLOEXEC));
	(void)loop;
	(void)revents;

	if (fd >= 0) {
		a->stuck = false;
		a->h(fd, (struct sockaddr *)&ss);
		return;
	}

	/* the error concerns this connection only */
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;

	rest(a, errno);
}


static void pause_handler(void *arg)
{
	struct acceptor *a = arg;

	ev_io_start(loop_ev(), &a->io);
}


void acceptor_open(struct acceptor *a, int fd, const char *name, acceptor_h *h)
{
	a->name = name;
	a->h = h;
	a->stuck = false;
	timer_init(&a->pause, pause_handler, a);
	ev_io_init(&a->io, accept_handler, fd, EV_READ);
	a->io.data = a;
	ev_io_start(loop_ev(), &a->io);
}


void acceptor_close(struct acceptor *a)
{
	timer_stop(&a->pause);
	ev_io_stop(loop_ev(), &a->io);
}
