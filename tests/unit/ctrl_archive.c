/**
 * @file ctrl_archive.c  Tests of the transfers on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "store/db.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);

	return dir_make("ctrl-archive") ? -1 : store_open(dir);
}


static int teardown(void **state)
{
	(void)state;

	store_close();

	return dir_remove();
}


static void list_handler(const char *key, const char *data, void *arg)
{
	(void)data;

	strcat(arg, key);
	strcat(arg, " ");
}


/* Names of the transfers that pass, newest first */
static const char *find(struct archive_filter f)
{
	static char text[256];

	*text = '\0';
	if (!f.limit)
		f.limit = 100;
	f.last = store_seq();
	assert_int_equal(db_apply(), 0);
	assert_int_equal(archive_find(&f, list_handler, text), 0);

	return text;
}


static void put(const char *id, int64_t started, const char *outcome, int code,
		uint64_t seq)
{
	archive_put(&(struct archive_transfer){
		.id = id,
		.call_sid = *id < 'c' ? "call1" : "call2",
		.node = *id < 'c' ? "gw1" : "gw2",
		.outcome = outcome,
		.started = started,
		.ended = outcome ? started + 100 : 0,
		.code = code,
		.notified = outcome != NULL,
		.seq = seq,
		.refer_to = *id == 'b' ? "sip:Bob@Example.com"
				       : "sip:+4930@10.0.0.1",
		.words = {id, "call", NULL, "sip:50%@x_y", "", "O'Brien\""},
		.data = "{}",
	});
}


/* a to e, of which b and c began together, and d came late */
static void fill(void)
{
	put("a", 1000, "transferred", 200, 10);
	put("b", 2000, NULL, 0, 11);
	put("c", 2000, "failed", 486, 12);
	put("e", 4000, "failed", 603, 14);
	put("d", 3000, "unknown", 0, 13);
}


static void read_handler(const char *call_sid, const char *data, void *arg)
{
	(void)sprintf(arg, "%s %s", call_sid, data);
}


/* In the loop it is there as soon as it was put */
static void test_read(void **state)
{
	char text[64] = "";
	(void)state;

	fill();
	assert_int_equal(archive_written("a", read_handler, text), 0);
	assert_string_equal(text, "call1 {}");
	assert_int_equal(archive_written("none", read_handler, text), ENOENT);

	store_close();
	assert_int_equal(store_open(dir), 0);
	assert_int_equal(archive_written("c", read_handler, text), ENOENT);
	assert_int_equal(archive_get("c", read_handler, text), 0);
	assert_string_equal(text, "call2 {}");
	assert_int_equal(archive_get("none", read_handler, text), ENOENT);
}


static void test_ended(void **state)
{
	char text[64] = "";
	(void)state;

	fill();
	recent_load();
	assert_true(recent_has("a"));
	assert_false(recent_has("b"));
	assert_false(recent_has("none"));
	archive_running(list_handler, text);
	assert_string_equal(text, "b ");

	put("b", 9999, "presumed", 0, 15);
	recent_close();
	recent_load();
	assert_true(recent_has("b"));
	*text = '\0';
	archive_running(list_handler, text);
	assert_string_equal(text, "");

	/* it has begun when it has begun */
	assert_string_equal(find((struct archive_filter){.to = 2001}),
			    "c b a ");
}


static void test_order(void **state)
{
	(void)state;

	fill();
	assert_string_equal(find((struct archive_filter){0}), "e d c b a ");
	assert_string_equal(find((struct archive_filter){.limit = 2}), "e d ");
	assert_string_equal(
		find((struct archive_filter){.limit = 2, .before = "d"}),
		"c b ");
	assert_string_equal(
		find((struct archive_filter){.limit = 2, .before = "c"}),
		"b a ");
	assert_string_equal(find((struct archive_filter){.before = "a"}), "");

	struct archive_filter f = {.before = "none", .limit = 1};
	assert_int_equal(archive_find(&f, list_handler, NULL), ENOENT);
}


