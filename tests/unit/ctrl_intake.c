/**
 * @file ctrl_intake.c  Tests of the handling of reports of nodes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "store/store.h"
#include "told.h"
#include "unit.h"
#include "onenode.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>


/* The call was over, and the node has forgotten the outcome of the transfer */
static void test_transfer_lost_at_sync(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);
	gw_call("closed", "completed");
	assert_non_null(session_find("c1"));

	gw_leave();
	gw_connect("boot1");
	gw_sync("");

	assert_int_equal(told("bot", "transfer:status", "\"unknown\""), 1);
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


/* So many reports came while the link was down that the module had to drop
   those of the transfer, from the first to the last */
static void test_transfer_never_told(void **state)
{
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"id\":\"v\"},"
	    "{\"verb\":\"hangup\"}]");
	(void)gw_expect("\"run\":true");

	gw_leave();
	gw.last_n += 5;
	gw_connect("boot1");
	gw_call("live", "in-progress");
	gw_sync("");

	assert_int_equal(told("bot", "transfer:status", "\"unknown\""), 1);
	assert_int_equal(told("bot", "transfer:status", "\"verb_id\":\"v\""),
			 1);
	assert_int_equal(told("bot", "transfer:status", "no longer knows it"),
			 1);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);
	(void)gw_expect("hangup");
}


/* The call was over, too */
static void test_transfer_never_told_and_over(void **state)
{
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)gw_expect("\"run\":true");
	gw_call("closed", "completed");
	assert_non_null(session_find("c1"));

	gw_leave();
	gw.last_n += 5;
	gw_connect("boot1");
	gw_sync("");

	assert_int_equal(told("bot", "transfer:status", "\"unknown\""), 1);
	assert_null(session_find("c1"));
}


/* Only its first step was dropped: the others will tell */
static void test_transfer_begun_unseen(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, gw_expect("\"run\":true"));

	gw_leave();
	gw.last_n += 5;
	gw_connect("boot1");
	gw_call("live", "in-progress");
	gw_sync("\"t\"");
	assert_int_equal(told("bot", "transfer:status", ""), 0);

	gw_transfer(ref, "t", ENDED("failed"));
	assert_int_equal(told("bot", "transfer:status", "\"failed\""), 1);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);
}


/* Verbs in progress continue: referd repeats only requests without an
   answer */
static void test_restart_in_mid_transfer(void **state)
{
	char ref[128];
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\"},"
	    "{\"verb\":\"hangup\"}]");
	strcpy(ref, gw_expect("\"run\":true"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");

	restart();
	gw_connect("boot1");
	gw_transfer(ref, "t", ENDED("failed"));
	assert_string_equal(gw_request(), "");
	gw_call("live", "in-progress");
	gw_sync("");
	(void)gw_expect("hangup");

	assert_int_equal(told("bot", "transfer:status", "ended"), 1);
	assert_int_equal(told("bot", "session:new", ""), 1);
}


static void test_restart_before_the_answer(void **state)
{
	char line[1024];
	(void)state;

	bot("[{\"verb\":\"answer\"},{\"verb\":\"hangup\"}]");
	strcpy(line, gw_request());

	restart_live("in-progress", "");
	assert_string_equal(gw_request(), line);
}


static void test_new_boot_ends_all(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);

	gw_leave();
	assert_non_null(session_find("c1"));
	gw_connect("boot2");

	assert_int_equal(told("bot", "\"outcome\":\"unknown\"", "\"node\""),
			 1);
	assert_int_equal(told("bot", "call:status", "baresip is gone"), 1);
	assert_null(session_find("c1"));
}


/* Baresip is gone, and the call was over before */
static void test_gone_after_the_call(void **state)
{
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)gw_expect("\"run\":true");
	gw_call("closed", "completed");
	gw_leave();
	gw_connect("boot2");

	assert_int_equal(told("bot", "\"outcome\":\"unknown\"", "\"node\""),
			 1);
	assert_int_equal(told("bot", "call:status", "baresip is gone"), 0);
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


struct times {
	int64_t last;
	int64_t starting, requested;
};


static void time_handler(uint64_t seq, const char *text, void *arg)
{
	struct times *times = arg;
	int64_t ms = clock_parse(member(text, "time"));
	(void)seq;

	if (ms < times->last)
		fail_msg("%s is before the one before", text);

	times->last = ms;
	if (strstr(text, "starting"))
		times->starting = ms;
	if (strstr(text, "requested"))
		times->requested = ms;
}


/* A verb starts at the time that the node gives, and times never decrease: the
   reported event is older than the report, and a hook was sent in between */
static void test_times(void **state)
{
	struct times times = {0};
	int64_t begin = clock_ms() - 5000;
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\","
	    "\"eventHook\":\"http://10.77.0.9/\"}");
	gw.now = begin;
	strcpy(ref, gw_expect("\"run\":true"));
	gw.now = begin + 1;
	gw_transfer(ref, "t", "\"step\":\"requested\"");
	told_each("bot", "c1", time_handler, &times);
	assert_true(times.starting == begin);
	assert_true(times.requested == begin + 1);

	gw_transfer(ref, "t", "\"step\":\"progress\",\"call_status\":180");
	gw.now = begin + 2;
	gw_transfer(ref, "t", ENDED("failed"));
	assert_true(told("bot", "hook:status", "\"event\":\"sent\"") > 0);
	times.last = 0;
	told_each("bot", "c1", time_handler, &times);
	assert_true(times.last > begin + 2);

	/* the same holds after a restart */
	restart_live("early-media", "");
	times.last = 0;
	told_each("bot", "c1", time_handler, &times);
	assert_int_equal(told("bot", "call:status", "early-media"), 1);
}


