/**
 * @file ctrl_redo.c  Tests of the redo log on disk after a crash
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "keptcrash.h"
#include "store/db.h"
#include "store/ring.h"
#include "unit.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sqlite3.h>
#include <unistd.h>


/* As another release might have them */
static const char *const other_sql[] = {
	"SELECT count(*) FROM numbers",
	"SELECT key || '=' || data FROM kept ORDER BY id",
	"DELETE FROM numbers",
};


static int setup(void **state)
{
	static const char *const nowhere[] = {NULL};
	(void)state;

	log_level_set(LOG_ERROR);
	ring_try(nowhere);

	return dir_make("ctrl-redo");
}


static int teardown(void **state)
{
	(void)state;

	db_close();

	return dir_remove();
}


static void add_turn(int64_t n)
{
	if (add(n))
		_exit(2);
}


static void redo_path(char *path, size_t size)
{
	(void)snprintf(path, size, "%s/referd.redo", dir);
}


/* Each turn is there, in the order in which its keys first came */
static void test_crash(void **state)
{
	(void)state;

	crash(write_some);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "2;");
}


/* Each turn is repeated once */
static void test_crash_twice(void **state)
{
	(void)state;

	crash(write_some);
	crash(write_some);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "4;");
	db_close();
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "4;");
}


/* Runs until all is in the file, and the log starts from its beginning */
static void settle(void)
{
	for (int i = 0; i < 10; i++)
		add_turn(i);
	do {
		db_hurry();
		(void)usleep(1000);
	} while (db_commit() || db_pending());
}


static void settle_and_write(void)
{
	settle();
	add_turn(10);
}


/* Turns in the file are not repeated, though the log still has them */
static void test_done(void **state)
{
	(void)state;

	crash(settle);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "10;");
}


/* Remains of earlier turns after the last one do not count as turns */
static void test_remains(void **state)
{
	(void)state;

	crash(settle_and_write);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "11;");
}


/* A half-written turn does not count */
static void test_torn(void **state)
{
	char path[128];
	struct stat st;
	(void)state;

	crash(write_some);
	redo_path(path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 3), 0);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "1;");
}


/* Nor does a turn with changed bytes */
static void test_spoilt(void **state)
{
	char path[128];
	struct stat st;
	int fd;
	(void)state;

	crash(write_some);
	redo_path(path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "\xff", 1, st.st_size - 1), 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "1;");
}


/* After a loss of power the database may have lost its last writes, and the
   log a file */
static void test_gap(void **state)
{
	char path[128];
	(void)state;

	crash(settle_and_write);
	redo_path(path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	edit("UPDATE redo SET turn = 1");
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "10;");
}


/* Another release repeats the turns that this one has left */
static void test_upgrade(void **state)
{
	(void)state;

	crash(write_some);
	assert_int_equal(db_open(dir, &rules, other_sql, 3), 0);
	assert_kept(1, "a=3;c=4;b=5;");
	assert_kept(0, "2;");
}


static void write_while_settling(void)
{
	sqlite3 *other;
	char path[128];

	add_turn(1);
	add_turn(2);
	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	if (sqlite3_open(path, &other) ||
	    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL))
		_exit(3);

	/* the writer waits for the other one */
	db_hurry();
	add_turn(3);
	add_turn(4);
	add_turn(5);
}


/* While some turns get into the file, those that follow are kept, too */
static void test_both_files(void **state)
{
	char path[128];
	struct stat first, second;
	(void)state;

	crash(write_while_settling);
	redo_path(path, sizeof(path));
	assert_int_equal(stat(path, &first), 0);
	strcat(path, "2");
	assert_int_equal(stat(path, &second), 0);
	assert_true(first.st_size > second.st_size);
	assert_int_equal(open_db(), 0);
	assert_kept(COUNT, "5;");
}


/* Without the log, each turn goes to the file by itself */
static void test_no_log(void **state)
{
	char path[128];
	(void)state;

	redo_path(path, sizeof(path));
	assert_int_equal(mkdir(path, 0700), 0);
	(void)freopen("/dev/null", "w", stderr);
	crash(write_some);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(open_db(), 0);
	assert_kept(READ, "a=3;c=4;b=5;");
	assert_kept(COUNT, "2;");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crash_twice, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spoilt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_upgrade, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_files, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_log, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
