/**
 * @file module_unacked.c  Tests of the reports kept while referd is away
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/unacked.h"


enum {
	KEPT = 4096,
	TRANSFERS = 3000, /* each with a few steps on the way */
	STEPS = 3,
};

static unsigned warnings;
static char pad[4001]; /* one socket buffer ends within many such */


void warning(const char *fmt, ...)
{
	(void)fmt;
	++warnings;
}


uint64_t walltime_now(void)
{
	return 1;
}


static void keep(const char *step, unsigned i, bool passing, bool direct)
{
	const struct report r = {
		.kind = REPORT_TRANSFER,
		.step = step,
		.refer_status = (int)(i % 1000),
		.reason = pad,
	};

	assert_int_equal(unacked_add(&r, passing, direct), 0);
}


static void add(const char *step, unsigned i, bool passing)
{
	keep(step, i, passing, false);
}


/* Counts the reports of a step that come out of a socket; a cut line does not
   count */
static unsigned count(int fds[2], const char *step)
{
	char line[8192], want[64];
	unsigned n = 0;
	pid_t pid;
	FILE *f;

	pid = fork();
	if (!pid) {
		(void)close(fds[1]);
		_exit(unacked_write(fds[0], 0));
	}
	(void)close(fds[0]);

	(void)re_snprintf(want, sizeof(want), ",\"step\":\"%s\",", step);
	f = fdopen(fds[1], "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(line[0], '{');
		assert_non_null(strstr(line, ",\"time\":1,"));
		assert_string_equal(line + strlen(line) - 2, "}\n");
		assert_null(strchr(line + 1, '{'));
		n += strstr(line, want) != NULL;
	}
	(void)fclose(f);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	return n;
}


/* How a transfer ended is worth more than how it came to that */
static void test_overflow(void **state)
{
	int fds[2];
	unsigned i, k;
	(void)state;

	warnings = 0;
	for (i = 0; i < TRANSFERS; i++) {
		for (k = 0; k < STEPS; k++)
			add("progress", i, true);
		add("ended", i, false);
	}
	assert_int_equal(warnings, 1);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(count(fds, "ended"), TRANSFERS);

	unacked_forget(unacked_next() - 1);
	assert_int_equal(warnings, 2);
	assert_int_equal(unacked_first(), unacked_next());
	unacked_close();
}


/* Without a report of less value, the oldest is dropped */
static void test_oldest(void **state)
{
	const uint64_t next = unacked_next();
	unsigned i;
	(void)state;

	for (i = 0; i < KEPT + 10; i++)
		add("ended", i, false);
	assert_int_equal(unacked_first(), next + 10);
	unacked_close();
}


/* A partly written report stays until it is complete */
static void test_halfway(void **state)
{
	int fds[2];
	unsigned i;
	(void)state;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	memset(pad, 'x', sizeof(pad) - 1);
	for (i = 0; i < KEPT; i++)
		add("progress", i, true);
	while (unacked_write(fds[0], MSG_DONTWAIT) == 0)
		for (i = 0; i < KEPT; i++)
			add("progress", i, true);

	/* the socket is full, as a rule in the middle of one */
	for (i = 0; i < 2 * KEPT; i++)
		add("ended", i, false);

	assert_in_range(count(fds, "ended"), KEPT - 1, KEPT);
	unacked_close();
	pad[0] = '\0';
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_halfway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
