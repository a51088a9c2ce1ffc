/**
 * @file reader.c  Looks into the store that may take long, beside the loop
 *
 * A search reads as much as there is of the past: a thread with a connection
 * of its own does that, one job after the other, while the loop goes on.  It
 * also copies what was written from SQLite's log into its file, which waits
 * for the disk.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ev.h>
#include <sqlite3.h>
#include "base/base.h"
#include "dbstmt.h"
#include "json.h"
#include "reader.h"
#include "store.h"


enum {
	BUSY_TIME = 1000,    /* ms for another process to let go of the file */
	PROGRESS_OPS = 1000, /* of SQLite, until it is asked to go on */
	NICENESS = 10,
};

struct job {
	struct job *next;
	job_h *run;
	job_h *done;
	void *arg;
	bool cancelled;
};

struct jobs {
	struct job *head, **tail;
};

static struct {
	sqlite3 *db;
	const char *const *sql;
	unsigned count;
	pthread_t thread;
	bool runs;
	ev_async news;

	struct jobs held; /* until all is in the file that they are to find */

	/* What both threads touch */
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	struct jobs todo, done;
	struct job *at;     /* that is being run */
	atomic_bool enough; /* of the one that is being run */
	bool checkpoint;    /* is to be made */
	bool copies;        /* ... and is being made */
	bool ready;         /* to look */
	bool ends;
	int err; /* why it can't look */
} reader = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.cond = PTHREAD_COND_INITIALIZER,
	.held.tail = &reader.held.head,
	.todo.tail = &reader.todo.head,
	.done.tail = &reader.done.head,
};


static void put(struct jobs *list, struct job *j)
{
	j->next = NULL;
	*list->tail = j;
	list->tail = &j->next;
}


static struct job *take(struct jobs *list)
{
	struct job *j = list->head;

	if (!j)
		return NULL;

	list->head = j->next;
	if (!list->head)
		list->tail = &list->head;

	return j;
}


static void move(struct jobs *to, struct jobs *from)
{
	if (!from->head)
		return;

	*to->tail = from->head;
	to->tail = from->tail;
	from->head = NULL;
	from->tail = &from->head;
}


/* The mutex is held, but not while it runs */
static void run_job(struct job *j)
{
	if (!j->cancelled) {
		reader.at = j;
		reader.enough = false;
		(void)pthread_mutex_unlock(&reader.mutex);
		j->run(j->arg);
		(void)pthread_mutex_lock(&reader.mutex);
		reader.at = NULL;
	}

	put(&reader.done, j);
	ev_async_send(EV_DEFAULT_ & reader.news);
}


static int progress_handler(void *arg)
{
	(void)arg;

	return reader.enough;
}


static void make_checkpoint(void)
{
	reader.checkpoint = false;
	reader.copies = true;
	(void)pthread_mutex_unlock(&reader.mutex);
	(void)sqlite3_wal_checkpoint_v2(reader.db, NULL,
					SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	(void)pthread_mutex_lock(&reader.mutex);
	reader.copies = false;
	ev_async_send(EV_DEFAULT_ & reader.news);
}


static void *thread_main(void *arg)
{
	(void)arg;

	/* the calls first, where there are few CPUs; Linux has this for each
	   thread */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);

	(void)pthread_mutex_lock(&reader.mutex);
	reader.err = dbstmts_prepare(reader.db, reader.sql, reader.count);
	reader.ready = true;
	(void)pthread_cond_broadcast(&reader.cond);
	while (!reader.ends) {
		struct job *j;

		if (reader.checkpoint)
			make_checkpoint();
		else if ((j = take(&reader.todo)))
			run_job(j);
		else
			(void)pthread_cond_wait(&reader.cond, &reader.mutex);
	}
	(void)pthread_mutex_unlock(&reader.mutex);

	dbstmts_finalize();
	json_forget();

	return NULL;
}


static void finish(struct jobs *list)
{
	struct job *j;

	while ((j = take(list))) {
		j->done(j->arg);
		free(j);
	}
}


static void news_handler(EV_P_ ev_async *w, int revents)
{
	struct jobs done = {NULL, &done.head};
	(void)loop;
	(void)w;
	(void)revents;

	(void)pthread_mutex_lock(&reader.mutex);
	move(&done, &reader.done);
	(void)pthread_mutex_unlock(&reader.mutex);

	finish(&done);
}


