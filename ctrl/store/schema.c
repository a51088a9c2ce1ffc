/**
 * @file schema.c  The tables of the store, and the statements on them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sqlite3.h>
#include "base/base.h"
#include "block.h"
#include "db.h"
#include "dbstmt.h"
#include "former.h"
#include "journal.h"
#include "schema.h"
#include "store.h"


/* PRAGMA user_version of the files that this version writes */
enum { VERSION = 7 };

#define TABLE_SQL(t)                                                          \
	"CREATE TABLE " t "("                                                 \
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT)"

/* Messages are kept in blocks, see block.c: `last` is the seq of the last one
   in it, `shared` that of the last one for all, or 0, and `time` that of the
   latest.  `call` is a number for the call_sid of messages in it, which are
   in so many bytes from `start` on.

   `code` is the final status, `seq` the number of the last message about it.
   Searches look in `target` and `words`, which are in lower case.  The index
   by time also has the columns of the filters, so that rows that do not match
   are not looked up. */
static const char *const tables[] = {
	TABLE_SQL("nodes"),
	TABLE_SQL("sessions"),
	TABLE_SQL("outbox"),
	TABLE_SQL("apps"),
	"CREATE TABLE dials("
	" key TEXT PRIMARY KEY NOT NULL, data TEXT) WITHOUT ROWID",
	"CREATE TABLE counter("
	" id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL,"
	" forgotten INTEGER NOT NULL DEFAULT 0,"
	" reserved INTEGER NOT NULL DEFAULT 0)",
	"CREATE TABLE transfers("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL,"
	" call_sid TEXT, node TEXT, outcome TEXT,"
	" started INTEGER NOT NULL, ended INTEGER, code INTEGER,"
	" final_ms INTEGER, seq INTEGER NOT NULL,"
	" target TEXT NOT NULL, words TEXT NOT NULL, data TEXT NOT NULL)",
	"CREATE INDEX transfers_started"
	" ON transfers(started, outcome, code, node)",
	"CREATE INDEX transfers_outcome ON transfers(outcome, started)",
	"CREATE INDEX transfers_code ON transfers(code, started)",
	"CREATE INDEX transfers_seq ON transfers(seq)",
	"CREATE INDEX transfers_call ON transfers(call_sid)",
	"CREATE INDEX transfers_ended ON transfers(ended, outcome, final_ms)"
	" WHERE ended IS NOT NULL",
};

/* 0.1.0 had a table of messages instead */
static const char *const block_tables[] = {
	"CREATE TABLE blocks("
	" last INTEGER PRIMARY KEY, shared INTEGER NOT NULL,"
	" time INTEGER NOT NULL, data BLOB NOT NULL)",
	"CREATE TABLE block_calls("
	" call INTEGER NOT NULL, block INTEGER NOT NULL,"
	" start INTEGER NOT NULL, size INTEGER NOT NULL,"
	" PRIMARY KEY(call, block)) WITHOUT ROWID",
};

/* Tables added to that version later; `transfer` is a number for the
   transfer_id, as `call` above.  An older referd of that version ignores
   them */
static const char *const added[] = {
	"CREATE TABLE IF NOT EXISTS late("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT)",
	"CREATE TABLE IF NOT EXISTS fleet("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT)",
	"CREATE TABLE IF NOT EXISTS captures("
	" id INTEGER PRIMARY KEY, transfer INTEGER NOT NULL,"
	" size INTEGER NOT NULL, data TEXT NOT NULL)",
	"CREATE INDEX IF NOT EXISTS captures_transfer"
	" ON captures(transfer, size)",
	"CREATE INDEX IF NOT EXISTS transfers_member"
	" ON transfers(member, started, outcome) WHERE member IS NOT NULL",
};

/* ... before them, unless it is there: of a transfer of a fleet */
static const char has_member[] =
	"SELECT 1 FROM pragma_table_info('transfers') WHERE name = 'member'";
static const char add_member[] = "ALTER TABLE transfers ADD COLUMN member "
				 "TEXT";

#define PUT_SQL(t)                                                            \
	"INSERT INTO " t "(key, data) VALUES(?, ?)"                           \
	" ON CONFLICT(key) DO UPDATE SET data = excluded.data"
#define FORGET_SQL(t) "DELETE FROM " t " WHERE key = ?"
#define EACH_SQL(t)   "SELECT key, data FROM " t " ORDER BY id"
#define KEYS_SQL(t)   "SELECT key FROM " t

/* The condition that selects the few rows to look at comes first; the rest of
   the filter is the same for all.  A filter that is NULL matches all rows. */
