/**
 * @file ctrl_retention.c  Tests of how long the past is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "replayed.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/retention.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>


/* Blocks, transfers, and room in the file */
enum { STEP_MAX = 8 + 256 + 1 };

static char path[96];
static const char *busy; /* the call whose past must stay */


static bool busy_handler(const char *call_sid)
{
	return busy && !strcmp(call_sid, busy);
}


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	if (dir_make("ctrl-keep"))
		return -1;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);

	return store_open(dir);
}


static int teardown(void **state)
{
	(void)state;

	retention_stop();
	store_close();

	return dir_remove();
}


/* Behind the store's back, while it is closed */
static void run(const char *sql)
{
	sqlite3 *db;

	store_close();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(dir), 0);
}


static int say(unsigned count, size_t size)
{
	char *text = malloc(size + 1);
	int err;

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';

	for (unsigned i = 0; i < count; i++) {
		store_message(store_seq_next(), NULL, "call", true, text);
		if (i % 16 == 0)
			(void)store_commit();
	}

	err = store_commit();
	free(text);

	return err;
}


static void fill(unsigned count, size_t size)
{
	assert_int_equal(say(count, size), 0);
}


static void transfer(const char *id, const char *outcome)
{
	archive_put(&(struct archive_transfer){.id = id,
					       .call_sid = "call",
					       .node = "gw",
					       .outcome = outcome,
					       .started = 1,
					       .ended = outcome ? 2 : 0,
					       .seq = store_seq(),
					       .data = "{}"});
}


/* Blocks all writes until so many messages have been dropped */
static void drop_messages(unsigned count)
{
	sqlite3 *other;

	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
		SQLITE_OK);
	while (!store_trouble()) {
		db_hurry();
		(void)store_commit();
		(void)usleep(1000);
	}
	assert_int_not_equal(say(count, 1 << 20), 0);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	while (store_commit())
		(void)usleep(1000);
}


struct seen {
	uint64_t first;
	unsigned count;
};


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct seen *seen = arg;
	(void)text;

	if (!seen->count++)
		seen->first = seq;
}


static struct seen replay(void)
{
	struct seen seen = {0};

	replayed(0, "client", NULL, false, replay_handler, &seen);

	return seen;
}


static void list_handler(const char *key, const char *data, void *arg)
{
	(void)data;

	strcat(arg, key);
	strcat(arg, " ");
}


static const char *transfers(void)
{
	static char text[64];
	struct archive_filter f = {.limit = 10};

	*text = '\0';
	assert_int_equal(archive_find(&f, list_handler, text), 0);

	return text;
}


/* Puts all writes into the file; later messages go into other blocks */
static void settle(void)
{
	store_close();
	assert_int_equal(store_open(dir), 0);
}


/* Counts the steps of a cleanup, each of which removes only a few entries */
static unsigned sweep(void)
{
	unsigned steps = 0;

	do {
		const size_t before = journal_count();

		retention_step();
		while (retention_state() == RETENTION_RUNS) {
			assert_int_equal(store_commit(), 0);
			(void)ev_run(loop_ev(), EVRUN_NOWAIT);
		}
		assert_true(journal_count() <= before + STEP_MAX);
		assert_true(++steps < 1000);
	} while (retention_state() == RETENTION_MORE);

	settle();

	return steps;
}


static void test_age(void **state)
{
	uint64_t last;
	(void)state;

	fill(700, 10);
	transfer("a", "failed");
	transfer("b", NULL);
	last = store_seq();
	settle();
	fill(1, 10);
	transfer("c", "failed");
	fill(99, 10);
	assert_true(store_first() == 1);

	retention_start(3, 100, busy_handler);
	(void)sweep();
	assert_int_equal(replay().count, 800);
	assert_true(store_first() == 1);

	run("UPDATE blocks SET time = time - 86400000 * 3"
	    " WHERE last < 702");
	(void)sweep();
	assert_int_equal(replay().count, 100);
	assert_true(replay().first == last + 1);
	assert_true(store_first() == last + 1);

	/* a transfer in progress stays at any age */
	assert_string_equal(transfers(), "c b ");

	/* it is known later, too */
	store_close();
	assert_int_equal(store_open(dir), 0);
	assert_true(store_first() == last + 1);
	assert_true(store_seq() == last + 100);
}


