/**
 * @file thread.c  Threads beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <signal.h>
#include "base.h"


int thread_start(pthread_t *thread, thread_h *h, void *arg)
{
	sigset_t all, before;
	int err;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, h, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);

	return err;
}
