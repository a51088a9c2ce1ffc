/**
 * @file ctrl_store.c  Tests of the store on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "replayed.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/spool.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sqlite3.h>
#include <unistd.h>


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);

	return dir_make("ctrl-store");
}


static int teardown(void **state)
{
	char cmd[192];
	(void)state;

	store_close();
	(void)snprintf(cmd, sizeof(cmd), "chmod -R u+w %s", dir);

	return system(cmd) || dir_remove();
}


struct seen {
	unsigned count;
	uint64_t last;
	char text[256];
};


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct seen *seen = arg;

	assert_true(seq > seen->last);
	seen->last = seq;
	++seen->count;
	if (strlen(seen->text) + strlen(text) < sizeof(seen->text))
		strcat(seen->text, text);
}


static struct seen replay(uint64_t since, const char *client, bool jambonz)
{
	struct seen seen = {0, since, ""};

	replayed(since, client, NULL, jambonz, replay_handler, &seen);

	return seen;
}


static void each_handler(const char *key, const char *data, void *arg)
{
	strcat(arg, key);
	strcat(arg, "=");
	strcat(arg, data);
	strcat(arg, ";");
}


static void test_addressees(void **state)
{
	uint64_t first;
	(void)state;

	assert_int_equal(store_open(dir), 0);
	first = store_seq();

	store_message(store_seq_next(), NULL, NULL, true, "a");
	store_message(store_seq_next(), NULL, NULL, false, "b");
	store_message(store_seq_next(), "bot", NULL, true, "c");
	store_message(store_seq_next(), "other", NULL, true, "d");
	assert_int_equal(store_commit(), 0);

	assert_string_equal(replay(first, "bot", false).text, "abc");
	assert_string_equal(replay(first, "bot", true).text, "ac");
	assert_string_equal(replay(first, "new", false).text, "ab");
	assert_string_equal(replay(first + 1, "bot", false).text, "bc");
	assert_true(store_last("bot") == first + 3);
	assert_true(store_last("new") == first + 2);
}


/* Another process uses the store, and ends without closing it, as a kill would
   have it; the last number that it has given out */
static uint64_t in_killed(void (*use)(void))
{
	uint64_t last = 0;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (store_open(dir))
			_exit(1);
		use();
		last = store_seq();
		(void)!write(fds[1], &last, sizeof(last));
		_exit(0);
	}

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], &last, sizeof(last)), sizeof(last));
	(void)close(fds[0]);
	(void)close(fds[1]);

	return last;
}


static void give_out(void)
{
	for (int i = 0; i < 10; i++)
		store_message(store_seq_next(), NULL, NULL, true, "x");
	(void)store_seq_next();
	(void)store_commit();
}


/* The last number of a client includes messages to it alone after the last one
   for all */
static void test_last(void **state)
{
	uint64_t shared;
	(void)state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(store_open(dir), 0);
		store_message(store_seq_next(), "old", NULL, true, "a");
		store_message(store_seq_next(), NULL, NULL, true, "b");
		shared = store_seq();
		store_message(store_seq_next(), "bot", NULL, true, "c");
		store_message(store_seq_next(), "else", NULL, true, "d");
		for (int again = 0; again < 2; again++) {
			assert_true(store_last("bot") == shared + 1);
			assert_true(store_last("else") == shared + 2);
			assert_true(store_last("old") == shared);
			assert_true(store_last("new") == shared);
			store_close();
			assert_int_equal(store_open(dir), 0);
		}
		store_close();
	}
}


enum { PACKED = 1000 };


static void say_packed(void)
{
	char text[300];

	for (int i = 0; i < PACKED; i++) {
		(void)snprintf(text, sizeof(text), "%0250d", i);
		store_message(store_seq_next(), i % 10 ? NULL : "bot",
			      i % 3 ? "one" : "other", i % 2, text);
		(void)store_commit();
	}
}


static void call_handler(uint64_t seq, const char *text, void *arg)
{
	struct seen *seen = arg;

	assert_true(seq > seen->last);
	assert_int_equal(strlen(text), 250);
	seen->last = seq;
	++seen->count;
}


