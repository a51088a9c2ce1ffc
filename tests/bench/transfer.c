/**
 * @file transfer.c  Makes calls, has them transferred, and tells how long
 *
 * usage: bench-transfer FAR series BATCH CONTROL...
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
 * controls by turns; another line "more" makes another batch. In a burst
 * all calls are transferred at once; with live calls, a few one by one. Under
 * load, RATE calls come per second, and each is transferred as soon as it is
 * answered; there are never more than CALLS.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "control.h"
#include "far.h"


enum {
	CONTROLS = 8,
	AT_ONCE = 16,          /* calls that are set up at once */
	PER_USER = 250,        /* calls: baresip has lines for 255 of each */
	RESEND_INTERVAL = 100, /* ms */
	LINE = 64,
};

static const uint64_t SECOND = 1000000000; /* ns */
static const uint64_t CALL_TIME = 60000000000;

/* What is known of each call, beside what the far end knows */
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


static void die(const char *what, int err)
{
	fprintf(stderr, "bench-transfer: %s: %s\n", what, strerror(err));
	exit(1);
}


static uint64_t us(uint64_t from, uint64_t to)
{
	return to > from ? (to - from) / 1000 : 0;
}


static void transfer(struct bench *b, struct leg *leg)
{
	struct call *call = &b->calls[leg->index];
	int err;

	call->asked = true;
	call->command_time = bench_now();
	err = call->control->type->transfer(call->control, leg);
	if (err)
		die("transfer", err);
}


static void check_up(struct bench *b, struct leg *leg)
{
	struct call *call = &b->calls[leg->index];

	if (!call->up || !call->answered || call->asked)
		return;

	++b->up;
	if (b->load)
		transfer(b, leg);
}


static void print_sample(const struct leg *leg, const struct call *call)
{
	printf("{\"control\":\"%s\",\"refer\":%" PRIu64 ",\"final\":%" PRIu64
	       ",\"notify\":%" PRIu64 "}\n",
	       call->control->type->name,
	       us(call->command_time, leg->refer_time),
	       us(call->command_time, call->done_time),
	       us(leg->final_time, call->done_time));
}


static void control_handler(struct control *c, enum control_event event,
			    struct leg *leg, void *arg)
{
	struct bench *b = arg;
	struct call *call;

	(void)c;
	if (event == CONTROL_READY) {
		++b->ready;
		return;
	}

	call = &b->calls[leg->index];
	if (event == CONTROL_UP && !call->up) {
		call->up = true;
		check_up(b, leg);
	}
	else if (event == CONTROL_FAILED) {
		call->failed = true;
		++b->failed;
	}
	else if (event == CONTROL_DONE && !call->done && leg->refer_time) {
		call->done = true;
		call->done_time = bench_now();
		++b->done;
	}
}


static void leg_handler(struct leg *leg, enum leg_event event, void *arg)
{
	struct bench *b = arg;
	struct call *call = &b->calls[leg->index];

	switch (event) {

	case LEG_UP:
		call->answered = true;
		check_up(b, leg);
		break;

	case LEG_REFER: b->referred = leg; break;

	case LEG_OVER:
		call->over = true;
		++b->over;
		break;

	case LEG_FAILED:
		fprintf(stderr, "bench-transfer: %s has failed\n",
			leg->call_id);
		call->over = call->failed = true;
		++b->failed;
		++b->over;
		break;

	case LEG_INVITED:
	case LEG_FINAL: break;
	}
}


/* Waits for what comes next, at most so many ms, and takes it */
static void turn(struct bench *b, int timeout)
{
	struct pollfd fds[1 + CONTROLS];

	fds[0].fd = far_fd(b->far);
	for (unsigned i = 0; i < b->control_count; ++i)
		fds[1 + i].fd = b->controls[i].type->fd(&b->controls[i]);
	for (unsigned i = 0; i < 1 + b->control_count; ++i)
		fds[i].events = POLLIN;

	poll(fds, 1 + b->control_count, timeout);
	if (fds[0].revents)
		far_read(b->far);
	for (unsigned i = 0; i < b->control_count; ++i) {
		struct control *c = &b->controls[i];
		const int err = fds[1 + i].revents ? c->type->read(c) : 0;

		if (err)
			die(c->type->name, err);
	}

	if (bench_now() > b->resend_time) {
		far_resend(b->far);
		b->resend_time = bench_now() + RESEND_INTERVAL * 1000000;
	}
}


