/**
 * @file db.c  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include "clock.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "log.h"
#include "redo.h"
#include "statedir.h"


enum {
	BATCH = 256,       /* writes in one transaction, or a whole turn */
	BATCHES = 16,      /* made up for in one turn */
	RETRY_TIME = 1000, /* ms */

	/* What is in the redo log gets into the file after so many ms, writes
	   or bytes: by then much of it has been replaced */
	SETTLE_TIME = 2000,
	SETTLE_COUNT = 2048,
	SETTLE_SIZE = 1 << 20,
};

static struct {
	sqlite3 *db;
	bool open;
	db_group_h *group;
	uint64_t turn; /* number of the one at hand */
	bool wrote;    /* in this turn */
	bool begun;    /* a transaction is */
	int64_t since; /* when the first thing came that is not in the file */

	/* Those in the journal that were run, in the transaction */
	struct write *applied;

	/* The last one failed: what is written waits in the journal */
	bool broken;
	int64_t retry;     /* when to try again, ms */
	char trouble[128]; /* what SQLite said of it */
} db;


/* That has written something */
static uint64_t last_turn(void)
{
	return db.wrote ? db.turn : db.turn - 1;
}


/* Operation goes on in memory, so that one line for each trouble is enough */
static void fail(void)
{
	if (!db.broken) {
		(void)snprintf(db.trouble, sizeof(db.trouble), "%s",
			       sqlite3_errmsg(db.db));
		log_error("store: can't write (%s): what is to be kept waits "
			  "in memory",
			  db.trouble);
	}

	db.broken = true;
	db.retry = clock_steady_ms() + RETRY_TIME;
	db.begun = false;
	db.applied = NULL;
	journal_merge(last_turn());
	if (!sqlite3_get_autocommit(db.db))
		(void)sqlite3_exec(db.db, "ROLLBACK", NULL, NULL, NULL);
}


/* What is refused for what it is will not be taken later */
static bool is_refusal(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG: return true;
	default: return false;
	}
}


/* What is not in the file yet has a first moment */
static void note_time(void)
{
	if (!db.begun && !journal_first())
		db.since = clock_steady_ms();
}


