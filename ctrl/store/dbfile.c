/**
 * @file dbfile.c  The SQLite file: opened, and brought up to date
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sqlite3.h>
#include "base/base.h"
#include "dbfile.h"
#include "journal.h"
#include "replay.h"


/* The log keeps the size that it once had, which db.c bounds: to cut it would
   have the loop wait for the disk */
static const char pragmas[] = "PRAGMA page_size=8192;"
			      "PRAGMA auto_vacuum=INCREMENTAL;"
			      "PRAGMA journal_mode=WAL;"
			      "PRAGMA synchronous=NORMAL;";

static const char mark_table[] =
	"CREATE TABLE IF NOT EXISTS redo("
	" id INTEGER PRIMARY KEY CHECK(id = 1), turn INTEGER NOT NULL)";

static const char mark_sql[] = "INSERT OR REPLACE INTO redo VALUES(1, ?)";

static sqlite3_stmt *mark;

struct repeat {
	sqlite3 *db;
	uint64_t count;
};


static int open_file(sqlite3 **dbp, const char *dir)
{
	char path[4096];
	mode_t mask = umask(077);
	int rc;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);

	rc = sqlite3_open_v2(path, dbp,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				     SQLITE_OPEN_NOMUTEX,
			     NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*dbp, pragmas, NULL, NULL, NULL);

	(void)umask(mask);

	return rc == SQLITE_OK ? 0 : EIO;
}


/* 0 if the file is new, or has no such table yet */
static uint64_t read_mark(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t turn = 0;

	if (sqlite3_prepare_v2(db, "SELECT turn FROM redo", -1, &stmt, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		turn = (uint64_t)sqlite3_column_int64(stmt, 0);

	(void)sqlite3_finalize(stmt);

	return turn;
}


static int prepare_mark(sqlite3 *db)
{
	return sqlite3_exec(db, mark_table, NULL, NULL, NULL) ||
			       sqlite3_prepare_v2(db, mark_sql, -1, &mark,
						  NULL)
		       ? EIO
		       : 0;
}


/**
 * Say which turn is the last one that is in the file, within a transaction
 *
 * @param db   The file
 * @param turn Number of the turn
 *
 * @return 0 if success, EIO if SQLite can't write it
 */
int dbfile_mark(sqlite3 *db, uint64_t turn)
{
	int err = 0;

	if (!mark)
		err = prepare_mark(db);
	if (!err) {
		(void)sqlite3_bind_int64(mark, 1, (sqlite3_int64)turn);
		(void)sqlite3_step(mark);
		err = sqlite3_reset(mark) == SQLITE_OK ? 0 : EIO;
	}

	return err;
}


static int repeat_handler(uint64_t turn, unsigned n, const char *sql,
			  const struct value *values, unsigned count,
			  void *arg)
{
	struct repeat *repeat = arg;
	sqlite3_stmt *stmt = NULL;
	int rc;

	(void)turn;
	(void)n;

	rc = sqlite3_prepare_v2(repeat->db, sql, -1, &stmt, NULL);
	for (unsigned i = 0; i < count && rc == SQLITE_OK; i++) {
		const struct value *v = &values[i];

		rc = v->is_number
			     ? sqlite3_bind_int64(stmt, (int)i + 1, v->number)
			     : sqlite3_bind_text(stmt, (int)i + 1, v->text, -1,
						 SQLITE_STATIC);
	}
	if (rc == SQLITE_OK)
		(void)sqlite3_step(stmt);
	if (rc == SQLITE_OK)
		rc = sqlite3_finalize(stmt);
	else
		(void)sqlite3_finalize(stmt);

	++repeat->count;

	/* what is refused for what it is, was refused before, too */
	return rc == SQLITE_OK || rc == SQLITE_CONSTRAINT ? 0 : EIO;
}


/* What a crash has kept from the file */
static int repeat_turns(sqlite3 *db, const char *dir, uint64_t *turnp)
{
	struct repeat repeat = {.db = db};
	int err;

	*turnp = read_mark(db);
	if (!*turnp)
		return 0;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return EIO;

	err = redo_replay(dir, turnp, repeat_handler, &repeat);
	if (!err)
		err = dbfile_mark(db, *turnp);
	if (!err && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		err = EIO;
	if (!err && repeat.count)
		log_warning("store: %llu writes of before a crash were "
			    "repeated",
			    (unsigned long long)repeat.count);

	return err;
}


/**
 * Open the file, and make it if there is none.  Says itself what is wrong.
 *
 * @param dbp    Set to it; to be closed after a failure, too
 * @param dir    Its directory
 * @param schema Makes the tables
 * @param turnp  Set to the last turn that is in it
 *
 * @return 0 if success, ENOTSUP if another referd has made the tables, EIO if
 * SQLite can't use the file, or an error of redo_replay()
 */
int dbfile_open(sqlite3 **dbp, const char *dir, dbfile_schema_h *schema,
		uint64_t *turnp)
{
	int err;

	err = open_file(dbp, dir);
	if (!err)
		err = repeat_turns(*dbp, dir, turnp);
	if (!err)
		err = schema(*dbp);
	if (!err && !*turnp) {
		*turnp = 1;
		err = dbfile_mark(*dbp, *turnp);
	}
	if (err && err != ENOTSUP)
		log_error("store: can't use %s/referd.db: %s", dir,
			  sqlite3_errmsg(*dbp));

	return err;
}


/**
 * Close the file
 *
 * @param db The file, or NULL
 */
void dbfile_close(sqlite3 *db)
{
	(void)sqlite3_finalize(mark);
	mark = NULL;
	(void)sqlite3_close(db);
}
