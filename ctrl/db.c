/**
 * @file db.c  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "clock.h"
#include "db.h"
#include "dbfile.h"
#include "log.h"
#include "redo.h"
#include "statedir.h"


static const unsigned none = UINT_MAX;

enum {
	VALUES_MAX = 24,
	BATCH = 256,       /* writes in one transaction, or a whole turn */
	BATCHES = 16,      /* made up for in one turn */
	RETRY_TIME = 1000, /* ms */

	/* What is in the redo log gets into the file after so many ms, writes
	   or bytes: by then much of it has been replaced */
	SETTLE_TIME = 100,
	SETTLE_COUNT = 2048,
	SETTLE_SIZE = 1 << 20,
};

static struct {
	sqlite3 *db;
	sqlite3_stmt **stmts; /* with the one for the mark behind them */
	unsigned count;
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

	/* What is bound to the statement at hand */
	unsigned bound;
	unsigned valuec;
	struct value values[VALUES_MAX];
} db = {.bound = none};


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


static int prepare(const char *const *sql, unsigned count)
{
	db.stmts = calloc(count + 1, sizeof(*db.stmts));
	if (!db.stmts)
		return ENOMEM;

	db.count = count;
	for (unsigned i = 0; i <= count; i++) {
		if (sqlite3_prepare_v3(db.db,
				       i < count ? sql[i] : dbfile_mark_sql,
				       -1, SQLITE_PREPARE_PERSISTENT,
				       &db.stmts[i], NULL) == SQLITE_OK)
			continue;

		log_error("store: can't use its file: %s",
			  sqlite3_errmsg(db.db));
		return EIO;
	}

	return 0;
}


/* sqlite3_bind_*() and sqlite3_column_*() do no harm without a statement */
static sqlite3_stmt *stmt(unsigned n)
{
	return n < db.count ? db.stmts[n] : NULL;
}


static struct value *value_of(unsigned n, int col)
{
	assert(col > 0 && col <= VALUES_MAX);

	if (db.bound != n) {
		memset(db.values, 0, sizeof(db.values));
		db.bound = n;
		db.valuec = 0;
	}

	if (db.valuec < (unsigned)col)
		db.valuec = (unsigned)col;

	return &db.values[col - 1];
}


/**
 * Bind a text to a statement
 *
 * @param n    Number of the statement
 * @param col  Number of the value, from 1
 * @param text Text, which must live until the statement has run; may be NULL
 */
void db_bind_text(unsigned n, int col, const char *text)
{
	*value_of(n, col) = (struct value){.text = text};
	(void)sqlite3_bind_text(stmt(n), col, text, -1, SQLITE_STATIC);
}


/**
 * Bind a number to a statement
 *
 * @param n     Number of the statement
 * @param col   Number of the value, from 1
 * @param value Number
 */
void db_bind_int(unsigned n, int col, int64_t value)
{
	*value_of(n, col) = (struct value){.number = value, .is_number = true};
	(void)sqlite3_bind_int64(stmt(n), col, value);
}


/**
 * Get a number from the row at hand
 *
 * @param n   Number of the statement
 * @param col Column, from 0
 *
 * @return Number, 0 for NULL
 */
int64_t db_column_int(unsigned n, int col)
{
	return sqlite3_column_int64(stmt(n), col);
}


/**
 * Get a text from the row at hand
 *
 * @param n   Number of the statement
 * @param col Column, from 0
 *
 * @return Text, "" for NULL; gone with the next step
 */
const char *db_column_text(unsigned n, int col)
{
	const unsigned char *text = sqlite3_column_text(stmt(n), col);

	return text ? (const char *)text : "";
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
	sqlite3_stmt *mark = db.stmts[db.count];

	(void)sqlite3_bind_int64(mark, 1, (sqlite3_int64)turn);
	(void)sqlite3_step(mark);
	if (sqlite3_reset(mark) != SQLITE_OK ||
	    sqlite3_exec(db.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		fail();
		return EIO;
	}

	db.begun = false;

	return 0;
}


static int run(unsigned n)
{
	int rc, err = 0;

	if (begin())
		return EIO;

	rc = sqlite3_step(db.stmts[n]);
	if (is_refusal(rc)) {
		log_error("store: can't write: %s", sqlite3_errmsg(db.db));
		err = EBADMSG;
	}
	else if (rc != SQLITE_DONE) {
		fail();
		err = EIO;
	}

	return err;
}


static void bind_again(const struct write *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct value *v = &w->values[i];

		if (v->is_number)
			db_bind_int(w->stmt, (int)i + 1, v->number);
		else
			db_bind_text(w->stmt, (int)i + 1, v->text);
	}
}


static int run_again(const struct write *w)
{
	int err;

	bind_again(w);
	err = run(w->stmt);
	db_reset(w->stmt);

	return err == EIO ? EIO : 0;
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
		if (run_again(w))
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
	const unsigned count = db.bound == n ? db.valuec : 0;
	const unsigned group = db.broken ? 0 : db.group(n);

	if (!stmt(n))
		return;

	note_time();
	redo_add(n, db.values, count);
	if (journal_add(n, group, db.values, count, db.turn))
		log_error("store: out of memory");

	db.wrote = true;
	db_reset(n);
}


/* Some turns, each of them whole: with a part of one on disk, what a node
   reports would be taken twice */
static int write_batch(void)
{
	const struct write *w = journal_first();
	uint64_t turn = 0;
	unsigned done = 0;

	for (; w && (done < BATCH || w->turn == turn); w = w->next) {
		if (run_again(w))
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
 * Get the next row of a statement that reads; the last time it is reset
 *
 * @param n Number of the statement
 *
 * @return 0 if there is a row, ENOENT if there is none
 */
int db_step(unsigned n)
{
	if (!stmt(n))
		return ENOENT;

	if (sqlite3_step(db.stmts[n]) == SQLITE_ROW)
		return 0;

	db_reset(n);

	return ENOENT;
}


/**
 * Get a statement ready for its next use
 *
 * @param n Number of the statement
 */
void db_reset(unsigned n)
{
	(void)sqlite3_reset(db.stmts[n]);
	(void)sqlite3_clear_bindings(db.stmts[n]);
	db.bound = none;
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
		err = prepare(sql, count);
	if (!err && redo_open(dir, sql, count))
		log_warning("store: can't write %s/referd.redo: each turn "
			    "is committed by itself",
			    dir);

	++db.turn;

	return err;
}


/**
 * Commit what is pending, and close the file
 */
void db_close(void)
{
	db.retry = 0;
	if (db.stmts && (db_commit() || settle()))
		log_error("store: what waits in memory is lost (%zu writes)",
			  journal_count());
	journal_clear();
	redo_close();

	for (unsigned i = 0; db.stmts && i <= db.count; i++)
		(void)sqlite3_finalize(db.stmts[i]);

	(void)sqlite3_close(db.db);
	statedir_close();

	free(db.stmts);
	memset(&db, 0, sizeof(db));
	db.bound = none;
}