/* Messages that a kill kept from the file are packed like all others */
static void check_packed(unsigned times)
{
	struct seen seen = {0};

	assert_int_equal(replay(0, "bot", false).count, times * PACKED);
	assert_int_equal(replay(0, "new", false).count,
			 times * PACKED / 10 * 9);
	assert_int_equal(replay(0, "new", true).count, times * PACKED / 2);
	store_call("one", times * PACKED, call_handler, &seen);
	assert_int_equal(seen.count, times * PACKED / 10 * 6);
	seen = (struct seen){0};
	store_call("one", 7, call_handler, &seen);
	assert_int_equal(seen.count, 7);
}


static void test_packed(void **state)
{
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), 0);
	say_packed();
	store_close();

	(void)in_killed(say_packed);
	assert_int_equal(store_open(dir), 0);
	check_packed(2);
	say_packed();
	assert_int_equal(replay(0, "bot", false).count, 3 * PACKED);
	store_close();

	assert_int_equal(store_open(dir), 0);
	check_packed(3);
}


/* A query finds each message once, also while messages are written to the
   file */
static void test_settles_meanwhile(void **state)
{
	unsigned long count = 0;
	(void)state;

	assert_int_equal(store_open(dir), 0);
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 100; j++, count++)
			store_message(store_seq_next(), NULL, NULL, true, "m");
		(void)store_commit();
		if (i % 8 == 7)
			assert_int_equal(replay(0, "bot", true).count, count);
	}
}


/* No number is given out twice */
static void test_seq_survives_kill(void **state)
{
	uint64_t before = in_killed(give_out);
	(void)state;

	assert_int_equal(store_open(dir), 0);
	assert_true(store_seq() >= before);
	assert_true(store_seq_next() > before);
}


/* After an orderly stop the numbers continue where they were */
static void test_seq_goes_on(void **state)
{
	uint64_t before;
	(void)state;

	assert_int_equal(store_open(dir), 0);
	(void)store_seq_next();
	before = store_seq();
	store_close();

	assert_int_equal(store_open(dir), 0);
	assert_true(store_seq() == before);
}


static sqlite3 *lock_store(void)
{
	char path[96];
	sqlite3 *other;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
		SQLITE_OK);

	return other;
}


static void unlock_store(sqlite3 *other)
{
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}


static void say(const char *text)
{
	store_message(store_seq_next(), NULL, "call", true, text);
}


static void end_transfer(const char *id)
{
	archive_put(&(struct archive_transfer){.id = id,
					       .call_sid = "call",
					       .node = "gw",
					       .outcome = "failed",
					       .started = 1,
					       .ended = 2,
					       .seq = store_seq(),
					       .data = "{}"});
}


/* Turns of the redo log on disk go into the file a little later */
static void await_trouble(void)
{
	do {
		db_hurry();
		(void)usleep(1000);
	} while (!store_commit());
}


static void found_handler(const char *call_sid, const char *data, void *arg)
{
	(void)call_sid;
	(void)data;

	*(bool *)arg = true;
}


static bool is_there(const char *id)
{
	bool there = false;

	if (archive_written(id, found_handler, &there))
		(void)archive_get(id, found_handler, &there);

	return there;
}


/* Data that cannot be written waits, can be read, and is written later */
static void test_trouble(void **state)
{
	sqlite3 *other;
	uint64_t first;
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), 0);
	first = store_seq();
	say("a");
	assert_int_equal(store_commit(), 0);
	assert_null(store_trouble());

	other = lock_store();
	say("b");
	store_message(store_seq_next(), "bot", "call", true, "c");
	store_message(store_seq_next(), "else", "call", true, "-");
	end_transfer("t1");
	await_trouble();
	assert_string_equal(store_trouble(), "database is locked");
	say("d");
	store_put(STORE_OUTBOX, "h1", "1");
	store_put(STORE_OUTBOX, "h2", "2");
	store_forget(STORE_OUTBOX, "h1");
	assert_int_not_equal(store_commit(), 0);

	assert_string_equal(replay(first, "bot", true).text, "abcd");
	assert_string_equal(replay(first + 2, "bot", true).text, "cd");
	assert_string_equal(replay(first, "new", true).text, "abd");
	assert_true(store_last("bot") == store_seq());
	assert_true(is_there("t1"));
	assert_false(is_there("t2"));

	unlock_store(other);
	while (store_commit())
		(void)usleep(10000);
	assert_null(store_trouble());
	assert_string_equal(replay(first, "bot", true).text, "abcd");
	say("e");
	assert_int_equal(store_commit(), 0);

	store_close();
	assert_int_equal(store_open(dir), 0);
	assert_string_equal(replay(first, "bot", true).text, "abcde");
	assert_true(is_there("t1"));

	char text[64] = "";
	store_each(STORE_OUTBOX, each_handler, text);
	assert_string_equal(text, "h2=2;");
}


