/**
 * @file procstat.c  Metrics of this process, from the kernel
 *
 * The names are those that all of its clients use.  In baresip the process is
 * baresip's.  See proc(5).
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/base.h"
#include "procstat.h"


/* Of /proc/self/stat, in ticks, bytes and pages */
struct stat_fields {
	uint64_t user, system, start, virtual_size, resident;
};


static void print(FILE *f, const char *name, const char *type,
		  const char *help, double value)
{
	metric_head(f, name, type, help);
	(void)fprintf(f, "%s %.15g\n", name, value);
}


/* The name of the program may have anything in it but a zero */
static bool read_stat(struct stat_fields *s)
{
	char text[1024];
	const char *p;
	size_t len;
	FILE *f = fopen("/proc/self/stat", "re");

	if (!f)
		return false;

	len = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[len] = '\0';
	p = strrchr(text, ')');

	return p &&
	       sscanf(p + 1,
		      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
		      " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64
		      " %" SCNu64 " %" SCNu64,
		      &s->user, &s->system, &s->start, &s->virtual_size,
		      &s->resident) == 5;
}


static double boot_time(void)
{
	unsigned long long seconds = 0;
	char line[256];
	FILE *f = fopen("/proc/stat", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "btime %llu", &seconds) == 1)
			break;
	}
	if (f)
		(void)fclose(f);

	return (double)seconds;
}


/* Without the descriptor that counts them */
static int count_descriptors(void)
{
	int count = -1;
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;

	if (!d)
		return 0;

	while ((e = readdir(d)))
		count += e->d_name[0] != '.';
	(void)closedir(d);

	return count;
}


/**
 * Write the metrics of this process
 *
 * @param f File
 */
void procstat_print(FILE *f)
{
	const double tick = 1. / (double)sysconf(_SC_CLK_TCK);
	struct stat_fields s;
	struct rlimit limit;

	if (!read_stat(&s))
		return;

	print(f, "process_cpu_seconds_total", "counter",
	      "User and system CPU time.", (double)(s.user + s.system) * tick);
	print(f, "process_start_time_seconds", "gauge",
	      "Start time of the process, since 1970.",
	      boot_time() + (double)s.start * tick);
	print(f, "process_virtual_memory_bytes", "gauge", "Virtual memory.",
	      (double)s.virtual_size);
	print(f, "process_resident_memory_bytes", "gauge", "Resident memory.",
	      (double)s.resident * (double)sysconf(_SC_PAGESIZE));
	print(f, "process_open_fds", "gauge", "Open descriptors.",
	      count_descriptors());
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		print(f, "process_max_fds", "gauge",
		      "Limit of open descriptors.", (double)limit.rlim_cur);
}
