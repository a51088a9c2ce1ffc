/**
 * @file writer.c  Writes to the disk, beside the loop
 *
 * A thread with a connection of its own.  It brings the redo log from memory
 * to disk, a little after a write has come, together with all writes since.
 * It brings the batch of the loop into SQLite's file, and copies SQLite's log
 * into the file.  Each of these may wait for the disk; the loop does not wait,
 * and meanwhile the two threads hold no lock in common.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <sqlite3.h>
#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "redo.h"
#include "ring.h"
#include "txn.h"
#include "write.h"
#include "writer.h"


enum {
	BUSY_TIME = 250,  /* ms for another process to let go of the file */
	BRING_TIME = 200, /* ms until the ring is brought to disk */
	LOG_PAGES = 1000, /* that SQLite's log may have, or so */
};

static struct {
	sqlite3 *db;
	const struct db_rules *rules;
	const char *const *sql;
	unsigned count;
	struct worker worker;
	bool power; /* the syncer brings the redo log to disk */
	struct wake news;
	int bell;  /* wakes the thread */
	int pages; /* of SQLite's log */

	/* Shared by both threads */
	_Atomic(struct batch *) batch; /* that is to be settled */
	atomic_bool asleep;            /* until the bell rings */
	atomic_bool lost;              /* the disk takes no redo log */
	atomic_bool ends;

	/* For a caller that waits */
	pthread_mutex_t mutex;
	pthread_cond_t cond;
} writer = {
	.bell = -1,
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.cond = PTHREAD_COND_INITIALIZER,
};


static void ring_bell(void)
{
	const uint64_t one = 1;

	(void)!write(writer.bell, &one, sizeof(one));
}


static bool is_wanted(void)
{
	return writer.batch || writer.ends;
}


/* In ms, -1 for ever */
static void await_bell(int time)
{
	struct pollfd fd = {.fd = writer.bell, .events = POLLIN};
	uint64_t count;

	if (poll(&fd, 1, time) > 0)
		(void)!read(writer.bell, &count, sizeof(count));
}


/* While writes come now and then, the loop need not ring the bell */
static void sleep_a_little(void)
{
	await_bell(writer.power ? -1 : BRING_TIME);
	if (writer.power || is_wanted() || ring_waits())
		return;

	writer.asleep = true;
	if (!is_wanted() && !ring_waits())
		await_bell(-1);
	writer.asleep = false;

	/* the writes that come meanwhile are brought together */
	if (!is_wanted())
		await_bell(BRING_TIME);
}


static void tell(void)
{
	(void)pthread_mutex_lock(&writer.mutex);
	(void)pthread_cond_broadcast(&writer.cond);
	(void)pthread_mutex_unlock(&writer.mutex);
	wake_send(&writer.news);
}


static void settle(struct batch *batch)
{
	txn_settle(writer.db, writer.rules, batch);
	if (!batch->err && !writer.power)
		redo_brought(batch->turn);

	writer.batch = NULL;
	tell();
}


/* Logged once, until a write has got into the file */
static void bring(void)
{
	if (!writer.power && redo_bring() && !writer.lost) {
		writer.lost = true;
		tell();
	}
}


/* After a commit; readers do not delay it for long */
static void copy(void)
{
	if (writer.pages < LOG_PAGES)
		return;

	writer.pages = 0;
	(void)sqlite3_wal_checkpoint_v2(writer.db, NULL,
					SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}


/* Of SQLite, after a commit */
static int log_handler(void *arg, sqlite3 *file, const char *name, int pages)
{
	(void)arg;
	(void)file;
	(void)name;

	writer.pages = pages;

	return SQLITE_OK;
}


static void *thread_main(void *arg)
{
	struct batch *batch;
	(void)arg;

	thread_give_way();
	worker_ready(&writer.worker,
		     dbstmts_prepare(writer.db, writer.sql, writer.count));

	while (!writer.ends || writer.batch) {
		batch = writer.batch;
		if (batch) {
			settle(batch);
			copy();
		}
		else {
			bring();
			sleep_a_little();
		}
	}

	bring();

	writer.rules->close();
	dbstmts_finalize();
	writes_forget();

	return NULL;
}


/* The loop only has to wake: each turn looks for news at its end */
static void news_handler(void *arg)
{
	(void)arg;
}


/**
 * Get ready to write.  Logs its errors.
 *
 * @param path  Path of the file
 * @param rules Properties of the statements
 * @param sql   Statements
 * @param count Number of statements
 * @param power True if the content of the file must outlive a loss of power:
 *              the syncer handles the redo log then
 *
 * @return 0 if success, EIO if SQLite can't use the file, ENOMEM, EAGAIN if
 * there can be no thread, or an error of eventfd()
 */
int writer_open(const char *path, const struct db_rules *rules,
		const char *const *sql, unsigned count, bool power)
{
	int err;

	writer.power = power;
	writer.rules = rules;
	writer.sql = sql;
	writer.count = count;
	writer.batch = NULL;
	writer.ends = false;
	writer.lost = false;
	writer.asleep = false;
	writer.pages = 0;

	err = dbfile_connect(&writer.db, path, BUSY_TIME, power);
	if (!err) {
		(void)sqlite3_wal_hook(writer.db, log_handler, NULL);
		writer.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		err = writer.bell < 0 ? errno : 0;
	}
	if (!err)
		err = wake_open(&writer.news, news_handler, NULL);
	if (!err)
		err = worker_start(&writer.worker, thread_main, NULL);
	if (err)
		log_error("store: cannot write %s: %s", path, strerror(err));

	return err;
}


/**
 * End the thread, once it has done its work
 */
void writer_close(void)
{
	if (writer.worker.runs) {
		writer.ends = true;
		ring_bell();
	}
	worker_join(&writer.worker);

	wake_close(&writer.news);
	if (writer.bell >= 0)
		(void)close(writer.bell);
	writer.bell = -1;
	(void)sqlite3_close(writer.db);
	writer.db = NULL;
}


/**
 * Have a batch written to the file.  The loop turns when that is done, or has
 * failed.
 *
 * @param batch Batch, which the writer uses until writer_settled()
 */
void writer_settle(struct batch *batch)
{
	writer.batch = batch;
	ring_bell();
}


/**
 * Tell whether nothing is being written to the file
 *
 * @return True if so
 */
bool writer_settled(void)
{
	return !writer.batch;
}


/**
 * Wait until nothing is being written to the file
 */
void writer_await(void)
{
	(void)pthread_mutex_lock(&writer.mutex);
	while (writer.batch)
		(void)pthread_cond_wait(&writer.cond, &writer.mutex);
	(void)pthread_mutex_unlock(&writer.mutex);
}


/**
 * Have the ring brought to disk before long
 */
void writer_bring(void)
{
	if (writer.asleep && atomic_exchange(&writer.asleep, false))
		ring_bell();
}


/**
 * Tell whether the redo log can't be brought to disk, since it was asked last
 *
 * @return True if so
 */
bool writer_lost(void)
{
	return writer.lost && atomic_exchange(&writer.lost, false);
}
