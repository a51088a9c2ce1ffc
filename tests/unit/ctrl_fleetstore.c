/**
 * @file ctrl_fleetstore.c  Tests of the store of a whole fleet, on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include "base/base.h"
#include "store/fleetqueue.h"
#include "store/fleetwriter.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ev.h>
#include <sqlite3.h>


enum {
	TIME = 20,      /* seconds for anything */
	PLACES = 256,   /* numbers for each message of the stream */
	KILLS = 6,      /* of one that writes */
	PER_MARK = 3,   /* messages of its own */
	BATCH = 100,    /* ... of one that writes fast */
	FLAT = 6 << 20, /* bytes that may be held */
};

static const char epoch[] = "2026-11-29T10:00:00.123456789Z";


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	if (dir_make("ctrl-fleetstore"))
		return -1;

	return store_open(dir) || fleetstore_open(dir) ? -1 : 0;
}


static int teardown(void **state)
{
	(void)state;

	fleetstore_close();
	store_close();

	return dir_remove();
}


static void reopen(void)
{
	fleetstore_close();
	assert_int_equal(fleetstore_open(dir), 0);
}


static void wake_handler(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
}


/* Turns the loop until something is so */
static void await(bool (*is_so)(void))
{
	const int64_t end = clock_steady_ms() + TIME * 1000;
	ev_timer timer;

	ev_timer_init(&timer, wake_handler, .02, .02);
	ev_timer_start(loop_ev(), &timer);
	while (!is_so()) {
		assert_true(clock_steady_ms() < end);
		(void)store_commit();
		(void)ev_run(loop_ev(), EVRUN_ONCE);
	}
	ev_timer_stop(loop_ev(), &timer);
}


/* A look into the store */

static bool done;


static void done_handler(void *arg)
{
	(void)arg;

	done = true;
}


static bool is_done(void)
{
	return done;
}


static void ask(enum scope scope, job_h *run, void *arg)
{
	struct job *j;

	done = false;
	assert_int_equal(db_ask(&j, scope, run, done_handler, arg), 0);
	await(is_done);
}


static void nothing_handler(void *arg)
{
	(void)arg;
}


/* Waits until all marked messages are in the file, or the store has failed */
static void settle(void)
{
	ask(SCOPE_FLEET, nothing_handler, NULL);
}


/* A text that tells its number */
static void say(uint64_t f, const char *call_sid)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%llu ", (unsigned long long)f);
	fleetstore_message(f, call_sid, true, text);
}


/* Messages to a client that comes back */

struct reading {
	uint64_t since;
	struct fetch *fetch;
	unsigned fetches;
	unsigned count;
	char *text; /* of all, may be NULL */
};


static void message_handler(uint64_t f, const char *text, void *arg)
{
	struct reading *r = arg;

	assert_int_equal(strtoull(text, NULL, 10), f);
	++r->count;
	if (r->text)
		strcat(r->text, text);
}


static void fetched_handler(uint64_t since, int err, void *arg)
{
	struct reading *r = arg;

	assert_int_equal(err, 0);
	assert_true(since > r->since);
	r->since = since;
	r->fetch = NULL;
}


static struct reading read_on(uint64_t since, char *text)
{
	const struct listener to = {.name = "bot"};
	struct reading r = {.since = since, .text = text};
	enum replay state;

	while ((state = fleetstore_replay(&r.since, &to, 64, message_handler,
					  &r)) != REPLAY_ALL) {
		if (state == REPLAY_MORE)
			continue;

		++r.fetches;
		assert_int_equal(fleetstore_fetch(&r.fetch, r.since, &to,
						  message_handler,
						  fetched_handler, &r),
				 0);
		while (r.fetch)
			(void)ev_run(loop_ev(), EVRUN_ONCE);
	}

	return r;
}


static void assert_kept(uint64_t since, const char *expected)
{
	char text[1024] = "";

	(void)read_on(since, text);
	assert_string_equal(text, expected);
}


static uint64_t cursor(void)
{
	char text[FLEET_EPOCH_SIZE];

	return fleetstore_cursor(text);
}


