/**
 * @file timer.c  Timers of the event loop
 *
 * The kernel gets the time of the earliest timer only, at the end of a turn.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <ev.h>
#include "base.h"
#include "timer.h"


enum {
	FIRE_TIME = 1000000, /* that those of a turn may take [ns] */
	LOOK_COUNT = 16,     /* timers between two looks at the clock */
};

static const uint64_t second = 1000000000; /* ns */

static struct {
	struct heap heap; /* by CLOCK_MONOTONIC [ns] */
	int fd;
	ev_io io;
	uint64_t armed; /* when fd fires [ns], 0 for never */
} timers = {.fd = -1};


static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * second + (uint64_t)ts.tv_nsec;
}


/* A handler may start and stop any timer.  A timer that it starts fires in a
   later turn, and so do timers beyond the limit of this turn. */
static void fire_handler(EV_P_ ev_io *w, int revents)
{
	const uint64_t now = now_ns();
	struct heap_node *first;
	uint64_t expirations;
	unsigned count = 0;
	(void)loop;
	(void)revents;

	if (read(w->fd, &expirations, sizeof(expirations)) < 0)
		return;

	timers.armed = 0;
	while ((first = timers.heap.first) && first->at < now) {
		struct timer *t = (struct timer *)first;

		heap_cut(&timers.heap, first);
		t->h(t->arg);
		if (loop_late() ||
		    (++count % LOOK_COUNT == 0 && now_ns() >= now + FIRE_TIME))
			break;
	}
}


/**
 * Have timers fire in the event loop
 *
 * @return 0, or what timerfd_create() fails with
 */
int timers_open(void)
{
	timers.fd = timerfd_create(CLOCK_MONOTONIC,
				   TFD_NONBLOCK | TFD_CLOEXEC);
	if (timers.fd < 0)
		return errno;

	ev_io_init(&timers.io, fire_handler, timers.fd, EV_READ);
	ev_io_start(loop_ev(), &timers.io);
	timers.armed = 0;

	return 0;
}


/**
 * Have no timer fire any more
 */
void timers_close(void)
{
	while (timers.heap.first)
		heap_cut(&timers.heap, timers.heap.first);

	if (timers.fd < 0)
		return;

	ev_io_stop(loop_ev(), &timers.io);
	(void)close(timers.fd);
	timers.fd = -1;
}


/**
 * Tell the kernel when the earliest timer fires, before the loop sleeps.  One
 * that was stopped leaves it to wake us in vain, which costs no more than to
 * say so.
 */
void timers_arm(void)
{
	const struct heap_node *first = timers.heap.first;
	struct itimerspec its = {.it_interval = {0}};

	if (!first || timers.fd < 0 ||
	    (timers.armed && timers.armed <= first->at))
		return;

	timers.armed = first->at;
	its.it_value.tv_sec = (time_t)(first->at / second);
	its.it_value.tv_nsec = (long)(first->at % second);
	if (timerfd_settime(timers.fd, TFD_TIMER_ABSTIME, &its, NULL))
		log_error("timer: %s", strerror(errno));
}


void timer_init(struct timer *t, timer_h *h, void *arg)
{
	memset(t, 0, sizeof(*t));
	t->h = h;
	t->arg = arg;
}


void timer_start(struct timer *t, double seconds)
{
	timer_stop(t);
	heap_add(&timers.heap, &t->node,
		 now_ns() + (uint64_t)(seconds > 0 ? seconds * 1e9 : 0));
}


void timer_stop(struct timer *t)
{
	if (timer_runs(t))
		heap_cut(&timers.heap, &t->node);
}


bool timer_runs(const struct timer *t)
{
	return heap_has(&timers.heap, &t->node);
}
