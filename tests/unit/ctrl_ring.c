/**
 * @file ctrl_ring.c  Tests of the redo log in memory after a crash, and of a
 * slow disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "keptcrash.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/redoformat.h"
#include "store/ring.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sqlite3.h>
#include <unistd.h>


static char memory[64];
static const char *places[2] = {memory};

/* How the disk is on which the redo log is */
static atomic_int disk;

enum { DISK_GOOD, DISK_SLOW, DISK_FULL };

ssize_t __real_pwrite64(int fd, const void *p, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t len, off_t at);
ssize_t __real_pwrite(int fd, const void *p, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t len, off_t at);


static bool is_full(void)
{
	while (disk == DISK_SLOW)
		(void)usleep(1000);

	if (disk == DISK_FULL)
		errno = ENOSPC;

	return disk == DISK_FULL;
}


ssize_t __wrap_pwrite64(int fd, const void *p, size_t len, off_t at)
{
	return is_full() ? -1 : __real_pwrite64(fd, p, len, at);
}


ssize_t __wrap_pwrite(int fd, const void *p, size_t len, off_t at)
{
	return is_full() ? -1 : __real_pwrite(fd, p, len, at);
}


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	disk = DISK_GOOD;
	strcpy(memory, "/dev/shm/ctrl-ring-XXXXXX");
	ring_try(places);

	return mkdtemp(memory) ? dir_make("ctrl-ring") : -1;
}


static int teardown(void **state)
{
	char cmd[256];
	(void)state;

	disk = DISK_GOOD;
	db_close();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s %s.copy", memory, dir);

	return system(cmd) || dir_remove();
}


/* Path of the only file there, "" if the directory is empty */
static const char *ring_path(void)
{
	static char path[256];
	char pattern[96];
	glob_t found;

	*path = '\0';
	(void)snprintf(pattern, sizeof(pattern), "%s/*", memory);
	if (!glob(pattern, 0, NULL, &found) && found.gl_pathc == 1)
		(void)snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);

	return path;
}


static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}


static off_t redo_size(void)
{
	char path[128];

	redo_path(path, sizeof(path), dir, 0);

	return size_of(path);
}


static void run(const char *fmt, const char *a, const char *b)
{
	char cmd[512];

	(void)snprintf(cmd, sizeof(cmd), fmt, a, b);
	assert_int_equal(system(cmd), 0);
}


static void write_before_disk(void)
{
	disk = DISK_SLOW;
	write_some();
}


/* Killed before any of it is on disk */
static void test_before_disk(void **state)
{
	(void)state;

	crash(write_before_disk);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "2;");
	db_close();

	/* the file is used once, then removed */
	assert_string_equal(ring_path(), "");
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "2;");
}


static void write_to_disk(void)
{
	const off_t size = redo_size();

	write_some();
	while (redo_size() == size)
		(void)usleep(1000);
	disk = DISK_SLOW;
	(void)add(3);
}


/* ... when a part of it is */
static void test_half_on_disk(void **state)
{
	(void)state;

	crash(write_to_disk);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "3;");
}


/* After a crash of the machine the turns on disk are there */
static void test_memory_gone(void **state)
{
	(void)state;

	crash(write_to_disk);
	assert_int_equal(unlink(ring_path()), 0);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "2;");
}


/* Two crashes: the second log in memory precedes the remains of the first */
static void test_twice(void **state)
{
	(void)state;

	crash(write_to_disk);
	crash(write_before_disk);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "5;");
}


static void settle_and_write(void)
{
	for (int i = 0; i < 10; i++)
		(void)add(i);
	if (db_apply())
		_exit(3);
	(void)add(10);
}


/* Turns in the file are not repeated, and later ones start at the beginning */
static void test_settled(void **state)
{
	(void)state;

	crash(settle_and_write);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "11;");
}


/* In the middle of the last record */
static void test_torn(void **state)
{
	char buffer[16384];
	size_t len;
	FILE *f;
	(void)state;

	crash(write_before_disk);
	f = fopen(ring_path(), "r+");
	assert_non_null(f);
	len = fread(buffer, 1, sizeof(buffer), f);
	while (len && !buffer[len - 1])
		--len;
	assert_int_equal(fseek(f, (long)len - 1, SEEK_SET), 0);
	assert_int_equal(fputc(0x7f, f), 0x7f);
	assert_int_equal(fclose(f), 0);

	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "1;");
}


/* A copied store does not take the turns in memory of the original */
static void test_copied(void **state)
{
	char copy[128];
	(void)state;

	crash(write_before_disk);
	(void)snprintf(copy, sizeof(copy), "%s.copy", dir);
	run("cp -a %s %s", dir, copy);
	assert_int_equal(db_open(copy, &rules, sql, STMTS), 0);
	assert_kept(COUNT, "0;");
	db_close();

	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "2;");
}


/* Nor does a store in its place that was in use elsewhere since, though the
   numbers of the turns would fit */
static void test_foreign(void **state)
{
	char old[256];
	(void)state;

	crash(write_before_disk);
	(void)snprintf(old, sizeof(old), "%s", ring_path());
	run("cp %s %s.old", old, dir);
	assert_int_equal(open_db(), 0);
	db_close();
	edit("DELETE FROM numbers; DELETE FROM kept;"
	     "UPDATE redo SET turn = 1");
	run("mv %s.old %s", dir, old);

	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "0;");
}


/* referd does not touch a foreign file at this path */
static void test_taken_name(void **state)
{
	char path[256], target[128];
	(void)state;

	assert_int_equal(open_db(), 0);
	(void)snprintf(path, sizeof(path), "%s", ring_path());
	db_close();
	(void)snprintf(target, sizeof(target), "%s/other", dir);
	run("echo mine >%s%s", target, "");
	assert_int_equal(symlink(target, path), 0);
	crash(write_some);
	assert_int_equal(size_of(target), 5);

	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "2;");
	db_close();
	assert_int_equal(size_of(target), 5);
	assert_int_equal(unlink(path), 0);
}


