/**
 * @file wake.c  A thread wakes the event loop
 *
 * libev's own way, ev_async, wakes no loop that is nested in another.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <ev.h>
#include "base.h"


static void io_handler(EV_P_ ev_io *io, int revents)
{
	const struct wake *w = io->data;
	uint64_t count;
	(void)loop;
	(void)revents;

	if (read(io->fd, &count, sizeof(count)) > 0)
		w->h(w->arg);
}


int wake_open(struct wake *w, wake_h *h, void *arg)
{
	const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return errno;

	w->h = h;
	w->arg = arg;
	w->open = true;
	ev_io_init(&w->io, io_handler, fd, EV_READ);
	w->io.data = w;
	ev_io_start(loop_ev(), &w->io);

	return 0;
}


void wake_send(struct wake *w)
{
	const uint64_t one = 1;

	(void)!write(w->io.fd, &one, sizeof(one));
}


void wake_close(struct wake *w)
{
	if (!w->open)
		return;

	w->open = false;
	ev_io_stop(loop_ev(), &w->io);
	(void)close(w->io.fd);
}
