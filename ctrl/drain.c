/**
 * @file drain.c  The orderly shutdown
 *
 * New connections are refused.  Transfers and requests in progress may end
 * within a limit; those that do not are on disk.  Then referd tells its
 * clients, closes them, and stops.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdint.h>
#include "apps/apps.h"
#include "base/base.h"
#include "calls/calls.h"
#include "drain.h"
#include "net/net.h"
#include "server/server.h"
#include "stream/stream.h"


/* Seconds */
static const double work_time = 5.;   /* for transfers and requests */
static const double tell_time = .5;   /* for clients to get the news */
static const double leave_time = 1.5; /* for clients to close */
static const double look_time = .02;  /* between two looks at the phase */

enum phase {
	PHASE_WORK,
	PHASE_TELL,
	PHASE_LEAVE,
};

static struct {
	struct timer timer;
	enum phase phase;
	int64_t since; /* of the phase, in ms */
	drain_done_h *h;
} drain;


static void enter(enum phase phase)
{
	drain.phase = phase;
	drain.since = clock_steady_ms();
}


static bool is_over(double limit)
{
	return (double)(clock_steady_ms() - drain.since) >= limit * 1000;
}


static void end_work(void)
{
	const size_t running = transfers_count();

	if ((running || http_count()) && !is_over(work_time))
		return;

	enter(PHASE_TELL);
}


static void end_tell(void)
{
	const size_t running = transfers_count();

	if (!clients_drained() && !is_over(tell_time))
		return;

	if (running)
		log_info("drain: %zu transfers go on without us", running);
	enter(PHASE_LEAVE);
	applinks_stop();
	clients_leave();
}


static void end_leave(void)
{
	if (clients_count() && !is_over(leave_time))
		return;

	drain_stop();
	drain.h();
}


/* Results of this turn of the loop are sent when the turn ends: a phase has at
   least one turn */
static void timer_handler(void *arg)
{
	(void)arg;

	timer_start(&drain.timer, look_time);
	switch (drain.phase) {
	case PHASE_WORK: end_work(); break;
	case PHASE_TELL: end_tell(); break;
	case PHASE_LEAVE: end_leave(); break;
	}
}


/**
 * Begin to end
 *
 * @param works Whether transfers go on meanwhile, and are worth a wait
 * @param h     Called when all is done, in 7 seconds at most; in 2 if nothing
 *              is worth a wait
 */
void drain_start(bool works, drain_done_h *h)
{
	listen_close();
	enter(works ? PHASE_WORK : PHASE_TELL);
	drain.h = h;
	timer_init(&drain.timer, timer_handler, NULL);
	timer_start(&drain.timer, look_time);
}


/**
 * Do not wait any longer
 */
void drain_stop(void)
{
	timer_stop(&drain.timer);
}
