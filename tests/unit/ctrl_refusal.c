/**
 * @file ctrl_refusal.c  Tests of verbs that a node refuses for the state that
 * their call is in
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "base/base.h"
#include "onecall.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>


#define SENTENCE                                                              \
	"sip:refer must wait: the far end may still be calling the target"
#define FAILED                                                                \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"failed\","     \
	"\"evidence\":\"notify\",\"call_status\":486"


static void step(const char *ref, const char *rest)
{
	gateway_report("\"type\":\"transfer\",\"call_sid\":\"c1\","
		       "\"transfer_id\":\"t\",\"ref\":\"%s\",%s",
		       ref, rest);
}


/* Refuses as the module does; returns the request */
static const char *refuse(void)
{
	static char text[1024];
	const char *ref = gateway_request(text, sizeof(text));

	assert_string_not_equal(ref, "");
	gateway_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,"
		       "\"index\":0,\"field\":\"sip:refer\",\"error\":"
		       "\"" SENTENCE "\"",
		       ref);

	return text;
}


static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
}


/* The module does not let another target ring, unless the verb allows it */
static void test_at_once(void **state)
{
	char text[1024];
	(void)state;

	bot_say_text("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"msgid\":"
		     "\"m\",\"call_sid\":\"c1\"}");
	(void)refuse();
	assert_int_equal(told("bot", "\"jambonz:error\"",
			      "\"data\":{\"error\":\"" SENTENCE
			      "\",\"verb\":\"sip:refer\",\"ref\":\"m\","),
			 1);
	assert_int_equal(told("observer", "jambonz:error", ""), 0);
	assert_int_equal(told("bot", "verb:status", ""), 0);

	bot_say_text("{\"sip:refer\":{\"referTo\":\"1\",\"force\":true,"
		     "\"timeouts\":{\"unsubscribe\":true}},\"call_sid\":"
		     "\"c1\"}");
	(void)gateway_request(text, sizeof(text));
	assert_has(text, "\"force\":true");
	assert_has(text, "\"timeouts\":{\"unsubscribe\":true}");
}


/* The refusal of a verb that waited is a result, and the next verb starts */
static void test_in_turn(void **state)
{
	char ref[128], text[1024];
	(void)state;

	bot_say_text("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":"
		     "\"c1\",\"actionHook\":\"http://127.0.0.1/\"},"
		     "{\"verb\":\"sip:refer\",\"referTo\":\"2\"},"
		     "{\"verb\":\"hangup\"}]");
	(void)snprintf(ref, sizeof(ref), "%s", gateway_accept());
	step(ref, "\"step\":\"requested\"");
	step(ref, FAILED);
	assert_true(hook_answer(200, "", 0));

	assert_has(refuse(), "\"referTo\":\"2\"");
	assert_int_equal(told("bot", "\"error\":\"verbs[1]: " SENTENCE,
			      "\"verb\":\"sip:refer\",\"position\":1,"),
			 1);
	(void)gateway_request(text, sizeof(text));
	assert_has(text, "\"hangup\"");
}


/* The same in the answer to a hook: the former verbs stay */
static void test_in_answer(void **state)
{
	static const char verbs[] =
		"[{\"verb\":\"sip:refer\",\"referTo\":\"2\"},"
		"{\"verb\":\"pause\",\"length\":1}]";
	char ref[128], text[1024];
	(void)state;

	bot_say_text("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":"
		     "\"c1\",\"actionHook\":\"http://127.0.0.1/\"},"
		     "{\"verb\":\"hangup\"}]");
	(void)snprintf(ref, sizeof(ref), "%s", gateway_accept());
	step(ref, "\"step\":\"requested\"");
	step(ref, FAILED);
	assert_true(hook_answer(200, verbs, sizeof(verbs) - 1));

	assert_has(refuse(), "\"referTo\":\"2\"");
	assert_int_equal(
		told("bot", "\"error\":\"verbs[0]: " SENTENCE, "\"ref\":\"h-"),
		1);
	(void)gateway_request(text, sizeof(text));
	assert_has(text, "\"hangup\"");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_answer, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
