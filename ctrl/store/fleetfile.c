/**
 * @file fleetfile.c  The file of the fleet: opened, and moved aside
 *
 * It has the tables of the other file, and the position up to which the stream
 * was read.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include "base/base.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "fleetfile.h"
#include "schema.h"


static const char table_sql[] =
	"CREATE TABLE IF NOT EXISTS cursor("
	" id INTEGER PRIMARY KEY CHECK(id = 1), stream INTEGER NOT NULL,"
	" epoch TEXT NOT NULL)";

static const char read_sql[] = "SELECT stream, epoch FROM cursor";
static const char write_sql[] = "INSERT OR REPLACE INTO cursor"
				" VALUES(1, ?, ?)";

/* All that the stream says comes again */
static const char empty_sql[] =
	"DELETE FROM nodes; DELETE FROM sessions; DELETE FROM outbox;"
	"DELETE FROM apps; DELETE FROM dials; DELETE FROM late;"
	"DELETE FROM counter; DELETE FROM cursor;"
	"DELETE FROM blocks; DELETE FROM block_calls; DELETE FROM transfers";

/* Somebody has come upon something that can't be so */
static atomic_bool damaged;


/**
 * Note a result of SQLite, in any thread
 *
 * @param rc Result code
 */
void fleetfile_failed(int rc)
{
	rc &= 0xff;
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		damaged = true;
}


static void mark_path(char *path, size_t size, const char *file)
{
	(void)snprintf(path, size, "%s-damaged", file);
}


/**
 * Tell whether the file was found to be damaged.  It is moved aside when it
 * is opened next.
 *
 * @param db The file
 *
 * @return True if it was
 */
bool fleetfile_is_damaged(sqlite3 *db)
{
	char path[PATH_MAX];
	int fd;

	if (!damaged)
		return false;

	mark_path(path, sizeof(path), sqlite3_db_filename(db, "main"));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);

	return true;
}


static int read_cursor(sqlite3 *db, struct fleetfile *f)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, read_sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		f->stream = (uint64_t)sqlite3_column_int64(stmt, 0);
		(void)snprintf(f->epoch, sizeof(f->epoch), "%s",
			       (const char *)sqlite3_column_text(stmt, 1));
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_finalize(stmt);

	return rc == SQLITE_OK ? 0 : EIO;
}


/* No message has number 1 */
static void read_counters(struct fleetfile *f)
{
	if (db_step(STMT_COUNTERS))
		return;

	f->last = (uint64_t)db_column_int(STMT_COUNTERS, 0);
	f->forgotten = (uint64_t)db_column_int(STMT_COUNTERS, 1);
	if (f->last == 1)
		f->last = 0;
	db_reset(STMT_COUNTERS);
}


/* ENOTSUP if another referd has made the tables */
static int open_once(sqlite3 **dbp, const char *path, struct fleetfile *f)
{
	int err;

	memset(f, 0, sizeof(*f));
	err = dbfile_create(dbp, path, false);
	if (!err && schema_is_foreign(*dbp))
		return ENOTSUP;

	if (!err)
		err = schema_apply(*dbp);
	if (!err &&
	    sqlite3_exec(*dbp, table_sql, NULL, NULL, NULL) != SQLITE_OK)
		err = EIO;
	if (!err)
		err = dbstmts_prepare(*dbp, schema_sql, STMTS);
	if (!err)
		err = read_cursor(*dbp, f);
	if (!err)
		read_counters(f);

	return !err && damaged ? EIO : err;
}


static void close_file(sqlite3 **dbp)
{
	dbstmts_finalize();
	(void)sqlite3_close(*dbp);
	*dbp = NULL;
}


/* Move the file and its WAL files; they replace those moved before */
static int move_aside(const char *path)
{
	static const char *const parts[] = {"", "-wal", "-shm"};
	char from[PATH_MAX + 16], to[PATH_MAX + 16];
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", path, parts[i]);
		(void)snprintf(to, sizeof(to), "%s-old%s", path, parts[i]);
		(void)unlink(to);
		if (rename(from, to) && errno != ENOENT)
			err = errno;
	}

	mark_path(from, sizeof(from), path);
	(void)unlink(from);

	return err;
}


static bool is_broken(sqlite3 *db)
{
	const int rc = sqlite3_errcode(db) & 0xff;

	return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || damaged;
}


/* The reason to move the file aside, NULL if that would not help */
static const char *why_aside(int err, sqlite3 *db)
{
	if (err == ENOTSUP)
		return "belongs to another referd";

	return err == EIO && is_broken(db) ? "is damaged" : NULL;
}


static int begin_anew(sqlite3 **dbp, const char *path, const char *why,
		      struct fleetfile *f)
{
	int err;

	log_warning("fleetstore: %s %s; it is moved to %s-old, and the stream "
		    "is read again",
		    path, why, path);
	close_file(dbp);
	err = move_aside(path);
	damaged = false;

	return err ? err : open_once(dbp, path, f);
}


/**
 * Open the file, or make it if it does not exist.  Logs its errors.
 *
 * @param dbp Set to it; to be closed after a failure, too.  The statements of
 *            this thread, of the file at hand, are prepared.
 * @param dir Its directory
 * @param f   Set to its content
 *
 * @return 0 if success, ENOMEM, EIO if SQLite can't use the file, or an error
 * of rename()
 */
int fleetfile_open(sqlite3 **dbp, const char *dir, struct fleetfile *f)
{
	char path[PATH_MAX], mark[PATH_MAX + 16];
	const char *why = NULL;
	int err = EIO;

	(void)snprintf(path, sizeof(path), "%s/fleet.db", dir);
	mark_path(mark, sizeof(mark), path);
	damaged = false;
	if (!access(mark, F_OK))
		why = "is damaged";

	if (!why) {
		err = open_once(dbp, path, f);
		why = err ? why_aside(err, *dbp) : NULL;
	}
	if (why)
		err = begin_anew(dbp, path, why, f);
	if (err)
		log_error("fleetstore: cannot use %s: %s", path,
			  *dbp ? sqlite3_errmsg(*dbp) : strerror(err));

	return err;
}


/**
 * Write how far the stream was read, within a transaction
 *
 * @param db The file
 * @param f  Values to write
 *
 * @return SQLITE_DONE, or the error of SQLite
 */
int fleetfile_write(sqlite3 *db, const struct fleetfile *f)
{
	struct todo todo = {
		.stmt = STMT_COUNT,
		.count = 3,
		.values = {
			{.number = (int64_t)f->last, .is_number = true},
			{.number = (int64_t)f->forgotten, .is_number = true},
			{.is_number = true}}};
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, write_sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(stmt, 1, (int64_t)f->stream);
		(void)sqlite3_bind_text(stmt, 2, f->epoch, -1, SQLITE_STATIC);
		rc = sqlite3_step(stmt);
		(void)sqlite3_finalize(stmt);
	}

	return rc == SQLITE_DONE ? dbstmt_run(&todo) : rc;
}


/**
 * Delete the whole content of the file, within a transaction
 *
 * @param db The file
 *
 * @return SQLITE_DONE, or the error of SQLite
 */
int fleetfile_empty(sqlite3 *db)
{
	const int rc = sqlite3_exec(db, empty_sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? SQLITE_DONE : rc;
}
