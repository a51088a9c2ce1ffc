/**
 * @file pace.c  How fast what waits is published
 *
 * After an outage 5,000 events a second more than what happens meanwhile, so
 * that what others publish is not late.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include "base/base.h"
#include "pace.h"
#include "store/store.h"


enum { RATE = 5500, BURST = 500 }; /* events, each second and at once */

static struct {
	int64_t time;  /* [ms] */
	uint64_t seq;  /* of the last message by then */
	double credit; /* events that may be sent */
} pace;


/**
 * Begin
 */
void pace_start(void)
{
	pace.time = clock_steady_ms();
	pace.seq = store_seq();
	pace.credit = BURST;
}


/* What has happened since then may be sent besides */
static void earn(void)
{
	const int64_t now = clock_steady_ms();
	const uint64_t seq = store_seq();

	if (pace.credit < BURST) {
		pace.credit += (double)(now - pace.time) * RATE / 1000;
		if (pace.credit > BURST)
			pace.credit = BURST;
	}
	pace.credit += (double)(seq - pace.seq);
	pace.time = now;
	pace.seq = seq;
}


/**
 * Tell when events may be sent
 *
 * @return Seconds until then, 0 for now
 */
double pace_wait(void)
{
	earn();

	return pace.credit >= 0 ? 0 : -pace.credit / RATE;
}


/**
 * Count events that are sent
 *
 * @param count Number of events
 */
void pace_take(unsigned count)
{
	pace.credit -= count;
}
