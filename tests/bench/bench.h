/**
 * @file bench.h  The calls of a measurement
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "clock.h"
#include "control.h"
#include "far.h"

enum {
	CONTROLS = 8,
	RESEND_INTERVAL = 100, /* ms */
};

/* State of each call, in addition to that of the far end */
struct call {
	struct control *control;
	bool answered; /* at the far end */
	bool up;       /* as its control has told */
	bool asked;
	bool done; /* as its control has told */
	bool failed;
	bool over; /* at the far end */
	uint64_t command_time;
	uint64_t done_time;
};

struct bench {
	struct far *far;
	struct control controls[CONTROLS];
	unsigned control_count;
	unsigned ready;
	struct call *calls;
	unsigned call_count;
	uint64_t resend_time;

	/* counts of calls */
	unsigned up;
	unsigned done;
	unsigned failed;
	unsigned over;

	bool load;            /* transfer as soon as a call is up */
	struct leg *referred; /* the last one */
};

void bench_die(const char *what, int err);
uint64_t bench_us(uint64_t from, uint64_t to);
void call_transfer(struct bench *b, struct leg *leg);
void call_print(const struct leg *leg, const struct call *call);
void bench_turn(struct bench *b, int timeout);
void bench_wait_for(struct bench *b, const unsigned *count, unsigned wanted,
		    const char *what);
void bench_rest(struct bench *b, unsigned ms);
bool bench_stop_at(const char *what);
void call_place(struct bench *b, unsigned index, struct control *c);
void bench_set_up(struct bench *b);
void bench_clear(struct bench *b);
void bench_hang_up(struct bench *b);
void call_transfer_one(struct bench *b, unsigned index);
void bench_open(struct bench *b, char *address);
void bench_open_controls(struct bench *b, int argc, char **argv);
