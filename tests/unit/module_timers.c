/**
 * @file module_timers.c  Tests of libre's timers, some of them out of its list
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>
#include "host/host.h"


enum {
	COUNT = 3000,
	SPAN = 4000, /* that they are spread over [ms]        */
	MANY = 1000, /* bound of the length of libre's list   */
	END = 6000,  /* when the loop has had time enough [ms] */
};

struct one {
	struct tmr tmr;
	uint64_t due; /* 0 if it must not come */
	unsigned came;
};

static struct one ones[COUNT];
static struct tmr look, last;
static uint64_t latest;
static size_t longest; /* list that was seen after a while */


/* The list of a timer, as in libre 1.x and 2.x */
struct list *compat_timer_list(const struct tmr *tmr)
{
	return tmr->le.list;
}


static void one_handler(void *arg)
{
	struct one *one = arg;

	assert_true(one->due && tmr_jiffies() >= one->due);
	assert_true(one->due >= latest);
	assert_false(tmr_isrunning(&one->tmr));
	latest = one->due;
	++one->came;
}


static void start(struct one *one, uint64_t ms)
{
	tmr_start(&one->tmr, ms, one_handler, one);
	one->due = one->tmr.jfs; /* the clock may tick beside it */
}


static void stop(struct one *one)
{
	one->due = 0;
	tmr_cancel(&one->tmr);
}


static void last_handler(void *arg)
{
	(void)arg;
	re_cancel();
}


/* By now the far timers are out of the list. The test cancels some of them,
   and restarts others with an earlier or later time */
static void look_handler(void *arg)
{
	(void)arg;

	tmr_start(&look, 1000, look_handler, NULL);
	longest = max(longest, (size_t)list_count(look.le.list));
	for (size_t i = 0; i < COUNT / 10; i++) {
		struct one *one = &ones[rand() % COUNT];

		if (!tmr_isrunning(&one->tmr))
			continue;
		if (i % 2)
			stop(one);
		else
			start(one, (uint64_t)(rand() % 1500) + 1);
	}
}


static int setup(void **state)
{
	(void)state;

	memset(ones, 0, sizeof(ones));
	latest = 0;
	longest = 0;
	(void)alarm(60); /* in case the last one does not fire */

	return libre_init();
}


static int teardown(void **state)
{
	(void)state;

	tmr_cancel(&look);
	tmr_cancel(&last);
	libre_close();

	return 0;
}


static void test_all_come(void **state)
{
	(void)state;

	timers_init();
	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i], (uint64_t)(rand() % SPAN) + 1);
	tmr_start(&look, 1300, look_handler, NULL);
	tmr_start(&last, END, last_handler, NULL);
	assert_int_equal(re_main(NULL), 0);

	for (size_t i = 0; i < COUNT; i++) {
		assert_false(tmr_isrunning(&ones[i].tmr));
		if (ones[i].due)
			assert_int_equal(ones[i].came, 1);
	}
	assert_true(longest < MANY);
	timers_close();
}


/* A module that is unloaded leaves the list of libre as if it had not been
   there */
static void test_given_back(void **state)
{
	size_t count = 0;
	uint64_t before = 0;
	(void)state;

	timers_init();
	for (size_t i = 0; i < COUNT; i++)
		start(&ones[i], 2000 + (uint64_t)(rand() % 200000));
	tmr_start(&last, 1500, last_handler, NULL);
	assert_int_equal(re_main(NULL), 0);

	tmr_start(&look, 1, look_handler, NULL);
	assert_true(list_count(look.le.list) < MANY);
	timers_close();

	for (const struct le *le = list_head(look.le.list); le;
	     le = le->next) {
		const struct tmr *tmr = le->data;

		assert_true(tmr->jfs >= before);
		before = tmr->jfs;
		++count;
	}
	assert_int_equal(count, COUNT + 1);
	for (size_t i = 0; i < COUNT; i++)
		stop(&ones[i]);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_come, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_given_back, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
