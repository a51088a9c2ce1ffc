/**
 * @file ctrl_node.c  Tests of the exchange with a baresip, over a real link
 *
 * Its reports end here, and the test plays the store.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include "json.h"
#include "linkrequest.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "unit.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"
#include "json.h"


static const double deadline = 20.; /* s */

static char dir[] = "/tmp/unit-node-XXXXXX";
static char path[64];

static const char *kept; /* entry of the boot "b" in the store */
static const char *trouble;
static bool pending;
static char taken[2048]; /* numbers of the reports that went on */
static char said[1024];  /* data of the messages to clients */
static unsigned gone, forgotten;

uint64_t __wrap_emit(const struct emission *e);
void __wrap_store_each(enum store_table table, store_each_h *h, void *arg);
void __wrap_store_forget(enum store_table table, const char *key);
bool __wrap_store_pending(void);
const char *__wrap_store_trouble(void);


uint64_t __wrap_emit(const struct emission *e)
{
	assert_string_equal(e->type, "node:status");
	assert_true(strlen(e->data) < sizeof(said));
	strcpy(said, e->data);

	return 1;
}


static void report_handler(const struct report *r, const char *instance,
			   const char *node)
{
	const size_t len = strlen(taken);

	assert_string_equal(instance, "b");
	assert_string_equal(node, "gw");
	(void)snprintf(taken + len, sizeof(taken) - len, "%" PRIu64 " ", r->n);
}


static void begin_handler(const char *instance)
{
	assert_string_equal(instance, "b");
}


static void gone_handler(const char *instance)
{
	assert_string_equal(instance, "b");
	++gone;
}


static unsigned none_handler(const char *instance)
{
	(void)instance;

	return 0;
}


static const struct nodes_events events = {begin_handler, report_handler,
					   gone_handler,  none_handler,
					   none_handler,  none_handler};


void __wrap_store_each(enum store_table table, store_each_h *h, void *arg)
{
	assert_int_equal(table, STORE_NODES);
	if (kept)
		h("b", kept, arg);
}


void __wrap_store_forget(enum store_table table, const char *key)
{
	assert_int_equal(table, STORE_NODES);
	assert_string_equal(key, "b");
	++forgotten;
}


bool __wrap_store_pending(void)
{
	return pending;
}


const char *__wrap_store_trouble(void)
{
	return trouble;
}


static void late_handler(void *arg)
{
	(void)arg;

	fail_msg("nothing comes of it");
}


static void turn(void)
{
	struct timer late;

	timer_init(&late, late_handler, NULL);
	timer_start(&late, deadline);
	ev_run(loop_ev(), EVRUN_ONCE);
	timer_stop(&late);
	nodes_flush();
}


static int start(void **state)
{
	(void)state;

	trouble = NULL;
	pending = false;
	taken[0] = said[0] = '\0';
	gone = forgotten = 0;

	if (nodes_init(&events))
		return -1;
	nodes_load();

	return nodes_listen(path);
}


static int stop(void **state)
{
	(void)state;

	kept = NULL;
	nodes_close();

	return 0;
}


static FILE *baresip(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	f = fdopen(fd, "r+");
	assert_non_null(f);

	return f;
}


static void say(FILE *f, const char *text)
{
	const int fd = fileno(f);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}


static void hello(FILE *f, unsigned first, unsigned next)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw\","
		       "\"boot\":\"b\",\"first\":%u,\"next\":%u}\n",
		       first, next);
	say(f, text);
}


static void report(FILE *f, const char *type, unsigned n)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"%s\",\"n\":%u,\"time\":1,"
		       "\"transfers\":[],\"ref\":\"x:1\",\"ok\":true}\n",
		       type, n);
	say(f, text);
}


