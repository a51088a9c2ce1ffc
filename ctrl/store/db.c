/**
 * @file db.c  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <sqlite3.h>
#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "journal.h"
#include "reader.h"
#include "redo.h"
#include "statedir.h"
#include "store.h"
#include "txn.h"


enum {
	RETRY_TIME = 1000, /* ms */
	SLICE_TIME = 1000, /* us of a turn for what is to get into the file */
	LOG_PAGES = 1000,  /* that SQLite's log may have, or so */
	LOG_PAGES_MAX = 8 * LOG_PAGES,
	HELD_MAX = 8 << 20, /* bytes that wait for it to be copied */

	/* What is in the redo log gets into the file after so many ms, writes
	   or bytes: by then much of it has been replaced */
	SETTLE_TIME = 2000,
	SETTLE_COUNT = 2048,
	SETTLE_SIZE = 1 << 20,
};

static struct {
	sqlite3 *db;
	bool open;
	const struct db_rules *rules;
	uint64_t turn; /* number of the one at hand */
	bool wrote;    /* in this turn */
	bool settling; /* in slices: some of what was written was run */
	bool hurried;  /* somebody waits for that */
	int pages;     /* of SQLite's log */
	int64_t since; /* when the first thing came that is not in the file */
	int64_t retry; /* when to try again what failed, ms */
} db;


static int64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/* That has written something */
static uint64_t last_turn(void)
{
	return db.wrote ? db.turn : db.turn - 1;
}


/* What waits is tried again later, from the beginning */
static int failed(void)
{
	db.settling = false;
	db.retry = clock_steady_ms() + RETRY_TIME;

	return EIO;
}


/* What is not in the file yet has a first moment */
static void note_time(void)
{
	if (!db_pending())
		db.since = clock_steady_ms();
}


static int begin(void)
{
	note_time();

	return txn_begin() ? failed() : 0;
}


/* Run what was written, for some time at least */
static int apply(int64_t us)
{
	const int64_t end = now_us() + us;
	struct todo todo;
	unsigned count = 0;

	while (backlog_next(&todo)) {
		if (++count % 16 == 0 && now_us() >= end)
			return EAGAIN;
		if (txn_run(&todo))
			return failed();

		backlog_done();
	}

	return 0;
}


/**
 * Have what is written seen by what is read
 *
 * @return 0 if success, EIO if nothing can be written
 */
int db_apply(void)
{
	return txn_trouble() ? EIO : apply(INT32_MAX);
}


/**
 * Begin a transaction in which what was written can be seen
 *
 * @return 0 if success, EIO if nothing can be written
 */
int db_begin(void)
{
	return db_apply() ? EIO : begin();
}


/* Once all that was written has been run, it is in the file, at once: with a
   part of it there, what a node reports would be taken twice */
static int settle(int64_t us)
{
	const int err = apply(us);

	db.settling = err == EAGAIN;
	if (err)
		return err;
	if (begin())
		return EIO;
	if (txn_commit(last_turn()))
		return failed();

	db.hurried = false;
	backlog_clear();
	redo_clear();

	return 0;
}


/* What is forgotten and was never on disk need not be written at all */
static bool is_moot(unsigned n, const char *key)
{
	const unsigned probe = db.rules->probe(n);

	return probe && !dbstmt_finds(probe, key) &&
	       journal_remove(db.rules->group(n), key);
}


/**
 * Have a statement that writes run before long.  What can't be written then
 * is kept until it can.
 *
 * @param n Number of the statement
 */
void db_write(unsigned n)
{
	const struct value *values;
	unsigned count;

	if (!db.open)
		return;

	values = dbstmt_take(n, &count);
	note_time();
	redo_add(n, values, count);
	db.wrote = true;
	if (txn_trouble() && is_moot(n, values[0].text))
		return;

	if (backlog_add(n, db.rules->group(n), values, count))
		log_error("store: out of memory");
}


static int recover(void)
{
	const int err = settle(SLICE_TIME);

	if (!err)
		txn_recovered();

	return err;
}


/* It can begin anew only when all of it has been copied, for which nothing may
   be added meanwhile */
static bool is_held(void)
{
	return db.pages > LOG_PAGES_MAX && backlog_size() < HELD_MAX &&
	       reader_copies();
}


static bool is_due(void)
{
	if (is_held())
		return false;

	return db.settling || db.hurried || backlog_count() >= SETTLE_COUNT ||
	       backlog_size() >= SETTLE_SIZE ||
	       clock_steady_ms() >= db.since + SETTLE_TIME;
}


