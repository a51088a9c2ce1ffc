/**
 * @file module_deadline.c  Tests of the deadlines: they come in their order
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "host/host.h"


enum {
	COUNT = 2000,
	SPAN = 40, /* that they are spread over [ms] */
};

struct one {
	struct deadline deadline;
	struct one *other; /* that is cancelled when this one comes */
	unsigned came;
};

static struct one ones[COUNT];
static uint64_t latest;

static int timer_fd;
static fd_h *timer_handler;


/* In place of baresip's loop */
int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg)
{
	(void)cfdp;
	(void)arg;
	assert_int_equal(flags, FD_READ);
	timer_fd = fd;
	timer_handler = fh;

	return 0;
}


void warning(const char *fmt, ...)
{
	fail_msg("%s", fmt);
}


static void wait_until_none(void)
{
	struct pollfd pfd = {.fd = timer_fd, .events = POLLIN};
	bool runs;

	do {
		runs = false;
		for (size_t i = 0; i < COUNT; i++)
			runs |= deadline_runs(&ones[i].deadline);
		if (runs && poll(&pfd, 1, 10000) == 1)
			timer_handler(FD_READ, NULL);
	} while (runs);
}


static void deadline_handler(void *arg)
{
	struct one *one = arg;

	assert_true(one->deadline.node.at >= latest);
	assert_false(deadline_runs(&one->deadline));
	latest = one->deadline.node.at;
	++one->came;
	if (one->other)
		deadline_cancel(&one->other->deadline);
}


static void start(struct one *one)
{
	deadline_start(&one->deadline, (uint64_t)(rand() % SPAN),
		       deadline_handler, one);
}


static int setup(void **state)
{
	(void)state;

	memset(ones, 0, sizeof(ones));
	latest = 0;

	return deadline_init();
}


static int teardown(void **state)
{
	(void)state;

	deadline_close();

	return 0;
}


static void test_order(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i]);
	wait_until_none();

	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(ones[i].came, 1);
}


/* Deadlines can be cancelled and restarted at each place in the heap */
static void test_cancel(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i]);
	for (size_t i = 0; i < COUNT; i++) {
		struct one *one = &ones[rand() % COUNT];

		if (i % 2)
			start(one);
		else
			deadline_cancel(&one->deadline);
	}
	for (size_t i = 0; i < COUNT; i++)
		ones[i].came = deadline_runs(&ones[i].deadline) ? 0 : 1;
	wait_until_none();

	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(ones[i].came, 1);
}


static void test_cancelled_by_another(void **state)
{
	unsigned came = 0;
	(void)state;

	for (size_t i = 0; i < COUNT; i++)
		ones[i].other = &ones[i ^ 1];
	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i]);
	wait_until_none();

	for (size_t i = 0; i < COUNT; i++)
		came += ones[i].came;
	assert_int_equal(came, COUNT / 2);
}


static void test_close(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i]);
	deadline_close();

	for (size_t i = 0; i < COUNT; i++) {
		assert_false(deadline_runs(&ones[i].deadline));
		assert_int_equal(ones[i].came, 0);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled_by_another,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
