/**
 * @file clock.h  The clock that the measurements read
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <time.h>


/**
 * Read the clock.  All processes of a machine share it.
 *
 * @return Now [ns]
 */
static inline uint64_t bench_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);

	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}


/**
 * Read the time that this process has had of the CPUs
 *
 * @return That [ns]
 */
static inline uint64_t bench_cpu(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