static void table_handler(const char *key, const char *data, void *arg)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s=%s ", key, data);
}


static void assert_table(enum store_table table, const char *expected)
{
	char text[256] = "";

	fleetstore_each(table, table_handler, text);
	assert_string_equal(text, expected);
}


/* Messages up to the last mark are there at the next start, with their place
   in the stream. Later ones are not */
static void test_marks(void **state)
{
	char text[FLEET_EPOCH_SIZE];
	(void)state;

	assert_int_equal(fleetstore_cursor(text), 0);
	assert_string_equal(text, "");
	assert_int_equal(fleetstore_last(), 0);
	assert_int_equal(fleetstore_first(), 1);

	fleetstore_begin(epoch);
	say(257, "c1");
	say(258, "c2");
	fleetstore_put(STORE_SESSIONS, "c1", "{}");
	fleetstore_put(STORE_SESSIONS, "c2", "{}");
	fleetstore_put(STORE_SESSIONS, "c1", NULL);
	fleetstore_mark(1);
	say(513, NULL);
	assert_int_equal(fleetstore_last(), 513);
	assert_kept(0, "257 258 513 ");
	assert_kept(257, "258 513 ");

	reopen();
	assert_int_equal(fleetstore_cursor(text), 1);
	assert_string_equal(text, epoch);
	assert_int_equal(fleetstore_last(), 258);
	assert_table(STORE_SESSIONS, "c2={} ");
	assert_kept(0, "257 258 ");

	/* the same again is no second one */
	say(513, NULL);
	fleetstore_forgotten(256);
	fleetstore_mark(2);
	reopen();
	assert_int_equal(cursor(), 2);
	assert_int_equal(fleetstore_first(), 257);
	assert_kept(0, "257 258 513 ");
}


/* Messages that are no longer in memory come from disk, without gaps or
   duplicates */
static void test_replay(void **state)
{
	enum { COUNT = 30000 };
	struct reading r;
	(void)state;

	fleetstore_begin(epoch);
	for (uint64_t s = 1; s <= COUNT / BATCH; s++) {
		for (unsigned i = 1; i <= BATCH; i++)
			say(s * PLACES + i, "c");
		fleetstore_mark(s);
		if (s % 100 == 0)
			settle();
	}

	r = read_on(0, NULL);
	assert_int_equal(r.count, COUNT);
	assert_true(r.fetches > 1);
	assert_int_equal(r.since, fleetstore_last());
	assert_int_equal(read_on(fleetstore_last() - 1, NULL).count, 1);

	reopen();
	r = read_on(0, NULL);
	assert_int_equal(r.count, COUNT);
}


/* A child writes until it is killed: the store has all messages of a place in
   the stream, or none of them */

static void write_for_ever(int fd)
{
	bool told = false;
	uint64_t s;
	char text[32];

	if (store_open(dir) || fleetstore_open(dir))
		_exit(1);
	if (!cursor())
		fleetstore_begin(epoch);

	for (s = cursor() + 1;; s++) {
		for (unsigned i = 1; i <= PER_MARK; i++)
			say(s * PLACES + i, "c");
		(void)snprintf(text, sizeof(text), "%llu",
			       (unsigned long long)s);
		fleetstore_put(STORE_NODES, "last", text);
		fleetstore_mark(s);
		(void)fleetstore_hurry();
		while (fleetstore_full())
			(void)ev_run(loop_ev(), EVRUN_ONCE);
		(void)ev_run(loop_ev(), EVRUN_NOWAIT);
		if (told || fleetwriter_settled() < 50)
			continue;

		told = true;
		if (write(fd, "", 1) < 0)
			_exit(1);
	}
}


