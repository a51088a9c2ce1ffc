/**
 * @file ctrl_app.c  Tests of applications and the messages that their calls
 * owe them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "stream/stream.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static const char name[] = "app-c1";

#define REFER                                                                 \
	"{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"eventHook\":\"/e\","     \
	"\"actionHook\":\"http://127.0.0.1/a\"}"


static int setup(void **state)
{
	(void)state;

	referd_open("ws://127.0.0.1:3000/bot#rc=2");
	told_begin();
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "ringing");
	referd_turns();
	assert_true(client_connected(name));
	assert_int_equal(told(name, "session:new", "\"msgid\":\"s-c1\""), 2);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	referd_close();

	return 0;
}


static void say(const char *text)
{
	app_say(text, strlen(text), true, false);
}


static void answer(const char *verbs)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"ack\",\"msgid\":\"s-c1\",\"data\":[%s]}",
		       verbs);
	say(text);
	gateway_answer(false);
}


static unsigned sent(const char *hook)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "\"hook\":\"%s\"", hook);

	return told(name, "\"event\":\"sent\"", text);
}


/* Verbs that wait for the hooks of an application continue once it has gone,
   and so does the call */
static void test_says_goodbye(void **state)
{
	(void)state;

	answer("{\"verb\":\"answer\"}," REFER "," REFER);
	assert_int_equal(sent("/e"), 1);
	assert_int_equal(sent("http://127.0.0.1/a"), 0);

	app_leave(1000);
	assert_int_equal(told(name, "\"hook\":\"/e\"",
			      "\"reason\":\"the application has closed\""),
			 2);
	assert_int_equal(sent("http://127.0.0.1/a"), 1);

	/* the application gets no later hooks */
	assert_true(hook_answer(200, "", 0));
	gateway_answer(false);
	assert_int_equal(told(name, "transfer:status", "ended"), 2);
	assert_int_equal(told(name, "\"hook\":\"/e\"",
			      "\"reason\":\"the application has closed\""),
			 4);
	assert_int_equal(sent("http://127.0.0.1/a"), 2);
}


/* The call does not wait for an ack that cannot come any more */
static void test_says_goodbye_before_ack(void **state)
{
	(void)state;

	answer("{\"verb\":\"answer\"},{\"verb\":\"sip:refer\","
	       "\"referTo\":\"1\",\"actionHook\":\"/a\"},"
	       "{\"verb\":\"config\"}");
	assert_int_equal(sent("/a"), 1);
	assert_int_equal(told(name, "starting", "config"), 0);

	app_leave(1000);
	assert_int_equal(told(name, "starting", "config"), 1);
	assert_false(outbox_waits("c1"));
}


/* A lost application may come back */
static void test_is_lost(void **state)
{
	(void)state;

	answer("{\"verb\":\"answer\"}," REFER);
	app_leave(1006);
	assert_int_equal(told(name, "\"event\":\"failed\"", ""), 0);
	assert_true(outbox_waits("c1"));

	/* ... but not for the third time */
	referd_time_passes();
	app_leave(1006);
	assert_int_equal(told(name, "\"hook\":\"/e\"",
			      "\"reason\":\"the application was given up\""),
			 1);
	assert_int_equal(sent("http://127.0.0.1/a"), 1);
}


/* A call that was taken for over, and is not, has its application again */
static void test_call_is_back(void **state)
{
	(void)state;

	answer("{\"verb\":\"answer\"}");
	gateway_connect();
	gateway_hello();
	assert_int_equal(told(name, "call:status", "ended meanwhile"), 1);

	gateway_call("live", "c1", "in-progress");
	assert_non_null(session_find("c1"));
	assert_true(client_connected(name));
	assert_int_equal(told(name, "session:new", "\"msgid\":\"s-c1\""), 4);
	answer("{\"verb\":\"config\",\"notifyEvents\":true}");
	assert_int_equal(told(name, "starting", "config"), 1);

	referd_time_passes();
	referd_time_passes();
	assert_true(client_connected(name));
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_says_goodbye),
		CASE(test_says_goodbye_before_ack),
		CASE(test_is_lost),
		CASE(test_call_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
