/**
 * @file turn.c  The end of a turn of the loop: store first, then send
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include "base/base.h"
#include "fleet/fleet.h"
#include "hooks/hooks.h"
#include "nodes/nodes.h"
#include "server/server.h"
#include "store/store.h"
#include "stream/stream.h"
#include "turn.h"


/* Seconds after which the log is written: a slow reader of the log may delay
   a client that waits for an event */
static const double log_time = .25;

static struct timer again; /* the store wants another turn */
static bool troubled;      /* ... as it did when that was started */
static struct timer logger;

/* Seconds that the disk may take to write while messages are held for it */
static const double disk_time = 5.;

static struct timer stuck; /* runs while something is held */
static uint64_t kept;      /* as of then */


/* The loop only has to turn */
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


static void stuck_handler(void *arg)
{
	(void)arg;

	store_stuck();
}


static void look_after_disk(void)
{
	const uint64_t now = store_kept();

	if (now >= store_turn())
		timer_stop(&stuck);
	else if (now != kept || !timer_runs(&stuck))
		timer_start(&stuck, disk_time);
	kept = now;
}


/* Each queue holds the messages that must be on the disk and are not yet.
   Runs when all events of a turn are handled, before the loop sleeps */
static void turn_handler(void)
{
	fleet_gather();
	(void)store_commit();
	look_after_store();
	look_after_disk();

	nodes_flush();
	webhooks_flush();
	http_flush();
	if (feeds_flush() || store_busy())
		loop_again();

	/* clients come first */
	fleet_flush();

	if (log_waits() && !timer_runs(&logger))
		timer_start(&logger, log_time);
}


/**
 * Begin to flush the queues at the end of each turn
 */
void turn_init(void)
{
	timer_init(&again, again_handler, NULL);
	timer_init(&logger, logger_handler, NULL);
	timer_init(&stuck, stuck_handler, NULL);
	loop_on_turn(turn_handler);

	/* an event must not wait until its log line is written */
	log_hold(true);
}


/**
 * Commit the remaining writes, and stop
 */
void turn_close(void)
{
	log_hold(false);
	nodes_settle();
	(void)store_commit();
	timer_stop(&again);
	timer_stop(&logger);
	timer_stop(&stuck);
	loop_on_turn(NULL);
}
