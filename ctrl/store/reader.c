/**
 * @file reader.c  Looks into the store that may take long, beside the loop
 *
 * A search may read all of the past, and a client that comes back must not
 * wait for it: two threads, each with its own connection, do one job after the
 * other while the loop goes on.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "base/base.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "json.h"
#include "reader.h"
#include "store.h"


enum {
	BUSY_TIME = 1000,    /* ms for another process to let go of the file */
	PROGRESS_OPS = 1000, /* of SQLite, until it is asked to go on */
};

struct job {
	struct job *next;
	job_h *run;
	job_h *done;
	void *arg;
	enum scope scope; /* the file that it looks into */
	uint64_t turn;    /* that is to be in it */
	bool cancelled;
};

struct jobs {
	struct job *head, **tail;
};

/* A thread that looks */
struct desk {
	bool gives_way; /* to other threads */
	sqlite3 *db;
	sqlite3 *fleet;  /* NULL until somebody looks into it */
	unsigned opened; /* which one that is */
	struct worker worker;

	/* Under the mutex */
	pthread_cond_t cond;
	struct jobs todo;
	struct job *at;     /* that is being run */
	atomic_bool enough; /* of the one that is being run */
};

enum { QUICK, SLOW, DESKS };

static struct {
	const char *const *sql;
	unsigned count;
	struct wake news;

	/* Until all is in the file that they are to find */
	struct jobs held[SCOPES];

	/* Shared by all threads */
	pthread_mutex_t mutex;
	struct desk desks[DESKS];
	struct jobs done;
	bool ends;
	char fleet[PATH_MAX]; /* path of the fleet's file, "" if there is none
			       */
	unsigned opened;      /* another number for another one */
} reader = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.held[SCOPE_LOCAL].tail = &reader.held[SCOPE_LOCAL].head,
	.held[SCOPE_FLEET].tail = &reader.held[SCOPE_FLEET].head,
	.desks[QUICK] = {.cond = PTHREAD_COND_INITIALIZER,
			 .todo.tail = &reader.desks[QUICK].todo.head},
	.desks[SLOW] = {.cond = PTHREAD_COND_INITIALIZER,
			.todo.tail = &reader.desks[SLOW].todo.head,
			.gives_way = true},
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


static int progress_handler(void *arg)
{
	const struct desk *d = arg;

	return d->enough;
}


static int open_file(struct desk *d, sqlite3 **dbp, const char *path)
{
	if (dbfile_connect(dbp, path, BUSY_TIME, false) ||
	    sqlite3_exec(*dbp, "PRAGMA cache_size=-512", NULL, NULL, NULL) !=
		    SQLITE_OK)
		return EIO;

	sqlite3_progress_handler(*dbp, PROGRESS_OPS, progress_handler, d);

	return 0;
}


static void close_fleet(struct desk *d)
{
	const enum scope before = dbstmts_scope(SCOPE_FLEET);

	dbstmts_finalize();
	(void)dbstmts_scope(before);
	(void)sqlite3_close(d->fleet);
	d->fleet = NULL;
}


/* In the thread, with the statements of that file at hand; without them
   nothing is found */
static void open_fleet(struct desk *d, const char *path, unsigned opened)
{
	if (d->fleet && d->opened == opened)
		return;

	close_fleet(d);
	d->opened = opened; /* as it is asked for */
	if (*path && (open_file(d, &d->fleet, path) ||
		      dbstmts_prepare(d->fleet, reader.sql, reader.count)))
		log_error("store: cannot read %s: %s", path,
			  sqlite3_errmsg(d->fleet));
}


/* The mutex is held, but not while it runs */
static void run_job(struct desk *d, struct job *j)
{
	if (!j->cancelled) {
		const unsigned opened = reader.opened;
		char path[PATH_MAX];

		memcpy(path, reader.fleet, sizeof(path));
		d->at = j;
		d->enough = false;
		(void)pthread_mutex_unlock(&reader.mutex);
		(void)dbstmts_scope(j->scope);
		if (j->scope == SCOPE_FLEET)
			open_fleet(d, path, opened);
		j->run(j->arg);
		(void)dbstmts_scope(SCOPE_LOCAL);
		(void)pthread_mutex_lock(&reader.mutex);
		d->at = NULL;
	}

	put(&reader.done, j);
	wake_send(&reader.news);
}


/* Closes a file that is not used any more; the mutex is held */
static void let_go(struct desk *d)
{
	if (!d->fleet || d->opened == reader.opened)
		return;

	close_fleet(d);
	(void)pthread_cond_broadcast(&d->cond);
}