static void wait_for(struct bench *b, const unsigned *count, unsigned wanted,
		     const char *what)
{
	const uint64_t end = bench_now() + CALL_TIME;

	while (*count < wanted) {
		turn(b, RESEND_INTERVAL);
		if (bench_now() > end) {
			fprintf(stderr,
				"bench-transfer: only %u of %u are %s\n",
				*count, wanted, what);
			exit(1);
		}
	}
}


/* Who started this looks at the processes; false: enough */
static bool stop_at(const char *what)
{
	char line[LINE];

	printf("{\"at\":\"%s\"}\n", what);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);

	return !strcmp(line, "more\n");
}


/* The gateways of a control take calls by turns, and then their users */
static void place(struct bench *b, unsigned index, struct control *c)
{
	struct leg *leg = far_leg(b->far, index);
	const unsigned gateway = index % c->gateway_count;
	char user[16];
	int err;

	memset(&b->calls[index], 0, sizeof(b->calls[index]));
	b->calls[index].control = c;
	snprintf(user, sizeof(user), "gw%u",
		 index / c->gateway_count / PER_USER);
	err = c->type->call ? c->type->call(c, index)
			    : leg_call(leg, &c->gateways[gateway], user);
	if (err)
		die("call", err);
}


/* Each control gets its part of the calls, a few at a time */
static void set_up(struct bench *b)
{
	for (unsigned i = 0; i < b->call_count; ++i) {
		place(b, i,
		      &b->controls[i * b->control_count / b->call_count]);
		if ((i + 1) % AT_ONCE == 0)
			wait_for(b, &b->up, i + 1, "answered");
	}
	wait_for(b, &b->up, b->call_count, "answered");
}


static void clear(struct bench *b)
{
	b->up = b->done = b->failed = b->over = 0;
}


/* Ends what its control has left up */
static void hang_up(struct bench *b)
{
	for (unsigned i = 0; i < b->call_count; ++i) {
		struct leg *leg = far_leg(b->far, i);

		if (b->calls[i].control->type == &control_janus ||
		    !b->calls[i].done)
			leg_bye(leg);
	}
	wait_for(b, &b->over, b->call_count, "over");
}


/*
 * The last call first: ctrl_tcp transfers the current one, and after it
 * whichever it takes then. The REFER shows which.
 */
static void transfer_one(struct bench *b, unsigned index)
{
	const unsigned wanted = b->done + b->failed + 1;
	const uint64_t command_time = bench_now();
	const uint64_t end = command_time + CALL_TIME;
	struct call *call;

	b->referred = NULL;
	transfer(b, far_leg(b->far, index));
	while (b->done + b->failed < wanted) {
		turn(b, RESEND_INTERVAL);
		if (bench_now() > end)
			die(b->calls[index].control->type->name, ETIMEDOUT);
	}

	if (!b->referred)
		die("REFER", ENOMSG);
	call = &b->calls[b->referred->index];
	call->command_time = command_time;
	print_sample(b->referred, call);
}


static void run_series(struct bench *b)
{
	const unsigned batch = b->call_count / b->control_count;

	do {
		clear(b);
		set_up(b);
		stop_at("up");
		for (unsigned i = batch; i-- > 0;) {
			/* none has always the same one before it */
			for (unsigned k = 0; k < b->control_count; ++k)
				transfer_one(b, (k + i) % b->control_count *
								batch +
							i);
		}
		hang_up(b);
	} while (stop_at("over"));
}


static void run_live(struct bench *b, unsigned transfers)
{
	set_up(b);
	stop_at("up");
	for (unsigned i = 0; i < transfers; ++i)
		transfer_one(b, i * (b->call_count / transfers));
	stop_at("done");
	hang_up(b);
	stop_at("over");
}


