/**
 * @file ctrl_command.c  Tests of client requests and of the replies to them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "calls/calls.h"
#include "onecall.h"
#include "told.h"
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void say(const char *text)
{
	bot_say_text(text);
	gateway_answer(false);
}


static void test_ack(void **state)
{
	(void)state;

	say("{\"verb\":\"config\",\"msgid\":\"m1\"}");
	assert_int_equal(told("bot", "\"type\":\"ack\"", "\"msgid\":\"m1\""),
			 1);
	assert_int_equal(told("other", "\"type\":\"ack\"", ""), 0);

	/* a client that gave no msgid gets no ack */
	say("{\"verb\":\"config\"}");
	assert_int_equal(told("bot", "\"type\":\"ack\"", ""), 1);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
}


static void test_no_ack_in_jambonz(void **state)
{
	(void)state;

	say("{\"verb\":\"config\",\"msgid\":\"m1\"}");
	assert_int_equal(told("bot", "\"type\":\"ack\"", ""), 0);
	assert_int_equal(told("bot", "starting", "config"), 1);
}


static void test_error_goes_to_sender(void **state)
{
	(void)state;

	say("{\"verb\":\"pause\",\"msgid\":\"m1\"}");
	assert_int_equal(
		told("bot", "pause: length is required", "\"ref\":\"m1\""), 1);
	assert_int_equal(told("other", "jambonz:error", ""), 0);
	assert_int_equal(told("bot", "starting", ""), 0);
}


static void test_which_call(void **state)
{
	(void)state;

	say("{\"verb\":\"config\",\"call_sid\":\"none\"}");
	assert_int_equal(told("bot", "No live call has the call_sid", ""), 1);

	/* call_sid may be left out while only one call is live */
	say("{\"verb\":\"config\",\"call_sid\":null}");
	assert_int_equal(told("bot", "starting", "\"call_sid\":\"c1\""), 1);

	gateway_call("new", "c2", "in-progress");
	say("{\"verb\":\"config\",\"call_sid\":\"\"}");
	assert_int_equal(
		told("bot", "is required, since 2 calls are live", ""), 1);

	gateway_call("closed", "c1", "completed");
	gateway_call("closed", "c2", "completed");
	say("{\"verb\":\"config\"}");
	assert_int_equal(told("bot", "No call is live", ""), 1);
	assert_null(session_find("c1"));
}


static void test_end_of_call(void **state)
{
	(void)state;

	gateway_call("new", "c2", "ringing");
	say("{\"type\":\"command\",\"command\":\"call:status\",\"callSid\":"
	    "\"c1\",\"data\":{\"call_status\":\"completed\"}}");
	say("{\"type\":\"command\",\"command\":\"call:status\",\"callSid\":"
	    "\"c2\",\"data\":{\"call_status\":\"no-answer\"}}");
	assert_int_equal(told("bot", "starting", "hangup"), 1);
	assert_int_equal(told("bot", "starting", "sip:decline"), 1);
}


/* The answer to session:new, in the form of one key */
static void test_ack_with_verbs(void **state)
{
	(void)state;

	say("{\"type\":\"ack\",\"msgid\":\"s-c1\",\"data\":["
	    "{\"sip:refer\":{\"referTo\":\"1\",\"id\":\"v1\"}}]}");
	assert_int_equal(told("bot", "transfer:status", "\"verb_id\":\"v1\""),
			 4);

	/* the hook of which has the default name, and waits */
	assert_int_equal(told("bot", "verb:hook", "\"hook\":\"refer\""), 1);
	assert_int_equal(told("bot", "hook:status", "\"answered\""), 0);
}


static void test_ack_of_hook(void **state)
{
	char text[256];
	(void)state;

	say("[{\"sip:refer\":{\"referTo\":\"1\"}},"
	    "{\"verb\":\"pause\",\"length\":60}]");
	assert_int_equal(told("bot", "starting", "pause"), 0);

	/* referd reports an invalid ack, and the hook still waits */
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"ack\",\"msgid\":\"%s\",\"data\":7}",
		       told_msgid("bot", "verb:hook", "refer"));
	say(text);
	assert_int_equal(
		told("bot", "data must be an array of verbs", "\"ref\":\"h-"),
		1);

	(void)snprintf(text, sizeof(text),
		       "\xef\xbb\xbf{\"type\":\"ack\",\"msgid\":\"%s\","
		       "\"data\":{\"hangup\":{}}}",
		       told_msgid("bot", "verb:hook", "refer"));
	say(text);
	assert_int_equal(told("bot", "hook:status", "\"answered\""), 1);
	assert_int_equal(told("bot", "starting", "hangup"), 1);
	assert_int_equal(told("bot", "starting", "pause"), 0);

	say(text);
	assert_int_equal(
		told("bot", "No hook waits for an ack with the msgid", ""), 1);
}


static void test_observer(void **state)
{
	struct sender sender = {
		.kind = SENDER_CLIENT, .name = "~bot", .observes = true};
	char text[] = "{\"verb\":\"hangup\"}";
	(void)state;

	command(&sender, text, strlen(text));
	gateway_answer(false);
	assert_int_equal(told("~bot", "jambonz:error",
			      "The role observer cannot send commands"),
			 1);
	assert_int_equal(told("bot", "starting", ""), 0);
}


static void test_label_without_fleet(void **state)
{
	(void)state;

	say("{\"type\":\"command\",\"command\":\"dial\",\"data\":{\"to\":"
	    "\"sip:a@b\",\"label\":\"berlin\"}}");
	assert_int_equal(told("bot",
			      "label must be left out: this referd is not a "
			      "member of a fleet (--fleet)",
			      "\"field\":\"label\""),
			 1);
}


static void test_binary(void **state)
{
	(void)state;

	bot_say("{}", 2, true, true);
	assert_int_equal(told("bot", "The message must be a text frame", ""),
			 1);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_ack),
		cmocka_unit_test_setup_teardown(test_no_ack_in_jambonz,
						setup_jambonz, teardown),
		CASE(test_error_goes_to_sender),
		CASE(test_which_call),
		CASE(test_end_of_call),
		CASE(test_ack_with_verbs),
		CASE(test_ack_of_hook),
		CASE(test_observer),
		CASE(test_label_without_fleet),
		CASE(test_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
