/**
 * @file db.c  The SQLite file: opened, locked, written now and then
 *
 * The writes of a turn are in the redo log at its end.  They wait here, in
 * memory, until the writer gets all of them and brings them into the file.  A
 * reader finds each write in one of the two.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "fleetqueue.h"
#include "journal.h"
#include "keyindex.h"
#include "keyset.h"
#include "reader.h"
#include "redo.h"
#include "statedir.h"
#include "store.h"
#include "syncer.h"
#include "writer.h"


enum {
	RETRY_TIME = 1000, /* ms */

	/* The content of the redo log gets into the file after so many ms,
	   writes or bytes: by then much of it has been replaced */
	SETTLE_TIME = 2000,
	SETTLE_COUNT = 2048,
	SETTLE_SIZE = 1 << 20,

	/* ... but where there are few writes, they can wait for longer */
	FEW = 256,
	FEW_TIME = 10000,

	FREE_COUNT = 4096, /* writes that are freed in a turn */

	/* Bytes that are not tried in vain each time, but now and then */
	MUCH = 1 << 20,
	TRIES = 16,
};

static struct {
	sqlite3 *db;
	bool open;
	const struct db_rules *rules;
	struct batch batch; /* that gets into the file */
	bool taken;
	bool probing;     /* ... but nothing is in it */
	bool freeing;     /* ... the writes that are in the file now */
	uint64_t turn;    /* number of the one at hand */
	uint64_t settled; /* ... of the last one that is in the file */
	uint64_t synced;  /* ... whose redo log was on the disk at a turn's end
			   */
	bool wrote;       /* in this turn */
	bool hurried;     /* a caller waits for the file */
	bool news;        /* something has come that was not taken */
	int64_t since;    /* ... when the first of it came */
	int64_t retry;    /* time of the next try after a failure, ms */

	/* Writes wait in memory because they are not in the redo log, or
	   could not be brought into the file */
	bool broken;
	bool gap; /* some of it is not in the redo log */
	unsigned tries;
	char trouble[REASON_SIZE];
} db;


static bool power; /* the kept writes must outlive a loss of power */


/* That has written something */
static uint64_t last_turn(void)
{
	return db.wrote ? db.turn : db.turn - 1;
}


/* Operation goes on in memory: one line for each trouble is enough */
static int fail(const char *reason)
{
	if (!db.broken) {
		(void)snprintf(db.trouble, sizeof(db.trouble), "%s", reason);
		log_error("store: cannot write (%s); changes wait in memory",
			  db.trouble);
	}

	db.broken = true;
	db.retry = clock_steady_ms() + RETRY_TIME;
	backlog_save(true);

	return EIO;
}


static void recover(void)
{
	db.broken = false;
	backlog_save(false);
	log_warning("store: writes again; the waiting changes are stored");
}


/* All of it, at once */
static int take(void)
{
	if (backlog_take(&db.batch))
		return fail(strerror(ENOMEM));

	db.batch.turn = last_turn();
	db.taken = true;
	db.probing = false;
	db.hurried = db.news = db.gap = false;
	if (power)
		syncer_turn();
	else
		redo_taken();
	writer_settle(&db.batch);

	return 0;
}


/* If many bytes wait, tests whether a write would succeed */
static void probe(void)
{
	db.batch = (struct batch){.turn = db.settled, .room = backlog_size()};
	db.taken = db.probing = true;
	writer_settle(&db.batch);
}


static void free_some(void)
{
	if (db.freeing)
		db.freeing = backlog_free(FREE_COUNT);
}


static int settled(void)
{
	const uint64_t turn = db.batch.turn;

	db.settled = turn;
	if (power)
		syncer_settled(turn);
	else
		redo_settled(turn);
	backlog_settled(&db.batch, db.rules->kind);
	db.freeing = true;
	free_some();

	/* that came while the redo log took nothing */
	if (db.gap)
		db.retry = 0;
	else if (db.broken)
		recover();

	return 0;
}


/* Get the result of the batch that the writer has taken */
static int collect(void)
{
	if (!db.taken || !writer_settled())
		return 0;

	db.taken = false;
	if (*db.batch.refused)
		log_error("store: cannot write: %s", db.batch.refused);

	if (!db.batch.err)
		return db.probing ? take() : settled();

	if (!db.probing)
		backlog_undo(&db.batch);

	return fail(db.batch.reason);
}