static void *thread_main(void *arg)
{
	struct desk *d = arg;

	if (d->gives_way)
		thread_give_way();

	worker_ready(&d->worker,
		     dbstmts_prepare(d->db, reader.sql, reader.count));

	(void)pthread_mutex_lock(&reader.mutex);
	while (!reader.ends) {
		struct job *j = take(&d->todo);

		let_go(d);
		if (j)
			run_job(d, j);
		else
			(void)pthread_cond_wait(&d->cond, &reader.mutex);
	}
	(void)pthread_mutex_unlock(&reader.mutex);

	dbstmts_finalize();
	close_fleet(d);
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


static void news_handler(void *arg)
{
	struct jobs done = {NULL, &done.head};
	(void)arg;

	(void)pthread_mutex_lock(&reader.mutex);
	move(&done, &reader.done);
	(void)pthread_mutex_unlock(&reader.mutex);

	finish(&done);
}


static int desk_open(struct desk *d, const char *path)
{
	int err = open_file(d, &d->db, path);

	if (!err)
		err = worker_start(&d->worker, thread_main, d);
	if (err)
		log_error("store: cannot read %s: %s", path,
			  sqlite3_errmsg(d->db));

	return err;
}


static void desk_close(struct desk *d)
{
	if (d->worker.runs) {
		(void)pthread_mutex_lock(&reader.mutex);
		reader.ends = true;
		d->enough = true;
		(void)pthread_cond_signal(&d->cond);
		(void)pthread_mutex_unlock(&reader.mutex);
	}

	worker_join(&d->worker);
	finish(&d->todo);
	(void)sqlite3_close(d->db);
	d->db = NULL;
}


/**
 * Get ready for jobs.  Logs its errors.
 *
 * @param path  Path of the file
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, EIO if SQLite can't use the file, ENOMEM, EAGAIN if
 * there can be no thread, or what wake_open() fails with
 */
int reader_open(const char *path, const char *const *sql, unsigned count)
{
	int err;

	reader.sql = sql;
	reader.count = count;
	reader.ends = false;
	err = wake_open(&reader.news, news_handler, NULL);
	for (size_t i = 0; !err && i < DESKS; i++)
		err = desk_open(&reader.desks[i], path);

	return err;
}


/**
 * Give up all jobs, and end
 */
void reader_close(void)
{
	for (size_t i = 0; i < DESKS; i++)
		desk_close(&reader.desks[i]);

	wake_close(&reader.news);
	for (size_t i = 0; i < SCOPES; i++)
		finish(&reader.held[i]);
	finish(&reader.done);
}


static bool has_fleet(const struct desk *d)
{
	return d->at && d->at->scope == SCOPE_FLEET ? true : d->fleet != NULL;
}


/* The mutex is held, but while it waits */
static void await_let_go(struct desk *d)
{
	while (d->worker.runs && has_fleet(d)) {
		if (d->at && d->at->scope == SCOPE_FLEET)
			d->enough = true;
		(void)pthread_cond_broadcast(&d->cond);
		(void)pthread_cond_wait(&d->cond, &reader.mutex);
	}
}


/**
 * Open or close the fleet's file for jobs; a waiting job then finds nothing
 * there
 *
 * @param path Its path, NULL for none
 */
void reader_fleet(const char *path)
{
	(void)pthread_mutex_lock(&reader.mutex);
	(void)snprintf(reader.fleet, sizeof(reader.fleet), "%s",
		       path ? path : "");
	++reader.opened;
	for (size_t i = 0; i < DESKS; i++)
		await_let_go(&reader.desks[i]);
	(void)pthread_mutex_unlock(&reader.mutex);

	if (!path)
		finish(&reader.held[SCOPE_FLEET]);
}


static void hand(struct desk *d, struct job *j)
{
	put(&d->todo, j);
	(void)pthread_cond_signal(&d->cond);
}


static struct job *create(enum scope scope, job_h *run, job_h *done, void *arg)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j)
		*j = (struct job){
			.scope = scope, .run = run, .done = done, .arg = arg};

	return j;
}


/**
 * Add a job that reads the store.  It begins with reader_start().
 *
 * @param jp    Pointer to the job, which is gone once it is done
 * @param scope The file
 * @param run   Called in the thread, with its own statements; not called if
 *              the job is cancelled before
 * @param done  Called in the loop, once, in any case
 * @param arg   Handler argument
 * @param turn  Number of the turn that is to be in the file before
 *
 * @return 0 if success, or ENOMEM
 */
int reader_ask(struct job **jp, enum scope scope, job_h *run, job_h *done,
	       void *arg, uint64_t turn)
{
	struct job *j = create(scope, run, done, arg);

	if (!j)
		return ENOMEM;

	j->turn = turn;
	put(&reader.held[scope], j);
	*jp = j;

	return 0;
}


/**
 * Have somebody look into the store at once
 *
 * @param jp    Pointer to the job, which is gone once it is done
 * @param scope The file
 * @param run   Called in the thread
 * @param done  Called in the loop, once, in any case
 * @param arg   Handler argument
 *
 * @return 0 if success, or ENOMEM
 */
int reader_look_at(struct job **jp, enum scope scope, job_h *run, job_h *done,
		   void *arg)
{
	struct job *j = create(scope, run, done, arg);

	if (!j)
		return ENOMEM;

	*jp = j;
	(void)pthread_mutex_lock(&reader.mutex);
	hand(&reader.desks[QUICK], j);
	(void)pthread_mutex_unlock(&reader.mutex);

	return 0;
}


int reader_look(struct job **jp, job_h *run, job_h *done, void *arg)
{
	return reader_look_at(jp, SCOPE_LOCAL, run, done, arg);
}


void reader_cancel(struct job *j)
{
	if (!j)
		return;

	(void)pthread_mutex_lock(&reader.mutex);
	j->cancelled = true;
	for (size_t i = 0; i < DESKS; i++) {
		if (reader.desks[i].at == j)
			reader.desks[i].enough = true;
	}
	(void)pthread_mutex_unlock(&reader.mutex);
}


/**
 * Let jobs begin: the file has all writes from before they were added
 *
 * @param scope The file
 * @param turn  Number of the last turn that is there
 */
void reader_start(enum scope scope, uint64_t turn)
{
	struct jobs *held = &reader.held[scope];

	if (!held->head || held->head->turn > turn)
		return;

	(void)pthread_mutex_lock(&reader.mutex);
	while (held->head && held->head->turn <= turn)
		hand(&reader.desks[SLOW], take(held));
	(void)pthread_mutex_unlock(&reader.mutex);
}
