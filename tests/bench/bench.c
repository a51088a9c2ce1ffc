/**
 * @file bench.c  The calls of a measurement
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
#include "bench.h"


enum {
	AT_ONCE = 16,   /* calls that are set up at once */
	PER_USER = 250, /* calls: baresip has lines for 255 of each */
	LINE = 64,
};

static const uint64_t CALL_TIME = 60000000000; /* ns */


/**
 * End with a sentence
 *
 * @param what Operation that failed
 * @param err  Errno value
 */
void bench_die(const char *what, int err)
{
	fprintf(stderr, "bench-transfer: %s: %s\n", what, strerror(err));
	exit(1);
}


/**
 * Get the time between two moments [ns], in microseconds; 0 if the second did
 * not come
 */
uint64_t bench_us(uint64_t from, uint64_t to)
{
	return to > from ? (to - from) / 1000 : 0;
}


/**
 * Have a call transferred
 */
void call_transfer(struct bench *b, struct leg *leg)
{
	struct call *call = &b->calls[leg->index];
	int err;

	call->asked = true;
	call->command_time = bench_now();
	err = call->control->type->transfer(call->control, leg);
	if (err)
		bench_die("transfer", err);
}


static void check_up(struct bench *b, struct leg *leg)
{
	struct call *call = &b->calls[leg->index];

	if (!call->up || !call->answered || call->asked)
		return;

	++b->up;
	if (b->load)
		call_transfer(b, leg);
}


/**
 * Print how long the transfer of a call took
 */
void call_print(const struct leg *leg, const struct call *call)
{
	printf("{\"control\":\"%s\",\"refer\":%" PRIu64 ",\"final\":%" PRIu64
	       ",\"notify\":%" PRIu64 "}\n",
	       call->control->type->name,
	       bench_us(call->command_time, leg->refer_time),
	       bench_us(call->command_time, call->done_time),
	       bench_us(leg->final_time, call->done_time));
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


/**
 * Wait for the next event, and handle it
 *
 * @param timeout Longest wait [ms]
 */
void bench_turn(struct bench *b, int timeout)
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
			bench_die(c->type->name, err);
	}

	if (bench_now() > b->resend_time) {
		far_resend(b->far);
		b->resend_time = bench_now() + RESEND_INTERVAL * 1000000;
	}
}


/**
 * Wait until so many calls are counted
 */
void bench_wait_for(struct bench *b, const unsigned *count, unsigned wanted,
		    const char *what)
{
	const uint64_t end = bench_now() + CALL_TIME;

	while (*count < wanted) {
		bench_turn(b, RESEND_INTERVAL);
		if (bench_now() > end) {
			fprintf(stderr,
				"bench-transfer: only %u of %u are %s\n",
				*count, wanted, what);
			exit(1);
		}
	}
}


/**
 * Let all processes finish the work of a transfer, so the next one does not
 * wait for it
 *
 * @param ms Duration
 */
void bench_rest(struct bench *b, unsigned ms)
{
	const uint64_t end = bench_now() + (uint64_t)ms * 1000000;

	while (bench_now() < end)
		bench_turn(b, 1);
}


/**
 * Stop, so the parent process can look at the processes
 *
 * @param what Name of this point
 *
 * @return True if more is to follow
 */
bool bench_stop_at(const char *what)
{
	char line[LINE];

	printf("{\"at\":\"%s\"}\n", what);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);

	return !strcmp(line, "more\n");
}


/**
 * Begin a call.  The gateways of a control take calls by turns, and then their
 * users.
 */
void call_place(struct bench *b, unsigned index, struct control *c)
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
		bench_die("call", err);
}


/**
 * Begin all calls, a few at a time; each control gets its part
 */
void bench_set_up(struct bench *b)
{
	for (unsigned i = 0; i < b->call_count; ++i) {
		call_place(b, i,
			   &b->controls[i * b->control_count / b->call_count]);
		if ((i + 1) % AT_ONCE == 0)
			bench_wait_for(b, &b->up, i + 1, "answered");
	}
	bench_wait_for(b, &b->up, b->call_count, "answered");
}


/**
 * Reset the counts
 */
void bench_clear(struct bench *b)
{
	b->up = b->done = b->failed = b->over = 0;
}


/**
 * End the calls that its control has left up
 */
void bench_hang_up(struct bench *b)
{
	for (unsigned i = 0; i < b->call_count; ++i) {
		struct leg *leg = far_leg(b->far, i);

		if (b->calls[i].control->type == &control_janus ||
		    !b->calls[i].done)
			leg_bye(leg);
	}
	bench_wait_for(b, &b->over, b->call_count, "over");
}


/**
 * Have one call transferred, and print how long that took.
 *
 * The last call comes first: ctrl_tcp transfers the current one, and then one
 * of its choice. The REFER shows which.
 */
void call_transfer_one(struct bench *b, unsigned index)
{
	const unsigned wanted = b->done + b->failed + 1;
	const uint64_t command_time = bench_now();
	const uint64_t end = command_time + CALL_TIME;
	struct call *call;

	b->referred = NULL;
	call_transfer(b, far_leg(b->far, index));
	while (b->done + b->failed < wanted) {
		bench_turn(b, RESEND_INTERVAL);
		if (bench_now() > end)
			bench_die(b->calls[index].control->type->name,
				  ETIMEDOUT);
	}

	if (!b->referred)
		bench_die("REFER", ENOMSG);
	call = &b->calls[b->referred->index];
	call->command_time = command_time;
	call_print(b->referred, call);
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
		bench_die(name, EINVAL);

	while ((address = strtok_r(NULL, ",", &save)) &&
	       c->gateway_count < CONTROL_GATEWAYS) {
		if (!parse_address(&c->gateways[c->gateway_count++], address))
			bench_die(address, EINVAL);
	}

	c->far = b->far;
	c->legs = b->call_count;
	c->calls = calls;
	c->handler = control_handler;
	c->arg = b;
}


/**
 * Open the far end
 */
void bench_open(struct bench *b, char *address)
{
	struct sockaddr_in local;
	int err;

	if (!parse_address(&local, address))
		bench_die(address, EINVAL);
	b->calls = calloc(b->call_count, sizeof(*b->calls));
	err = far_open(&b->far, &local, b->call_count, leg_handler, b);
	if (err || !b->calls)
		bench_die("far end", err ? err : ENOMEM);
}


/**
 * Open the controls of the transfers
 */
void bench_open_controls(struct bench *b, int argc, char **argv)
{
	for (int i = 0; i < argc && i < CONTROLS; ++i) {
		struct control *c = &b->controls[i];
		int err;

		add_control(b, argv[i], b->call_count / (unsigned)argc);
		err = c->type->open(c);
		if (err)
			bench_die(c->type->name, err);
	}
	bench_wait_for(b, &b->ready, b->control_count, "ready");
}
