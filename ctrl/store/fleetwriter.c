/**
 * @file fleetwriter.c  Writes the stream of a fleet to the disk
 *
 * A thread with a connection of its own.  It writes the data marked since the
 * last time in one transaction, with the position in the stream.  The stream
 * has the data, too, so that it may wait here for a while.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sqlite3.h>
#include "backlog.h"
#include "block.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "fleetfile.h"
#include "fleetkeep.h"
#include "fleetqueue.h"
#include "fleetwriter.h"
#include "json.h"
#include "schema.h"
#include "txn.h"


enum {
	BUSY_TIME = 250,       /* ms for another process to let go of it */
	SETTLE_TIME = 2000,    /* ms that something waits for more */
	SETTLE_SIZE = 1 << 18, /* bytes that don't */
	RETRY_TIME = 1000,     /* ms */
	KEEP_TIME = 10000,     /* ms from one step of the retention ... */
	MORE_TIME = 100,       /* ... if there may be more to remove */
};

static const int64_t day = 24 * 60 * 60 * 1000;   /* in ms */
static const int64_t megabyte = INT64_C(1) << 20; /* in bytes */

struct list {
	struct chunk *head, **tail;
};

static struct {
	sqlite3 *db;
	struct worker worker;
	struct wake news;

	/* Used by the thread alone */
	struct fleetfile at;
	struct fleetkeep keep;
	struct blocks *blocks;
	struct list batch; /* that gets into the file */
	int64_t keep_at;   /* when the retention goes on, ms */
	int64_t retry;     /* ... and what has failed */
	bool failed;

	/* Shared with the loop */
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool has_cond;
	struct list todo;
	size_t size;     /* bytes of that */
	int64_t since;   /* when the first of it came, ms */
	bool hurried;    /* somebody waits for it */
	int64_t days_ms; /* 0 for ever */
	int64_t max_size;
	bool keep_now; /* as that has changed */
	bool ends;
	bool trouble;
	char reason[REASON_SIZE];

	_Atomic uint64_t settled;   /* number of the last one in the file */
	_Atomic uint64_t forgotten; /* of the last message that is not kept */
} writer = {.mutex = PTHREAD_MUTEX_INITIALIZER};


/* Data that SQLite refuses as invalid is lost: the next data is not affected
 */
static int flush(void)
{
	const int rc = block_flush(writer.blocks, writer.db);

	if (!txn_refused(rc))
		return rc;

	block_undo(writer.blocks);

	return SQLITE_DONE;
}


static int run_chunk(const struct chunk *c, struct fleetfile *f)
{
	struct todo todo;
	size_t at = 0;
	int rc = SQLITE_DONE;

	if (c->begins) {
		block_undo(writer.blocks);
		rc = fleetfile_empty(writer.db);
		memset(f, 0, sizeof(*f));
		memcpy(f->epoch, c->epoch, sizeof(f->epoch));
	}

	while (rc == SQLITE_DONE && chunk_next(c, &at, &todo)) {
		rc = schema_run(writer.blocks, writer.db, &todo);
		if (txn_refused(rc))
			rc = SQLITE_DONE;
	}

	f->stream = c->stream;
	if (c->last)
		f->last = c->last;
	if (c->forgotten > f->forgotten)
		f->forgotten = c->forgotten;

	return rc;
}


