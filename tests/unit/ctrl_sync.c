/**
 * @file ctrl_sync.c  Tests of a store that waits for the disk: --sync power
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "keptstore.h"
#include "store/db.h"
#include "store/redoformat.h"
#include "store/ring.h"
#include "tempdir.h"
#include "unit.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>


enum { DISK_GOOD, DISK_SLOW, DISK_BAD };

static char memory[64];
static const char *places[2] = {memory};
static atomic_int disk, syncs;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);


/* That of the redo log: SQLite has its own */
int __wrap_fdatasync(int fd)
{
	++syncs;
	while (disk == DISK_SLOW)
		(void)usleep(1000);
	if (disk == DISK_BAD) {
		errno = EIO;
		return -1;
	}

	return __real_fdatasync(fd);
}


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	disk = DISK_GOOD;
	syncs = 0;
	strcpy(memory, "/dev/shm/ctrl-sync-XXXXXX");
	ring_try(places);
	db_power(true);
	if (!mkdtemp(memory) || dir_make("ctrl-sync"))
		return -1;

	return db_open(dir, &rules, sql, STMTS);
}


static int teardown(void **state)
{
	char cmd[256];
	(void)state;

	disk = DISK_GOOD;
	db_close();
	db_power(false);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s %s.cut", memory, dir);

	return system(cmd) || dir_remove();
}


/* A turn of its own; its number */
static uint64_t add(int64_t n)
{
	const uint64_t turn = db_turn();

	db_bind_int(ADD, 1, n);
	db_write(ADD);
	(void)db_commit();

	return turn;
}


static void await_kept(uint64_t turn)
{
	while (db_kept() < turn) {
		(void)usleep(1000);
		(void)db_commit();
	}
}


/* A turn has no effect before it is on disk */
static void test_held(void **state)
{
	uint64_t turn;
	(void)state;

	disk = DISK_SLOW;
	turn = add(1);
	assert_true(db_kept() < turn);
	(void)db_commit();
	assert_true(db_kept() < turn);

	disk = DISK_GOOD;
	await_kept(turn);

	/* a turn without changes need not wait */
	(void)db_commit();
	assert_true(db_kept() == db_turn());
	assert_null(db_trouble());
}


/* Turns that arrive during a sync share the next one */
static void test_together(void **state)
{
	uint64_t first, last = 0;
	(void)state;

	disk = DISK_SLOW;
	first = add(1);
	while (!syncs)
		(void)usleep(1000);
	for (int i = 2; i <= 20; i++)
		last = add(i);
	assert_true(db_kept() < first);

	disk = DISK_GOOD;
	await_kept(last);
	assert_int_equal(syncs, 2);
}


/* Without the log in memory exactly the turns on disk come back */
static void test_on_disk(void **state)
{
	char cmd[256], cut[80];
	(void)state;

	await_kept(add(1));
	await_kept(add(2));
	disk = DISK_SLOW;
	(void)add(3);
	(void)snprintf(cut, sizeof(cut), "%s.cut", dir);
	(void)snprintf(cmd, sizeof(cmd), "cp -r %s %s", dir, cut);
	assert_int_equal(system(cmd), 0);
	disk = DISK_GOOD;
	db_close();

	assert_int_equal(db_open(cut, &rules, sql, STMTS), 0);
	assert_true(!db_step(COUNT));
	assert_true(db_column_int(COUNT, 0) >= 2);
	db_reset(COUNT);
}


/* Turns that the redo log has not taken go into the file, which is synced as
   well */
static void test_bad(void **state)
{
	int before;
	(void)state;

	disk = DISK_BAD;
	await_kept(add(1));
	assert_null(db_trouble());
	assert_kept(COUNT, "1;");

	/* ... and is not forced onto the disk once more: a disk that has
	   refused may have let go of it */
	before = syncs;
	await_kept(add(2));
	assert_kept(COUNT, "2;");
	assert_true(syncs <= before + 1);

	disk = DISK_GOOD;
	await_kept(add(3));
	assert_null(db_trouble());
}


/* If neither takes a turn, operation continues, and the trouble is reported */
static void test_nothing_takes_it(void **state)
{
	char path[80];
	sqlite3 *other;
	uint64_t turn;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
		SQLITE_OK);

	disk = DISK_BAD;
	turn = add(1);
	while (!db_trouble()) {
		assert_true(db_kept() < turn);
		(void)usleep(1000);
		(void)db_commit();
	}
	assert_true(db_kept() == UINT64_MAX);

	disk = DISK_GOOD;
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	while (db_trouble()) {
		(void)usleep(10000);
		(void)db_commit();
	}
	await_kept(turn);
	assert_kept(COUNT, "1;");
}


/* A disk that does not answer is a trouble as any other */
static void test_stuck(void **state)
{
	uint64_t turn;
	(void)state;

	disk = DISK_SLOW;
	turn = add(1);
	assert_true(db_kept() < turn);
	db_stuck();
	assert_string_equal(db_trouble(), "the disk does not answer");
	assert_true(db_kept() == UINT64_MAX);

	disk = DISK_GOOD;
	while (db_trouble()) {
		(void)usleep(10000);
		(void)db_commit();
	}
	await_kept(turn);
}


/* Without a tmpfs the memory goes with the process, and the disk counts */
static void test_own_memory(void **state)
{
	static const char *const nowhere[] = {NULL};
	(void)state;

	db_close();
	ring_try(nowhere);
	assert_int_equal(db_open(dir, &rules, sql, STMTS), 0);
	await_kept(add(1));
	db_close();
	assert_int_equal(db_open(dir, &rules, sql, STMTS), 0);
	assert_kept(COUNT, "1;");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_together, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_takes_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_memory, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
