/**
 * @file store.c  What is on disk: messages by seq, and what must survive us
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "log.h"
#include "store.h"


enum {
	KEEP = 100000,     /* messages, and transfers */
	PRUNE_EVERY = 256, /* messages */
	PRUNE_MAX = 1024,  /* rows in one step */
};

enum stmt {
	BEGIN,
	COMMIT,
	ROLLBACK,
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
	"PRAGMA journal_mode=WAL;"
	"PRAGMA synchronous=NORMAL;"
	"CREATE TABLE IF NOT EXISTS counter("
	" id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS messages("
	" seq INTEGER PRIMARY KEY, client TEXT, jambonz INTEGER NOT NULL,"
	" text TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS nodes("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS sessions("
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"
	"CREATE TABLE IF NOT EXISTS outbox("
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
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[COUNT] = "INSERT OR REPLACE INTO counter VALUES(1, ?)",
	[MESSAGE] = "INSERT INTO messages VALUES(?, ?, ?, ?)",
	[REPLAY] = "SELECT seq, text FROM messages WHERE seq > ?"
		   " AND (client IS NULL OR client = ?) AND jambonz >= ?"
		   " ORDER BY seq LIMIT ?",
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
	[FORGET + STORE_NODES] = FORGET_SQL("nodes"),
	[FORGET + STORE_SESSIONS] = FORGET_SQL("sessions"),
	[FORGET + STORE_OUTBOX] = FORGET_SQL("outbox"),
	[EACH + STORE_NODES] = EACH_SQL("nodes"),
	[EACH + STORE_SESSIONS] = EACH_SQL("sessions"),
	[EACH + STORE_OUTBOX] = EACH_SQL("outbox"),
};

static struct {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMTS];
	int lock;
	uint64_t seq;   /* last one given out */
	uint64_t saved; /* last one on disk */
	bool open;      /* a transaction is */
	bool broken;    /* the last one failed */
} store = {.lock = -1};


/* Operation goes on in memory, so that one line for each trouble is enough */
static void fail(void)
{
	if (!store.broken)
		log_error("store: can't write: %s; going on in memory",
			  sqlite3_errmsg(store.db));

	store.broken = true;
	store.open = false;

	if (!sqlite3_get_autocommit(store.db)) {
		(void)sqlite3_step(store.stmts[ROLLBACK]);
		(void)sqlite3_reset(store.stmts[ROLLBACK]);
	}
}


static sqlite3_stmt *prepare(int n)
{
	return store.db ? store.stmts[n] : NULL;
}


static void bind_text(sqlite3_stmt *s, int col, const char *text)
{
	(void)sqlite3_bind_text(s, col, text, -1, SQLITE_STATIC);
}


/* Run a statement that gives no rows */
static int run(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
	if (rc == SQLITE_DONE)
		return 0;

	fail();

	return EIO;
}


/* Run a statement that writes: the first of a turn begins a transaction */
static void write_row(sqlite3_stmt *s)
{
	if (!store.open) {
		if (run(store.stmts[BEGIN])) {
			(void)sqlite3_clear_bindings(s);
			return;
		}
		store.open = true;
	}

	(void)run(s);
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


/* Two services that count the same seq would give numbers out twice */
static int lock_dir(const char *dir)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/lock", dir);

	store.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store.lock < 0)
		return errno;

	return flock(store.lock, LOCK_EX | LOCK_NB) ? errno : 0;
}


static uint64_t query_number(const char *text)
{
	sqlite3_stmt *s = NULL;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(store.db, text, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);

	(void)sqlite3_finalize(s);

	return n;
}


static int open_db(const char *dir)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);

	if (sqlite3_open_v2(path, &store.db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			    NULL) != SQLITE_OK)
		return EIO;

	if (sqlite3_exec(store.db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return EIO;

	for (int i = 0; i < STMTS; i++) {
		if (sqlite3_prepare_v3(store.db, sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &store.stmts[i], NULL) != SQLITE_OK)
			return EIO;
	}

	/* numbers begin above 1, so that no message has one that is false */
	store.seq = query_number("SELECT max(1,"
				 " ifnull((SELECT seq FROM counter), 0),"
				 " ifnull((SELECT max(seq) FROM messages),"
				 " 0))");
	/* a full disk is to be noticed now, not at the first message */
	store.saved = ~store.seq;

	return store_commit();
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
	mode_t mask;
	int err;

	err = make_dirs(dir);
	if (err) {
		log_error("store: can't use the state directory %s: %s", dir,
			  strerror(err));
		return err;
	}

	err = lock_dir(dir);
	if (err) {
		log_error("store: can't use the state directory %s: %s", dir,
			  err == EWOULDBLOCK ? "another referd uses it"
					     : strerror(err));
		goto out;
	}

	mask = umask(077);
	err = open_db(dir);
	(void)umask(mask);
	if (err) {
		if (!store.broken)
			log_error("store: can't use %s/referd.db: %s", dir,
				  sqlite3_errmsg(store.db));
		goto out;
	}

out:
	if (err)
		store_close();

	return err;
}


/**
 * Commit what is pending, and close the store
 */
void store_close(void)
{
	if (store.db)
		(void)store_commit();

	for (int i = 0; i < STMTS; i++)
		(void)sqlite3_finalize(store.stmts[i]);

	(void)sqlite3_close(store.db);
	if (store.lock >= 0)
		(void)close(store.lock);

	memset(&store, 0, sizeof(store));
	store.lock = -1;
}


/**
 * Commit what this turn of the loop has written.  Costs nothing if that is
 * nothing.  Call it before anything is sent.
 *
 * @return 0 if it is on disk, otherwise errorcode
 */
int store_commit(void)
{
	int err;

	if (!store.db)
		return ENOENT;

	if (store.saved != store.seq) {
		(void)sqlite3_bind_int64(store.stmts[COUNT], 1,
					 (sqlite3_int64)store.seq);
		write_row(store.stmts[COUNT]);
		store.saved = store.seq;
	}

	if (!store.open)
		return store.broken ? EIO : 0;

	err = run(store.stmts[COMMIT]);
	if (err)
		return err;

	store.open = false;
	if (store.broken)
		log_warning("store: can write again");
	store.broken = false;

	return 0;
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
	sqlite3_stmt *s = store.stmts[PRUNE_MESSAGES];

	if (store.seq <= KEEP)
		return;

	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)(store.seq - KEEP));
	(void)sqlite3_bind_int(s, 2, PRUNE_MAX);
	write_row(s);

	s = store.stmts[PRUNE_TRANSFERS];
	(void)sqlite3_bind_int(s, 1, KEEP);
	(void)sqlite3_bind_int(s, 2, PRUNE_MAX);
	write_row(s);
}


