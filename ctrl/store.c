/**
 * @file store.c  What is on disk: messages by seq, and what must survive us
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <sqlite3.h>
#include "db.h"
#include "store.h"


enum {
	KEEP = 100000,     /* messages, and transfers */
	PRUNE_EVERY = 256, /* messages */
	PRUNE_MAX = 1024,  /* rows in one step */
};

enum {
	SEQ,
	COUNT,
	MESSAGE,
	REPLAY,
	LAST,
	PRUNE_MESSAGES,
	PRUNE_TRANSFERS,
	TRANSFER,
	TRANSFERS,
	OUTCOME,
	PUT,
	FORGET = PUT + STORE_TABLES,
	EACH = FORGET + STORE_TABLES,
	STMTS = EACH + STORE_TABLES,
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS counter("
	" id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS messages("
	" seq INTEGER PRIMARY KEY, client TEXT, call_sid TEXT,"
	" jambonz INTEGER NOT NULL, text TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS nodes("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS sessions("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS outbox("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS apps("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS transfers("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL,"
	" call_sid TEXT, node TEXT, outcome TEXT, started INTEGER,"
	" data TEXT);"
	"CREATE INDEX IF NOT EXISTS transfers_running"
	" ON transfers(outcome) WHERE outcome IS NULL;"
	"PRAGMA user_version=1;";

#define PUT_SQL(t)                                                            \
	"INSERT INTO " t "(key, data) VALUES(?, ?)"                           \
	" ON CONFLICT(key) DO UPDATE SET data = excluded.data"
#define FORGET_SQL(t) "DELETE FROM " t " WHERE key = ?"
#define EACH_SQL(t)   "SELECT key, data FROM " t " ORDER BY id"

static const char *const sql[STMTS] = {
	/* numbers begin above 1, so that no message has one that is false */
	[SEQ] = "SELECT max(1, ifnull((SELECT seq FROM counter), 0),"
		" ifnull((SELECT max(seq) FROM messages), 0))",
	[COUNT] = "INSERT OR REPLACE INTO counter VALUES(1, ?)",
	[MESSAGE] = "INSERT INTO messages VALUES(?, ?, ?, ?, ?)",
	[REPLAY] = "SELECT seq, text FROM messages WHERE seq > ?1"
		   " AND (client = ?2 OR (client IS NULL"
		   " AND (?3 IS NULL OR call_sid = ?3)))"
		   " AND jambonz >= ?4 ORDER BY seq LIMIT ?5",
	[LAST] = "SELECT seq FROM messages"
		 " WHERE (client IS NULL OR client = ?) AND jambonz >= ?"
		 " ORDER BY seq DESC LIMIT 1",
	[PRUNE_MESSAGES] = "DELETE FROM messages WHERE seq IN"
			   " (SELECT seq FROM messages WHERE seq <= ?"
			   " ORDER BY seq LIMIT ?)",
	[PRUNE_TRANSFERS] = "DELETE FROM transfers WHERE id IN"
			    " (SELECT id FROM transfers WHERE id <="
			    " (SELECT max(id) FROM transfers) - ?"
			    " ORDER BY id LIMIT ?)",
	[TRANSFER] = "INSERT INTO transfers"
		     "(key, call_sid, node, outcome, started, data)"
		     " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO UPDATE"
		     " SET outcome = excluded.outcome, data = excluded.data",
	[TRANSFERS] = "SELECT key, data FROM transfers"
		      " WHERE ?1 = 0 OR outcome IS NULL"
		      " ORDER BY id DESC LIMIT ?2",
	[OUTCOME] = "SELECT 1 FROM transfers WHERE key = ?"
		    " AND outcome IS NOT NULL",
	[PUT + STORE_NODES] = PUT_SQL("nodes"),
	[PUT + STORE_SESSIONS] = PUT_SQL("sessions"),
	[PUT + STORE_OUTBOX] = PUT_SQL("outbox"),
	[PUT + STORE_APPS] = PUT_SQL("apps"),
	[FORGET + STORE_NODES] = FORGET_SQL("nodes"),
	[FORGET + STORE_SESSIONS] = FORGET_SQL("sessions"),
	[FORGET + STORE_OUTBOX] = FORGET_SQL("outbox"),
	[FORGET + STORE_APPS] = FORGET_SQL("apps"),
	[EACH + STORE_NODES] = EACH_SQL("nodes"),
	[EACH + STORE_SESSIONS] = EACH_SQL("sessions"),
	[EACH + STORE_OUTBOX] = EACH_SQL("outbox"),
	[EACH + STORE_APPS] = EACH_SQL("apps"),
};

static struct {
	uint64_t seq;   /* last one given out */
	uint64_t saved; /* last one on disk */
} store;


/* sqlite3_bind_*() return an error for a NULL statement, and do no harm */
static void bind_text(unsigned n, int col, const char *text)
{
	(void)sqlite3_bind_text(db_stmt(n), col, text, -1, SQLITE_STATIC);
}


static void bind_int(unsigned n, int col, uint64_t value)
{
	(void)sqlite3_bind_int64(db_stmt(n), col, (sqlite3_int64)value);
}


static uint64_t column_int(unsigned n, int col)
{
	return (uint64_t)sqlite3_column_int64(db_stmt(n), col);
}


static const char *column_text(unsigned n, int col)
{
	const unsigned char *text = sqlite3_column_text(db_stmt(n), col);

	return text ? (const char *)text : "";
}


/* A statement that gives one number */
static uint64_t query(unsigned n)
{
	uint64_t value;

	if (db_step(n))
		return 0;

	value = column_int(n, 0);
	db_reset(n);

	return value;
}


/**
 * Open the store, and make it if there is none.  Says itself what is wrong.
 *
 * @param dir Directory of the store
 *
 * @return 0 if success, otherwise errorcode
 */
int store_open(const char *dir)
{
	int err;

	err = db_open(dir, schema, sql, STMTS);
	if (!err) {
		/* a full disk is to be noticed now, not at the first message
		 */
		store.seq = query(SEQ);
		store.saved = ~store.seq;
		err = store_commit();
	}

	if (err)
		db_close();

	return err;
}


/**
 * Commit what is pending, and close the store
 */
void store_close(void)
{
	(void)store_commit();
	db_close();
	store.seq = 0;
	store.saved = 0;
}


/**
 * Commit what this turn of the loop has written.  Costs nothing if that is
 * nothing.  Call it before anything is sent.
 *
 * @return 0 if it is on disk, otherwise errorcode
 */
int store_commit(void)
{
	int err = 0;

	if (store.saved != store.seq) {
		bind_int(COUNT, 1, store.seq);
		err = db_write(COUNT);
		store.saved = store.seq;
	}

	return err ? err : db_commit();
}


/**
 * Get the last number given to a message
 *
 * @return seq
 */
uint64_t store_seq(void)
{
	return store.seq;
}


static void prune(void)
{
	if (store.seq <= KEEP)
		return;

	bind_int(PRUNE_MESSAGES, 1, store.seq - KEEP);
	bind_int(PRUNE_MESSAGES, 2, PRUNE_MAX);
	(void)db_write(PRUNE_MESSAGES);

	bind_int(PRUNE_TRANSFERS, 1, KEEP);
	bind_int(PRUNE_TRANSFERS, 2, PRUNE_MAX);
	(void)db_write(PRUNE_TRANSFERS);
}


/**
 * Give out the next number for a message
 *
 * @return seq
 */
uint64_t store_seq_next(void)
{
	++store.seq;

	if (store.seq % PRUNE_EVERY == 0)
		prune();

	return store.seq;
}


/**
 * Store a message
 *
 * @param seq      Its number
 * @param client   Name of the client that it is for, NULL if for all
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if it is for clients of the jambonz dialect, too
 * @param text     JSON text
 */
void store_message(uint64_t seq, const char *client, const char *call_sid,
		   bool jambonz, const char *text)
{
	bind_int(MESSAGE, 1, seq);
	bind_text(MESSAGE, 2, client);
	bind_text(MESSAGE, 3, call_sid);
	bind_int(MESSAGE, 4, jambonz);
	bind_text(MESSAGE, 5, text);
	(void)db_write(MESSAGE);
}


/**
 * Get the number of the last message that a client is to have
 *
 * @param client  Name of the client
 * @param jambonz True if it speaks the jambonz dialect
 *
 * @return seq, 0 if there is none
 */
uint64_t store_last(const char *client, bool jambonz)
{
	bind_text(LAST, 1, client);
	bind_int(LAST, 2, jambonz);

	return query(LAST);
}


/**
 * Go through the messages behind a number, in order
 *
 * @param since    Number of the last one that is known
 * @param client   Name of the client that asks
 * @param call_sid The only call that it hears of, NULL for all
 * @param jambonz  True if it speaks the jambonz dialect
 * @param limit    How many at most
 * @param h        Handler
 * @param arg      Handler argument
 */
void store_replay(uint64_t since, const char *client, const char *call_sid,
		  bool jambonz, unsigned limit, store_replay_h *h, void *arg)
{
	bind_int(REPLAY, 1, since);
	bind_text(REPLAY, 2, client);
	bind_text(REPLAY, 3, call_sid);
	bind_int(REPLAY, 4, jambonz);
	bind_int(REPLAY, 5, limit);

	while (!db_step(REPLAY))
		h(column_int(REPLAY, 0), column_text(REPLAY, 1), arg);
}


/**
 * Store a text under a key, in place of what was there
 *
 * @param table Table
 * @param key   Key
 * @param data  Text; if NULL, nothing is stored
 */
void store_put(enum store_table table, const char *key, const char *data)
{
	if (!data)
		return;

	bind_text(PUT + table, 1, key);
	bind_text(PUT + table, 2, data);
	(void)db_write(PUT + table);
}


/**
 * Forget what is under a key
 *
 * @param table Table
 * @param key   Key
 */
void store_forget(enum store_table table, const char *key)
{
	bind_text(FORGET + table, 1, key);
	(void)db_write(FORGET + table);
}


static void each_row(unsigned n, store_each_h *h, void *arg)
{
	while (!db_step(n))
		h(column_text(n, 0), column_text(n, 1), arg);
}


/**
 * Go through a table, in the order in which its keys came
 *
 * @param table Table
 * @param h     Handler, which may not touch the same table
 * @param arg   Handler argument
 */
void store_each(enum store_table table, store_each_h *h, void *arg)
{
	each_row(EACH + table, h, arg);
}


/**
 * Store a transfer
 *
 * @param t Transfer
 */
void store_transfer(const struct store_transfer *t)
{
	if (!t->data)
		return;

	bind_text(TRANSFER, 1, t->id);
	bind_text(TRANSFER, 2, t->call_sid);
	bind_text(TRANSFER, 3, t->node);
	bind_text(TRANSFER, 4, t->outcome);
	bind_int(TRANSFER, 5, (uint64_t)t->started);
	bind_text(TRANSFER, 6, t->data);
	(void)db_write(TRANSFER);
}


/**
 * Tell whether a transfer has its outcome already
 *
 * @param id Its transfer_id
 *
 * @return True if it has
 */
bool store_transfer_ended(const char *id)
{
	bind_text(OUTCOME, 1, id);

	return query(OUTCOME) != 0;
}


/**
 * Go through the transfers, newest first
 *
 * @param limit   How many at most
 * @param running True for those only that have no outcome yet
 * @param h       Handler
 * @param arg     Handler argument
 */
void store_transfers(unsigned limit, bool running, store_each_h *h, void *arg)
{
	bind_int(TRANSFERS, 1, running);
	bind_int(TRANSFERS, 2, limit);
	each_row(TRANSFERS, h, arg);
}
