/**
 * @file pace.c  Reports events at a steady rate
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "node.h"


enum { AHEAD = 20000 }; /* reports that need not be stored yet */


static int begin(struct node *n, const char *name)
{
	return node_report(n,
			   "\"type\":\"transfer\",\"call_sid\":\"pace-%s\","
			   "\"transfer_id\":\"pace-%s-%d\","
			   "\"refer_to\":\"sip:bob@example.com\","
			   "\"referred_by\":\"sip:alice@example.com\","
			   "\"step\":\"requested\"",
			   name, name, (int)getpid());
}


/* Reports a ringing far end, about 300 bytes for a client */
static int report(struct node *n, const char *name)
{
	return node_report(n,
			   "\"type\":\"transfer\",\"call_sid\":\"pace-%s\","
			   "\"transfer_id\":\"pace-%s-%d\","
			   "\"refer_to\":\"sip:bob@example.com\","
			   "\"referred_by\":\"sip:alice@example.com\","
			   "\"step\":\"progress\",\"refer_status\":202,"
			   "\"call_status\":180,\"reason\":\"Ringing\"",
			   name, name, (int)getpid());
}


static void sleep_until(uint64_t ns)
{
	const struct timespec at = {.tv_sec = (time_t)(ns / 1000000000),
				    .tv_nsec = (long)(ns % 1000000000)};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}


int main(int argc, char *argv[])
{
	const double rate = argc == 5 ? atof(argv[3]) : 0;
	const uint64_t count = (uint64_t)(rate * (rate ? atof(argv[4]) : 0));
	struct node *n = NULL;
	uint64_t start, stored;
	int err;

	if (!count) {
		(void)fprintf(stderr, "usage: bench-pace SOCKET NAME RATE "
				      "SECONDS\n");
		return 2;
	}

	err = node_connect(&n, argv[1], argv[2], NULL, NULL);
	if (!err)
		err = begin(n, argv[2]);
	start = bench_now();
	for (uint64_t i = 0; i < count && !err; i++) {
		sleep_until(start + (uint64_t)((double)i * 1e9 / rate));
		err = report(n, argv[2]);
		if (!err)
			err = node_settle(n, AHEAD);
	}
	stored = bench_now() - start;
	if (!err)
		err = node_settle(n, 0);

	if (err)
		(void)fprintf(stderr, "bench-pace: %s\n", strerror(err));
	else
		(void)printf("{\"events\":%" PRIu64 ",\"sent_ms\":%.1f,"
			     "\"stored_ms\":%.1f}\n",
			     count, (double)stored / 1e6,
			     (double)(bench_now() - start) / 1e6);
	node_close(n);

	return err != 0;
}
