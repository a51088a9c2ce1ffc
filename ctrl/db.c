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
#include <sys/stat.h>
#include <sqlite3.h>
#include "clock.h"
#include "db.h"
#include "log.h"
#include "statedir.h"


static const unsigned none = UINT_MAX;

enum {
	VALUES_MAX = 24,
	BATCH = 256,       /* writes in one transaction, or a whole turn */
	BATCHES = 16,      /* made up for in one turn */
	RETRY_TIME = 1000, /* ms */
};

static struct {
	sqlite3 *db;
	sqlite3_stmt **stmts;
	unsigned count;
	bool begun; /* a transaction is */

	/* The last one failed: what is written waits in the journal */
	bool broken;
	int64_t retry;     /* when to try again, ms */
	char trouble[128]; /* what SQLite said of it */

	/* What is bound to the statement at hand */
	unsigned bound;
	unsigned valuec;
	struct value values[VALUES_MAX];
} db = {.bound = none};


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
	if (!sqlite3_get_autocommit(db.db))
		(void)sqlite3_exec(db.db, "ROLLBACK", NULL, NULL, NULL);
}


static int open_file(const char *dir)
{
	char path[4096];
	mode_t mask = umask(077);
	int rc;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);

	rc = sqlite3_open_v2(path, &db.db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db.db,
				  "PRAGMA auto_vacuum=INCREMENTAL;"
				  "PRAGMA journal_mode=WAL;"
				  "PRAGMA journal_size_limit=8388608;"
				  "PRAGMA synchronous=NORMAL;",
				  NULL, NULL, NULL);

	(void)umask(mask);

	return rc == SQLITE_OK ? 0 : EIO;
}


static int prepare(const char *const *sql, unsigned count)
{
	db.stmts = calloc(count, sizeof(*db.stmts));
	if (!db.stmts)
		return ENOMEM;

	db.count = count;
	for (unsigned i = 0; i < count; i++) {
		if (sqlite3_prepare_v3(db.db, sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &db.stmts[i],
				       NULL) != SQLITE_OK)
			return EIO;
	}

	return 0;
}


/**
 * Open the file, and make it if there is none.  Says itself what is wrong.
 *
 * @param dir    Its directory
 * @param schema Makes the tables
 * @param sql    Statements
 * @param count  Number of statements
 *
 * @return 0 if success, otherwise errorcode
 */
int db_open(const char *dir, db_schema_h *schema, const char *const *sql,
	    unsigned count)
{
	int err;

	err = statedir_open(dir);
	if (err)
		return err;

	err = open_file(dir);
	if (!err)
		err = schema(db.db);
	if (!err)
		err = prepare(sql, count);
	if (err && err != ENOTSUP)
		log_error("store: can't use %s/referd.db: %s", dir,
			  sqlite3_errmsg(db.db));

	return err;
}


/**
 * Commit what is pending, and close the file
 */
void db_close(void)
{
	db.retry = 0;
	if (db.stmts && db_commit())
		log_error("store: what waits in memory is lost (%zu writes)",
			  journal_count());
	journal_clear();

	for (unsigned i = 0; i < db.count; i++)
		(void)sqlite3_finalize(db.stmts[i]);

	(void)sqlite3_close(db.db);
	statedir_close();

	free(db.stmts);
	memset(&db, 0, sizeof(db));
	db.bound = none;
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


static int begin(void)
{
	if (db.begun)
		return 0;

	if (sqlite3_exec(db.db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK) {
		fail();
		return EIO;
	}

	db.begun = true;

	return 0;
}


static int commit(void)
{
	if (sqlite3_exec(db.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
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


/**
 * Begin a transaction, unless this turn has begun one
 *
 * @return 0 if success, otherwise errorcode
 */
int db_begin(void)
{
	return db.broken ? EIO : begin();
}


/**
 * Run a statement that writes.  What can't be written now is kept until it
 * can.
 *
 * @param n Number of the statement
 */
void db_write(unsigned n)
{
	const unsigned count = db.bound == n ? db.valuec : 0;
	int err = 0;

	if (!stmt(n))
		return;

	if (!db.broken)
		err = run(n);
	if (err != EBADMSG && journal_add(n, db.values, count))
		log_error("store: out of memory");

	db_reset(n);
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


/* Some turns, each of them whole: with a part of one on disk, what a node
   reports would be taken twice */
static int write_batch(void)
{
	const struct write *w = journal_first();
	unsigned done = 0;
	bool full = false;

	for (; w && !full; w = w->next) {
		int err;

		bind_again(w);
		err = run(w->stmt);
		db_reset(w->stmt);
		if (err == EIO)
			return EIO;

		full = ++done >= BATCH && w->ends_turn;
	}

	if (commit())
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
	log_warning("store: can write again, and has written what waited");

	return 0;
}


/**
 * Commit what was written since the last time.  Costs nothing if that is
 * nothing.
 *
 * @return 0 if everything is on disk, otherwise errorcode
 */
int db_commit(void)
{
	journal_end_turn();

	if (db.broken)
		return clock_steady_ms() < db.retry ? EIO : recover();

	if (!db.begun)
		return 0;

	if (commit())
		return EIO;

	journal_clear();

	return 0;
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
 * Go through what waits to be written by a statement, and so can't be read
 *
 * @param n   Number of the statement
 * @param h   Handler of the values, returns true to stop
 * @param arg Handler argument
 */
void db_waiting(unsigned n, db_values_h *h, void *arg)
{
	const struct write *w = db.broken ? journal_first() : NULL;

	for (; w; w = w->next) {
		if (w->stmt == n && h(w->values, arg))
			return;
	}
}