/**
 * Have what was written since the last time on disk, in the redo log.  Costs
 * nothing if that is nothing.
 *
 * @return 0 if everything is on disk, EIO if it is not, as nothing can be
 * written
 */
int db_secure(void)
{
	int err = 0;

	if (db.wrote)
		err = redo_write(db.turn);

	if (txn_trouble())
		err = EIO;
	else if (err)
		err = settle(INT32_MAX);

	if (db.wrote)
		++db.turn;
	db.wrote = false;

	return err;
}


/**
 * End a turn: what was written since the last time is on disk then, and some
 * of it gets into the file
 *
 * @return 0 if everything is on disk, EIO if it is not, as nothing can be
 * written
 */
int db_commit(void)
{
	int err = db_secure();

	if (txn_trouble() && (db.settling || clock_steady_ms() >= db.retry))
		err = recover();
	else if (!err && db_pending() && is_due())
		err = settle(SLICE_TIME) == EIO ? EIO : 0;

	if (txn_trouble() || !db_pending())
		reader_start();

	return err;
}


/**
 * Tell whether there is something in the redo log that is not in the file
 *
 * @return True if there is
 */
bool db_pending(void)
{
	return txn_begun() || backlog_count();
}


/**
 * Tell whether what was written gets into the file now, in slices: each turn
 * brings it further
 *
 * @return True if so
 */
bool db_busy(void)
{
	return db.settling && !is_held();
}


/**
 * Tell whether there is little that is not in the file yet; if not, that gets
 * there from the end of this turn on
 *
 * @param count Number of writes that are little
 *
 * @return True if so
 */
bool db_is_near(size_t count)
{
	if (backlog_count() <= count)
		return true;

	db.hurried = true;

	return false;
}


/**
 * Let go of what waits to be written, if that is too much
 *
 * @return Number of the last one that is gone of what begins with a number, 0
 *         if none is
 */
int64_t db_relieve(void)
{
	return txn_trouble() && !db.settling ? backlog_relieve(db.rules->past)
					     : 0;
}


/**
 * Get what a statement has written last under a key, if that is not in the
 * file yet
 *
 * @param todo Set to it, until the next call
 * @param n    Number of the statement, one that replaces
 * @param key  First value
 *
 * @return True if there is something
 */
bool db_written(struct todo *todo, unsigned n, const char *key)
{
	return journal_find(todo, db.rules->group(n), key);
}


/* Of SQLite, after a commit: that is copied by the thread, which may wait for
   the disk */
static int log_handler(void *arg, sqlite3 *file, const char *name, int pages)
{
	(void)arg;
	(void)file;
	(void)name;

	db.pages = pages;
	if (pages >= LOG_PAGES)
		reader_checkpoint();

	return SQLITE_OK;
}


int db_ask(struct job **jp, job_h *run, job_h *done, void *arg)
{
	db.hurried = true;

	return reader_ask(jp, run, done, arg);
}


/**
 * Open the file, and make it if there is none.  Says itself what is wrong.
 *
 * @param dir   Its directory
 * @param rules What is known of the statements
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, ENOMEM, ENOTSUP if another referd has made the tables,
 * EIO if SQLite can't use the file, or an error of statedir_open()
 */
int db_open(const char *dir, const struct db_rules *rules,
	    const char *const *sql, unsigned count)
{
	int err;

	err = statedir_open(dir);
	if (err)
		return err;

	db.rules = rules;
	err = dbfile_open(&db.db, dir, rules->schema, &db.turn);
	if (!err)
		err = dbstmts_prepare(db.db, sql, count);
	if (!err && redo_open(dir, sql, count))
		log_warning("store: can't write %s/referd.redo: each turn "
			    "is committed by itself",
			    dir);
	txn_open(db.db);
	db.open = !err;
	if (!err)
		err = reader_open(sqlite3_db_filename(db.db, "main"), sql,
				  count);
	if (!err)
		(void)sqlite3_wal_hook(db.db, log_handler, NULL);

	++db.turn;

	return err;
}


/**
 * Commit what is pending, and close the file
 */
void db_close(void)
{
	db.retry = 0;
	reader_close();
	if (db.open)
		(void)sqlite3_wal_hook(db.db, NULL, NULL);
	if (db.open && (db_commit() == EIO || settle(INT32_MAX)))
		log_error("store: what waits in memory is lost (%zu writes)",
			  backlog_count());
	backlog_clear();
	backlog_save(false);
	redo_close();

	dbstmts_finalize();
	txn_close();
	dbfile_close(db.db);
	statedir_close();
	memset(&db, 0, sizeof(db));
}
