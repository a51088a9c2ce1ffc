/**
 * @file guest.c  Whose process we are in: our own, or baresip's
 *
 * A guest does not change what belongs to the whole process of its host:
 * signals, limits, standard output, and the low descriptors.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base.h"


static bool guest;


void guest_set(bool is_guest)
{
	guest = is_guest;
}


bool guest_is(void)
{
	return guest;
}


const char *option_shown(const char *option)
{
	static char name[64];
	size_t n;

	n = (size_t)snprintf(name, sizeof(name), "%s%s",
			     guest ? "referd_" : "--", option);
	if (!guest)
		return name;

	for (size_t i = 0; i < n && i < sizeof(name) - 1; i++) {
		if (name[i] == '-')
			name[i] = '_';
	}

	return name;
}


unsigned descriptors_high(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur <= DESCRIPTORS_LOW)
		return 0;

	return (unsigned)(limit.rlim_cur - DESCRIPTORS_LOW);
}


int descriptor_move(int fd)
{
	int high;

	if (!guest || fd < 0 || fd >= DESCRIPTORS_LOW)
		return fd;

	high = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS_LOW);
	if (high < 0)
		return fd;

	(void)close(fd);

	return high;
}
