/**
 * @file dbstmt.c  The statements of the store: their bindings and results
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
#include "fleetfile.h"
#include "journal.h"
#include "store.h"


static const unsigned none = UINT_MAX;

/* Of this thread: each thread has its own connection to each file */
struct stmts {
	sqlite3 *file;
	sqlite3_stmt **stmts;
	unsigned count;
};

static _Thread_local struct {
	struct stmts of[SCOPES];
	enum scope scope;

	/* Values bound to the current statement.  SQLite gets them only when
	   it runs: most writes run later, if at all. */
	unsigned bound;
	unsigned valuec;
	struct value values[VALUES_MAX];
} db = {.bound = none};


static struct stmts *at_hand(void)
{
	return &db.of[db.scope];
}


/**
 * Have this thread go on with the statements of another file
 *
 * @param scope Which one
 *
 * @return The one before
 */
enum scope dbstmts_scope(enum scope scope)
{
	const enum scope before = db.scope;

	db.scope = scope;
	db.bound = none;

	return before;
}


/**
 * Prepare the statements of the current file.  Logs its errors.
 *
 * @param file  File to run them on
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, ENOMEM, or EIO if SQLite refuses one
 */
int dbstmts_prepare(sqlite3 *file, const char *const *sql, unsigned count)
{
	struct stmts *s = at_hand();

	s->stmts = calloc(count, sizeof(*s->stmts));
	if (!s->stmts)
		return ENOMEM;

	s->file = file;
	s->count = count;
	for (unsigned i = 0; i < count; i++) {
		if (sqlite3_prepare_v3(file, sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &s->stmts[i],
				       NULL) == SQLITE_OK)
			continue;

		log_error("store: cannot use its file: %s",
			  sqlite3_errmsg(file));
		return EIO;
	}

	return 0;
}


/**
 * Let go of the statements of the file at hand
 */
void dbstmts_finalize(void)
{
	struct stmts *s = at_hand();

	for (unsigned i = 0; i < s->count; i++)
		(void)sqlite3_finalize(s->stmts[i]);

	free(s->stmts);
	memset(s, 0, sizeof(*s));
	db.bound = none;
}


/**
 * Get the connection of this thread to the file at hand
 *
 * @return The one that its statements are for, NULL if it has none
 */
sqlite3 *dbstmts_file(void)
{
	return at_hand()->file;
}


/* sqlite3_bind_*() and sqlite3_column_*() do no harm without a statement */
static sqlite3_stmt *stmt(unsigned n)
{
	const struct stmts *s = at_hand();

	return n < s->count ? s->stmts[n] : NULL;
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
	(void)sqlite3_reset(stmt(n));
	(void)sqlite3_clear_bindings(stmt(n));
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
 * Get bytes from the row at hand
 *
 * @param n    Number of the statement
 * @param col  Column, from 0
 * @param lenp Set to their number
 *
 * @return Bytes, gone with the next step
 */
const char *db_column_data(unsigned n, int col, size_t *lenp)
{
	const char *data = sqlite3_column_blob(stmt(n), col);

	*lenp = data ? (size_t)sqlite3_column_bytes(stmt(n), col) : 0;

	return data;
}


/**
 * Take the values bound to a statement
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
 * Get the next row of a statement that reads; the last time it is reset
 *
 * @param n Number of the statement
 *
 * @return 0 if there is a row, ENOENT if not
 */
int db_step(unsigned n)
{
	int rc;

	if (!stmt(n))
		return ENOENT;

	/* the first time */
	if (db.bound == n) {
		bind(n, db.values, db.valuec);
		db.bound = none;
	}

	rc = sqlite3_step(stmt(n));
	if (rc == SQLITE_ROW)
		return 0;

	db_reset(n);
	if (rc != SQLITE_DONE && db.scope == SCOPE_FLEET)
		fleetfile_failed(rc);

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