/* Waits for a line to the baresip, which begins with its type */
static void told(FILE *f, const char *type, unsigned n)
{
	char line[512], number[32];
	char c;

	while (recv(fileno(f), &c, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		turn();
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		assert_int_equal(read(fileno(f), &line[i], 1), 1);
		line[i + 1] = '\0';
		if (line[i] == '\n')
			break;
	}

	(void)snprintf(number, sizeof(number), "\"n\":%u}", n);
	assert_non_null(strstr(line, type));
	assert_non_null(strstr(line, number));
}


static bool told_nothing(FILE *f)
{
	char c;

	return recv(fileno(f), &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}


static void until_taken(const char *numbers)
{
	while (strcmp(taken, numbers))
		turn();
}


/* Each report is passed on once, and is acknowledged */
static void test_reports(void **state)
{
	FILE *f = baresip();
	(void)state;

	hello(f, 1, 1);
	told(f, "welcome", 0);
	assert_non_null(strstr(said, "\"connected\":true"));
	assert_int_equal(roster_count(), 0);

	report(f, "result", 1);
	report(f, "sync", 2);
	until_taken("1 2 ");
	told(f, "ack", 2);
	assert_int_equal(roster_count(), 1);

	report(f, "result", 2);
	report(f, "result", 1);
	report(f, "result", 3);
	until_taken("1 2 3 ");
	told(f, "ack", 3);

	(void)fclose(f);
}


/* A node that comes back repeats its unacknowledged reports */
static void test_again(void **state)
{
	FILE *f = baresip();
	(void)state;

	hello(f, 1, 1);
	told(f, "welcome", 0);
	trouble = "the disk is full";
	report(f, "result", 1);
	report(f, "result", 2);
	until_taken("1 2 ");
	assert_true(told_nothing(f));
	(void)fclose(f);

	/* the welcome does not acknowledge reports that are only in memory */
	f = baresip();
	hello(f, 1, 3);
	told(f, "welcome", 0);
	trouble = NULL;
	report(f, "result", 1);
	report(f, "result", 2);
	report(f, "sync", 3);
	until_taken("1 2 3 ");
	told(f, "ack", 3);
	(void)fclose(f);

	f = baresip();
	hello(f, 4, 4);
	told(f, "welcome", 3);
	(void)fclose(f);
}


/* A second link of one instance: the first is closed */
static void test_twice(void **state)
{
	FILE *a = baresip(), *b;
	char c;
	(void)state;

	hello(a, 1, 1);
	told(a, "welcome", 0);
	b = baresip();
	hello(b, 1, 1);
	told(b, "welcome", 0);

	assert_int_equal(read(fileno(a), &c, 1), 0);
	assert_int_equal(gone, 0);
	(void)fclose(a);
	(void)fclose(b);
}


/* On its way to the disk, many are acknowledged at once */
static void test_pending(void **state)
{
	FILE *f = baresip();
	(void)state;

	hello(f, 1, 1);
	told(f, "welcome", 0);
	pending = true;
	for (unsigned n = 1; n < 256; n++)
		report(f, "result", n);
	report(f, "result", 256);
	told(f, "ack", 256);

	report(f, "result", 257);
	while (!strstr(taken, " 257 "))
		turn();
	assert_true(told_nothing(f));
	pending = false;
	nodes_flush();
	told(f, "ack", 257);

	(void)fclose(f);
}


static void ask(const char *ref)
{
	node_send("b", &(struct node_request){
			       .type = "cancel", .ref = ref, .call_sid = "c"});
}


/* Waits for a request to the baresip */
static void asked(FILE *f, const char *ref)
{
	char line[512], want[64];

	while (recv(fileno(f), line, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		turn();
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		assert_int_equal(read(fileno(f), &line[i], 1), 1);
		line[i + 1] = '\0';
		if (line[i] == '\n')
			break;
	}

	(void)snprintf(want, sizeof(want),
		       "{\"type\":\"cancel\",\"ref\":\"%s\","
		       "\"call_sid\":\"c\"}\n",
		       ref);
	assert_string_equal(line, want);
}


/* Further members of a cancel */
static void test_cancel(void **state)
{
	static const struct node_request rq = {
		.type = "cancel",
		.ref = "r",
		.call_sid = "c",
		.evidence = "timer:answer",
		.reason = "not answered within 30 s",
		.unsubscribe = true,
	};
	struct node_request *copy = node_request_copy(&rq);
	struct json j;
	(void)state;

	json_init(&j);
	node_request_print(&j, copy);
	assert_string_equal(json_done(&j),
			    "{\"type\":\"cancel\",\"ref\":\"r\","
			    "\"call_sid\":\"c\",\"evidence\":\"timer:answer\","
			    "\"reason\":\"not answered within 30 s\","
			    "\"unsubscribe\":true}");
	json_free(&j);
	free(copy);
}


/* A node gets no request before it has reported its live calls; a sync of an
   earlier connection does not count */
static void test_requests(void **state)
{
	FILE *f = baresip();
	(void)state;

	assert_false(node_connected("b"));
	ask("early:1");
	hello(f, 1, 3);
	told(f, "welcome", 0);
	assert_true(node_connected("b"));
	ask("early:2");

	report(f, "sync", 2);
	told(f, "ack", 2);
	assert_int_equal(roster_count(), 0);
	ask("early:3");
	assert_null(roster_pick("gw"));

	report(f, "sync", 3);
	told(f, "ack", 3);
	assert_int_equal(roster_count(), 1);
	assert_string_equal(roster_pick(NULL), "b");
	assert_null(roster_pick("other"));
	ask("c:1");
	nodes_flush();
	asked(f, "c:1");

	(void)fclose(f);
}


static void assert_hold(bool hold, const char *expected)
{
	const struct node_request rq = {
		.type = "hold", .ref = "c:1", .call_sid = "c", .hold = hold};
	struct node_request *copy;
	struct json j;

	json_init(&j);
	node_request_print(&j, &rq);
	assert_string_equal(json_done(&j), expected);
	json_free(&j);

	copy = node_request_copy(&rq);
	assert_non_null(copy);
	assert_int_equal(copy->hold, hold);
	free(copy);
}


static void test_hold(void **state)
{
	(void)state;

	assert_hold(true, "{\"type\":\"hold\",\"ref\":\"c:1\","
			  "\"call_sid\":\"c\",\"hold\":true}");
	assert_hold(false, "{\"type\":\"hold\",\"ref\":\"c:1\","
			   "\"call_sid\":\"c\",\"hold\":false}");
}


/* Without memory for a request referd closes the link: the node reconnects,
   and gets the request again */
static void test_no_memory(void **state)
{
	FILE *f = baresip();
	char c;
	(void)state;

	hello(f, 1, 1);
	told(f, "welcome", 0);
	report(f, "sync", 1);
	told(f, "ack", 1);
	node_send("b", NULL);
	while (recv(fileno(f), &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		turn();
	assert_int_equal(read(fileno(f), &c, 1), 0);
	(void)fclose(f);
}


static void test_no_hello(void **state)
{
	static const char *const lines[] = {
		"nonsense\n",
		"{\"type\":\"sync\",\"n\":1,\"time\":1}\n",
		"{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw\"}\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		FILE *f = baresip();
		char c;

		say(f, lines[i]);
		while (recv(fileno(f), &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
			turn();
		assert_int_equal(read(fileno(f), &c, 1), 0);
		assert_false(node_connected("b"));
		(void)fclose(f);
	}
}


/* A node from the store continues where it was */
static int restart(void **state)
{
	kept = "{\"node\":\"gw\",\"pid\":0,\"n\":7}";

	return start(state);
}


static void test_restart(void **state)
{
	FILE *f = baresip();
	(void)state;

	hello(f, 6, 9);
	told(f, "welcome", 7);
	report(f, "result", 6);
	report(f, "result", 7);
	report(f, "result", 8);
	until_taken("8 ");
	told(f, "ack", 8);

	(void)fclose(f);
}


/* Once its process has ended, referd does not wait for it; its last reports
   count */
static void test_exit(void **state)
{
	FILE *f;
	pid_t pid = fork();
	(void)state;

	assert_true(pid >= 0);
	if (!pid) {
		char c;

		f = baresip();
		hello(f, 1, 1);
		while (read(fileno(f), &c, 1) == 1 && c != '\n')
			;
		report(f, "result", 1);
		_exit(0);
	}

	while (!gone)
		turn();
	assert_string_equal(taken, "1 ");
	assert_int_equal(gone, 1);
	assert_int_equal(forgotten, 1);
	assert_non_null(strstr(said, "\"reason\":\"baresip is gone\""));
	assert_null(roster_find("b"));
}


/* It had ended before we were there */
static int restart_ended(void **state)
{
	static char text[64];
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		_exit(0);
	(void)waitpid(pid, NULL, 0);

	(void)snprintf(text, sizeof(text),
		       "{\"node\":\"gw\",\"pid\":%d,\"n\":7}", (int)pid);
	kept = text;

	return start(state);
}


static void test_ended(void **state)
{
	(void)state;

	while (!gone)
		turn();
	assert_int_equal(gone, 1);
	assert_int_equal(forgotten, 1);
	assert_null(roster_find("b"));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reports, start, stop),
		cmocka_unit_test_setup_teardown(test_again, start, stop),
		cmocka_unit_test_setup_teardown(test_twice, start, stop),
		cmocka_unit_test_setup_teardown(test_pending, start, stop),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test_setup_teardown(test_requests, start, stop),
		cmocka_unit_test_setup_teardown(test_no_memory, start, stop),
		cmocka_unit_test(test_hold),
		cmocka_unit_test_setup_teardown(test_no_hello, start, stop),
		cmocka_unit_test_setup_teardown(test_restart, restart, stop),
		cmocka_unit_test_setup_teardown(test_exit, start, stop),
		cmocka_unit_test_setup_teardown(test_ended, restart_ended,
						stop),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/node.sock", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(dir);

	return failed;
}