/* Waits for the disk */
static int flush(void)
{
	while (db.taken) {
		writer_await();
		(void)collect();
	}
	while (db.freeing)
		free_some();
	if (!db_pending())
		return 0;

	if (take())
		return EIO;

	writer_await();

	return collect();
}


/* A record that is deleted before it got into the file need not be written */
static bool is_moot(unsigned n, const char *key)
{
	return db.rules->kind(n) == WRITE_FORGETS &&
	       journal_remove(db.rules->group(n), key);
}


/**
 * Have a statement that writes run before long.  A write that fails is kept
 * and tried again.
 *
 * @param n Number of the statement
 */
void db_write(unsigned n)
{
	const struct value *values;
	unsigned count;

	if (!db.open)
		return;

	values = dbstmt_take(n, &count);
	if (!db.news)
		db.since = clock_steady_ms();
	db.news = true;
	redo_add(n, values, count);
	db.wrote = true;
	if (is_moot(n, values[0].text))
		return;

	if (backlog_add(n, db.rules->group(n), values, count))
		log_error("store: out of memory");
}


static bool is_due(void)
{
	const int64_t now = clock_steady_ms();

	if (db.broken)
		return now >= db.retry;

	return db.hurried || backlog_count() >= SETTLE_COUNT ||
	       backlog_size() >= SETTLE_SIZE || now >= db.since + FEW_TIME ||
	       (backlog_count() >= FEW && now >= db.since + SETTLE_TIME);
}


/* A write that is not in the redo log must be in the file.  The loop waits for
   that, unless the log is full because the disk is too slow. */
static int secure_otherwise(int err)
{
	db.gap = true;
	if (db.broken)
		return EIO;

	return err == ENOSPC && redo_is_memory() ? fail("the disk is too slow")
						 : flush();
}


/**
 * Put the writes since the last time into the redo log.  Without any it costs
 * nothing.  It does not wait for the disk if the log is in memory.
 *
 * @return 0 if everything is kept, EIO if it is not, as nothing can be written
 */
int db_secure(void)
{
	int err = 0;

	if (db.wrote) {
		err = redo_write(db.turn);
		if (err)
			err = secure_otherwise(err);
		else if (power)
			syncer_ask();
		else
			writer_bring();
		++db.turn;
	}
	db.wrote = false;

	return err || db.broken ? EIO : 0;
}


/**
 * Make the writes visible to readers of the file, which waits for the disk: at
 * the start, and in tests.  It ends the turn.
 *
 * @return 0 if success, EIO if nothing can be written
 */
int db_apply(void)
{
	const int err = db_secure();

	return err ? err : flush();
}


static void settle(void)
{
	if (db.broken && backlog_size() > MUCH && ++db.tries % TRIES)
		probe();
	else
		(void)take();
}


/**
 * End a turn: the writes since the last time are in the redo log then, and get
 * into the file before long
 *
 * @return 0 if everything is kept, EIO if it is not, as nothing can be written
 */
int db_commit(void)
{
	int err = db_secure();

	if (power)
		db.synced = syncer_synced();
	(void)collect();
	free_some();
	db.hurried |= writer_lost() || (power && syncer_lost());
	if (!db_pending())
		db.hurried = false;
	else if (!db.taken && !db.freeing && is_due())
		settle();

	reader_start(SCOPE_LOCAL, db.broken ? UINT64_MAX : db.settled);
	fleetstore_start_jobs();

	return err || db.broken ? EIO : 0;
}


/**
 * Set what the kept writes must outlive: any end of referd, or a loss of
 * power, too
 *
 * @param on True for the power, from the next db_open() on
 */
void db_power(bool on)
{
	power = on;
}


/**
 * Get the number of the turn at hand
 *
 * @return Number
 */
uint64_t db_turn(void)
{
	return db.turn;
}


/**
 * Get the last turn up to which all writes are kept.  Messages of these turns
 * may be sent.  While the store is in trouble, no message is held: operation
 * goes on.
 *
 * @return Number of the last one, UINT64_MAX if nothing has to wait for the
 *         disk
 */
uint64_t db_kept(void)
{
	uint64_t kept;

	if (!power || !db.open || db.broken)
		return UINT64_MAX;

	kept = db.synced < db.settled ? db.settled : db.synced;

	return kept < last_turn() ? kept : db.turn;
}


/**
 * Stop waiting for a disk that does not answer, and treat it as any other
 * failure to write
 */
void db_stuck(void)
{
	if (db.open && !db.broken)
		(void)fail("the disk does not answer");
}


