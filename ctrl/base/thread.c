/**
 * @file thread.c  Threads beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base.h"


enum { NICENESS = 10 };


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


void thread_give_way(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
}