/* No directory, or one on a disk */
static void test_no_memory(void **state)
{
	char none[96];
	const char *const list[] = {none, dir, NULL};
	(void)state;

	(void)snprintf(none, sizeof(none), "%s/none", memory);
	ring_try(list);
	crash(write_some);
	assert_string_equal(ring_path(), "");
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "2;");
}


static int64_t longest; /* turn, in ms */


static int timed_add(int64_t n)
{
	const int64_t begin = clock_steady_ms();
	const int err = add(n);
	const int64_t time = clock_steady_ms() - begin;

	if (time > longest)
		longest = time;

	return err;
}


static void write_on_slow_disk(void)
{
	disk = DISK_SLOW;
	for (int i = 0; i < 1000; i++) {
		if (timed_add(i) || db_trouble())
			_exit(3);
		(void)usleep(500);
	}
	if (longest > 100)
		_exit(4);
}


/* No turn waits for a stalled disk, and none is missing after a kill */
static void test_slow_disk(void **state)
{
	(void)state;

	crash(write_on_slow_disk);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "1000;");
}


/* A stall that exceeds the memory is reported like any other trouble */
static void test_slow_for_long(void **state)
{
	static char text[1 << 20];
	char expected[16];
	int count = 0;
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(open_db(), 0);
	assert_int_equal(add(count++), 0);
	disk = DISK_SLOW;
	(void)usleep(400000);
	memset(text, 'x', sizeof(text) - 1);
	longest = 0;
	for (int i = 0; i < 40; i++) {
		put("large", text);
		(void)timed_add(count++);
	}
	assert_string_equal(db_trouble(), "the disk is too slow");
	assert_in_range(longest, 0, 100);

	disk = DISK_GOOD;
	while (db_commit())
		(void)usleep(1000);
	assert_null(db_trouble());
	(void)snprintf(expected, sizeof(expected), "%d;", count);
	assert_kept(COUNT, expected);
}


/* Turns that the redo log on disk cannot take go into the file at once */
static void test_full_disk(void **state)
{
	(void)state;

	assert_int_equal(open_db(), 0);
	disk = DISK_FULL;
	assert_int_equal(add(1), 0);
	while (db_pending()) {
		assert_int_equal(db_commit(), 0);
		(void)usleep(1000);
	}
	assert_kept(COUNT, "1;");
}


/* An entry that is added and removed at once never gets to the file */
static void test_moot(void **state)
{
	(void)state;

	assert_int_equal(open_db(), 0);
	put("a", "1");
	put("b", "1");
	assert_int_equal(db_commit(), 0);
	forget("a");
	assert_int_equal(db_commit(), 0);
	assert_int_equal(journal_count(), 1);
	assert_kept(READ, "b=1;");

	/* it was there */
	put("b", "2");
	forget("b");
	assert_int_equal(journal_count(), 1);
	assert_kept(READ, "");

	/* ... as it is at the next start */
	put("c", "1");
	db_close();
	assert_int_equal(open_db(), 0);
	forget("c");
	assert_kept(READ, "");
	forget("c");
	assert_int_equal(journal_count(), 0);
}


/* Entries that arrive while others are written to the file, or fail to be */
static void test_meanwhile(void **state)
{
	char path[128];
	sqlite3 *other;
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	for (int fails = 0; fails <= 1; fails++) {
		assert_int_equal(open_db(), 0);
		assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
		assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL,
					      NULL, NULL),
				 SQLITE_OK);
		put("a", "1");
		put("b", "1");
		put("c", "1");
		db_hurry();
		assert_int_equal(db_commit(), 0);

		/* the writer has them, and waits for the other one */
		put("a", "2");
		forget("b");
		forget("c");
		put("c", "3");
		put("d", "1");
		forget("d");
		assert_int_equal(db_commit(), 0);
		if (fails) {
			while (!db_commit())
				(void)usleep(1000);
			put("a", "3");
			forget("c");
			(void)db_commit();
		}
		assert_int_equal(sqlite3_close(other), SQLITE_OK);
		while (db_commit())
			(void)usleep(1000);
		assert_kept(READ, fails ? "a=3;" : "a=2;c=3;");
		forget("a");
		forget("c");
		assert_kept(READ, "");
		db_close();
	}
}


/* Signals are for the loop */
static void test_signals(void **state)
{
	uint64_t blocked;
	unsigned threads = 0, all = 0;
	char line[128];
	glob_t found;
	FILE *f;
	(void)state;

	assert_int_equal(open_db(), 0);
	assert_int_equal(glob("/proc/self/task/*/status", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		f = fopen(found.gl_pathv[i], "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "SigBlk: %lx", &blocked) != 1)
				continue;
			++threads;
			all += (blocked >> (SIGTERM - 1) & 1) &&
			       (blocked >> (SIGXFSZ - 1) & 1);
		}
		(void)fclose(f);
	}
	globfree(&found);
	assert_in_range(threads, 3, 10);
	assert_int_equal(all, threads - 1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_before_disk), TEST(test_half_on_disk),
		TEST(test_memory_gone), TEST(test_twice),
		TEST(test_settled),     TEST(test_torn),
		TEST(test_copied),      TEST(test_foreign),
		TEST(test_taken_name),  TEST(test_no_memory),
		TEST(test_slow_disk),   TEST(test_slow_for_long),
		TEST(test_full_disk),   TEST(test_moot),
		TEST(test_meanwhile),   TEST(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
