/**
 * @file ctrl_loop.c  Tests of the event loop: nested in another, its timers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"
#include "unit.h"


enum {
	WAIT = 20000, /* that is long enough for anything [ms] */
	TIMERS = 100,
};

static unsigned turns;
static int fd;


static void turn_handler(void)
{
	++turns;
}


static int setup(void **state)
{
	(void)state;

	turns = 0;
	if (loop_init())
		return -1;

	loop_on_turn(turn_handler);
	fd = loop_fd();

	return fd < 0;
}


static int teardown(void **state)
{
	(void)state;

	loop_close();

	return 0;
}


/* As the outer loop does */
static bool sleeps_until(const bool *donep)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	unsigned woken = 0;

	while (loop_pump())
		;

	while (!*donep && poll(&pfd, 1, WAIT) > 0) {
		++woken;
		while (loop_pump())
			;
	}

	/* no loop that is busy */
	assert_true(woken < 2 * TIMERS);

	return *donep;
}


static void done_handler(void *arg)
{
	*(bool *)arg = true;
}


/* The outer loop need not know when a timer fires */
static void test_timer(void **state)
{
	bool done = false;
	struct timer t;
	int64_t since = clock_steady_ms();
	(void)state;

	timer_init(&t, done_handler, &done);
	timer_start(&t, .05);
	assert_true(timer_runs(&t));
	assert_true(sleeps_until(&done));
	assert_false(timer_runs(&t));
	assert_true(clock_steady_ms() - since >= 49);
}


/* A turn can be late in an outer loop; in referd's own loop it never is */
static void test_late(void **state)
{
	int64_t since = clock_steady_ms();
	(void)state;

	loop_turn();
	assert_false(loop_late());
	while (clock_steady_ms() - since < 3)
		;
	assert_true(loop_late());
	(void)loop_pump();
	loop_turn();
	assert_false(loop_late());

	loop_close();
	assert_int_equal(loop_init(), 0);
	while (clock_steady_ms() - since < 6)
		;
	assert_false(loop_late());
}


struct one {
	struct timer timer;
	struct one *other; /* that must not fire */
	unsigned place;
	bool fired;
};

static struct one ones[TIMERS];
static unsigned last;


static void one_handler(void *arg)
{
	struct one *one = arg;

	assert_false(one->fired);
	assert_true(one->place >= last);
	last = one->place;
	one->fired = true;
	if (one->other)
		timer_stop(&one->other->timer);
}


/* Each timer fires in its time, in any order of starting; a stopped one never
   fires */
static void test_order(void **state)
{
	bool done = false;
	struct timer end;
	(void)state;

	last = 0;
	for (unsigned i = 0; i < TIMERS; i++) {
		struct one *one = &ones[i];

		one->place = (i * 37) % TIMERS;
		one->fired = false;
		one->other = NULL;
		timer_init(&one->timer, one_handler, one);
		timer_start(&one->timer, .001 * one->place);
	}
	ones[0].other = &ones[TIMERS - 1]; /* the first stops a later one */
	assert_true(ones[TIMERS - 1].place > 0);

	timer_init(&end, done_handler, &done);
	timer_start(&end, .001 * TIMERS);
	assert_true(sleeps_until(&done));

	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(ones[i].fired, i < TIMERS - 1);
}


/* A timer that restarts in its own handler does not hold the loop */
static void again_handler(void *arg)
{
	timer_start(arg, 0.);
}


static void test_again(void **state)
{
	struct timer t;
	(void)state;

	timer_init(&t, again_handler, &t);
	timer_start(&t, 0.);
	for (int i = 0; i < 3; i++)
		(void)loop_pump();
	assert_true(timer_runs(&t));
	timer_stop(&t);
}


struct teller {
	struct wake wake;
	bool done;
};


static void told_handler(void *arg)
{
	struct teller *t = arg;

	t->done = true;
}


static void *thread_main(void *arg)
{
	struct teller *t = arg;

	(void)usleep(20000);
	wake_send(&t->wake);

	return NULL;
}


/* While the outer loop sleeps, too */
static void test_wake(void **state)
{
	struct teller t = {.done = false};
	pthread_t thread;
	(void)state;

	assert_int_equal(wake_open(&t.wake, told_handler, &t), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_main, &t), 0);
	assert_true(sleeps_until(&t.done));
	(void)pthread_join(thread, NULL);
	wake_close(&t.wake);
	wake_close(&t.wake);
}


static void io_handler(EV_P_ ev_io *w, int revents)
{
	char byte;
	(void)loop;
	(void)revents;

	assert_int_equal(read(w->fd, &byte, 1), 1);
	*(bool *)w->data = true;
}


/* A handler of the outer loop may add a descriptor, which is then served. A
   turn ends after the pending events, not before */
static void test_io(void **state)
{
	bool done = false;
	unsigned before;
	int fds[2];
	ev_io io;
	(void)state;

	assert_int_equal(pipe(fds), 0);
	ev_io_init(&io, io_handler, fds[0], EV_READ);
	io.data = &done;
	ev_io_start(loop_ev(), &io);
	assert_false(loop_pump());

	assert_int_equal(write(fds[1], "x", 1), 1);
	before = turns;
	assert_true(sleeps_until(&done));
	assert_true(turns > before);

	ev_io_stop(loop_ev(), &io);
	(void)close(fds[0]);
	(void)close(fds[1]);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_timer), CASE(test_order), CASE(test_again),
		CASE(test_wake),  CASE(test_io),    CASE(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
