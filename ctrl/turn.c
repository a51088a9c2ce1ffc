/**
 * @file turn.c  The end of a turn of the loop: store first, then send
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ev.h>
#include "base/base.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "turn.h"


/* Seconds after which what could not be written is tried again, and what was
   written is looked after */
static const double retry_time = 1., settle_time = 2.01;

/* ... and after which the log is written: who reads it may be in the way of
   who waits for an event */
static const double log_time = .02;

static ev_prepare prepare;
static ev_timer again;
static ev_timer logger;
static ev_idle more; /* while there is something to be sent, or written */


/* It is enough that the loop turns */
static void again_handler(EV_P_ ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}


static void logger_handler(EV_P_ ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;

	log_flush();
}


static void more_handler(EV_P_ ev_idle *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}


/* Runs when all events of a turn are handled, before the loop sleeps */
static void prepare_handler(EV_P_ ev_prepare *w, int revents)
{
	(void)w;
	(void)revents;

	(void)store_commit();
	if ((store_trouble() || store_pending()) && !ev_is_active(&again)) {
		ev_timer_set(&again,
			     store_trouble() ? retry_time : settle_time, 0.);
		ev_timer_start(EV_A_ & again);
	}

	nodes_flush();
	if (feeds_flush() || store_busy())
		ev_idle_start(EV_A_ & more);
	else
		ev_idle_stop(EV_A_ & more);

	if (log_waits() && !ev_is_active(&logger)) {
		ev_timer_set(&logger, log_time, 0.);
		ev_timer_start(EV_A_ & logger);
	}
}


/**
 * Have each turn end as it should
 */
void turn_init(void)
{
	ev_timer_init(&again, again_handler, settle_time, 0.);
	ev_timer_init(&logger, logger_handler, log_time, 0.);
	ev_idle_init(&more, more_handler);
	ev_prepare_init(&prepare, prepare_handler);
	ev_prepare_start(EV_DEFAULT_ & prepare);

	/* nobody has to wait for what is said of him */
	log_hold(true);
}


/**
 * Commit what is left, and stop
 */
void turn_close(void)
{
	log_hold(false);
	(void)store_commit();
	ev_timer_stop(EV_DEFAULT_ & again);
	ev_timer_stop(EV_DEFAULT_ & logger);
	ev_idle_stop(EV_DEFAULT_ & more);
	ev_prepare_stop(EV_DEFAULT_ & prepare);
}
