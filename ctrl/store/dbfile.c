/**
 * @file dbfile.c  The SQLite file: opened, and brought up to date
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "base/base.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "journal.h"
#include "replay.h"


/* The log keeps its largest size, which the writer bounds: cutting it would
   wait for the disk */
static const char pragmas[] = "PRAGMA page_size=8192;"
			      "PRAGMA auto_vacuum=INCREMENTAL;"
			      "PRAGMA journal_mode=WAL;";

static const char mark_table[] =
	"CREATE TABLE IF NOT EXISTS redo("
	" id INTEGER PRIMARY KEY CHECK(id = 1), turn INTEGER NOT NULL)";

static const char mark_sql[] = "INSERT OR REPLACE INTO redo VALUES(1, ?)";

/* A new key each time that the file is opened: the ring in memory of this file
   then can't be taken for that of a copy */
static const char key_table[] =
	"CREATE TABLE IF NOT EXISTS redo_key("
	" id INTEGER PRIMARY KEY CHECK(id = 1), key INTEGER NOT NULL)";

static const char key_sql[] = "INSERT OR REPLACE INTO redo_key VALUES(1, ?)";

struct repeat {
	sqlite3 *db;
	const struct db_rules *rules;
	const char *const *sql;
	unsigned count;
	uint64_t done; /* writes */
};


static const char *synchronous(bool power)
{
	return power ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
}


/**
 * Open an existing file once more, for another thread
 *
 * @param dbp   Set to it; to be closed after a failure, too
 * @param path  Its path
 * @param time  For another process to let go of it [ms]
 * @param power True if each commit must outlive a loss of power
 *
 * @return 0 if success, EIO if SQLite can't use it
 */
int dbfile_connect(sqlite3 **dbp, const char *path, int time, bool power)
{
	int rc;

	rc = sqlite3_open_v2(
		path, dbp, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*dbp, time);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*dbp, synchronous(power), NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : EIO;
}


/**
 * Open a file, and make it if there is none
 *
 * @param dbp  Set to it; to be closed after a failure, too
 * @param path Its path
 * @param power True if each commit must outlive a loss of power
 *
 * @return 0 if success, EIO if SQLite can't use it
 */
int dbfile_create(sqlite3 **dbp, const char *path, bool power)
{
	mode_t mask = umask(077);
	int rc;

	rc = sqlite3_open_v2(path, dbp,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				     SQLITE_OPEN_NOMUTEX,
			     NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*dbp, pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*dbp, synchronous(power), NULL, NULL, NULL);

	(void)umask(mask);

	return rc == SQLITE_OK ? 0 : EIO;
}


static int open_file(sqlite3 **dbp, const char *dir, bool power)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);

	return dbfile_create(dbp, path, power);
}


/* 0 if the file is new, or has no such table yet */
static uint64_t read_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t number = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		number = (uint64_t)sqlite3_column_int64(stmt, 0);

	(void)sqlite3_finalize(stmt);

	return number;
}


static int write_number(sqlite3 *db, const char *sql, uint64_t number)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)number);
		(void)sqlite3_step(stmt);
		rc = sqlite3_finalize(stmt);
	}

	return rc == SQLITE_OK ? 0 : EIO;
}


/**
 * Write the number of the last turn in the file, within a transaction
 *
 * @param db   The file
 * @param turn Number of the turn
 *
 * @return 0 if success, EIO if SQLite can't write it
 */
int dbfile_mark(sqlite3 *db, uint64_t turn)
{
	return write_number(db, mark_sql, turn);
}


/**
 * Tell whether the disk has room, without writing to it
 *
 * @param db   The file
 * @param size Bytes
 *
 * @return 0 if it has, or can't tell; or an error of open() or fallocate()
 */
int dbfile_room(sqlite3 *db, size_t size)
{
	char path[PATH_MAX];
	int fd, err;

	(void)snprintf(path, sizeof(path), "%s-room",
		       sqlite3_db_filename(db, "main"));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;

	(void)unlink(path);
	err = fallocate(fd, 0, 0, (off_t)size) && errno != EOPNOTSUPP ? errno
								      : 0;
	(void)close(fd);

	return err;
}


static int new_key(uint64_t *keyp)
{
	do {
		if (getrandom(keyp, sizeof(*keyp), 0) != sizeof(*keyp))
			return EIO;
		*keyp &= INT64_MAX;
	} while (!*keyp);

	return 0;
}


