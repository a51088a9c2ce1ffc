/**
 * @file transfer.c  Makes calls, has them transferred, and measures the time
 *
 * usage: bench-transfer FAR series BATCH REST CONTROL...
 *        bench-transfer FAR burst CALLS CONTROL...
 *        bench-transfer FAR live CALLS TRANSFERS CONTROL
 *        bench-transfer FAR load CALLS RATE SECONDS CONTROL
 *
 * FAR is the address of the far end, IP:PORT; each CONTROL has the form
 * TYPE,CONTROL-IP:PORT,GATEWAY-IP:PORT[,GATEWAY-IP:PORT]...
 *
 * It prints one JSON object per line, and stops at each {"at":...} until it
 * reads a line: who has started it looks at the processes then. In a series
 * each control has BATCH calls, which are transferred one by one, the
 * controls by turns, each REST ms after the one before; another line "more"
 * makes another batch. In a burst
 * all calls are transferred at once; with live calls, a few one by one. Under
 * load, RATE calls come per second, and each is transferred as soon as it is
 * answered; there are never more than CALLS.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"


static const uint64_t SECOND = 1000000000; /* ns */


/* The controls in another order each time: none has always the same one
   before it, and none comes twice, with a call that is not quite over yet */
static void shuffle(unsigned *order, unsigned count)
{
	const unsigned latest = order[count - 1];

	for (unsigned i = 0; i < count; ++i) {
		const unsigned k = (unsigned)rand() % (i + 1);

		order[i] = order[k];
		order[k] = i;
	}

	if (order[0] == latest && count > 1) {
		order[0] = order[1];
		order[1] = latest;
	}
}


static void run_series(struct bench *b, unsigned rest)
{
	const unsigned batch = b->call_count / b->control_count;
	unsigned order[CONTROLS] = {0};

	do {
		bench_clear(b);
		bench_set_up(b);
		bench_stop_at("up");
		for (unsigned i = batch; i-- > 0;) {
			shuffle(order, b->control_count);
			for (unsigned k = 0; k < b->control_count; ++k) {
				call_transfer_one(b, order[k] * batch + i);
				bench_rest(b, rest);
			}
		}
		bench_hang_up(b);
	} while (bench_stop_at("over"));
}


static void run_live(struct bench *b, unsigned transfers)
{
	bench_set_up(b);
	bench_stop_at("up");
	for (unsigned i = 0; i < transfers; ++i)
		call_transfer_one(b, i * (b->call_count / transfers));
	bench_stop_at("done");
	bench_hang_up(b);
	bench_stop_at("over");
}


static void run_burst(struct bench *b)
{
	uint64_t begin, end = 0;

	bench_set_up(b);
	bench_stop_at("up");

	begin = bench_now();
	for (unsigned i = 0; i < b->call_count; ++i)
		call_transfer(b, far_leg(b->far, i));
	bench_wait_for(b, &b->done, b->call_count - b->failed, "transferred");
	for (unsigned i = 0; i < b->call_count; ++i) {
		call_print(far_leg(b->far, i), &b->calls[i]);
		if (b->calls[i].done_time > end)
			end = b->calls[i].done_time;
	}
	bench_hang_up(b);

	printf("{\"calls\":%u,\"transferred\":%u,\"failed\":%u,\"all\":"
	       "%" PRIu64 ",\"refers_again\":%u,\"notifies_again\":%u}\n",
	       b->call_count, b->done, b->failed, bench_us(begin, end),
	       far_counts(b->far)->refers, far_counts(b->far)->resends);
	bench_stop_at("over");
}


/* Prints the figures of a call that is over, and frees it */
static bool reap(struct bench *b, unsigned index)
{
	struct call *call = &b->calls[index];
	const struct leg *leg = far_leg(b->far, index);

	if (!call->control)
		return true;
	if (!call->over || (!call->done && !call->failed))
		return false;

	if (call->done)
		call_print(leg, call);
	call->control = NULL;

	return true;
}


static void run_load(struct bench *b, unsigned rate, unsigned seconds)
{
	const uint64_t begin = bench_now();
	const uint64_t total = (uint64_t)rate * seconds;
	uint64_t placed = 0;
	uint64_t second = 1;
	unsigned index = 0;
	unsigned busy = 0;

	b->load = true;
	while (placed < total) {
		const uint64_t elapsed = bench_now() - begin;

		while (placed < total && placed * SECOND < elapsed * rate) {
			for (busy = 0; busy < b->call_count; ++busy) {
				index = (index + 1) % b->call_count;
				if (reap(b, index))
					break;
			}
			if (busy == b->call_count)
				break; /* as many calls as there may be */
			call_place(b, index, &b->controls[0]);
			++placed;
		}
		bench_turn(b, 1);

		if (elapsed > second * SECOND) {
			printf("{\"second\":%" PRIu64 ",\"placed\":%" PRIu64
			       ",\"done\":%u,\"failed\":%u,"
			       "\"refers_again\":%u,\"notifies_again\":%u}\n",
			       second++, placed, b->done, b->failed,
			       far_counts(b->far)->refers,
			       far_counts(b->far)->resends);
			fflush(stdout);
		}
	}

	bench_wait_for(b, &b->over, (unsigned)placed, "over");
	bench_wait_for(b, &b->done, (unsigned)placed - b->failed,
		       "transferred");
	for (unsigned i = 0; i < b->call_count; ++i)
		(void)reap(b, i);
	printf("{\"placed\":%" PRIu64 ",\"transferred\":%u,\"failed\":%u,"
	       "\"all\":%" PRIu64 "}\n",
	       placed, b->done, b->failed, bench_us(begin, bench_now()));
	bench_stop_at("over");
}


int main(int argc, char **argv)
{
	struct bench b = {0};
	const char *mode = argc > 4 ? argv[2] : "";
	const bool load = !strcmp(mode, "load") && argc == 7;
	const bool live = !strcmp(mode, "live") && argc == 6;
	const bool series = !strcmp(mode, "series");
	const int first = load ? 6 : live || series ? 5 : 4;

	if (!load && !live && !series && strcmp(mode, "burst")) {
		fprintf(stderr, "usage: bench-transfer FAR "
				"series|burst|live|load CALLS "
				"[REST | TRANSFERS | RATE SECONDS] "
				"CONTROL...\n");
		return 2;
	}

	b.call_count = (unsigned)atoi(argv[3]);
	if (series)
		b.call_count *= (unsigned)(argc - first);
	bench_open(&b, argv[1]);
	bench_open_controls(&b, argc - first, argv + first);

	if (series)
		run_series(&b, (unsigned)atoi(argv[4]));
	else if (live)
		run_live(&b, (unsigned)atoi(argv[4]));
	else if (load)
		run_load(&b, (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
	else
		run_burst(&b);

	for (unsigned i = 0; i < b.control_count; ++i)
		b.controls[i].type->close(&b.controls[i]);
	far_close(b.far);
	free(b.calls);

	return 0;
}