#define FIND_SQL(index, first)                                                \
	"SELECT key, data FROM transfers INDEXED BY transfers_" index         \
	" WHERE " first " AND (started, id) < (?1, ?2) AND started >= ?3"     \
	" AND (?4 IS NULL"                                                    \
	" OR ifnull(+outcome, 'running') IN (?4, ?5, ?6, ?7, ?8, ?9))"        \
	" AND (?10 IS NULL OR +code BETWEEN ?10 AND ?11)"                     \
	" AND (?12 IS NULL OR +node = ?12)"                                   \
	" AND (?13 IS NULL OR +seq > ?13)"                                    \
	" AND (?14 IS NULL OR instr(target, ?14))"                            \
	" AND (?15 IS NULL OR instr(target, ?15) OR instr(words, ?15))"       \
	" AND (?16 IS NULL OR +call_sid = ?16)"                               \
	" AND (?19 IS NULL OR +member = ?19)"                                 \
	" ORDER BY started DESC, id DESC LIMIT ?17"

/* Counts of all are read from an index alone; those of a member of a fleet are
   the statements behind */
#define OF_MEMBER " AND +member = ?2"
#define STARTS_SQL(of)                                                        \
	"SELECT started / 60000, count(*) FROM transfers"                     \
	" WHERE started >= ?1" of " GROUP BY 1"
#define ENDS_SQL(of)                                                          \
	"SELECT ended / 60000, count(*), outcome FROM transfers"              \
	" WHERE ended >= ?1" of " GROUP BY 1, 3"
#define FINALS_SQL(of)                                                        \
	"SELECT count(final_ms) FROM transfers WHERE ended >= ?1" of
#define FINAL_SQL(of)                                                         \
	"SELECT final_ms FROM transfers WHERE ended >= ?1" of                 \
	" AND final_ms IS NOT NULL ORDER BY final_ms LIMIT 1 OFFSET ?3"

