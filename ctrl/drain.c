/**
 * @file drain.c  The end in good order
 *
 * Nobody else may come; what is in progress has a while to end, and is on
 * disk if it does not; the clients are sent away; then it is over.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdint.h>
#include <ev.h>
#include "apps/apps.h"
#include "base/base.h"
#include "calls/calls.h"
#include "drain.h"
#include "net/net.h"
#include "server/server.h"
#include "stream/stream.h"


/* Seconds */
static const double work_time = 5.;  /* for transfers and requests */
static const double leave_time = 2.; /* for clients to take their leave */
static const double look_time = .02; /* between two looks at them */

static struct {
	ev_timer timer;
	int64_t since; /* of this part of the end, in ms */
	bool leaving;
	drain_done_h *h;
} drain;


static bool is_over(double limit)
{
	return (double)(clock_steady_ms() - drain.since) >= limit * 1000;
}


static void look(void)
{
	size_t running = transfers_count();

	if (!drain.leaving &&
	    (is_over(work_time) || (!running && !http_count()))) {
		if (running)
			log_info("drain: %zu transfers go on without us",
				 running);
		drain.leaving = true;
		drain.since = clock_steady_ms();
		applinks_stop();
		clients_leave();
	}

	if (drain.leaving && (!clients_count() || is_over(leave_time))) {
		drain_stop();
		drain.h();
	}
}


static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;

	look();
}


/**
 * Begin to end
 *
 * @param h Called when all is done, in 7 seconds at most
 */
void drain_start(drain_done_h *h)
{
	log_info("drain: stops, as a signal says");

	listen_close();
	drain.h = h;
	drain.since = clock_steady_ms();
	ev_timer_init(&drain.timer, timer_handler, look_time, look_time);
	ev_timer_start(EV_DEFAULT_ & drain.timer);
	look();
}


/**
 * Do not wait any longer
 */
void drain_stop(void)
{
	ev_timer_stop(EV_DEFAULT_ & drain.timer);
}
