/**
 * @file dbstmt.c  The statements of the store: what is bound, and read
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "base/base.h"
#include "db.h"
#include "dbstmt.h"
#include "journal.h"


static const unsigned none = UINT_MAX;

/* Of this thread: each has a connection of its own */
static _Thread_local struct {
	sqlite3_stmt **stmts;
	unsigned count;

	/* What is bound to the statement at hand, but SQLite is told of it
	   only when that runs: most is written later, if at all */
	unsigned bound;
	unsigned valuec;
	struct value values[VALUES_MAX];
} db = {.bound = none};


/**
 * Prepare the statements.  Says itself what is wrong.
 *
 * @param file  Where they run
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, ENOMEM, or EIO if SQLite refuses one
 */
int dbstmts_prepare(sqlite3 *file, const char *const *sql, unsigned count)
{
	db.stmts = calloc(count, sizeof(*db.stmts));
	if (!db.stmts)
		return ENOMEM;

	db.count = count;
	for (unsigned i = 0; i < count; i++) {
		if (sqlite3_prepare_v3(file, sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &db.stmts[i],
				       NULL) == SQLITE_OK)
			continue;

		log_error("store: can't use its file: %s",
			  sqlite3_errmsg(file));
		return EIO;
	}

	return 0;
}


/**
 * Let go of the statements
 */
void dbstmts_finalize(void)
{
	for (unsigned i = 0; i < db.count; i++)
		(void)sqlite3_finalize(db.stmts[i]);

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


static void reset(unsigned n)
{
	(void)sqlite3_reset(db.stmts[n]);
	(void)sqlite3_clear_bindings(db.stmts[n]);
}


static void bind(unsigned n, const struct value *values, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct value *v = &values[i];
		const int col = (int)i + 1;

		if (v->is_number)
			(void)sqlite3_bind_int64(stmt(n), col, v->number);
		else
			(void)sqlite3_bind_text(stmt(n), col, v->text,
						(int)v->len, SQLITE_STATIC);
	}
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
	*value_of(n, col) = (struct value){.text = text,
					   .len = text ? strlen(text) : 0};
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


/**
 * Take what is bound to a statement
 *
 * @param n      Number of the statement
 * @param countp Set to the number of values
 *
 * @return Values, until something is bound again
 */
const struct value *dbstmt_take(unsigned n, unsigned *countp)
{
	*countp = db.bound == n ? db.valuec : 0;
	db.bound = none;

	return db.values;
}


/**
 * Run a write that has been recorded
 *
 * @param todo Write
 *
 * @return SQLite's result
 */
int dbstmt_run(const struct todo *todo)
{
	int rc;

	if (!stmt(todo->stmt))
		return SQLITE_MISUSE;

	bind(todo->stmt, todo->values, todo->count);
	rc = sqlite3_step(stmt(todo->stmt));
	reset(todo->stmt);

	return rc;
}


/**
 * Tell whether there is a row
 *
 * @param n   Number of the statement that looks for it
 * @param key Its first value
 *
 * @return False if there is none for sure
 */
bool dbstmt_finds(unsigned n, const char *key)
{
	const struct value value = {.text = key, .len = strlen(key)};
	int rc;

	if (!stmt(n))
		return true;

	bind(n, &value, 1);
	rc = sqlite3_step(stmt(n));
	reset(n);

	return rc != SQLITE_DONE;
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

	/* the first time */
	if (db.bound == n) {
		bind(n, db.values, db.valuec);
		db.bound = none;
	}

	if (sqlite3_step(db.stmts[n]) == SQLITE_ROW)
		return 0;

	db_reset(n);

	return ENOENT;
}


/**
 * Get a statement that reads ready for its next use
 *
 * @param n Number of the statement
 */
void db_reset(unsigned n)
{
	reset(n);
	db.bound = none;
}