static void test_killed(void **state)
{
	char expected[64], byte;
	int fds[2], status;
	uint64_t s = 0;
	pid_t pid;
	(void)state;

	fleetstore_close();
	store_close();
	srand((unsigned)time(NULL));
	for (int i = 0; i < KILLS; i++) {
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (!pid)
			write_for_ever(fds[1]);
		assert_true(pid > 0);
		(void)close(fds[1]);
		assert_int_equal(read(fds[0], &byte, 1), 1);
		(void)usleep((unsigned)rand() % 60000);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		(void)close(fds[0]);

		assert_int_equal(store_open(dir), 0);
		assert_int_equal(fleetstore_open(dir), 0);
		assert_true(cursor() > s);
		s = cursor();
		assert_int_equal(fleetstore_last(), s * PLACES + PER_MARK);
		assert_int_equal(read_on(0, NULL).count, s * PER_MARK);
		(void)snprintf(expected, sizeof(expected), "last=%llu ",
			       (unsigned long long)s);
		assert_table(STORE_NODES, expected);
		fleetstore_close();
		store_close();
	}

	assert_int_equal(store_open(dir), 0);
	assert_int_equal(fleetstore_open(dir), 0);
}


static bool in_trouble(void)
{
	return fleetstore_trouble() != NULL;
}


static bool is_full(void)
{
	return fleetstore_full();
}


static bool is_well(void)
{
	return !fleetstore_trouble() && !fleetstore_full();
}


/* More than may wait */
static uint64_t fill(uint64_t s)
{
	char text[4096];

	for (; !fleetstore_full(); s++) {
		memset(text, 'x', sizeof(text));
		(void)snprintf(text, sizeof(text), "%llu ",
			       (unsigned long long)(s * PLACES + 1));
		text[strlen(text)] = ' ';
		text[sizeof(text) - 1] = '\0';
		fleetstore_message(s * PLACES + 1, NULL, true, text);
		fleetstore_mark(s);
	}

	return s - 1;
}


/* A full disk loses no message: the reader of the stream waits, and stored
   messages can still be read */
static void test_full_disk(void **state)
{
	struct rlimit before, small;
	uint64_t s;
	(void)state;

	fleetstore_begin(epoch);
	say(257, NULL);
	fleetstore_mark(1);
	settle();
	assert_false(in_trouble());

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 1 << 17;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

	s = fill(2);
	await(in_trouble);
	assert_true(is_full());
	assert_int_equal(read_on(0, NULL).count, s);
	settle(); /* a request gets its answer at once */

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	await(is_well);
	reopen();
	assert_int_equal(cursor(), s);
	assert_int_equal(read_on(0, NULL).count, s);
}


/* A slow disk, for example one in use by another process, does not stop the
   loop */
static void test_slow_disk(void **state)
{
	char path[96];
	int64_t begun;
	sqlite3 *db;
	uint64_t s;
	(void)state;

	fleetstore_begin(epoch);
	fleetstore_mark(1);
	settle();

	(void)snprintf(path, sizeof(path), "%s/fleet.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	begun = clock_steady_ms();
	s = fill(2);
	assert_true(clock_steady_ms() - begun < 2000);
	await(in_trouble);

	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	await(is_well);
	reopen();
	assert_int_equal(cursor(), s);
}


static bool exists(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);

	return !access(path, F_OK);
}


static void overwrite(off_t at, size_t len)
{
	char path[96], junk[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/fleet.db", dir);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	memset(junk, 0x5a, sizeof(junk));
	for (; len; at += (off_t)sizeof(junk), len -= sizeof(junk))
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at),
				 sizeof(junk));
	assert_int_equal(close(fd), 0);
}


static void fill_a_little(void)
{
	fleetstore_begin(epoch);
	for (uint64_t s = 1; s <= 200; s++) {
		for (unsigned i = 1; i <= BATCH; i++)
			say(s * PLACES + i, "c");
		fleetstore_mark(s);
	}
	settle();
}


static void check_anew(void)
{
	assert_true(exists("fleet.db-old"));
	assert_int_equal(cursor(), 0);
	assert_int_equal(fleetstore_last(), 0);
	assert_int_equal(read_on(0, NULL).count, 0);
	fill_a_little();
	reopen();
	assert_int_equal(cursor(), 200);
	assert_int_equal(read_on(0, NULL).count, 200 * BATCH);
}


