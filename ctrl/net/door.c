/**
 * @file door.c  A socket on which connections come
 *
 * Who comes while there are no descriptors stays where it is, and the socket
 * goes on saying so: it is not listened to for a while then.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "base/base.h"
#include "net.h"


/* Seconds for which nobody is taken when descriptors have run out */
static const double pause_time = .1;


static void rest(struct door *d, int err)
{
	if (!d->stuck)
		log_warning("%s: nobody else can come: %s", d->name,
			    strerror(err));

	d->stuck = true;
	ev_io_stop(EV_DEFAULT_ & d->io);
	ev_timer_set(&d->pause, pause_time, 0.);
	ev_timer_start(EV_DEFAULT_ & d->pause);
}


static void accept_handler(EV_P_ ev_io *w, int revents)
{
	struct door *d = w->data;
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	int fd = accept4(w->fd, (struct sockaddr *)&ss, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	(void)loop;
	(void)revents;

	if (fd >= 0) {
		d->stuck = false;
		d->h(fd, (struct sockaddr *)&ss);
		return;
	}

	/* that is so of one connection, and others come */
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;

	rest(d, errno);
}


static void pause_handler(EV_P_ ev_timer *w, int revents)
{
	struct door *d = w->data;
	(void)revents;

	ev_io_start(EV_A_ & d->io);
}


void door_open(struct door *d, int fd, const char *name, door_h *h)
{
	d->name = name;
	d->h = h;
	d->stuck = false;
	ev_timer_init(&d->pause, pause_handler, 0., 0.);
	d->pause.data = d;
	ev_io_init(&d->io, accept_handler, fd, EV_READ);
	d->io.data = d;
	ev_io_start(EV_DEFAULT_ & d->io);
}


void door_close(struct door *d)
{
	ev_timer_stop(EV_DEFAULT_ & d->pause);
	ev_io_stop(EV_DEFAULT_ & d->io);
}
