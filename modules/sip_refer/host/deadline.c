/**
 * @file deadline.c  Timers that do not move when the clock is set
 *
 * Before release 2, libre's timers depend on the time of day: if it is set
 * back, they fire later by as much, and a transfer would wait so long.  A
 * deadline that is due in this turn of the loop, before other sockets are
 * read, is still a timer of libre's.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <re.h>
#include "heap.h"
#include "host.h"


#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum { SOON = 10 }; /* ms */

static struct {
	struct heap heap;
	int fd;
	struct compat_fd *cfd;
	uint64_t armed; /* when fd fires [ns], 0 for never */
} deadlines = {.fd = -1};


static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}


static void set(uint64_t at)
{
	struct itimerspec its;

	deadlines.armed = at;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(at / NS_PER_S);
	its.it_value.tv_nsec = (long)(at % NS_PER_S);
	if (timerfd_settime(deadlines.fd, TFD_TIMER_ABSTIME, &its, NULL))
		warning("sip_refer: cannot set a timer (%m)\n", errno);
}


/* Too early is no harm: one that was cancelled leaves fd armed */
static void arm(void)
{
	const struct heap_node *first = deadlines.heap.first;

	if (first && (!deadlines.armed || deadlines.armed > first->at))
		set(first->at);
}


/* A handler may start and cancel any of them */
static void fd_handler(int flags, void *arg)
{
	const uint64_t now = now_ns();
	struct heap_node *first;
	struct deadline *d;
	uint64_t expirations;
	(void)flags;
	(void)arg;

	if (read(deadlines.fd, &expirations, sizeof(expirations)) < 0)
		return;

	deadlines.armed = 0;
	while ((first = deadlines.heap.first) && first->at <= now) {
		d = (struct deadline *)first;
		heap_cut(&deadlines.heap, first);
		d->h(d->arg);
	}

	if (deadlines.fd >= 0)
		arm();
}


int deadline_init(void)
{
	int err;

	deadlines.fd = timerfd_create(CLOCK_MONOTONIC,
				      TFD_NONBLOCK | TFD_CLOEXEC);
	if (deadlines.fd < 0)
		return errno;

	err = compat_fd_listen(&deadlines.cfd, deadlines.fd, FD_READ,
			       fd_handler, NULL);
	if (err)
		deadline_close();

	return err;
}


void deadline_close(void)
{
	while (deadlines.heap.first)
		heap_cut(&deadlines.heap, deadlines.heap.first);
	deadlines.cfd = mem_deref(deadlines.cfd);
	if (deadlines.fd >= 0)
		(void)close(deadlines.fd);
	deadlines.fd = -1;
	deadlines.armed = 0;
}


void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg)
{
	deadline_cancel(d);
	d->h = h;
	d->arg = arg;

	heap_add(&deadlines.heap, &d->node, now_ns() + ms * NS_PER_MS);
	arm();
}


void deadline_cancel(struct deadline *d)
{
	const struct heap_node *first;

	if (!deadline_runs(d))
		return;

	heap_cut(&deadlines.heap, &d->node);

	/* to be woken for nothing costs more than to say so */
	first = deadlines.heap.first;
	if (deadlines.armed == d->node.at && first &&
	    d->node.at < now_ns() + SOON * NS_PER_MS)
		set(first->at);
}


bool deadline_runs(const struct deadline *d)
{
	return heap_has(&deadlines.heap, &d->node);
}


uint64_t deadline_now(void)
{
	return now_ns() / NS_PER_MS;
}