static int begin(void)
{
	if (db.begun)
		return 0;

	note_time();
	if (sqlite3_exec(db.db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK) {
		fail();
		return EIO;
	}

	db.begun = true;

	return 0;
}


/* Together with the mark: of what is in the redo log, nothing is repeated */
static int commit(uint64_t turn)
{
	if (dbfile_mark(db.db, turn) ||
	    sqlite3_exec(db.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		fail();
		return EIO;
	}

	db.begun = false;

	return 0;
}


static int run(const struct write *w)
{
	int rc, err = 0;

	if (begin())
		return EIO;

	rc = dbstmt_run(w);
	if (is_refusal(rc)) {
		log_error("store: can't write: %s", sqlite3_errmsg(db.db));
	}
	else if (rc != SQLITE_DONE) {
		fail();
		err = EIO;
	}

	return err;
}


/* The first of those that were written, and not run */
static struct write *waiting(void)
{
	return db.applied ? db.applied->next : journal_first();
}


/**
 * Have what is written seen by what is read
 *
 * @return 0 if success, otherwise errorcode
 */
int db_apply(void)
{
	struct write *w;

	if (db.broken)
		return EIO;

	journal_seal();
	while ((w = waiting())) {
		if (run(w))
			return EIO;
		db.applied = w;
	}

	return 0;
}


/**
 * Begin a transaction in which what was written can be seen
 *
 * @return 0 if success, otherwise errorcode
 */
int db_begin(void)
{
	return db_apply() ? EIO : begin();
}


/* Everything that is pending is in the file then */
static int settle(void)
{
	if (db_begin() || commit(last_turn()))
		return EIO;

	db.applied = NULL;
	journal_clear();
	redo_clear();

	return 0;
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
	unsigned group, count;

	if (!db.open)
		return;

	group = db.broken ? 0 : db.group(n);
	values = dbstmt_take(n, &count);
	note_time();
	redo_add(n, values, count);
	if (journal_add(n, group, values, count, db.turn))
		log_error("store: out of memory");

	db.wrote = true;
}


/* Some turns, each of them whole: with a part of one on disk, what a node
   reports would be taken twice */
static int write_batch(void)
{
	const struct write *w = journal_first();
	uint64_t turn = 0;
	unsigned done = 0;

	for (; w && (done < BATCH || w->turn == turn); w = w->next) {
		if (run(w))
			return EIO;

		turn = w->turn;
		++done;
	}

	if (done && commit(turn))
		return EIO;

	while (done--)
		journal_drop_first();

	return 0;
}


static int recover(void)
{
	for (int i = 0; i < BATCHES && journal_first(); i++) {
		if (write_batch())
			return EIO;
	}

	if (journal_first())
		return EAGAIN;

	db.broken = false;
	redo_clear();
	log_warning("store: can write again, and has written what waited");

	return 0;
}


static bool is_due(void)
{
	return journal_count() >= SETTLE_COUNT ||
	       journal_size() >= SETTLE_SIZE ||
	       clock_steady_ms() >= db.since + SETTLE_TIME;
}


/**
 * End a turn: what was written since the last time is on disk then, in the
 * redo log.  Costs nothing if that is nothing.
 *
 * @return 0 if everything is on disk, otherwise errorcode
 */
int db_commit(void)
{
	int err = 0;

	if (db.wrote)
		err = redo_write(db.turn);

	if (db.broken)
		err = clock_steady_ms() < db.retry ? EIO : recover();
	else if (err || (db_pending() && is_due()))
		err = settle();

	if (db.wrote)
		++db.turn;
	db.wrote = false;

	return err;
}


/**
 * Tell whether there is something in the redo log that is not in the file
 *
 * @return True if there is
 */
bool db_pending(void)
{
	return db.begun || journal_first();
}


/**
 * Tell why nothing can be written
 *
 * @return What the system says, NULL if all is well
 */
const char *db_trouble(void)
{
	return db.broken ? db.trouble : NULL;
}


/**
 * Go through what a statement has written and what can't be read yet
 *
 * @param n   Number of the statement
 * @param h   Handler of the values, returns true to stop
 * @param arg Handler argument
 */
void db_waiting(unsigned n, db_values_h *h, void *arg)
{
	for (const struct write *w = waiting(); w; w = w->next) {
		if (w->stmt == n && h(w->values, arg))
			return;
	}
}


/**
 * Get what a statement has written last under a key, and what can't be read
 * yet
 *
 * @param n   Number of the statement, one that replaces
 * @param key First value
 *
 * @return Values, NULL if there is nothing
 */
const struct value *db_written(unsigned n, const char *key)
{
	const struct write *found = NULL;

	if (!db.broken) {
		found = journal_find(db.group(n), key);
		return found ? found->values : NULL;
	}

	for (const struct write *w = waiting(); w; w = w->next) {
		if (w->stmt == n && !strcmp(w->values[0].text, key))
			found = w;
	}

	return found ? found->values : NULL;
}


/**
 * Open the file, and make it if there is none.  Says itself what is wrong.
 *
 * @param dir    Its directory
 * @param schema Makes the tables
 * @param group  Tells which statements replace each other
 * @param sql    Statements
 * @param count  Number of statements
 *
 * @return 0 if success, otherwise errorcode
 */
int db_open(const char *dir, db_schema_h *schema, db_group_h *group,
	    const char *const *sql, unsigned count)
{
	int err;

	err = statedir_open(dir);
	if (err)
		return err;

	db.group = group;
	err = dbfile_open(&db.db, dir, schema, &db.turn);
	if (!err)
		err = dbstmts_prepare(db.db, sql, count);
	if (!err && redo_open(dir, sql, count))
		log_warning("store: can't write %s/referd.redo: each turn "
			    "is committed by itself",
			    dir);
	db.open = !err;

	++db.turn;

	return err;
}


/**
 * Commit what is pending, and close the file
 */
void db_close(void)
{
	db.retry = 0;
	if (db.open && (db_commit() || settle()))
		log_error("store: what waits in memory is lost (%zu writes)",
			  journal_count());
	journal_clear();
	redo_close();

	dbstmts_finalize();
	dbfile_close(db.db);
	statedir_close();
	memset(&db, 0, sizeof(db));
}