/* Signals are for the loop */
static int start(void)
{
	sigset_t all, before;
	int err;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&reader.thread, NULL, thread_main, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (err)
		return err;

	(void)pthread_mutex_lock(&reader.mutex);
	while (!reader.ready)
		(void)pthread_cond_wait(&reader.cond, &reader.mutex);
	(void)pthread_mutex_unlock(&reader.mutex);

	reader.runs = true;

	return reader.err;
}


/**
 * Get ready for jobs.  Says itself what is wrong.
 *
 * @param path  Path of the file
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, EIO if SQLite can't use the file, ENOMEM, or EAGAIN if
 * there can be no thread
 */
int reader_open(const char *path, const char *const *sql, unsigned count)
{
	int err = EIO;

	reader.sql = sql;
	reader.count = count;
	reader.ready = reader.ends = false;
	if (sqlite3_open_v2(path, &reader.db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(reader.db, BUSY_TIME) == SQLITE_OK &&
	    sqlite3_exec(reader.db, "PRAGMA synchronous=NORMAL", NULL, NULL,
			 NULL) == SQLITE_OK) {
		sqlite3_progress_handler(reader.db, PROGRESS_OPS,
					 progress_handler, NULL);
		ev_async_init(&reader.news, news_handler);
		ev_async_start(EV_DEFAULT_ & reader.news);
		err = start();
	}

	if (err)
		log_error("store: can't read %s: %s", path,
			  sqlite3_errmsg(reader.db));

	return err;
}


/**
 * Give up all jobs, and end
 */
void reader_close(void)
{
	if (reader.runs) {
		(void)pthread_mutex_lock(&reader.mutex);
		reader.ends = true;
		reader.enough = true;
		(void)pthread_cond_signal(&reader.cond);
		(void)pthread_mutex_unlock(&reader.mutex);
		(void)pthread_join(reader.thread, NULL);
	}
	reader.runs = false;

	if (ev_is_active(&reader.news))
		ev_async_stop(EV_DEFAULT_ & reader.news);
	finish(&reader.held);
	finish(&reader.todo);
	finish(&reader.done);
	(void)sqlite3_close(reader.db);
	reader.db = NULL;
}


/**
 * Have somebody look into the store.  That begins with reader_start().
 *
 * @param jp   Pointer to the job, which is gone once it is done
 * @param run  Called in the thread, where the statements are its own; not at
 *             all if the job is cancelled before
 * @param done Called in the loop, once, in any case
 * @param arg  Handler argument
 *
 * @return 0 if success, or ENOMEM
 */
int reader_ask(struct job **jp, job_h *run, job_h *done, void *arg)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return ENOMEM;

	j->run = run;
	j->done = done;
	j->arg = arg;
	put(&reader.held, j);
	*jp = j;

	return 0;
}


void reader_cancel(struct job *j)
{
	if (!j)
		return;

	(void)pthread_mutex_lock(&reader.mutex);
	j->cancelled = true;
	if (reader.at == j)
		reader.enough = true;
	(void)pthread_mutex_unlock(&reader.mutex);
}


/**
 * Let the jobs begin: what was written before they were asked for is in the
 * file
 */
void reader_start(void)
{
	if (!reader.held.head)
		return;

	(void)pthread_mutex_lock(&reader.mutex);
	move(&reader.todo, &reader.held);
	(void)pthread_cond_signal(&reader.cond);
	(void)pthread_mutex_unlock(&reader.mutex);
}


/**
 * Have what is in SQLite's log copied into its file
 */
void reader_checkpoint(void)
{
	(void)pthread_mutex_lock(&reader.mutex);
	reader.checkpoint = true;
	(void)pthread_cond_signal(&reader.cond);
	(void)pthread_mutex_unlock(&reader.mutex);
}


/**
 * Tell whether SQLite's log is being copied, or is to be, not behind a job;
 * the loop turns when that is done
 *
 * @return True if so
 */
bool reader_copies(void)
{
	bool copies;

	(void)pthread_mutex_lock(&reader.mutex);
	copies = reader.copies || (reader.checkpoint && !reader.at);
	(void)pthread_mutex_unlock(&reader.mutex);

	return copies;
}