/**
 * Tell whether the redo log has writes that are not in the file
 *
 * @return True if so
 */
bool db_pending(void)
{
	return db.open && db.settled < last_turn();
}


/**
 * Tell whether the next turns have work left
 *
 * @return True if so
 */
bool db_busy(void)
{
	return db.freeing;
}


/**
 * Tell when a turn must end, for the writes to get into the file
 *
 * @return Seconds until then
 */
double db_wait(void)
{
	const int64_t now = clock_steady_ms();
	const int64_t then = db.broken ? db.retry : db.since + FEW_TIME;

	/* the writer wakes the loop itself, and a failed write is retried */
	if (db.taken)
		return RETRY_TIME / 1000.;

	return then <= now ? .01 : (double)(then - now) / 1000 + .01;
}


/**
 * Have the writes brought into the file from the end of this turn on
 */
void db_hurry(void)
{
	db.hurried = true;
}


/**
 * Tell why the writes are not kept
 *
 * @return Error text of the system, NULL if all is well
 */
const char *db_trouble(void)
{
	return db.broken ? db.trouble : NULL;
}


/**
 * Drop writes that wait for the file, if too many wait
 *
 * @return Number of the last dropped write of those that begin with a number,
 *         0 if none was dropped
 */
int64_t db_relieve(void)
{
	return db.broken ? backlog_relieve(db.rules->past) : 0;
}


/**
 * Get the last write of a statement under a key, if it is not in the file yet
 *
 * @param todo Set to it, until the next call
 * @param n    Number of the statement, one that replaces
 * @param key  First value
 *
 * @return True if there is something
 */
bool db_written(struct todo *todo, unsigned n, const char *key)
{
	return journal_find(todo, db.rules->group(n), key);
}


int db_ask(struct job **jp, enum scope scope, job_h *run, job_h *done,
	   void *arg)
{
	if (scope == SCOPE_FLEET)
		return reader_ask(jp, scope, run, done, arg,
				  fleetstore_hurry());

	db.hurried = true;

	return reader_ask(jp, scope, run, done, arg, last_turn());
}


static void list_keys(unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		const unsigned keys = db.rules->keys(n);
		const unsigned group = db.rules->group(n);

		while (keys && !db_step(keys))
			keyset_add(hash_text(group, db_column_text(keys, 0)));
	}
}


static int open_file(const char *dir, const char *const *sql, unsigned count)
{
	uint64_t key;
	int err;

	err = dbfile_open(&db.db, dir, db.rules, sql, count, power,
			  &db.settled, &key);
	db.rules->close();
	if (err)
		return err;

	list_keys(count);
	redo_open(dir, key, sql, count, power);
	db.turn = db.settled + 1;

	return 0;
}


/**
 * Open the file, or make it if it does not exist.  Logs its errors.
 *
 * @param dir   Its directory
 * @param rules Properties of the statements
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, ENOMEM, ENOTSUP if another referd has made the tables,
 * EIO if SQLite can't use the file, or an error of statedir_open()
 */
int db_open(const char *dir, const struct db_rules *rules,
	    const char *const *sql, unsigned count)
{
	const char *path;
	int err;

	err = statedir_open(dir);
	if (err)
		return err;

	db.rules = rules;
	err = open_file(dir, sql, count);
	if (err)
		return err;

	path = sqlite3_db_filename(db.db, "main");
	err = writer_open(path, rules, sql, count, power);
	if (!err && power)
		err = statedir_sync(dir);
	if (!err && power)
		err = syncer_open();
	if (!err)
		err = reader_open(path, sql, count);
	db.open = !err;

	return err;
}


/* The next referd that opens the file repeats the redo log */
static void settle_all(void)
{
	(void)db_secure();
	if (!flush())
		return;

	if (db.gap)
		log_error("store: the changes that wait in memory are lost "
			  "(%zu writes)",
			  backlog_count());
	else
		log_warning("store: the changes that wait in memory are "
			    "repeated at the next start (%zu writes)",
			    backlog_count());
}


/**
 * Commit the pending writes, and close the file
 */
void db_close(void)
{
	reader_close();
	if (db.open)
		settle_all();
	writer_close();
	syncer_close();
	redo_close(!db_pending());

	backlog_clear();
	backlog_save(false);
	keyset_clear();
	dbstmts_finalize();
	dbfile_close(db.db);
	statedir_close();
	memset(&db, 0, sizeof(db));
}