/* Much that waits is written in steps */
static void test_much_waits(void **state)
{
	enum { MANY = 20000 };
	sqlite3 *other;
	unsigned turns = 0;
	struct seen seen = {0};
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), 0);
	other = lock_store();
	say("");
	await_trouble();
	for (int i = 1; i < MANY; i++) {
		say("");
		(void)store_commit();
	}

	unlock_store(other);
	while (store_commit()) {
		(void)usleep(1000);
		++turns;
	}
	assert_true(turns > 1);

	store_close();
	assert_int_equal(store_open(dir), 0);
	replayed(0, "bot", NULL, true, replay_handler, &seen);
	assert_int_equal(seen.count, MANY);
}


static void unlock_and_write(sqlite3 *other)
{
	unlock_store(other);
	while (store_commit())
		(void)usleep(1000);
}


static size_t waiting(void)
{
	return journal_size() + spool_size();
}


/* At the limit of waiting messages the store drops the older half at once, and
   reports the gap */
static void test_too_much_waits(void **state)
{
	enum { SIZE = 1 << 20, MANY = 100 };
	char *text = calloc(1, SIZE);
	sqlite3 *other;
	struct seen seen = {0};
	uint64_t since;
	unsigned drops = 0;
	(void)state;

	assert_non_null(text);
	memset(text, 'x', SIZE - 1);
	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), 0);
	assert_true(store_first() == 1);

	other = lock_store();
	end_transfer("t1");
	await_trouble();
	for (int i = 0; i < MANY; i++) {
		const uint64_t first = store_first();

		say(text);
		(void)store_commit();
		assert_true(waiting() <= 64 * SIZE);
		if (store_first() == first)
			continue;

		++drops;
		assert_in_range(store_first() - first, 30, 34);
	}
	free(text);
	say("last");
	assert_int_equal(drops, 2);
	unlock_and_write(other);

	assert_true(is_there("t1"));
	since = store_seq() - 1;
	replayed(since, "bot", NULL, true, replay_handler, &seen);
	assert_string_equal(seen.text, "last");
}


enum { OUTCOMES = 20000 };

static const char params[] =
	"\"from\":\"+4930123456\",\"to\":\"100\",\"from_uri\":"
	"\"sip:+4930123456@10.0.0.1\",\"to_uri\":\"sip:100@10.0.0.2\",";


/* A transfer from begin to end as referd stores it: a call, its hooks, the
   reports of the node */