static void test_filters(void **state)
{
	(void)state;

	fill();
	assert_string_equal(find((struct archive_filter){
				    .outcomes = {"failed"}, .outcomec = 1}),
			    "e c ");
	assert_string_equal(find((struct archive_filter){
				    .outcomes = {"running"}, .outcomec = 1}),
			    "b ");
	assert_string_equal(
		find((struct archive_filter){
			.outcomes = {"running", "unknown", "transferred"},
			.outcomec = 3}),
		"d b a ");
	assert_string_equal(find((struct archive_filter){.code_min = 486,
							 .code_max = 486}),
			    "c ");
	assert_string_equal(find((struct archive_filter){.code_min = 400,
							 .code_max = 699}),
			    "e c ");
	assert_string_equal(find((struct archive_filter){.node = "gw1"}),
			    "b a ");
	assert_string_equal(
		find((struct archive_filter){.call_sid = "call2", .limit = 2}),
		"e d ");
	assert_string_equal(
		find((struct archive_filter){.stepped = true, .since = 12}),
		"e d ");
	assert_string_equal(
		find((struct archive_filter){.from = 2000, .to = 4000}),
		"d c b ");
	assert_string_equal(find((struct archive_filter){
				    .from = 2000, .to = 4000, .before = "d"}),
			    "c b ");
	assert_string_equal(
		find((struct archive_filter){.outcomes = {"failed"},
					     .outcomec = 1,
					     .code_min = 600,
					     .code_max = 699,
					     .node = "gw2",
					     .target = "+49",
					     .q = "sip"}),
		"e ");
}


/* The search takes the text literally, including characters special to SQL */
static void test_text(void **state)
{
	(void)state;

	fill();
	assert_string_equal(
		find((struct archive_filter){.target = "bob@example"}), "b ");
	assert_string_equal(find((struct archive_filter){.target = "o'brien"}),
			    "");
	assert_string_equal(find((struct archive_filter){.q = "bob"}), "b ");
	assert_string_equal(
		find((struct archive_filter){.q = "o'brien\"", .limit = 1}),
		"e ");
	assert_string_equal(
		find((struct archive_filter){.q = "50%@x_", .limit = 1}),
		"e ");
	assert_string_equal(find((struct archive_filter){.q = "5%x"}), "");
	assert_string_equal(find((struct archive_filter){.q = "' OR '1'='1"}),
			    "");
	assert_string_equal(find((struct archive_filter){
				    .node = "gw1'; DROP TABLE transfers; --"}),
			    "");
	assert_string_equal(find((struct archive_filter){0}), "e d c b a ");
}


struct counts {
	int64_t minutes[8];
	int64_t failed;
};


static void minute_handler(int64_t minute, const char *outcome, int64_t count,
			   void *arg)
{
	struct counts *c = arg;

	assert_true(minute >= 0 && minute < 8);
	c->minutes[minute] += count;
	if (!strcmp(outcome, "failed"))
		c->failed += count;
}


static void put_final(int i, int64_t started, int64_t ms, const char *outcome)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "f%d", i);
	archive_put(&(struct archive_transfer){
		.id = id,
		.call_sid = "call",
		.node = "gw",
		.outcome = outcome,
		.started = started,
		.ended = outcome ? started + ms : 0,
		.notified = outcome && strcmp(outcome, "presumed") != 0,
		.member = i % 2 ? "gw1" : "gw2",
		.data = "{}",
	});
}


