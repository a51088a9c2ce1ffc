/**
 * @file worker.c  A thread beside the loop that gets ready before it works
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include "base.h"


int worker_start(struct worker *w, thread_h *h, void *arg)
{
	int err;

	if (sem_init(&w->ready, 0, 0))
		return errno;

	err = thread_start(&w->thread, h, arg);
	if (!err) {
		w->runs = true;
		while (sem_wait(&w->ready)) /* a signal came */
			;
		err = w->err;
	}
	(void)sem_destroy(&w->ready);

	return err;
}


void worker_ready(struct worker *w, int err)
{
	w->err = err;
	(void)sem_post(&w->ready);
}


void worker_join(struct worker *w)
{
	if (w->runs)
		(void)pthread_join(w->thread, NULL);
	w->runs = false;
}
