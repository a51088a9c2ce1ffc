/**
 * @file ctrl_hooks.c  Tests of hooks, their delivery and their answers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "hooks/hooks.h"
#include "onecall.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static const char refer[] =
	"[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":\"c1\","
	"\"actionHook\":\"http://127.0.0.1/a\"%s},"
	"{\"verb\":\"pause\",\"length\":60}]";

#define FAILED "\"event\":\"failed\""
#define SENT   "\"event\":\"sent\""


/* A transfer, to its end */
static void transfer(const char *more)
{
	char text[512];

	(void)snprintf(text, sizeof(text), refer, more);
	bot_say_text(text);
	gateway_answer(false);
	assert_int_equal(told("bot", "transfer:status", "ended"), 1);
}


static void answer(long status, const char *body)
{
	assert_true(hook_answer(status, body, strlen(body)));
}


/* How often a verb has started */
static unsigned starts(const char *verb)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "\"verb\":\"%s\"", verb);

	return told("bot", "\"starting\"", text);
}


static void test_answered(void **state)
{
	(void)state;

	transfer("");
	assert_int_equal(told("bot", "hook:status", SENT), 1);
	assert_int_equal(starts("pause"), 0);

	answer(200, "");
	assert_int_equal(told("bot", "hook:status", "\"answered\""), 1);
	assert_int_equal(told("bot", "hook:status", "reason"), 0);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
	assert_int_equal(starts("pause"), 1);
}


/* A mark of the byte order is no part of the answer, RFC 8259 section 8.1 */
static void test_answer_with_mark(void **state)
{
	(void)state;

	transfer("");
	answer(200, "\xef\xbb\xbf[{\"config\":{}},{\"hangup\":{}}]");
	gateway_answer(false);
	assert_int_equal(starts("config"), 1);
	assert_int_equal(starts("hangup"), 1);
	assert_int_equal(starts("pause"), 0);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
}


/* The client of the call gets an error, and the call continues */
static void test_answer_not_understood(void **state)
{
	char ref[96];
	(void)state;

	transfer("");
	answer(200, "<html>Welcome</html>");
	assert_int_equal(
		told("bot", "\"answered\"",
		     "\"reason\":\"The answer must be an array of verbs\""),
		1);
	assert_int_equal(told("bot", "jambonz:error",
			      "\"call_sid\":\"c1\",\"data\":{\"error\":\"The "
			      "answer must be an array of verbs\""),
			 1);

	/* ... and which hook it was */
	(void)snprintf(ref, sizeof(ref), "\"ref\":\"h-");
	assert_int_equal(told("bot", "jambonz:error", ref), 1);
	assert_int_equal(told("observer", "jambonz:error", ""), 0);
	assert_int_equal(starts("pause"), 1);
}


static void test_answer_with_bad_verb(void **state)
{
	(void)state;

	transfer("");
	answer(200, "[{\"verb\":\"dance\"}]");
	assert_int_equal(told("bot", "\"answered\"",
			      "\"reason\":\"verbs[0]: dance is not"),
			 1);
	assert_int_equal(told("bot", "jambonz:error", "dance"), 1);
	assert_int_equal(starts("pause"), 1);
}


static void test_fails_and_is_tried_again(void **state)
{
	(void)state;

	transfer("");
	answer(500, "");
	assert_int_equal(told("bot", FAILED, "\"http_status\":500"), 1);
	assert_int_equal(told("bot", FAILED, "retry_ms"), 1);
	assert_int_equal(starts("pause"), 1);

	referd_time_passes();
	answer(0, "");
	assert_int_equal(told("bot", FAILED, "\"reason\":\"Operation timed"),
			 1);
	referd_time_passes();
	answer(400, "");
	assert_int_equal(told("bot", FAILED, "retry_ms"), 2);
	assert_false(outbox_waits("c1"));
}


/* They come one after the other, and a dead eventHook makes room */
static void test_order(void **state)
{
	(void)state;

	transfer(",\"eventHook\":\"http://127.0.0.1/e\"");
	assert_int_equal(told("bot", SENT, "/e"), 1);
	assert_int_equal(told("bot", SENT, "/a"), 0);

	answer(500, "");
	assert_int_equal(told("bot", FAILED, "/e"), 2);
	assert_int_equal(told("bot", SENT, "/a"), 1);
	answer(200, "");
	assert_false(outbox_waits("c1"));
}


static bool post_for_nobody(void)
{
	struct hook hook = {.url = (char *)"/x", .method = (char *)"POST"};
	struct hook_post p = {.kind = HOOK_ACTION,
			      .hook = &hook,
			      .call_sid = "c1",
			      .data = "{}"};
	char id[HOOK_ID_SIZE];

	return hooks_post(&p, id);
}


/* A hook of a verb that came over HTTP has no client to go to */
static void test_no_client(void **state)
{
	(void)state;

	assert_false(post_for_nobody());
	referd_turns();
	assert_int_equal(told("bot", FAILED, "has no client"), 1);
	assert_false(outbox_waits("c1"));
}


static void test_no_client_behind_another(void **state)
{
	(void)state;

	transfer("");
	assert_false(post_for_nobody());
	assert_int_equal(told("bot", FAILED, "/x"), 0);
	answer(200, "");
	assert_int_equal(told("bot", "\"answered\"", "/a"), 1);
	assert_int_equal(told("bot", FAILED, "has no client"), 1);
	assert_false(outbox_waits("c1"));
}


/* Until it is known which of them another member of the fleet has sent */
static void test_held(void **state)
{
	(void)state;

	transfer("");
	referd_of_fleet(true);
	referd_restart();
	referd_of_fleet(false);
	assert_false(hook_answer(200, "", 0));

	hooks_hold(false);
	referd_turns();
	answer(200, "");
	assert_int_equal(told("bot", "hook:status", "\"answered\""), 1);
}


static void ended_handler(uint64_t seq, const char *text, void *arg)
{
	static const char key[] = "\"transfer_id\":\"";
	const char *p = strstr(text, key);
	(void)seq;

	if (p && strstr(text, "\"step\":\"ended\""))
		(void)sscanf(p + sizeof(key) - 1, "%63[^\"]", (char *)arg);
}


static void test_sent_by_another(void **state)
{
	char id[64] = "";
	(void)state;

	transfer("");
	told_each("bot", NULL, ended_handler, id);
	referd_of_fleet(true);
	referd_restart();
	referd_of_fleet(false);
	hooks_elsewhere(id);
	assert_int_equal(told("bot", FAILED,
			      "\"reason\":\"another member of the fleet has "
			      "sent it\""),
			 1);
	hooks_hold(false);
	referd_turns();
	assert_false(hook_answer(200, "", 0));
	assert_int_equal(told("bot", SENT, ""), 1);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_answered),
		CASE(test_answer_with_mark),
		CASE(test_answer_not_understood),
		CASE(test_answer_with_bad_verb),
		CASE(test_fails_and_is_tried_again),
		CASE(test_order),
		CASE(test_no_client),
		CASE(test_no_client_behind_another),
		CASE(test_held),
		CASE(test_sent_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
