/**
 * @file jump.c  A clock that jumps, for one process
 *
 * Preloaded, it adds the seconds in the file CLOCK_JUMP to the time of day.
 * The monotonic clock (CLOCK_MONOTONIC) is left alone, as when an operator
 * sets the clock.
 *
 * In baresip it adds them from the next turn of libre's loop on: libre 1.1.0
 * does not end a turn in which the clock is set back.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


static atomic_long turn; /* the seconds of this turn */


static time_t read_jump(void)
{
	const char *path = getenv("CLOCK_JUMP");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd);

	return atol(text);
}


static int in_baresip(void)
{
	return !strcmp(program_invocation_short_name, "baresip");
}


static time_t jump(void)
{
	return in_baresip() ? atomic_load(&turn) : read_jump();
}


/* libre waits here between two turns; a loop within it does not wait */
int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	static int (*real)(int, struct epoll_event *, int, int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	if (timeout && in_baresip())
		atomic_store(&turn, read_jump());

	return real(fd, events, max, timeout);
}


int clock_gettime(clockid_t id, struct timespec *ts)
{
	long err = syscall(SYS_clock_gettime, id, ts);

	if (!err && id == CLOCK_REALTIME)
		ts->tv_sec += jump();

	return (int)err;
}


int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	(void)tz;

	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;

	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;

	return 0;
}


time_t time(time_t *tp)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;

	if (tp)
		*tp = ts.tv_sec;

	return ts.tv_sec;
}