static void test_size(void **state)
{
	struct stat st;
	struct seen seen;
	(void)state;

	fill(10, 1000);
	transfer("a", "failed");
	fill(4990, 1000);
	transfer("z", "failed");

	retention_start(1, 1, busy_handler);
	assert_true(sweep() > 10);
	seen = replay();
	assert_in_range(seen.count, 500, 1100);
	assert_true(store_first() == seen.first);
	assert_true(seen.first + seen.count - 1 == store_seq());
	assert_string_equal(transfers(), "z ");

	/* the file shrinks, too */
	store_close();
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 500000, 1100000);
	assert_int_equal(store_open(dir), 0);

	fill(10, 1000);
	(void)sweep();
	assert_in_range(replay().count, 500, 1100);
}


/* A step takes no more than is too much, however large the messages are */
static void test_large(void **state)
{
	(void)state;

	fill(100, 20000);
	retention_start(1, 1, busy_handler);
	(void)sweep();
	assert_in_range(replay().count, 35, 52);
	assert_true(store_first() == store_seq() + 1 - replay().count);
}


/* The clock was wrong for a while: no message is removed before its time */
static void test_disorder(void **state)
{
	(void)state;

	fill(50, 10);
	settle();
	fill(50, 10);
	settle();
	fill(200, 10);
	run("UPDATE blocks SET time = time - 86400000 * 3"
	    " WHERE last < 52 OR last > 101");
	retention_start(3, 100, busy_handler);
	(void)sweep();
	assert_int_equal(replay().count, 250);
	assert_true(store_first() == 52);

	run("UPDATE blocks SET time = 0 WHERE last < 102");
	(void)sweep();
	assert_int_equal(replay().count, 0);
	assert_true(store_first() == 302);
}


/* Messages of a live call stay until the call ends */
static void test_busy(void **state)
{
	(void)state;

	fill(30, 10);
	busy = "call";
	retention_start(3, 100, busy_handler);
	run("UPDATE blocks SET time = 0");
	(void)sweep();
	assert_int_equal(replay().count, 30);

	busy = NULL;
	(void)sweep();
	assert_int_equal(replay().count, 0);
}


static void count_handler(uint64_t seq, const char *text, void *arg)
{
	(void)seq;
	(void)text;

	++*(unsigned *)arg;
}


static unsigned told_of(const char *call_sid)
{
	unsigned count = 0;

	store_call(call_sid, 1000, count_handler, &count);

	return count;
}


/* ... but messages of other calls do not */
static void test_busy_among_others(void **state)
{
	static const char *const calls[] = {"a", "call", NULL, "b", "call"};
	(void)state;

	for (unsigned i = 0; i < 50; i++)
		store_message(store_seq_next(), NULL, calls[i % 5], true, "x");
	busy = "call";
	retention_start(3, 100, busy_handler);
	run("UPDATE blocks SET time = 0");
	assert_int_equal(told_of("a"), 10);
	(void)sweep();
	assert_int_equal(replay().count, 20);
	assert_int_equal(told_of("call"), 20);
	assert_int_equal(told_of("a"), 0);
	assert_true(store_first() == store_seq() + 1);

	(void)sweep();
	assert_int_equal(replay().count, 20);
	busy = NULL;
	run("UPDATE blocks SET time = 0");
	(void)sweep();
	assert_int_equal(replay().count, 0);
	assert_int_equal(told_of("call"), 0);
}


/* A transfer stays, though its messages could not be kept */
static void test_dropped(void **state)
{
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	fill(10, 10);
	transfer("a", "failed");
	drop_messages(70);
	transfer("b", "failed");
	assert_true(store_first() > 20);

	retention_start(3, 100, busy_handler);
	(void)sweep();
	assert_string_equal(transfers(), "b a ");

	/* ... as long as those of its time are kept */
	run("UPDATE blocks SET time = 0");
	(void)sweep();
	assert_string_equal(transfers(), "");
}


static void packets_handler(const char *packets, void *arg)
{
	(void)packets;
	++*(unsigned *)arg;
}


static unsigned count_packets(const char *id)
{
	unsigned count = 0;

	archive_packets(id, packets_handler, &count);

	return count;
}


/* The SIP messages of a transfer go with it; of those of one, no more are kept
   than its bound */
static void test_captures(void **state)
{
	static char packets[100001];
	(void)state;

	fill(10, 1000);
	transfer("t", "failed");
	transfer("u", NULL);
	memset(packets, 'x', sizeof(packets) - 1);
	for (unsigned i = 0; i < 20; i++)
		archive_capture("t", packets);
	archive_capture("u", "[]");
	settle();
	assert_int_equal(count_packets("t"), 11);
	assert_int_equal(count_packets("u"), 1);

	fill(4990, 1000);
	retention_start(1, 1, busy_handler);
	(void)sweep();
	assert_int_equal(count_packets("t"), 0);
	assert_int_equal(count_packets("u"), 1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disorder, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy_among_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_captures, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
