/**
 * @file walltime.c  The time of day
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <sys/time.h>
#include <re.h>
#include "host.h"


uint64_t walltime_us(void)
{
	struct timeval tv;

	(void)gettimeofday(&tv, NULL);

	return (uint64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}


uint64_t walltime_now(void)
{
	return walltime_us() / 1000;
}
