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
#include "db.h"
#include "schema.h"
#include "store.h"


/* PRAGMA user_version of what we write */
enum { VERSION = 6 };

#define TABLE_SQL(t)                                                          \
	"CREATE TABLE " t "("                                                 \
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT)"

/* `code` is the final status, `seq` the number of the last message about it.
   `target` and `words` are what one searches in, in small letters.  What is
   filtered by stands in the index by time, too, so that the rows that do not
   match are not looked up. */
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
	"CREATE TABLE messages("
	" seq INTEGER PRIMARY KEY, client TEXT, call_sid TEXT,"
	" jambonz INTEGER NOT NULL, time INTEGER, text TEXT NOT NULL)",
	"CREATE TABLE transfers("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL,"
	" call_sid TEXT, node TEXT, outcome TEXT,"
	" started INTEGER NOT NULL, ended INTEGER, code INTEGER,"
	" final_ms INTEGER, seq INTEGER NOT NULL,"
	" target TEXT NOT NULL, words TEXT NOT NULL, data TEXT NOT NULL)",
	"CREATE INDEX messages_client ON messages(client)"
	" WHERE client IS NOT NULL",
	"CREATE INDEX messages_call ON messages(call_sid)"
	" WHERE call_sid IS NOT NULL",
	"CREATE INDEX transfers_started"
	" ON transfers(started, outcome, code, node)",
	"CREATE INDEX transfers_outcome ON transfers(outcome, started)",
	"CREATE INDEX transfers_code ON transfers(code, started)",
	"CREATE INDEX transfers_seq ON transfers(seq)",
	"CREATE INDEX transfers_call ON transfers(call_sid)",
	"CREATE INDEX transfers_ended ON transfers(ended, outcome, final_ms)"
	" WHERE ended IS NOT NULL",
};

/* What came to that version since */
static const char *const added[] = {
	"CREATE TABLE IF NOT EXISTS late("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT)",
};

#define PUT_SQL(t)                                                            \
	"INSERT INTO " t "(key, data) VALUES(?, ?)"                           \
	" ON CONFLICT(key) DO UPDATE SET data = excluded.data"
#define FORGET_SQL(t) "DELETE FROM " t " WHERE key = ?"
#define EACH_SQL(t)   "SELECT key, data FROM " t " ORDER BY id"
#define HAS_SQL(t)    "SELECT 1 FROM " t " WHERE key = ?"

/* What leads to the few rows that are looked at comes first; the rest of the
   filter is the same for all.  A filter that is NULL lets everything pass. */
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
	" ORDER BY started DESC, id DESC LIMIT ?17"