/* Lines of another release are skipped, and the lines after them are read */
static void test_strange_lines(void **state)
{
	static char text[3 * 65536];
	(void)state;

	memset(text, 'x', sizeof(text) - 1);
	gw_say(text);
	gw_say("no JSON");
	gw_say("{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw\","
	       "\"boot\":\"boot1\"}");
	gw_report("\"type\":\"weather\",\"rain\":true");
	gw_report("\"type\":\"call\",\"event\":\"new\"");
	gw_report("\"type\":\"transfer\",\"call_sid\":\"c1\","
		  "\"transfer_id\":\"t\",\"step\":\"danced\"");

	assert_int_equal(told("bot", "node:status", "disconnected"), 0);
	bot("{\"verb\":\"hangup\"}");
	(void)gw_expect("hangup");
}


/* The first report closes the call; later ones have no effect */
static void test_closed_twice(void **state)
{
	(void)state;

	gw_call("closed", "completed");
	assert_null(session_find("c1"));
	gw_call("closed", "failed");
	gw_call("status", "in-progress");
	gw_call("new", "ringing");
	gw_call("live", "in-progress");

	assert_null(session_find("c1"));
	assert_int_equal(told("bot", "session:new", ""), 1);
	assert_int_equal(
		told("bot", "call:status", "\"call_status\":\"completed\""),
		1);
	assert_int_equal(
		told("bot", "call:status", "\"call_status\":\"failed\""), 0);
}


/* A call that ended before referd knew it is ignored */
static void test_new_and_over(void **state)
{
	(void)state;

	gw_call("closed", "completed");
	gw_report("\"type\":\"call\",\"event\":\"new\",\"call\":{"
		  "\"sid\":\"c2\",\"direction\":\"inbound\",\"from\":"
		  "\"a\",\"to\":\"b\",\"state\":\"completed\"}");
	assert_null(session_find("c2"));
	assert_int_equal(told("bot", "session:new", "c2"), 0);
}


static void test_strange_steps(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);
	gw_transfer(ref, "t", "\"step\":\"requested\"");

	/* of an unknown call */
	gw_report("\"type\":\"transfer\",\"call_sid\":\"c9\","
		  "\"transfer_id\":\"t\",\"step\":\"ended\"");
	gw_report("\"type\":\"transfer\",\"call_sid\":\"c9\","
		  "\"transfer_id\":\"u\",\"step\":\"progress\"");
	assert_int_equal(told("bot", "transfer:status", "requested"), 1);
	assert_int_equal(told("bot", "transfer:status", "ended"), 0);

	gw_transfer(ref, "t", ENDED("danced"));
	assert_int_equal(
		told("bot", "transfer:status", "\"outcome\":\"unknown\""), 1);
}


/* A sync of the same connection, or of an earlier one, ends nothing */
static void test_strange_syncs(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);
	gw_sync("");
	assert_non_null(session_find("c1"));

	gw_leave();
	gw_greet("boot1", gw.last_n + 3);
	gw_sync("");
	assert_non_null(session_find("c1"));
	gw_call("live", "in-progress");

	/* in two lines */
	gw_report("\"type\":\"sync\",\"transfers\":[\"t\"],\"more\":true");
	gw_sync("\"x\"");
	assert_non_null(session_find("c1"));
	assert_int_equal(told("bot", "transfer:status", "ended"), 0);
}


/* A new boot: the calls and transfers of the former one have ended */
static void test_boot_again(void **state)
{
	(void)state;

	gw_leave();
	gw.last_n = 0;
	gw_greet("boot1", 1);
	gw_report("\"type\":\"call\",\"event\":\"new\",\"call\":{"
		  "\"sid\":\"c2\",\"direction\":\"inbound\",\"from\":"
		  "\"a\",\"to\":\"b\",\"state\":\"ringing\"}");
	assert_non_null(session_find("c2"));
	assert_int_equal(told("bot", "call:status", "baresip is gone"), 1);
}


int main(void)
{
#define CASE(t)                                                               \
	cmocka_unit_test_setup_teardown(t, onenode_setup, onenode_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_transfer_lost_at_sync),
		CASE(test_transfer_never_told),
		CASE(test_transfer_never_told_and_over),
		CASE(test_transfer_begun_unseen),
		CASE(test_restart_in_mid_transfer),
		CASE(test_restart_before_the_answer),
		CASE(test_new_boot_ends_all),
		CASE(test_gone_after_the_call),
		CASE(test_times),
		CASE(test_strange_lines),
		CASE(test_closed_twice),
		CASE(test_new_and_over),
		CASE(test_strange_steps),
		CASE(test_strange_syncs),
		CASE(test_boot_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
