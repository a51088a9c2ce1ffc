/**
 * @file syncer.c  Forces the redo log onto the disk, beside the loop
 *
 * A thread of its own: the writer may be busy with SQLite's file for long.  It
 * writes all turns that have come since the last time, and then forces them
 * onto the disk; the turns that come meanwhile go together the next time.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include "base/base.h"
#include "redo.h"
#include "syncer.h"


enum { TIMES_MAX = 64 };

static struct {
	pthread_t thread;
	bool runs;
	struct wake news;

	/* Shared by both threads */
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool asked; /* turns have come */
	bool turn;  /* the other file is to be filled */
	bool ends;
	bool lost;               /* the disk has not taken a turn */
	uint64_t settled;        /* last turn that is in the database */
	uint64_t synced;         /* ... on the disk */
	double times[TIMES_MAX]; /* that syncs took [s] */
	unsigned timec;
} syncer = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.cond = PTHREAD_COND_INITIALIZER,
};


static double now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}


/* The loop reads them in each turn; if the array is full, the loop is far
   behind */
static void note_time(double seconds)
{
	if (syncer.timec < TIMES_MAX)
		syncer.times[syncer.timec++] = seconds;
}


static void note(uint64_t turn, int err, double seconds)
{
	if (err)
		syncer.lost = true;
	if (err || !turn)
		return;

	syncer.synced = turn;
	note_time(seconds);
}


/* The thread holds no lock while it waits for the disk */
static void sync_turns(void)
{
	const uint64_t settled = syncer.settled;
	const bool other = syncer.turn;
	uint64_t turn = 0;
	double begun;
	int err;

	syncer.asked = syncer.turn = false;
	(void)pthread_mutex_unlock(&syncer.mutex);

	redo_brought(settled);
	if (other)
		redo_turn();
	begun = now();
	err = redo_sync(&turn);

	(void)pthread_mutex_lock(&syncer.mutex);
	note(turn, err, now() - begun);
	if (err || turn)
		wake_send(&syncer.news);
}


static void *thread_main(void *arg)
{
	(void)arg;

	(void)pthread_mutex_lock(&syncer.mutex);
	while (!syncer.ends || syncer.asked) {
		if (syncer.asked)
			sync_turns();
		else
			(void)pthread_cond_wait(&syncer.cond, &syncer.mutex);
	}
	(void)pthread_mutex_unlock(&syncer.mutex);

	return NULL;
}


/* The loop only has to wake: each turn looks for news at its end */
static void news_handler(void *arg)
{
	(void)arg;
}


/**
 * Get ready
 *
 * @return 0 if success, ENOMEM, EAGAIN if there can be no thread, or an error
 * of eventfd()
 */
int syncer_open(void)
{
	int err;

	syncer.asked = syncer.turn = syncer.ends = syncer.lost = false;
	syncer.settled = syncer.synced = 0;
	syncer.timec = 0;

	err = wake_open(&syncer.news, news_handler, NULL);
	if (!err)
		err = thread_start(&syncer.thread, thread_main, NULL);
	syncer.runs = !err;

	return err;
}


static void tell(void)
{
	(void)pthread_cond_signal(&syncer.cond);
	(void)pthread_mutex_unlock(&syncer.mutex);
}


/**
 * End the thread, once the last turn is on the disk or has failed
 */
void syncer_close(void)
{
	if (syncer.runs) {
		(void)pthread_mutex_lock(&syncer.mutex);
		syncer.ends = true;
		tell();
		(void)pthread_join(syncer.thread, NULL);
	}
	syncer.runs = false;
	wake_close(&syncer.news);
}


/**
 * Have the writes forced onto the disk.  The loop turns when that is done, or
 * has failed.
 */
void syncer_ask(void)
{
	(void)pthread_mutex_lock(&syncer.mutex);
	syncer.asked = true;
	tell();
}


/**
 * Have the other file filled from the next turn on
 */
void syncer_turn(void)
{
	(void)pthread_mutex_lock(&syncer.mutex);
	syncer.turn = true;
	(void)pthread_mutex_unlock(&syncer.mutex);
}


/**
 * Note the last turn in the database: up to it no redo log is needed
 *
 * @param turn Number of the last turn that is there
 */
void syncer_settled(uint64_t turn)
{
	(void)pthread_mutex_lock(&syncer.mutex);
	syncer.settled = turn;
	(void)pthread_mutex_unlock(&syncer.mutex);
}


/**
 * Get the last turn on the disk, and count how long its writing took
 *
 * @return Number of the last turn that is there, 0 if none is
 */
uint64_t syncer_synced(void)
{
	uint64_t synced;

	(void)pthread_mutex_lock(&syncer.mutex);
	synced = syncer.synced;
	for (unsigned i = 0; i < syncer.timec; i++)
		histogram_add(HISTOGRAM_SYNC, syncer.times[i]);
	syncer.timec = 0;
	(void)pthread_mutex_unlock(&syncer.mutex);

	return synced;
}


/**
 * Tell whether a turn could not be forced onto the disk, since it was asked
 * last
 *
 * @return True if so
 */
bool syncer_lost(void)
{
	bool lost;

	(void)pthread_mutex_lock(&syncer.mutex);
	lost = syncer.lost;
	syncer.lost = false;
	(void)pthread_mutex_unlock(&syncer.mutex);

	return lost;
}
