/**
 * @file turn.c  The end of a turn of the loop: store first, then send
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include "base/base.h"
#include "fleet/fleet.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "turn.h"


/* Seconds after which the log is written: who reads it may be in the way of
   who waits for an event */
static const double log_time = .25;

static struct timer again; /* the store wants another turn */
static bool troubled;      /* ... as it did when that was started */
static struct timer logger;


/* It is enough that the loop turns */
static void again_handler(void *arg)
{
	(void)arg;
}


static void logger_handler(void *arg)
{
	(void)arg;

	log_flush();
}


static void look_after_store(void)
{
	const bool trouble = store_trouble();

	if (!trouble && !store_pending())
		timer_stop(&again);
	else if (trouble != troubled || !timer_runs(&again))
		timer_start(&again, store_wait());
	troubled = trouble;
}


/* Runs when all events of a turn are handled, before the loop sleeps */
static void turn_handler(void)
{
	fleet_gather();
	(void)store_commit();
	look_after_store();

	nodes_flush();
	if (feeds_flush() || store_busy())
		loop_again();

	/* clients come first */
	fleet_flush();

	if (log_waits() && !timer_runs(&logger))
		timer_start(&logger, log_time);
}


/**
 * Have each turn end as it should
 */
void turn_init(void)
{
	timer_init(&again, again_handler, NULL);
	timer_init(&logger, logger_handler, NULL);
	loop_on_turn(turn_handler);

	/* nobody has to wait for what is said of him */
	log_hold(true);
}


/**
 * Commit what is left, and stop
 */
void turn_close(void)
{
	log_hold(false);
	nodes_settle();
	(void)store_commit();
	timer_stop(&again);
	timer_stop(&logger);
	loop_on_turn(NULL);
}