const char *const schema_sql[STMTS] = {
	/* numbers begin above 1, so that no message has one that is false */
	[STMT_COUNTERS] = "SELECT max(1, ifnull(max(seq), 0),"
			  " ifnull(max(reserved), 0), ifnull((SELECT max(seq) "
			  "FROM messages), 0)),"
			  " max(forgotten) FROM counter",
	[STMT_COUNT] = "INSERT OR REPLACE INTO counter VALUES(1, ?, ?, ?)",
	[STMT_MESSAGE] = "INSERT INTO messages VALUES(?, ?, ?, ?, ?, ?)",
	[STMT_REPLAY] = "SELECT seq, client, call_sid, jambonz, text"
			" FROM messages WHERE seq > ? ORDER BY seq LIMIT ?",
	[STMT_LAST] = "SELECT seq FROM messages WHERE client IS NULL"
		      " ORDER BY seq DESC LIMIT 1",
	[STMT_LAST_OF] = "SELECT max(seq) FROM messages"
			 " INDEXED BY messages_client WHERE client = ?",
	[STMT_CALL] = "SELECT seq, text FROM messages"
		      " WHERE call_sid = ? AND client IS NULL"
		      " ORDER BY seq LIMIT ?",
	[STMT_SIZE] = "SELECT page_count * page_size,"
		      " freelist_count * page_size FROM pragma_page_count,"
		      " pragma_freelist_count, pragma_page_size",
	[STMT_SHRINK] = "PRAGMA incremental_vacuum(128)",
	[STMT_OLD_MESSAGES] = "SELECT seq, time, call_sid, length(text)"
			      " FROM messages"
			      " WHERE seq > ? ORDER BY seq LIMIT ?",
	[STMT_OLD_TRANSFERS] = "SELECT id, seq, call_sid FROM transfers"
			       " WHERE seq > ? AND seq <= ?"
			       " AND outcome IS NOT NULL"
			       " ORDER BY seq LIMIT ?",
	[STMT_FORGET_MESSAGE] = "DELETE FROM messages WHERE seq = ?",
	[STMT_FORGET_TRANSFER] = "DELETE FROM transfers WHERE id = ?",
	[STMT_TRANSFER] = "INSERT INTO transfers(key, call_sid, node, outcome,"
			  " started, ended, code, final_ms, seq, target,"
			  " words, data)"
			  " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			  " ON CONFLICT(key) DO UPDATE SET"
			  " outcome = excluded.outcome,"
			  " ended = excluded.ended, code = excluded.code,"
			  " final_ms = excluded.final_ms, seq = excluded.seq,"
			  " target = excluded.target, words = excluded.words,"
			  " data = excluded.data",
	[STMT_RUNNING] = "SELECT key, data FROM transfers"
			 " WHERE outcome IS NULL ORDER BY id DESC",
	[STMT_OUTCOME] = "SELECT 1 FROM transfers WHERE key = ?"
			 " AND outcome IS NOT NULL",
	[STMT_PLACE] = "SELECT started, id FROM transfers WHERE key = ?",
	[STMT_ONE] = "SELECT data, call_sid FROM transfers WHERE key = ?",
	[STMT_FIND_TIME] = FIND_SQL("started", "1"),
	[STMT_FIND_OUTCOME] = FIND_SQL("outcome", "outcome IS ?18"),
	[STMT_FIND_CODE] = FIND_SQL("code", "code = ?10"),
	[STMT_FIND_SEQ] = FIND_SQL("seq", "seq > ?13"),
	[STMT_FIND_CALL] = FIND_SQL("call", "call_sid = ?16"),
	[STMT_STARTS] = "SELECT started / 60000, count(*) FROM transfers"
			" WHERE started >= ? GROUP BY 1",
	[STMT_ENDS] = "SELECT ended / 60000, count(*), outcome FROM transfers"
		      " WHERE ended >= ? GROUP BY 1, 3",
	[STMT_FINALS] = "SELECT count(final_ms) FROM transfers"
			" WHERE ended >= ?",
	[STMT_FINAL] = "SELECT final_ms FROM transfers WHERE ended >= ?"
		       " AND final_ms IS NOT NULL"
		       " ORDER BY final_ms LIMIT 1 OFFSET ?",
	[STMT_PUT + STORE_NODES] = PUT_SQL("nodes"),
	[STMT_PUT + STORE_SESSIONS] = PUT_SQL("sessions"),
	[STMT_PUT + STORE_OUTBOX] = PUT_SQL("outbox"),
	[STMT_PUT + STORE_APPS] = PUT_SQL("apps"),
	[STMT_PUT + STORE_DIALS] = PUT_SQL("dials"),
	[STMT_PUT + STORE_LATE] = PUT_SQL("late"),
	[STMT_FORGET + STORE_NODES] = FORGET_SQL("nodes"),
	[STMT_FORGET + STORE_SESSIONS] = FORGET_SQL("sessions"),
	[STMT_FORGET + STORE_OUTBOX] = FORGET_SQL("outbox"),
	[STMT_FORGET + STORE_APPS] = FORGET_SQL("apps"),
	[STMT_FORGET + STORE_DIALS] = FORGET_SQL("dials"),
	[STMT_FORGET + STORE_LATE] = FORGET_SQL("late"),
	[STMT_EACH + STORE_NODES] = EACH_SQL("nodes"),
	[STMT_EACH + STORE_SESSIONS] = EACH_SQL("sessions"),
	[STMT_EACH + STORE_OUTBOX] = EACH_SQL("outbox"),
	[STMT_EACH + STORE_APPS] = EACH_SQL("apps"),
	[STMT_EACH + STORE_DIALS] = "SELECT key, data FROM dials",
	[STMT_EACH + STORE_LATE] = EACH_SQL("late"),
	[STMT_HAS + STORE_NODES] = HAS_SQL("nodes"),
	[STMT_HAS + STORE_SESSIONS] = HAS_SQL("sessions"),
	[STMT_HAS + STORE_OUTBOX] = HAS_SQL("outbox"),
	[STMT_HAS + STORE_APPS] = HAS_SQL("apps"),
	[STMT_HAS + STORE_DIALS] = HAS_SQL("dials"),
	[STMT_HAS + STORE_LATE] = HAS_SQL("late"),
};


static int read_version(sqlite3 *db, int *versionp)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);
	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*versionp = sqlite3_column_int(stmt, 0);

	return rc == SQLITE_OK ? sqlite3_finalize(stmt) : rc;
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


/* All that there are not, or none; what can't be written is noticed now */
static int make_tables(sqlite3 *db, bool all)
{
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK && all)
		rc = run(db, tables, sizeof(tables) / sizeof(*tables));
	if (rc == SQLITE_OK)
		rc = run(db, added, sizeof(added) / sizeof(*added));
	if (rc == SQLITE_OK)
		rc = stamp(db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);

	return rc;
}


/**
 * Make the tables in a new file, and refuse one whose tables are not ours.
 * No release has written another version than ours yet: the first that does
 * takes over what this one leaves.
 *
 * @param db The file
 *
 * @return 0 if success, ENOTSUP if another referd has made its tables (which
 *         is said), EIO if it can't be read or written
 */
int schema_apply(sqlite3 *db)
{
	int version = 0;

	if (read_version(db, &version) != SQLITE_OK)
		return EIO;

	if (!version || version == VERSION)
		return make_tables(db, !version) == SQLITE_OK ? 0 : EIO;

	log_error("store: %s is of %s referd (its version is %d, ours %d): "
		  "run that one, or give another --state",
		  sqlite3_db_filename(db, "main"),
		  version > VERSION ? "a newer" : "an older", version,
		  VERSION);

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


static unsigned probe(unsigned n)
{
	return n >= STMT_FORGET && n < STMT_EACH ? STMT_HAS + n - STMT_FORGET
						 : 0;
}


const struct db_rules schema_rules = {
	.schema = schema_apply,
	.group = group,
	.probe = probe,
	.past = STMT_TRANSFER,
};