static void run_burst(struct bench *b)
{
	uint64_t begin, end = 0;

	set_up(b);
	stop_at("up");

	begin = bench_now();
	for (unsigned i = 0; i < b->call_count; ++i)
		transfer(b, far_leg(b->far, i));
	wait_for(b, &b->done, b->call_count - b->failed, "transferred");
	for (unsigned i = 0; i < b->call_count; ++i) {
		print_sample(far_leg(b->far, i), &b->calls[i]);
		if (b->calls[i].done_time > end)
			end = b->calls[i].done_time;
	}
	hang_up(b);

	printf("{\"calls\":%u,\"transferred\":%u,\"failed\":%u,\"all\":"
	       "%" PRIu64 ",\"refers_again\":%u,\"notifies_again\":%u}\n",
	       b->call_count, b->done, b->failed, us(begin, end),
	       far_counts(b->far)->refers, far_counts(b->far)->resends);
	stop_at("over");
}


/* Prints what is done of a call that is over, and frees it */
static bool reap(struct bench *b, unsigned index)
{
	struct call *call = &b->calls[index];
	const struct leg *leg = far_leg(b->far, index);

	if (!call->control)
		return true;
	if (!call->over || (!call->done && !call->failed))
		return false;

	if (call->done)
		print_sample(leg, call);
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
			place(b, index, &b->controls[0]);
			++placed;
		}
		turn(b, 1);

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

	wait_for(b, &b->over, (unsigned)placed, "over");
	wait_for(b, &b->done, (unsigned)placed - b->failed, "transferred");
	for (unsigned i = 0; i < b->call_count; ++i)
		(void)reap(b, i);
	printf("{\"placed\":%" PRIu64 ",\"transferred\":%u,\"failed\":%u,"
	       "\"all\":%" PRIu64 "}\n",
	       placed, b->done, b->failed, us(begin, bench_now()));
	stop_at("over");
}


static bool parse_address(struct sockaddr_in *address, char *text)
{
	char *colon = strchr(text, ':');

	memset(address, 0, sizeof(*address));
	if (!colon)
		return false;

	*colon = '\0';
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t)atoi(colon + 1));

	return inet_pton(AF_INET, text, &address->sin_addr) == 1;
}


static void add_control(struct bench *b, char *text, unsigned calls)
{
	struct control *c = &b->controls[b->control_count++];
	char *save = NULL;
	char *name = strtok_r(text, ",", &save);
	char *address = strtok_r(NULL, ",", &save);

	c->type = control_type_find(name);
	if (!c->type || !address || !parse_address(&c->address, address))
		die(name, EINVAL);

	while ((address = strtok_r(NULL, ",", &save)) &&
	       c->gateway_count < CONTROL_GATEWAYS) {
		if (!parse_address(&c->gateways[c->gateway_count++], address))
			die(address, EINVAL);
	}

	c->far = b->far;
	c->legs = b->call_count;
	c->calls = calls;
	c->handler = control_handler;
	c->arg = b;
}


static void open_all(struct bench *b, char *address)
{
	struct sockaddr_in local;
	int err;

	if (!parse_address(&local, address))
		die(address, EINVAL);
	b->calls = calloc(b->call_count, sizeof(*b->calls));
	err = far_open(&b->far, &local, b->call_count, leg_handler, b);
	if (err || !b->calls)
		die("far end", err ? err : ENOMEM);
}


static void open_controls(struct bench *b, int argc, char **argv)
{
	for (int i = 0; i < argc && i < CONTROLS; ++i) {
		struct control *c = &b->controls[i];
		int err;

		add_control(b, argv[i], b->call_count / (unsigned)argc);
		err = c->type->open(c);
		if (err)
			die(c->type->name, err);
	}
	wait_for(b, &b->ready, b->control_count, "ready");
}


int main(int argc, char **argv)
{
	struct bench b = {0};
	const char *mode = argc > 4 ? argv[2] : "";
	const bool load = !strcmp(mode, "load") && argc == 7;
	const bool live = !strcmp(mode, "live") && argc == 6;
	const bool series = !strcmp(mode, "series");
	const int first = load ? 6 : live ? 5 : 4;

	if (!load && !live && !series && strcmp(mode, "burst")) {
		fprintf(stderr, "usage: bench-transfer FAR "
				"series|burst|live|load CALLS "
				"[TRANSFERS | RATE SECONDS] CONTROL...\n");
		return 2;
	}

	b.call_count = (unsigned)atoi(argv[3]);
	if (series)
		b.call_count *= (unsigned)(argc - first);
	open_all(&b, argv[1]);
	open_controls(&b, argc - first, argv + first);

	if (series)
		run_series(&b);
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