static void play_transfer(unsigned i)
{
	char key[40], sid[40], hook[40], data[1024];
	struct archive_transfer t = {
		.id = key,
		.call_sid = sid,
		.node = "gw",
		.started = 1700000000000 + i,
		.refer_to = "sip:bob@example.com",
		.words = {key, sid, "v1", "sip:+4930123456@10.0.0.1"},
		.data = data,
	};

	(void)snprintf(key, sizeof(key), "%08x-1c0d-4b%02x-8c2a-%012x", i * 7,
		       i & 255, i * 2654435761u);
	(void)snprintf(sid, sizeof(sid), "%08x-9ad5-4c%02x-93f1-%012x",
		       i * 2654435761u, i & 255, i);
	(void)snprintf(hook, sizeof(hook), "hook-%u", i);

	for (int step = 0; step < 5; step++) {
		t.outcome = step == 4 ? "transferred" : NULL;
		t.ended = step == 4 ? t.started + 5000 : 0;
		t.seq = store_seq_next();
		(void)snprintf(data, sizeof(data),
			       "{\"call_sid\":\"%s\",\"node\":\"gw\","
			       "\"boot\":\"0f8b6c1e-5a70-4e1c-a6b4-"
			       "6d1d3a0f1c55\",%s\"transfer_id\":\"%s\","
			       "\"step\":\"%d\",\"refer_to\":"
			       "\"sip:bob@example.com\",\"started\":"
			       "\"2023-11-14T22:13:20.%03uZ\"}",
			       sid, params, key, step, i % 1000);
		store_message(t.seq, NULL, sid, true, data);
		archive_put(&t);
		store_put(STORE_SESSIONS, sid, data);
		store_put(STORE_NODES, "boot", data);
		store_put(STORE_OUTBOX, hook, data);
		(void)store_commit();
	}
	store_forget(STORE_OUTBOX, hook);
	store_forget(STORE_SESSIONS, sid);
	(void)store_commit();
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


/* While the disk fails, replaced or removed entries take no memory, and an
   outcome takes little */
static void test_long_trouble(void **state)
{
	struct archive_filter all = {.limit = OUTCOMES + 1};
	unsigned count = 0;
	sqlite3 *other;
	size_t heap;
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), 0);
	play_transfer(0);
	other = lock_store();
	say("");
	await_trouble();
	heap = mallinfo2().uordblks;
	for (unsigned i = 1; i < OUTCOMES; i++)
		play_transfer(i);

	/* the rest was written within the two seconds of before */
	assert_in_range(journal_count(), OUTCOMES - 1, OUTCOMES + 20);
	assert_in_range(journal_size() / OUTCOMES, 1, 450);
	assert_in_range(mallinfo2().uordblks - heap, 0, waiting() + (4 << 20));

	unlock_and_write(other);
	assert_int_equal(archive_find(&all, count_handler, &count), 0);
	assert_int_equal(count, OUTCOMES);
	count = 0;
	store_each(STORE_SESSIONS, count_handler, &count);
	store_each(STORE_OUTBOX, count_handler, &count);
	assert_int_equal(count, 0);
	store_each(STORE_NODES, count_handler, &count);
	assert_int_equal(count, 1);
}


static void give_out_in_trouble(void)
{
	(void)freopen("/dev/null", "w", stderr);
	(void)store_commit();
	(void)lock_store();
	for (int i = 0; i < 1000; i++)
		say("x");
	(void)store_commit();
}


/* Numbers that were given out while the disk failed are not given out again */
static void test_seq_in_trouble(void **state)
{
	uint64_t before = in_killed(give_out_in_trouble);
	(void)state;

	assert_int_equal(store_open(dir), 0);
	assert_true(store_seq_next() > before);
}


static void test_tables(void **state)
{
	char text[128] = "";
	(void)state;

	assert_int_equal(store_open(dir), 0);
	store_put(STORE_OUTBOX, "b", "1");
	store_put(STORE_OUTBOX, "a", "2");
	store_put(STORE_SESSIONS, "c", "3");
	store_put(STORE_OUTBOX, "b", "4");
	store_forget(STORE_OUTBOX, "none");
	store_close();

	assert_int_equal(store_open(dir), 0);
	store_each(STORE_OUTBOX, each_handler, text);
	assert_string_equal(text, "b=4;a=2;");

	store_forget(STORE_OUTBOX, "b");
	text[0] = '\0';
	store_each(STORE_OUTBOX, each_handler, text);
	assert_string_equal(text, "a=2;");
}


/* Two that count the same numbers would give them out twice */
static void test_one_owner(void **state)
{
	char path[96];
	int fd;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);

	(void)freopen("/dev/null", "w", stderr);
	assert_int_not_equal(store_open(dir), 0);

	(void)close(fd);
	assert_int_equal(store_open(dir), 0);
}


static void test_no_directory(void **state)
{
	char path[96];
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)fclose(fopen(path, "w"));
	(void)freopen("/dev/null", "w", stderr);
	assert_int_not_equal(store_open(path), 0);

	(void)snprintf(path, sizeof(path), "%s/a/b/c", dir);
	assert_int_equal(store_open(path), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addressees, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settles_meanwhile, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seq_survives_kill, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seq_goes_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_trouble, setup, teardown),
		cmocka_unit_test_setup_teardown(test_much_waits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_too_much_waits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_long_trouble, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seq_in_trouble, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_owner, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