static void test_counts(void **state)
{
	struct counts starts = {0}, ends = {0};
	(void)state;

	assert_int_equal(archive_finals(0, NULL), 0);

	/* 100 that take 1 to 100 s from one minute on */
	for (int i = 1; i <= 100; i++)
		put_final(i, 60000, i * 1000,
			  i % 4 ? "transferred" : "failed");
	put_final(101, 60000, 500, "presumed");
	put_final(102, 60000, 0, NULL);
	put_final(103, 0, 100, "failed");
	assert_int_equal(db_apply(), 0);

	archive_starts(60000, NULL, minute_handler, &starts);
	assert_int_equal(starts.minutes[0], 0);
	assert_int_equal(starts.minutes[1], 102);

	archive_ends(60000, NULL, minute_handler, &ends);
	assert_int_equal(ends.minutes[1], 60);
	assert_int_equal(ends.minutes[2], 41);
	assert_int_equal(ends.failed, 25);

	assert_int_equal(archive_finals(60000, NULL), 100);
	assert_int_equal(archive_final(60000, NULL, 100, 50), 50000);
	assert_int_equal(archive_final(60000, NULL, 100, 95), 95000);
	assert_int_equal(archive_final(60000, NULL, 100, 1), 1000);
	assert_int_equal(archive_final(60000, NULL, 100, 100), 100000);
	assert_int_equal(archive_finals(160000, NULL), 1);
	assert_int_equal(archive_final(160000, NULL, 1, 50), 100000);

	/* of one machine of a fleet */
	starts = ends = (struct counts){0};
	archive_starts(60000, "gw2", minute_handler, &starts);
	assert_int_equal(starts.minutes[1], 51);
	archive_ends(60000, "gw1", minute_handler, &ends);
	assert_int_equal(ends.minutes[1] + ends.minutes[2], 51);
	assert_int_equal(ends.failed, 0);
	assert_int_equal(archive_finals(60000, "gw1"), 50);
	assert_int_equal(archive_final(60000, "gw1", 50, 100), 99000);
	assert_int_equal(archive_finals(0, "gw3"), 0);
}


static double seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


static void timed(const char *what, struct archive_filter f, unsigned expected)
{
	double begin = seconds();
	unsigned count = 0;

	f.limit = 100;
	f.last = store_seq();
	assert_int_equal(archive_find(&f, count_handler, &count), 0);
	begin = seconds() - begin;
	print_message("%s: %.1f ms\n", what, begin * 1e3);
	assert_int_equal(count, expected);

	/* some ms, but machines are slow and sanitizers are slower */
	assert_true(begin < 2.);
}


/* 100,000 transfers: each filter finds its few without delay */
static void test_many(void **state)
{
	char id[16], text[256] = "";
	(void)state;

	for (int i = 0; i < 100000; i++) {
		(void)snprintf(id, sizeof(id), "t%d", i);
		(void)store_seq_next();
		put(id, i, i % 1000 ? "transferred" : "failed",
		    i % 1000 ? 200 : 486, store_seq());
	}
	assert_int_equal(db_apply(), 0);

	timed("all", (struct archive_filter){0}, 100);
	timed("page", (struct archive_filter){.before = "t500"}, 100);
	timed("outcome",
	      (struct archive_filter){.outcomes = {"failed"}, .outcomec = 1},
	      100);
	timed("outcomes",
	      (struct archive_filter){.outcomes = {"running", "presumed"},
				      .outcomec = 2},
	      0);
	timed("code",
	      (struct archive_filter){.code_min = 486, .code_max = 486}, 100);
	timed("class",
	      (struct archive_filter){.code_min = 500, .code_max = 599}, 0);
	timed("node", (struct archive_filter){.node = "none"}, 0);
	timed("since 0", (struct archive_filter){.stepped = true}, 100);
	timed("since",
	      (struct archive_filter){.stepped = true,
				      .since = store_seq() - 10},
	      10);
	timed("call_sid", (struct archive_filter){.call_sid = "call1"}, 0);
	timed("q", (struct archive_filter){.q = "nowhere to be found"}, 0);
	timed("q of one", (struct archive_filter){.q = "t77777"}, 1);

	double begin = seconds();
	struct counts c = {0};
	archive_starts(0, NULL, minute_handler, &c);
	archive_ends(0, NULL, minute_handler, &c);
	assert_int_equal(archive_finals(0, NULL), 100000);
	(void)archive_final(0, NULL, 100000, 50);
	(void)archive_final(0, NULL, 100000, 95);
	print_message("counts: %.1f ms\n", (seconds() - begin) * 1e3);
	assert_int_equal(c.minutes[0], 120000 - 100);

	struct archive_filter f = {.before = "t3", .limit = 100};
	assert_int_equal(archive_find(&f, list_handler, text), 0);
	assert_string_equal(text, "t2 t1 t0 ");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