/* The store is a copy: damaged messages are read again from the stream */
static void test_damaged(void **state)
{
	(void)state;

	fill_a_little();
	fleetstore_close();
	overwrite(0, 4096);
	assert_int_equal(fleetstore_open(dir), 0);
	check_anew();
}


static void search_handler(void *arg)
{
	(void)arg;

	store_call("c", 1 << 20, message_handler, arg);
}


/* ... also if that is found late */
static void test_damaged_inside(void **state)
{
	struct reading r = {0};
	char path[96];
	off_t size;
	int fd;
	(void)state;

	fill_a_little();
	fleetstore_close();
	(void)snprintf(path, sizeof(path), "%s/fleet.db", dir);
	fd = open(path, O_RDONLY);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(close(fd), 0);
	overwrite(1 << 16, (size_t)(size - (1 << 16)) & ~(size_t)4095);

	assert_int_equal(fleetstore_open(dir), 0);
	if (!exists("fleet.db-old")) {
		ask(SCOPE_FLEET, search_handler, &r);
		(void)read_on(fleetstore_last() - 1, NULL);
		fleetstore_mark(201);
		(void)fleetstore_hurry();
		await(in_trouble);
		reopen();
	}
	check_anew();
}


static void test_of_another(void **state)
{
	char path[96];
	sqlite3 *db;
	(void)state;

	fill_a_little();
	fleetstore_close();
	(void)snprintf(path, sizeof(path), "%s/fleet.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "PRAGMA user_version=1000", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(fleetstore_open(dir), 0);
	check_anew();
}


/* A search */

struct search {
	struct archive_filter f;
	char found[256];
};


static void find_handler(void *arg)
{
	struct search *s = arg;

	assert_int_equal(archive_find(&s->f, table_handler, s->found), 0);
}


static void assert_found(enum scope scope, const struct archive_filter *f,
			 const char *expected)
{
	struct search s = {.f = *f};

	s.f.limit = 10;
	ask(scope, find_handler, &s);
	assert_string_equal(s.found, expected);
}


static struct archive_transfer transfer(const char *id, const char *member,
					const char *outcome, uint64_t f)
{
	return (struct archive_transfer){.id = id,
					 .call_sid = "c1",
					 .node = "n",
					 .member = member,
					 .outcome = outcome,
					 .started = (int64_t)f,
					 .ended = outcome ? (int64_t)f + 1 : 0,
					 .seq = f,
					 .refer_to = "sip:a@b",
					 .words = {"Word"},
					 .data = "{}"};
}


/* Each scope has its own; the member is one of the words, and a filter */
static void test_transfers(void **state)
{
	const struct archive_transfer own = transfer("l1", NULL, "failed", 5);
	const struct archive_transfer t1 = transfer("t1", "gw1", NULL, 257);
	const struct archive_transfer t2 = transfer("t2", "GW2", "transferred",
						    513);
	const struct archive_transfer again = transfer("t1", "gw1", "failed",
						       769);
	char text[256] = "";
	(void)state;

	archive_put(&own);
	fleetstore_begin(epoch);
	fleetstore_transfer(&t1);
	fleetstore_mark(1);
	fleetstore_transfer(&t2);
	fleetstore_mark(2);

	assert_found(SCOPE_LOCAL, &(struct archive_filter){0}, "l1={} ");
	assert_found(SCOPE_FLEET, &(struct archive_filter){0}, "t2={} t1={} ");
	assert_found(SCOPE_FLEET, &(struct archive_filter){.member = "gw1"},
		     "t1={} ");
	assert_found(SCOPE_FLEET, &(struct archive_filter){.member = "gw"},
		     "");
	assert_found(SCOPE_FLEET, &(struct archive_filter){.q = "gw2"},
		     "t2={} ");
	assert_found(SCOPE_FLEET, &(struct archive_filter){.q = "word"},
		     "t2={} t1={} ");
	assert_found(SCOPE_FLEET,
		     &(struct archive_filter){.member = "GW2",
					      .outcomes = {"failed"},
					      .outcomec = 1},
		     "");

	reopen();
	fleetstore_running(table_handler, text);
	assert_string_equal(text, "t1={} ");
	fleetstore_transfer(&again);
	fleetstore_mark(3);
	assert_found(SCOPE_FLEET,
		     &(struct archive_filter){.member = "gw1",
					      .outcomes = {"failed"},
					      .outcomec = 1},
		     "t1={} ");
	assert_found(SCOPE_LOCAL, &(struct archive_filter){.member = "gw1"},
		     "");
}


/* Of another stream, with numbers below those of before */
static void test_another_epoch(void **state)
{
	const struct archive_transfer t = transfer("t1", "gw1", NULL, 300);
	char text[FLEET_EPOCH_SIZE];
	(void)state;

	fill_a_little();
	fleetstore_put(STORE_SESSIONS, "c1", "{}");
	fleetstore_transfer(&t);
	fleetstore_forgotten(1000);
	fleetstore_mark(201);
	say(60000, NULL);

	fleetstore_begin("another");
	assert_int_equal(fleetstore_last(), 0);
	assert_int_equal(fleetstore_first(), 1);
	assert_kept(0, "");
	say(257, NULL);
	assert_kept(0, "257 ");
	fleetstore_mark(1);
	assert_kept(0, "257 ");
	settle();
	assert_kept(0, "257 ");
	assert_int_equal(fleetstore_first(), 1);
	assert_found(SCOPE_FLEET, &(struct archive_filter){0}, "");

	reopen();
	assert_int_equal(fleetstore_cursor(text), 1);
	assert_string_equal(text, "another");
	assert_int_equal(fleetstore_last(), 257);
	assert_kept(0, "257 ");
	assert_table(STORE_SESSIONS, "");
}


static uint64_t first_before;


static bool is_more_gone(void)
{
	return fleetstore_first() > first_before;
}


static void count_call_handler(void *arg)
{
	store_call("live", 1 << 20, message_handler, arg);
}


static off_t size_of(const char *name)
{
	char path[128];
	off_t size;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	size = lseek(fd, 0, SEEK_END);
	(void)close(fd);

	return size;
}


/* Retention removes the oldest messages, but keeps those of live calls; the
   memory and the file do not grow */
static void test_retention(void **state)
{
	struct reading r = {0};
	const struct archive_transfer old = transfer("t1", "gw1", "failed", 2);
	size_t held;
	char text[2048];
	(void)state;

	fleetstore_keep(30, 2);
	fleetstore_begin(epoch);
	fleetstore_transfer(&old);
	say(257, "live");
	fleetstore_put(STORE_SESSIONS, "live", "{}");
	fleetstore_mark(1);
	settle();

	held = mallinfo2().uordblks;
	for (uint64_t s = 2; s < 60; s++) {
		for (unsigned i = 1; i <= BATCH; i++) {
			memset(text, ' ', sizeof(text));
			(void)sprintf(text, "%llu",
				      (unsigned long long)(s * PLACES + i));
			text[strlen(text)] = ' ';
			text[sizeof(text) - 1] = '\0';
			fleetstore_message(s * PLACES + i, "other", true,
					   text);
		}
		fleetstore_mark(s);
		settle();
		assert_true(mallinfo2().uordblks < held + FLAT);
	}

	fleetstore_keep(30, 2);
	/* 12 MB, of which 2 MiB are kept */
	do {
		first_before = fleetstore_first();
		await(is_more_gone);
	} while (fleetstore_first() < 45 * PLACES);

	settle();
	assert_true(size_of("fleet.db") < 14 << 20);
	ask(SCOPE_FLEET, count_call_handler, &r);
	assert_int_equal(r.count, 1);
	assert_found(SCOPE_FLEET, &(struct archive_filter){0}, "");
	assert_true(read_on(0, NULL).count < 20 * BATCH);
	reopen();
	assert_true(fleetstore_first() > 45 * PLACES);
}


int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_marks),          TEST(test_replay),
		TEST(test_killed),         TEST(test_full_disk),
		TEST(test_slow_disk),      TEST(test_damaged),
		TEST(test_damaged_inside), TEST(test_of_another),
		TEST(test_transfers),      TEST(test_another_epoch),
		TEST(test_retention),
	};

	return loop_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