/**
 * Give out the next number for a message
 *
 * @return seq
 */
uint64_t store_seq_next(void)
{
	++store.seq;

	if (store.db && store.seq % PRUNE_EVERY == 0)
		prune();

	return store.seq;
}


/**
 * Store a message
 *
 * @param seq     Its number
 * @param client  Name of the client that it is for, NULL if for all
 * @param jambonz True if it is for clients of the jambonz dialect, too
 * @param text    JSON text
 */
void store_message(uint64_t seq, const char *client, bool jambonz,
		   const char *text)
{
	sqlite3_stmt *s = prepare(MESSAGE);

	if (!s)
		return;

	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
	bind_text(s, 2, client);
	(void)sqlite3_bind_int(s, 3, jambonz);
	bind_text(s, 4, text);
	write_row(s);
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
	sqlite3_stmt *s = prepare(LAST);
	uint64_t seq = 0;

	if (!s)
		return 0;

	bind_text(s, 1, client);
	(void)sqlite3_bind_int(s, 2, jambonz);
	if (sqlite3_step(s) == SQLITE_ROW)
		seq = (uint64_t)sqlite3_column_int64(s, 0);

	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);

	return seq;
}


/**
 * Go through the messages behind a number, in order
 *
 * @param since   Number of the last one that is known
 * @param client  Name of the client that asks
 * @param jambonz True if it speaks the jambonz dialect
 * @param limit   How many at most
 * @param h       Handler
 * @param arg     Handler argument
 */
void store_replay(uint64_t since, const char *client, bool jambonz,
		  unsigned limit, store_replay_h *h, void *arg)
{
	sqlite3_stmt *s = prepare(REPLAY);

	if (!s)
		return;

	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)since);
	bind_text(s, 2, client);
	(void)sqlite3_bind_int(s, 3, jambonz);
	(void)sqlite3_bind_int64(s, 4, limit);

	while (sqlite3_step(s) == SQLITE_ROW)
		h((uint64_t)sqlite3_column_int64(s, 0),
		  (const char *)sqlite3_column_text(s, 1), arg);

	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
}


/**
 * Store a text under a key, in place of what was there
 *
 * @param table Table
 * @param key   Key
 * @param data  Text
 */
void store_put(enum store_table table, const char *key, const char *data)
{
	sqlite3_stmt *s = prepare(PUT + (int)table);

	if (!s || !data)
		return;

	bind_text(s, 1, key);
	bind_text(s, 2, data);
	write_row(s);
}


/**
 * Forget what is under a key
 *
 * @param table Table
 * @param key   Key
 */
void store_forget(enum store_table table, const char *key)
{
	sqlite3_stmt *s = prepare(FORGET + (int)table);

	if (!s)
		return;

	bind_text(s, 1, key);
	write_row(s);
}


static void each_row(sqlite3_stmt *s, store_each_h *h, void *arg)
{
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *data = (const char *)sqlite3_column_text(s, 1);

		h((const char *)sqlite3_column_text(s, 0), data ? data : "",
		  arg);
	}

	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
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
	sqlite3_stmt *s = prepare(EACH + (int)table);

	if (s)
		each_row(s, h, arg);
}


/**
 * Store a transfer
 *
 * @param t Transfer
 */
void store_transfer(const struct store_transfer *t)
{
	sqlite3_stmt *s = prepare(TRANSFER);

	if (!s || !t->data)
		return;

	bind_text(s, 1, t->id);
	bind_text(s, 2, t->call_sid);
	bind_text(s, 3, t->node);
	bind_text(s, 4, t->outcome);
	(void)sqlite3_bind_int64(s, 5, t->started);
	bind_text(s, 6, t->data);
	write_row(s);
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
	sqlite3_stmt *s = prepare(OUTCOME);
	bool ended;

	if (!s)
		return false;

	bind_text(s, 1, id);
	ended = sqlite3_step(s) == SQLITE_ROW;
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);

	return ended;
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
	sqlite3_stmt *s = prepare(TRANSFERS);

	if (!s)
		return;

	(void)sqlite3_bind_int(s, 1, running);
	(void)sqlite3_bind_int64(s, 2, limit);
	each_row(s, h, arg);
}
