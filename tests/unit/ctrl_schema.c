/**
 * @file ctrl_schema.c  Tests of stores that other releases of referd have left
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "replayed.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);

	return dir_make("ctrl-schema");
}


static int teardown(void **state)
{
	(void)state;

	store_close();

	return dir_remove();
}


static void run(const char *sql)
{
	char path[96];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


static void message_handler(uint64_t seq, const char *text, void *arg)
{
	(void)seq;

	strcat(arg, text);
}


static const char *messages(void)
{
	static char text[64];

	*text = '\0';
	replayed(0, "bot", NULL, false, message_handler, text);

	return text;
}


/* The release that made the store can still open it, with all messages */
static void check_refused(const char *version)
{
	char sql[64];

	assert_int_equal(store_open(dir), 0);
	store_message(store_seq_next(), NULL, NULL, true, "a");
	store_close();

	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version=%s", version);
	run(sql);
	assert_int_equal(store_open(dir), ENOTSUP);
	store_close();

	run("PRAGMA user_version=7");
	assert_int_equal(store_open(dir), 0);
	assert_string_equal(messages(), "a");
}


/* A newer release may rely on data that this one would break */
static void test_newer(void **state)
{
	(void)state;

	check_refused("1000");
}


/* No release has left a store of this version */
static void test_older(void **state)
{
	(void)state;

	check_refused("5");
}


/* A store of 0.1.0, without its other tables */
static void make_former(unsigned count)
{
	char sql[256];

	assert_int_equal(store_open(dir), 0);
	store_close();
	run("DROP TABLE blocks; DROP TABLE block_calls; DROP TABLE late;"
	    "DROP TABLE fleet; DROP INDEX transfers_member;"
	    "ALTER TABLE transfers DROP COLUMN member;"
	    "CREATE TABLE messages("
	    " seq INTEGER PRIMARY KEY, client TEXT, call_sid TEXT,"
	    " jambonz INTEGER NOT NULL, time INTEGER, text TEXT NOT NULL);"
	    "CREATE INDEX messages_call ON messages(call_sid)"
	    " WHERE call_sid IS NOT NULL; PRAGMA user_version=6");
	(void)snprintf(sql, sizeof(sql),
		       "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL "
		       "SELECT i + 1 FROM n WHERE i <= %u) "
		       "INSERT INTO messages SELECT i, NULLIF("
		       "substr('cat', 1, i %% 2 * 3), ''),"
		       "'s' || i %% 3, 1, 1000, char(96 + i %% 26) FROM n",
		       count);
	run(sql);
}


static void count_messages(uint64_t seq, const char *text, void *arg)
{
	const char c = (char)(96 + seq % 26);

	assert_int_equal(text[0], c);
	++*(unsigned *)arg;
}


/* More than a block has */
static void test_former(void **state)
{
	unsigned count = 0;
	(void)state;

	make_former(1000);
	assert_int_equal(store_open(dir), 0);

	/* each second one is for a client of another name */
	replayed(0, "bot", NULL, false, count_messages, &count);
	assert_int_equal(count, 500);
	replayed(0, "cat", NULL, false, count_messages, &count);
	assert_int_equal(count, 1500);
	assert_int_equal(store_seq_next(), 1002);
	store_close();

	/* it is ours now */
	assert_int_equal(store_open(dir), 0);
	replayed(0, "cat", NULL, false, count_messages, &count);
	assert_int_equal(count, 2500);
}


/* It stays as it is, if it can't be converted */
static void test_former_broken(void **state)
{
	unsigned count = 0;
	(void)state;

	make_former(10);
	run("CREATE TABLE fleet(other)");
	run("CREATE VIEW transfers_member AS SELECT 1");
	assert_int_equal(store_open(dir), EIO);
	store_close();

	run("DROP VIEW transfers_member; DROP TABLE fleet");
	assert_int_equal(store_open(dir), 0);
	replayed(0, "cat", NULL, false, count_messages, &count);
	assert_int_equal(count, 10);
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


/* The first builds of this version had no such table. Going back to one of
   them is possible */
static void test_without_late(void **state)
{
	unsigned count = 0;
	(void)state;

	assert_int_equal(store_open(dir), 0);
	store_message(store_seq_next(), NULL, NULL, true, "a");
	store_close();
	run("DROP TABLE late");

	assert_int_equal(store_open(dir), 0);
	assert_string_equal(messages(), "a");
	store_put(STORE_LATE, "t", "{}");
	store_close();

	run("PRAGMA user_version=7; INSERT INTO late(key) VALUES('u')");
	assert_int_equal(store_open(dir), 0);
	store_each(STORE_LATE, count_handler, &count);
	assert_int_equal(count, 2);
}


/* An incomplete set of tables is refused */
static void test_broken(void **state)
{
	(void)state;

	run("CREATE TABLE transfers(id)");
	assert_int_equal(store_open(dir), EIO);
	store_close();

	run("DROP TABLE transfers");
	assert_int_equal(store_open(dir), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older, setup, teardown),
		cmocka_unit_test_setup_teardown(test_former, setup, teardown),
		cmocka_unit_test_setup_teardown(test_former_broken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_without_late, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
	};

	(void)freopen("/dev/null", "w", stderr);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
