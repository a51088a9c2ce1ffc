/**
 * @file ctrl_wire.c  Tests of the socket to the nodes, on a real one
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include "nodes/nodelink.h"
#include "nodes/socket.h"
#include "nodes/wire.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"


static const double deadline = 20.; /* s */

static char dir[] = "/tmp/unit-link-XXXXXX";
static char path[64];

static struct nodelink *accepted;
static char lines[1024]; /* each with a '|' behind it */
static char refused;     /* a line that begins so is an error */
static unsigned closes;


static int line_handler(struct nodelink *l, char *line, size_t len, void *arg)
{
	(void)l;

	assert_ptr_equal(arg, &accepted);
	assert_int_equal(strlen(line), len);
	assert_true(strlen(lines) + len + 2 < sizeof(lines));
	strcat(lines, line);
	strcat(lines, "|");

	return refused && *line == refused ? EBADMSG : 0;
}


static void close_handler(struct nodelink *l, void *arg)
{
	assert_ptr_equal(l, accepted);
	assert_ptr_equal(arg, &accepted);
	++closes;
	accepted = NULL;
}


static void accept_handler(int fd, pid_t pid)
{
	assert_int_equal(wire_create(&accepted, fd, pid), 0);
	accepted->lineh = line_handler;
	accepted->closeh = close_handler;
	accepted->arg = &accepted;
}


static void late_handler(void *arg)
{
	(void)arg;

	fail_msg("nothing comes of it");
}


/* Runs the loop until something has become true */
static void wait_for(bool (*h)(void *), void *arg)
{
	struct timer late;

	timer_init(&late, late_handler, NULL);
	timer_start(&late, deadline);
	while (!h(arg))
		ev_run(loop_ev(), EVRUN_ONCE);
	timer_stop(&late);
}


static bool has_accepted(void *arg)
{
	(void)arg;

	return accepted != NULL;
}


static bool has_closed(void *arg)
{
	(void)arg;

	return closes > 0;
}


static bool has_lines(void *arg)
{
	return strcmp(lines, arg) == 0;
}


static bool is_there(void *arg)
{
	struct stat st;

	return !stat(arg, &st);
}


static int try_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;

	(void)close(fd);

	return -1;
}


static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}


/* A node that has connected, and said something, as it has to */
static int node(void)
{
	int fd = try_connect();

	assert_true(fd >= 0);
	wait_for(has_accepted, NULL);
	say(fd, "hello\n");
	wait_for(has_lines, "hello|");
	lines[0] = '\0';

	return fd;
}


static int reset(void **state)
{
	(void)state;

	lines[0] = '\0';
	refused = '\0';
	closes = 0;
	accepted = NULL;

	return 0;
}


static int setup(void **state)
{
	return reset(state) || socket_listen(path, accept_handler);
}


static int teardown(void **state)
{
	(void)state;

	if (accepted)
		accepted->way->close(accepted);
	socket_unlisten();

	return is_there(path) ? -1 : 0;
}


static void test_lines(void **state)
{
	const int fd = node();
	const char *p;
	(void)state;

	/* several lines at once, and an incomplete one */
	say(fd, "one\ntwo\n\nthr");
	wait_for(has_lines, "one|two||");

	for (p = "ee\nfo"; *p; p++) {
		assert_int_equal(write(fd, p, 1), 1);
		ev_run(loop_ev(), EVRUN_ONCE);
	}
	assert_string_equal(lines, "one|two||three|");

	/* text without a newline is no line */
	(void)close(fd);
	wait_for(has_closed, NULL);
	assert_string_equal(lines, "one|two||three|");
	assert_int_equal(closes, 1);
}


static void test_error_closes(void **state)
{
	const int fd = node();
	char c;
	(void)state;

	refused = 'x';
	say(fd, "a\nx\nb\n");
	wait_for(has_closed, NULL);

	assert_int_equal(closes, 1);
	assert_string_equal(lines, "a|x|");
	assert_int_equal(read(fd, &c, 1), 0);
	(void)close(fd);
}


/* More than the socket takes at once: the rest follows by itself */
static void test_send(void **state)
{
	enum { LINES = 2000, LINE = 1000 };
	const int fd = node();
	char line[LINE + 1], buf[LINE + 1];
	FILE *f = fdopen(fd, "r");
	(void)state;

	memset(line, 'x', LINE);
	line[LINE] = '\0';
	assert_non_null(f);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);

	for (int i = 0; i < LINES; i++) {
		(void)snprintf(line, 5, "%04d", i);
		line[4] = 'x';
		wire_send(accepted, line);
	}
	assert_int_equal(accepted->way->flush(accepted), 0);

	for (int i = 0; i < LINES; i++) {
		for (size_t got = 0; got < LINE + 1;) {
			ssize_t n = read(fd, buf + got, LINE + 1 - got);

			if (n < 0) {
				assert_int_equal(errno, EAGAIN);
				ev_run(loop_ev(), EVRUN_ONCE);
				continue;
			}
			assert_true(n > 0);
			got += (size_t)n;
		}
		assert_int_equal(strtol(buf, NULL, 10), i);
		assert_int_equal(buf[LINE], '\n');
	}

	(void)fclose(f);
}


/* referd disconnects a node that does not read, at a limit */
static void test_unread(void **state)
{
	enum { LINE = 1 << 20 };
	const int fd = node();
	char *line = malloc(LINE + 1);
	(void)state;

	assert_non_null(line);
	memset(line, 'x', LINE);
	line[LINE] = '\0';

	for (int i = 0; i < 5; i++)
		wire_send(accepted, line);
	wait_for(has_closed, NULL);
	assert_int_equal(closes, 1);

	free(line);
	(void)close(fd);
}


/* Without memory for a line the link is closed, so it never lacks a request */
static void test_no_line(void **state)
{
	const int fd = node();
	(void)state;

	wire_send(accepted, NULL);
	wait_for(has_closed, NULL);
	(void)close(fd);
}


static void test_removed(void **state)
{
	int fd;
	(void)state;

	/* referd notices by a file system event, or at the next check */
	ev_run(loop_ev(), EVRUN_NOWAIT);
	assert_int_equal(unlink(path), 0);
	wait_for(is_there, path);

	fd = node();
	say(fd, "back\n");
	wait_for(has_lines, "back|");
	(void)close(fd);
}


static void test_path(void **state)
{
	char longer[200];
	(void)state;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(socket_listen(longer, accept_handler), ENAMETOOLONG);
}


/* The process that serves the socket keeps it */
static void test_taken(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client;
	(void)state;

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);

	assert_int_equal(socket_listen(path, accept_handler), EADDRINUSE);
	client = try_connect();
	assert_true(client >= 0);
	(void)close(client);

	/* a socket left by a killed process is free */
	(void)close(fd);
	assert_int_equal(try_connect(), -1);
	assert_int_equal(socket_listen(path, accept_handler), 0);
	client = node();
	(void)close(client);
	wait_for(has_closed, NULL);
	socket_unlisten();
	assert_false(is_there(path));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error_closes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_send, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test(test_path),
		cmocka_unit_test_setup(test_taken, reset),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/node.sock", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(dir);

	return failed;
}