const char *const schema_sql[STMTS] = {
	/* numbers begin above 1, so that no message has one that is false */
	[STMT_COUNTERS] = "SELECT max(1, ifnull(max(seq), 0),"
			  " ifnull(max(reserved), 0), ifnull((SELECT max(last)"
			  " FROM blocks), 0)),"
			  " max(forgotten) FROM counter",
	[STMT_COUNT] = "INSERT OR REPLACE INTO counter VALUES(1, ?, ?, ?)",

	/* none of SQLite's: see run_write() */
	[STMT_MESSAGE] = "-- seq, client, call_sid, jambonz, time, text",
	[STMT_FORGET_BLOCK] = "-- last seq of a block, calls that stay",

	[STMT_BLOCKS] = "SELECT last, data FROM blocks WHERE last > ?"
			" ORDER BY last",
	[STMT_SHARED] = "SELECT shared FROM blocks WHERE shared"
			" ORDER BY last DESC LIMIT 1",
	[STMT_CALL] = "SELECT block, start, size FROM block_calls"
		      " WHERE call = ? ORDER BY block",
	[STMT_SIZE] = "SELECT page_count * page_size,"
		      " freelist_count * page_size FROM pragma_page_count,"
		      " pragma_freelist_count, pragma_page_size",
	[STMT_SHRINK] = "PRAGMA incremental_vacuum(128)",
	[STMT_OLD_BLOCKS] = "SELECT last, time, data FROM blocks"
			    " WHERE last > ? ORDER BY last LIMIT ?",
	[STMT_OLD_TRANSFERS] = "SELECT id, seq, call_sid, key"
			       " FROM transfers WHERE seq > ? AND seq <= ?"
			       " AND outcome IS NOT NULL"
			       " ORDER BY seq LIMIT ?",
	[STMT_FORGET_TRANSFER] = "DELETE FROM transfers WHERE id = ?",
	[STMT_CAPTURE] = "INSERT INTO captures(transfer, size, data)"
			 " SELECT ?1, ?2, ?3 WHERE (SELECT ifnull(sum(size),"
			 " 0) FROM captures WHERE transfer = ?1) < ?4",
	[STMT_PACKETS] = "SELECT data FROM captures WHERE transfer = ?"
			 " ORDER BY id",
	[STMT_FORGET_CAPTURE] = "DELETE FROM captures WHERE transfer = ?",
	[STMT_TRANSFER] = "INSERT INTO transfers(key, call_sid, node, outcome,"
			  " started, ended, code, final_ms, seq, target,"
			  " words, data, member)"
			  " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			  " ON CONFLICT(key) DO UPDATE SET"
			  " outcome = excluded.outcome,"
			  " ended = excluded.ended, code = excluded.code,"
			  " final_ms = excluded.final_ms, seq = excluded.seq,"
			  " target = excluded.target, words = excluded.words,"
			  " data = excluded.data",
	[STMT_RUNNING] = "SELECT key, data FROM transfers"
			 " WHERE outcome IS NULL ORDER BY id DESC",
	[STMT_LATELY] = "SELECT key FROM (SELECT key, ended FROM transfers"
			" INDEXED BY transfers_ended WHERE ended IS NOT NULL"
			" ORDER BY ended DESC LIMIT ?) ORDER BY ended",
	[STMT_PLACE] = "SELECT started, id FROM transfers WHERE key = ?",
	[STMT_ONE] = "SELECT data, call_sid FROM transfers WHERE key = ?",
	[STMT_FIND_TIME] = FIND_SQL("started", "1"),
	[STMT_FIND_OUTCOME] = FIND_SQL("outcome", "outcome IS ?18"),
	[STMT_FIND_CODE] = FIND_SQL("code", "code = ?10"),
	[STMT_FIND_SEQ] = FIND_SQL("seq", "seq > ?13"),
	[STMT_FIND_CALL] = FIND_SQL("call", "call_sid = ?16"),
	[STMT_FIND_MEMBER] = FIND_SQL("member", "member = ?19"),
	[STMT_STARTS] = STARTS_SQL(""),
	[STMT_STARTS + 1] = STARTS_SQL(OF_MEMBER),
	[STMT_ENDS] = ENDS_SQL(""),
	[STMT_ENDS + 1] = ENDS_SQL(OF_MEMBER),
	[STMT_FINALS] = FINALS_SQL(""),
	[STMT_FINALS + 1] = FINALS_SQL(OF_MEMBER),
	[STMT_FINAL] = FINAL_SQL(""),
	[STMT_FINAL + 1] = FINAL_SQL(OF_MEMBER),
	[STMT_PUT + STORE_NODES] = PUT_SQL("nodes"),
	[STMT_PUT + STORE_SESSIONS] = PUT_SQL("sessions"),
	[STMT_PUT + STORE_OUTBOX] = PUT_SQL("outbox"),
	[STMT_PUT + STORE_APPS] = PUT_SQL("apps"),
	[STMT_PUT + STORE_DIALS] = PUT_SQL("dials"),
	[STMT_PUT + STORE_LATE] = PUT_SQL("late"),
	[STMT_PUT + STORE_FLEET] = PUT_SQL("fleet"),
	[STMT_FORGET + STORE_NODES] = FORGET_SQL("nodes"),
	[STMT_FORGET + STORE_SESSIONS] = FORGET_SQL("sessions"),
	[STMT_FORGET + STORE_OUTBOX] = FORGET_SQL("outbox"),
	[STMT_FORGET + STORE_APPS] = FORGET_SQL("apps"),
	[STMT_FORGET + STORE_DIALS] = FORGET_SQL("dials"),
	[STMT_FORGET + STORE_LATE] = FORGET_SQL("late"),
	[STMT_FORGET + STORE_FLEET] = FORGET_SQL("fleet"),
	[STMT_EACH + STORE_NODES] = EACH_SQL("nodes"),
	[STMT_EACH + STORE_SESSIONS] = EACH_SQL("sessions"),
	[STMT_EACH + STORE_OUTBOX] = EACH_SQL("outbox"),
	[STMT_EACH + STORE_APPS] = EACH_SQL("apps"),
	[STMT_EACH + STORE_DIALS] = "SELECT key, data FROM dials",
	[STMT_EACH + STORE_LATE] = EACH_SQL("late"),
	[STMT_EACH + STORE_FLEET] = EACH_SQL("fleet"),
	[STMT_KEYS + STORE_NODES] = KEYS_SQL("nodes"),
	[STMT_KEYS + STORE_SESSIONS] = KEYS_SQL("sessions"),
	[STMT_KEYS + STORE_OUTBOX] = KEYS_SQL("outbox"),
	[STMT_KEYS + STORE_APPS] = KEYS_SQL("apps"),
	[STMT_KEYS + STORE_DIALS] = KEYS_SQL("dials"),
	[STMT_KEYS + STORE_LATE] = KEYS_SQL("late"),
	[STMT_KEYS + STORE_FLEET] = KEYS_SQL("fleet"),
};


/* Read the number in the first row; without a row it stays unchanged */
static int read_number(sqlite3 *db, const char *sql, int *np)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*np = sqlite3_column_int(stmt, 0);

	return rc == SQLITE_OK ? sqlite3_finalize(stmt) : rc;
}


static int read_version(sqlite3 *db, int *versionp)
{
	return read_number(db, "PRAGMA user_version", versionp);
}


static int stamp(sqlite3 *db)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", VERSION);

	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}


static int run(sqlite3 *db, const char *const *sql, size_t count)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, sql[i], NULL, NULL, NULL);

	return rc;
}


static int add_columns(sqlite3 *db)
{
	int there = 0;
	int rc = read_number(db, has_member, &there);

	return rc == SQLITE_OK && !there
		       ? sqlite3_exec(db, add_member, NULL, NULL, NULL)
		       : rc;
}