static int make_marks(sqlite3 *db, uint64_t *keyp)
{
	int err = new_key(keyp);

	if (!err && (sqlite3_exec(db, mark_table, NULL, NULL, NULL) ||
		     sqlite3_exec(db, key_table, NULL, NULL, NULL)))
		err = EIO;

	return err;
}


/* By its text: another release may have other statements and numbers */
static unsigned find(const struct repeat *repeat, const char *sql)
{
	unsigned n = 0;

	while (n < repeat->count && strcmp(repeat->sql[n], sql))
		++n;

	return n;
}


static int run_other(sqlite3 *db, const char *sql, const struct todo *todo)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	for (unsigned i = 0; i < todo->count && rc == SQLITE_OK; i++) {
		const struct value *v = &todo->values[i];

		rc = v->is_number
			     ? sqlite3_bind_int64(stmt, (int)i + 1, v->number)
			     : sqlite3_bind_text(stmt, (int)i + 1, v->text, -1,
						 SQLITE_STATIC);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt);

	return rc;
}


static int repeat_handler(uint64_t turn, unsigned n, const char *sql,
			  const struct value *values, unsigned count,
			  void *arg)
{
	struct repeat *repeat = arg;
	struct todo todo = {.count = count};
	int rc;

	(void)turn;
	(void)n;

	todo.stmt = find(repeat, sql);
	if (todo.stmt == repeat->count && repeat->rules->former &&
	    repeat->rules->former(&todo.stmt, sql) &&
	    todo.stmt == repeat->count)
		return 0;

	memcpy(todo.values, values, count * sizeof(*values));
	rc = todo.stmt < repeat->count ? repeat->rules->run(repeat->db, &todo)
				       : run_other(repeat->db, sql, &todo);
	++repeat->done;

	/* a write that violates a constraint was refused before, too */
	return rc == SQLITE_DONE || rc == SQLITE_ROW ||
			       (rc & 0xff) == SQLITE_CONSTRAINT
		       ? 0
		       : EIO;
}


/* Repeat the writes that a crash has kept from the file.  A new file has none;
   it begins with turn 1. */
static int repeat_turns(struct repeat *repeat, const char *dir,
			uint64_t *turnp)
{
	sqlite3 *db = repeat->db;
	int err;

	*turnp = read_number(db, "SELECT turn FROM redo");
	if (!*turnp) {
		*turnp = 1;
		return 0;
	}

	err = redo_replay(dir, read_number(db, "SELECT key FROM redo_key"),
			  turnp, repeat_handler, repeat);
	if (!err && repeat->rules->flush(db) != SQLITE_DONE)
		err = EIO;
	if (err)
		repeat->rules->undo();
	else if (repeat->done)
		log_warning("store: repeated %llu writes from before a crash",
			    (unsigned long long)repeat->done);

	return err;
}


/* Both in one transaction: no write is repeated twice */
static int begin_turns(struct repeat *repeat, const char *dir, uint64_t *turnp,
		       uint64_t *keyp)
{
	sqlite3 *db = repeat->db;
	int err;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return EIO;

	err = repeat_turns(repeat, dir, turnp);
	if (!err)
		err = make_marks(db, keyp);
	if (!err)
		err = write_number(db, key_sql, *keyp);
	if (!err)
		err = dbfile_mark(db, *turnp);
	if (!err && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		err = EIO;

	return err;
}


/**
 * Open the file, or make it if it does not exist.  Logs its errors.
 *
 * @param dbp   Set to it; to be closed after a failure, too
 * @param dir   Its directory
 * @param rules How it is written
 * @param sql   Statements, which this thread has from then on
 * @param count Number of statements
 * @param power True if each commit must outlive a loss of power
 * @param turnp Set to the last turn that is in it
 * @param keyp  Set to the key of the redo log that belongs to it
 *
 * @return 0 if success, ENOTSUP if another referd has made the tables, ENOMEM,
 * EIO if SQLite can't use the file, or an error of redo_replay()
 */
int dbfile_open(sqlite3 **dbp, const char *dir, const struct db_rules *rules,
		const char *const *sql, unsigned count, bool power,
		uint64_t *turnp, uint64_t *keyp)
{
	struct repeat repeat = {.rules = rules, .sql = sql, .count = count};
	int err;

	err = open_file(dbp, dir, power);
	if (!err)
		err = rules->schema(*dbp);
	if (!err)
		err = dbstmts_prepare(*dbp, sql, count);

	repeat.db = *dbp;
	if (!err)
		err = begin_turns(&repeat, dir, turnp, keyp);
	if (err && err != ENOTSUP)
		log_error("store: cannot use %s/referd.db: %s", dir,
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
	(void)sqlite3_close(db);
}