static int run_all(struct fleetfile *f)
{
	int rc = sqlite3_exec(writer.db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;

	rc = SQLITE_DONE;
	for (const struct chunk *c = writer.batch.head; c && rc == SQLITE_DONE;
	     c = c->todo)
		rc = run_chunk(c, f);
	if (rc == SQLITE_DONE)
		rc = flush();
	if (rc == SQLITE_DONE)
		rc = fleetfile_write(writer.db, f);
	if (rc == SQLITE_DONE)
		rc = sqlite3_exec(writer.db, "COMMIT", NULL, NULL, NULL);

	return rc;
}


static void tell(bool trouble, const char *reason)
{
	(void)pthread_mutex_lock(&writer.mutex);
	writer.trouble = trouble;
	(void)snprintf(writer.reason, sizeof(writer.reason), "%s", reason);
	(void)pthread_mutex_unlock(&writer.mutex);
	wake_send(&writer.news);
}


static void fail(int rc)
{
	fleetfile_failed(rc);
	writer.failed = true;
	writer.retry = clock_steady_ms() + RETRY_TIME;
	tell(true, sqlite3_errmsg(writer.db));
	if (!sqlite3_get_autocommit(writer.db))
		(void)sqlite3_exec(writer.db, "ROLLBACK", NULL, NULL, NULL);
	block_undo(writer.blocks);
}


static bool begins_anew(void)
{
	for (const struct chunk *c = writer.batch.head; c; c = c->todo) {
		if (c->begins)
			return true;
	}

	return false;
}


/* The loop may free settled chunks */
static void settle(void)
{
	struct fleetfile f = writer.at;
	const bool anew = begins_anew();
	uint64_t number = 0;
	int rc = run_all(&f);

	if (rc != SQLITE_OK) {
		fail(rc);
		return;
	}

	for (const struct chunk *c = writer.batch.head; c; c = c->todo)
		number = c->number;
	writer.batch = (struct list){NULL, &writer.batch.head};
	writer.at = f;
	writer.failed = false;
	if (anew)
		writer.keep.message = writer.keep.transfer = 0;

	writer.forgotten = f.forgotten;
	writer.settled = number;
	tell(false, "");
}


static void remove_some(void)
{
	const uint64_t before = writer.at.forgotten;
	bool more = false;

	if (fleetkeep_step(&writer.keep, writer.blocks, writer.db, &writer.at,
			   &more))
		more = false;

	writer.keep_at = clock_steady_ms() + (more ? MORE_TIME : KEEP_TIME);
	writer.forgotten = writer.at.forgotten;
	if (writer.at.forgotten != before)
		wake_send(&writer.news);
}


/* When the retention goes on, ms; the mutex is held */
static int64_t keep_time(void)
{
	if (!writer.days_ms)
		return INT64_MAX;

	return writer.keep_now ? 0 : writer.keep_at;
}


/* Time of the next work, ms; the mutex is held */
static int64_t next_time(void)
{
	int64_t then = keep_time(), at;

	if (writer.failed)
		return writer.retry;

	if (!writer.todo.head)
		return then;

	at = writer.hurried || writer.size >= SETTLE_SIZE
		     ? 0
		     : writer.since + SETTLE_TIME;

	return at < then ? at : then;
}


/* The mutex is held */
static void await(int64_t ms)
{
	struct timespec ts = {.tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000};

	if (ms == INT64_MAX)
		(void)pthread_cond_wait(&writer.cond, &writer.mutex);
	else
		(void)pthread_cond_timedwait(&writer.cond, &writer.mutex, &ts);
}


/* All that waits; the mutex is held */
static void take(void)
{
	if (!writer.todo.head)
		return;

	*writer.batch.tail = writer.todo.head;
	writer.batch.tail = writer.todo.tail;
	writer.todo = (struct list){NULL, &writer.todo.head};
	writer.size = 0;
	writer.hurried = false;
}


/* True until it ends */
static bool turn(void)
{
	bool ends, keeps;

	(void)pthread_mutex_lock(&writer.mutex);
	while (!writer.ends && next_time() > clock_steady_ms())
		await(next_time());
	ends = writer.ends;
	keeps = !ends && keep_time() <= clock_steady_ms();
	writer.keep_now = false;
	writer.keep.age = writer.days_ms;
	writer.keep.size = writer.max_size;
	if (ends || !keeps || writer.hurried || writer.size >= SETTLE_SIZE)
		take();
	(void)pthread_mutex_unlock(&writer.mutex);

	if (writer.batch.head)
		settle();
	else
		writer.failed = false;
	if (keeps && !writer.failed)
		remove_some();

	if (fleetfile_is_damaged(writer.db)) {
		writer.failed = true;
		writer.retry = clock_steady_ms() + RETRY_TIME;
		tell(true, "it is damaged; it is read again from the stream "
			   "at the next start");
	}

	return !ends;
}


static int prepare(void)
{
	int err;

	(void)dbstmts_scope(SCOPE_FLEET);
	err = dbstmts_prepare(writer.db, schema_sql, STMTS);
	writer.blocks = blocks_create();

	return !err && !writer.blocks ? ENOMEM : err;
}


static void *thread_main(void *arg)
{
	int err;
	(void)arg;

	thread_give_way();
	err = prepare();
	worker_ready(&writer.worker, err);
	if (!err) {
		while (turn())
			;
	}

	blocks_destroy(writer.blocks);
	writer.blocks = NULL;
	dbstmts_finalize();
	json_forget();

	return NULL;
}


static int make_cond(void)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return err;

	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(&writer.cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	writer.has_cond = !err;

	return err;
}


/**
 * Get ready to write.  Logs its errors.
 *
 * @param path Path of the file
 * @param f    State of the file
 * @param h    Called in the loop when something has got into the file, or
 *             could not
 *
 * @return 0 if success, EIO if SQLite can't use the file, ENOMEM, EAGAIN if
 * there can be no thread, or an error of wake_open()
 */
int fleetwriter_open(const char *path, const struct fleetfile *f, wake_h *h)
{
	int err;

	writer.at = *f;
	writer.keep = (struct fleetkeep){.transfer = -1};
	writer.batch = (struct list){NULL, &writer.batch.head};
	writer.todo = (struct list){NULL, &writer.todo.head};
	writer.size = 0;
	writer.days_ms = 0;
	writer.keep_at = writer.retry = 0;
	writer.hurried = writer.ends = writer.failed = false;
	writer.trouble = false;
	writer.settled = 0;
	writer.forgotten = f->forgotten;

	err = make_cond();
	if (!err)
		err = dbfile_connect(&writer.db, path, BUSY_TIME, false);
	if (!err)
		err = wake_open(&writer.news, h, NULL);
	if (!err)
		err = worker_start(&writer.worker, thread_main, NULL);
	if (err)
		log_error("fleetstore: cannot write %s: %s", path,
			  strerror(err));

	return err;
}


/**
 * End after marked data is in the file, or cannot get there
 */
void fleetwriter_close(void)
{
	if (writer.worker.runs) {
		(void)pthread_mutex_lock(&writer.mutex);
		writer.ends = true;
		(void)pthread_cond_broadcast(&writer.cond);
		(void)pthread_mutex_unlock(&writer.mutex);
	}
	worker_join(&writer.worker);

	wake_close(&writer.news);
	(void)sqlite3_close(writer.db);
	writer.db = NULL;
	if (writer.has_cond)
		(void)pthread_cond_destroy(&writer.cond);
	writer.has_cond = false;
}


/**
 * Remove what need not be kept, from now on
 *
 * @param days Age from which on messages and transfers go
 * @param mb   MiB that the file may have before the oldest go
 */
void fleetwriter_keep(unsigned days, unsigned mb)
{
	(void)pthread_mutex_lock(&writer.mutex);
	writer.days_ms = days * day;
	writer.max_size = mb * megabyte;
	writer.keep_now = true;
	(void)pthread_cond_broadcast(&writer.cond);
	(void)pthread_mutex_unlock(&writer.mutex);
}


/**
 * Have something written before long
 *
 * @param c Chunk, which does not change any more, and is not freed until it is
 *          settled
 */
void fleetwriter_add(struct chunk *c)
{
	(void)pthread_mutex_lock(&writer.mutex);
	c->todo = NULL;
	if (!writer.todo.head)
		writer.since = clock_steady_ms();
	*writer.todo.tail = c;
	writer.todo.tail = &c->todo;
	writer.size += c->len;

	/* it sleeps until the first chunk has waited long enough */
	if (writer.todo.head == c || writer.size >= SETTLE_SIZE)
		(void)pthread_cond_signal(&writer.cond);
	(void)pthread_mutex_unlock(&writer.mutex);
}


/**
 * Have what waits written at once
 */
void fleetwriter_hurry(void)
{
	(void)pthread_mutex_lock(&writer.mutex);
	writer.hurried = true;
	(void)pthread_cond_signal(&writer.cond);
	(void)pthread_mutex_unlock(&writer.mutex);
}


/**
 * Get the position of the file
 *
 * @return Number of the last one
 */
uint64_t fleetwriter_settled(void)
{
	return writer.settled;
}


/**
 * Tell what is not kept
 *
 * @return Number of the last message
 */
uint64_t fleetwriter_forgotten(void)
{
	return writer.forgotten;
}


/**
 * Tell why what waits does not get into the file
 *
 * @param reason Filled with the system error, "" if there is none
 * @param size   Its size in bytes
 *
 * @return True if there is an error
 */
bool fleetwriter_trouble(char *reason, size_t size)
{
	bool trouble;

	(void)pthread_mutex_lock(&writer.mutex);
	trouble = writer.trouble;
	(void)snprintf(reason, size, "%s", writer.reason);
	(void)pthread_mutex_unlock(&writer.mutex);

	return trouble;
}
