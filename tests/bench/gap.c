/**
 * @file gap.c  The time that a loop is kept from its next turn
 *
 * Preloaded into a baresip, it counts how long the thread of libre's loop is
 * busy between two waits: from the end of one epoll_wait() of libre to the
 * begin of the next.  Waits of other loops within such a turn are part of it.
 * GAPS_OF names the library that waits if it is another, as libev in a referd.
 * Each turn counts twice, by the clock, and without the time in which the
 * thread could have run but had no CPU.
 *
 * The file GAPS has both histograms, as struct gaps. The difference of two
 * reads gives the turns in between.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include "clock.h"


enum {
	STEPS = 16, /* of each power of two */
	STEP_BITS = 4,
	BUCKETS = 64 * STEPS,
};

struct gaps {
	uint64_t clock[BUCKETS]; /* turns, by ns */
	uint64_t held[BUCKETS];
};

static struct gaps *gaps;
static int stat_fd = -1;
static uint64_t turn_begin;
static uint64_t turn_delay;


/* Tells whether an address belongs to libre; only a few callers exist */
static bool is_libre(const void *address)
{
	const char *name = getenv("GAPS_OF");
	static _Thread_local const void *known[2];
	Dl_info info;

	if (address == known[0] || address == known[1])
		return address == known[1];

	const bool is = dladdr(address, &info) && info.dli_fname &&
			strstr(info.dli_fname, name ? name : "/libre.so");

	known[is] = address;

	return is;
}


static void begin(void)
{
	const char *path = getenv("GAPS");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;

	p = mmap(NULL, sizeof(*gaps), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 0);
	(void)close(fd);
	stat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (p != MAP_FAILED)
		gaps = p;
}


/* Time in which this thread waited for a CPU so far [ns] */
static uint64_t delay(void)
{
	char text[80];
	const ssize_t n = pread(stat_fd, text, sizeof(text) - 1, 0);
	uint64_t ns = 0;

	if (n <= 0)
		return 0;

	text[n] = '\0';
	(void)sscanf(text, "%*u %" SCNu64, &ns);

	return ns;
}


static unsigned bucket(uint64_t ns)
{
	if (ns < STEPS)
		return (unsigned)ns;

	const unsigned power = 63 - (unsigned)__builtin_clzll(ns);

	return (power - STEP_BITS + 1) * STEPS +
	       (unsigned)(ns >> (power - STEP_BITS) & (STEPS - 1));
}


static void end_turn(void)
{
	const uint64_t took = bench_now() - turn_begin;
	const uint64_t waited = delay() - turn_delay;

	++gaps->clock[bucket(took)];
	++gaps->held[bucket(took > waited ? took - waited : 0)];
}


int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	static __typeof__(epoll_wait) *next;
	static bool begun;
	int n;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "epoll_wait");
	if (!is_libre(__builtin_return_address(0)))
		return next(fd, events, max, timeout);

	if (!begun)
		begin();
	begun = true;
	if (turn_begin)
		end_turn();

	n = next(fd, events, max, timeout);

	if (gaps) {
		turn_delay = delay();
		turn_begin = bench_now();
	}

	return n;
}
