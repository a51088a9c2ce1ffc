/**
 * @file deadline.c  Timers that nobody moves who sets the clock
 *
 * libre's run on the time of day before its release 2: if that is set back,
 * they come as much later, and a transfer would wait so long.  What is to come
 * in this turn of the loop, before what other sockets bring, is libre's still.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <re.h>
#include "host.h"


#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum { SOON = 10 }; /* ms */

/* A pairing heap: none comes before the one that it is below */
static struct {
	struct deadline *first;
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


/* The later one gets below the other, in front of those that are there */
static struct deadline *meld(struct deadline *a, struct deadline *b)
{
	struct deadline *top = a, *sub = b;

	if (!a || !b)
		return a ? a : b;

	if (b->at < a->at) {
		top = b;
		sub = a;
	}

	sub->next = top->below;
	if (sub->next)
		sub->next->before = sub;
	sub->before = top;
	top->below = sub;

	return top;
}


/* Of those beside each other first two and two, then what comes of it */
static struct deadline *meld_all(struct deadline *d)
{
	struct deadline *pairs = NULL, *first = NULL;

	while (d) {
		struct deadline *a = d, *b = d->next;

		d = b ? b->next : NULL;
		a->next = a->before = NULL;
		if (b)
			b->next = b->before = NULL;

		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}

	while (pairs) {
		struct deadline *a = pairs;

		pairs = a->next;
		a->next = NULL;
		first = meld(first, a);
	}

	return first;
}


static void cut(struct deadline *d)
{
	struct deadline *below = meld_all(d->below);

	if (d == deadlines.first) {
		deadlines.first = below;
	}
	else {
		if (d->before->below == d)
			d->before->below = d->next;
		else
			d->before->next = d->next;
		if (d->next)
			d->next->before = d->before;
		deadlines.first = meld(deadlines.first, below);
	}

	d->below = d->next = d->before = NULL;
}


static void set(const struct deadline *d)
{
	struct itimerspec its;

	deadlines.armed = d->at;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(d->at / NS_PER_S);
	its.it_value.tv_nsec = (long)(d->at % NS_PER_S);
	if (timerfd_settime(deadlines.fd, TFD_TIMER_ABSTIME, &its, NULL))
		warning("sip_refer: a timer can't be set (%m)\n", errno);
}


/* Too early is no harm: one that was cancelled leaves fd armed */
static void arm(void)
{
	const struct deadline *d = deadlines.first;

	if (d && (!deadlines.armed || deadlines.armed > d->at))
		set(d);
}


/* A handler may start and cancel any of them */
static void fd_handler(int flags, void *arg)
{
	const uint64_t now = now_ns();
	struct deadline *d;
	uint64_t expirations;
	(void)flags;
	(void)arg;

	if (read(deadlines.fd, &expirations, sizeof(expirations)) < 0)
		return;

	deadlines.armed = 0;
	while ((d = deadlines.first) && d->at <= now) {
		cut(d);
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
	while (deadlines.first)
		cut(deadlines.first);
	deadlines.cfd = mem_deref(deadlines.cfd);
	if (deadlines.fd >= 0)
		(void)close(deadlines.fd);
	deadlines.fd = -1;
	deadlines.armed = 0;
}


void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg)
{
	deadline_cancel(d);
	d->at = now_ns() + ms * NS_PER_MS;
	d->h = h;
	d->arg = arg;

	deadlines.first = meld(deadlines.first, d);
	arm();
}


void deadline_cancel(struct deadline *d)
{
	if (!deadline_runs(d))
		return;

	cut(d);

	/* to be woken for nothing costs more than to say so */
	if (deadlines.armed == d->at && deadlines.first &&
	    d->at < now_ns() + SOON * NS_PER_MS)
		set(deadlines.first);
}


bool deadline_runs(const struct deadline *d)
{
	return d->before || d == deadlines.first;
}


uint64_t deadline_now(void)
{
	return now_ns() / NS_PER_MS;
}
