/**
 * @file db.c  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "db.h"
#include "log.h"


static struct {
	sqlite3 *db;
	sqlite3_stmt **stmts;
	unsigned count;
	int lock;
	bool begun;  /* a transaction is */
	bool broken; /* the last one failed */
} db = {.lock = -1};


/* Operation goes on in memory, so that one line for each trouble is enough */
static void fail(void)
{
	if (!db.broken)
		log_error("store: can't write: %s; going on in memory",
			  sqlite3_errmsg(db.db));

	db.broken = true;
	db.begun = false;
	if (!sqlite3_get_autocommit(db.db))
		(void)sqlite3_exec(db.db, "ROLLBACK", NULL, NULL, NULL);
}


static int make_dirs(const char *dir)
{
	char path[4096];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
		return ENAMETOOLONG;

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;

		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}

	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;

	if (stat(path, &st))
		return errno;

	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}


/* Two services that count the same numbers would give them out twice */
static int lock_dir(const char *dir)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/lock", dir);

	db.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (db.lock < 0)
		return errno;

	return flock(db.lock, LOCK_EX | LOCK_NB) ? errno : 0;
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

	err = make_dirs(dir);
	if (!err)
		err = lock_dir(dir);
	if (err) {
		log_error("store: can't use the state directory %s: %s", dir,
			  err == EWOULDBLOCK ? "another referd uses it"
					     : strerror(err));
		return err;
	}

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
	if (db.stmts)
		(void)db_commit();

	for (unsigned i = 0; i < db.count; i++)
		(void)sqlite3_finalize(db.stmts[i]);

	(void)sqlite3_close(db.db);
	if (db.lock >= 0)
		(void)close(db.lock);

	free(db.stmts);
	memset(&db, 0, sizeof(db));
	db.lock = -1;
}


/**
 * Commit what was written since the last time.  Costs nothing if that is
 * nothing.
 *
 * @return 0 if it is on disk, otherwise errorcode
 */
int db_commit(void)
{
	if (!db.begun)
		return db.broken ? EIO : 0;

	if (sqlite3_exec(db.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		fail();
		return EIO;
	}

	db.begun = false;
	if (db.broken)
		log_warning("store: can write again");
	db.broken = false;

	return 0;
}


/* sqlite3_bind_*() and sqlite3_column_*() do no harm without a statement */
static sqlite3_stmt *stmt(unsigned n)
{
	return n < db.count ? db.stmts[n] : NULL;
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


/**
 * Begin a transaction, unless this turn has begun one
 *
 * @return 0 if success, otherwise errorcode
 */
int db_begin(void)
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


/**
 * Run a statement that writes.  The first of a turn begins a transaction.
 *
 * @param n Number of the statement
 *
 * @return 0 if success, otherwise errorcode
 */
int db_write(unsigned n)
{
	int rc;

	if (!stmt(n))
		return ENOENT;

	if (db_begin()) {
		db_reset(n);
		return EIO;
	}

	rc = sqlite3_step(db.stmts[n]);
	db_reset(n);
	if (rc == SQLITE_DONE)
		return 0;

	fail();

	return EIO;
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
}
