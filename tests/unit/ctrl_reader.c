/**
 * @file ctrl_reader.c  Tests of looks into the store beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "plainrules.h"
#include "store/db.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>
#include <sqlite3.h>
#include <unistd.h>


enum { ADD, COUNT, FOR_EVER, STMTS };

static const char *const sql[STMTS] = {
	[ADD] = "INSERT INTO numbers VALUES(?)",
	[COUNT] = "SELECT count(*) FROM numbers",
	[FOR_EVER] = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
		     " SELECT n + 1 FROM c WHERE n > 0)"
		     " SELECT n FROM c WHERE n < 0",
};


static int schema(sqlite3 *db)
{
	return sqlite3_exec(db,
			    "CREATE TABLE IF NOT EXISTS numbers(n INTEGER)",
			    NULL, NULL, NULL);
}


static unsigned none(unsigned n)
{
	(void)n;

	return 0;
}


static enum write_kind other(unsigned n)
{
	(void)n;

	return WRITE_OTHER;
}


static const struct db_rules rules = {
	.schema = schema,
	.group = none,
	.kind = other,
	.keys = none,
	.past = STMTS,
	PLAIN_RULES,
};


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);

	return dir_make("ctrl-reader") ? -1 : db_open(dir, &rules, sql, STMTS);
}


static int teardown(void **state)
{
	(void)state;

	db_close();

	return dir_remove();
}


struct count {
	unsigned n; /* of the statement */
	int64_t found;
	bool done;
	unsigned place; /* among those that are done */
	int begun[2];   /* a pipe */
};


static void run_handler(void *arg)
{
	struct count *c = arg;

	c->found = 0;
	if (c->begun[1])
		(void)!write(c->begun[1], "", 1);
	if (db_step(c->n))
		return;

	c->found = db_column_int(c->n, 0);
	db_reset(c->n);
}


static void done_handler(void *arg)
{
	struct count *c = arg;

	static unsigned places;

	c->done = true;
	c->place = ++places;
}


static void add(int64_t n)
{
	db_bind_int(ADD, 1, n);
	db_write(ADD);
}


static void turn(int flags)
{
	(void)db_commit();
	(void)ev_run(loop_ev(), flags);
}


/* A lookup finds all that was written before it was requested */
static void test_finds(void **state)
{
	struct count c = {.n = COUNT, .found = -1};
	struct job *l;
	(void)state;

	for (int i = 1; i <= 10; i++) {
		add(i);
		c.done = false;
		assert_int_equal(
			db_ask(&l, SCOPE_LOCAL, run_handler, done_handler, &c),
			0);
		while (!c.done)
			turn(EVRUN_ONCE);
		assert_int_equal(c.found, i);
	}
}


/* The loop continues during a long lookup, and a cancelled lookup ends */
static void test_long(void **state)
{
	struct count slow = {.n = FOR_EVER, .found = -1};
	struct count behind = {.n = COUNT, .found = -1};
	struct count gone = {.n = FOR_EVER, .found = -1};
	struct job *first, *second, *third;
	char byte;
	(void)state;

	assert_int_equal(pipe(slow.begun), 0);
	assert_int_equal(
		db_ask(&first, SCOPE_LOCAL, run_handler, done_handler, &slow),
		0);
	assert_int_equal(
		db_ask(&second, SCOPE_LOCAL, run_handler, done_handler, &gone),
		0);
	assert_int_equal(db_ask(&third, SCOPE_LOCAL, run_handler, done_handler,
				&behind),
			 0);
	turn(EVRUN_NOWAIT);
	assert_int_equal(read(slow.begun[0], &byte, 1), 1);
	for (int i = 0; i < 100; i++) {
		add(i);
		turn(EVRUN_NOWAIT);
	}
	assert_false(slow.done || behind.done || gone.done);

	reader_cancel(second);
	reader_cancel(first);
	while (!behind.done)
		turn(EVRUN_ONCE);
	assert_true(slow.done && gone.done);
	assert_int_equal(gone.found, -1);
	(void)close(slow.begun[0]);
	(void)close(slow.begun[1]);
}


/* A client that has missed something waits for no search, not even for one
   that runs */
static void test_quick(void **state)
{
	struct count slow = {.n = FOR_EVER};
	struct count behind = {.n = COUNT}, quick = {.n = COUNT};
	struct job *first, *l;
	char byte;
	(void)state;

	assert_int_equal(pipe(slow.begun), 0);
	assert_int_equal(
		db_ask(&first, SCOPE_LOCAL, run_handler, done_handler, &slow),
		0);
	assert_int_equal(
		db_ask(&l, SCOPE_LOCAL, run_handler, done_handler, &behind),
		0);
	turn(EVRUN_NOWAIT);
	assert_int_equal(read(slow.begun[0], &byte, 1), 1);
	assert_int_equal(reader_look(&l, run_handler, done_handler, &quick),
			 0);
	while (!quick.done)
		turn(EVRUN_ONCE);
	assert_false(slow.done || behind.done);

	reader_cancel(first);
	while (!behind.done)
		turn(EVRUN_ONCE);
	(void)close(slow.begun[0]);
	(void)close(slow.begun[1]);
}


/* ... as it does when the store is closed */
static void test_closed(void **state)
{
	struct count slow = {.n = FOR_EVER};
	struct count behind = {.n = COUNT};
	struct job *l;
	char byte;
	(void)state;

	assert_int_equal(pipe(slow.begun), 0);
	assert_int_equal(
		db_ask(&l, SCOPE_LOCAL, run_handler, done_handler, &slow), 0);
	assert_int_equal(
		db_ask(&l, SCOPE_LOCAL, run_handler, done_handler, &behind),
		0);
	turn(EVRUN_NOWAIT);
	assert_int_equal(read(slow.begun[0], &byte, 1), 1);

	db_close();
	assert_true(slow.done && behind.done);
	assert_int_equal(db_open(dir, &rules, sql, STMTS), 0);
	(void)close(slow.begun[0]);
	(void)close(slow.begun[1]);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quick, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