/* Make all missing tables, or none; a file that can't be written fails here */
static int make_tables(sqlite3 *db, int version)
{
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK && !version)
		rc = run(db, tables, sizeof(tables) / sizeof(*tables));
	if (rc == SQLITE_OK && version != VERSION)
		rc = run(db, block_tables,
			 sizeof(block_tables) / sizeof(*block_tables));
	if (rc == SQLITE_OK && version == FORMER_VERSION)
		rc = former_convert(db);
	if (rc == SQLITE_OK)
		rc = add_columns(db);
	if (rc == SQLITE_OK)
		rc = run(db, added, sizeof(added) / sizeof(*added));
	if (rc == SQLITE_OK)
		rc = stamp(db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);

	return rc;
}


/**
 * Tell whether another referd has made the tables
 *
 * @param db The file
 *
 * @return True if so; false if it is new, or can't be read
 */
bool schema_is_foreign(sqlite3 *db)
{
	int version = 0;

	return read_version(db, &version) == SQLITE_OK && version &&
	       version != VERSION;
}


/**
 * Make the tables in a new file, convert those of 0.1.0, and refuse a file
 * with any others.
 *
 * @param db The file
 *
 * @return 0 if success, ENOTSUP if another referd has made its tables (which
 *         is logged), EIO if it can't be read or written
 */
int schema_apply(sqlite3 *db)
{
	int version = 0;

	if (read_version(db, &version) != SQLITE_OK)
		return EIO;

	if (version == FORMER_VERSION)
		log_info("store: converts %s, which referd 0.1.0 has written",
			 sqlite3_db_filename(db, "main"));

	if (!version || version == VERSION || version == FORMER_VERSION)
		return make_tables(db, version) == SQLITE_OK ? 0 : EIO;

	log_error("store: %s belongs to %s referd (its version is %d, ours is "
		  "%d): run that referd, or give another %s",
		  sqlite3_db_filename(db, "main"),
		  version > VERSION ? "a newer" : "an older", version, VERSION,
		  option_shown("state"));

	return ENOTSUP;
}


static unsigned group(unsigned n)
{
	if (n == STMT_MESSAGE)
		return GROUP_SPOOL;
	if (n >= STMT_PUT && n < STMT_EACH)
		return GROUP_FIRST + STMTS + (n - STMT_PUT) % STORE_TABLES;

	return n == STMT_COUNT || n == STMT_TRANSFER ? GROUP_FIRST + n
						     : GROUP_NONE;
}


static enum write_kind kind(unsigned n)
{
	if (n >= STMT_PUT && n < STMT_FORGET)
		return WRITE_PUTS;

	return n >= STMT_FORGET && n < STMT_EACH ? WRITE_FORGETS : WRITE_OTHER;
}


static unsigned keys(unsigned n)
{
	return kind(n) == WRITE_FORGETS ? STMT_KEYS + n - STMT_FORGET : 0;
}


/* A page at a time */
static int shrink(void)
{
	while (!db_step(STMT_SHRINK))
		;

	return SQLITE_DONE;
}


/**
 * Run a write in a transaction, in a thread that has the statements
 *
 * @param b    Blocks in the making for that file
 * @param file The file
 * @param todo The write
 *
 * @return SQLITE_DONE, or the error of SQLite
 */
int schema_run(struct blocks *b, sqlite3 *file, const struct todo *todo)
{
	switch (todo->stmt) {
	case STMT_MESSAGE: return block_add(b, file, todo->values);
	case STMT_FORGET_BLOCK: return block_forget(b, file, todo->values);
	case STMT_SHRINK: return shrink();
	default: return dbstmt_run(todo);
	}
}


/* Of the file of this referd's own: only the thread that writes the file uses
   this, one thread at a time */
static struct blocks *own;


static int run_own(sqlite3 *file, const struct todo *todo)
{
	if (!own)
		own = blocks_create();

	return own ? schema_run(own, file, todo) : SQLITE_NOMEM;
}


static int flush_own(sqlite3 *file)
{
	return own ? block_flush(own, file) : SQLITE_DONE;
}


static void undo_own(void)
{
	block_undo(own);
}


static void close_own(void)
{
	blocks_destroy(own);
	own = NULL;
}


/* A statement that 0.1.0 has left in the redo log */
static bool former(unsigned *np, const char *sql)
{
	switch (former_stmt(sql)) {
	case FORMER_MESSAGE: *np = STMT_MESSAGE; return true;
	case FORMER_FORGETS: *np = STMTS; return true;
	default: return false;
	}
}


const struct db_rules schema_rules = {
	.schema = schema_apply,
	.former = former,
	.group = group,
	.kind = kind,
	.keys = keys,
	.past = STMT_TRANSFER,
	.run = run_own,
	.flush = flush_own,
	.undo = undo_own,
	.close = close_own,
};
