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
#include "compat/compat.h"
#include "sip_refer.h"


#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static struct {
	struct list list; /* the first to come is the first */
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


/* Too early is no harm: one that was cancelled leaves fd armed */
static void arm(void)
{
	const struct le *le = list_head(&deadlines.list);
	const struct deadline *d = le ? le->data : NULL;
	struct itimerspec its;

	if (!d || (deadlines.armed && deadlines.armed <= d->at))
		return;

	deadlines.armed = d->at;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(d->at / NS_PER_S);
	its.it_value.tv_nsec = (long)(d->at % NS_PER_S);
	if (timerfd_settime(deadlines.fd, TFD_TIMER_ABSTIME, &its, NULL))
		warning("sip_refer: a timer can't be set (%m)\n", errno);
}


/* A handler may start and cancel any of them */
static void fd_handler(int flags, void *arg)
{
	const uint64_t now = now_ns();
	uint64_t expirations;
	struct le *le;
	(void)flags;
	(void)arg;

	if (read(deadlines.fd, &expirations, sizeof(expirations)) < 0)
		return;

	deadlines.armed = 0;
	while ((le = list_head(&deadlines.list))) {
		struct deadline *d = le->data;

		if (d->at > now)
			break;

		list_unlink(&d->le);
		d->h(d->arg);
	}

	if (deadlines.fd >= 0)
		arm();
}


/**
 * Get ready for deadlines
 *
 * @return 0 if success, otherwise errorcode
 */
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


/**
 * Have no deadline come any more
 */
void deadline_close(void)
{
	list_clear(&deadlines.list);
	deadlines.cfd = mem_deref(deadlines.cfd);
	if (deadlines.fd >= 0)
		(void)close(deadlines.fd);
	deadlines.fd = -1;
	deadlines.armed = 0;
}


static uint64_t at(const struct le *le)
{
	return ((const struct deadline *)le->data)->at;
}


/* From the end that is nearer: there may be thousands that linger */
static void insert(struct deadline *d)
{
	struct list *list = &deadlines.list;
	struct le *le = list_tail(list);

	if (!le || at(le) <= d->at) {
		list_append(list, &d->le, d);
		return;
	}

	if (at(le) - d->at < d->at - min(d->at, at(list_head(list)))) {
		while (at(le) > d->at)
			le = le->prev;
		list_insert_after(list, le, &d->le, d);
		return;
	}

	le = list_head(list);
	while (at(le) <= d->at)
		le = le->next;
	list_insert_before(list, le, &d->le, d);
}


/**
 * Start a deadline, anew if it runs
 *
 * @param d   Deadline, zeroed when it is new
 * @param ms  Until it comes [ms]
 * @param h   Called then
 * @param arg Handler argument
 */
void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg)
{
	list_unlink(&d->le);
	d->at = now_ns() + ms * NS_PER_MS;
	d->h = h;
	d->arg = arg;

	insert(d);
	arm();
}


/**
 * Have a deadline not come
 *
 * @param d Deadline
 */
void deadline_cancel(struct deadline *d)
{
	list_unlink(&d->le);
}


/**
 * Get a time that only goes forward
 *
 * @return Time [ms]
 */
uint64_t deadline_now(void)
{
	return now_ns() / NS_PER_MS;
}
