/**
 * @file ctrl_queue.c  Tests of the verbs of a call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "store/store.h"
#include "told.h"
#include "unit.h"
#include "onenode.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>


static void test_one_trip(void **state)
{
	char ref[128];
	(void)state;

	assert_int_equal(told("bot", "session:new", "c1"), 1);
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"id\":\"v\"}");
	strcpy(ref, gw_expect("\"run\":true"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");
	assert_int_equal(told("bot", "verb:status", "starting"), 1);
	assert_int_equal(told("bot", "transfer:status", "requested"), 1);

	gw_transfer(ref, "t", ENDED("failed"));
	assert_int_equal(told("bot", "transfer:status", "\"verb_id\":\"v\""),
			 2);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);

	/* twice the same report is one report */
	--gw.last_n;
	gw_transfer(ref, "t", ENDED("failed"));
	assert_int_equal(told("bot", "transfer:status", "ended"), 1);

	/* a transfer ends once only */
	gw_transfer(ref, "t", ENDED("transferred"));
	assert_int_equal(told("bot", "transfer:status", "ended"), 1);
}


static void test_list_goes_on_after_failure(void **state)
{
	char ref[128];
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\"},"
	    "{\"verb\":\"hangup\"}]");
	strcpy(ref, gw_expect("hangup"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");
	assert_string_equal(gw_request(), "");
	gw_transfer(ref, "t", ENDED("failed"));

	/* the client is away, so referd does not wait for its hook */
	(void)gw_expect("hangup");
	gw_call("closed", "completed");
	assert_int_equal(told("bot", "verb:status", "finished"), 2);
	assert_null(session_find("c1"));
}


static void test_refused_whole(void **state)
{
	const char *line;
	(void)state;

	bot("[{\"verb\":\"pause\",\"length\":0},"
	    "{\"verb\":\"sip:refer\",\"referTo\":\"\"}]");
	line = gw_request();
	assert_non_null(strstr(line, "\"run\":false"));
	assert_null(strstr(line, "pause"));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,\"index\":"
		  "0,\"field\":\"referTo\",\"error\":\"referTo is required\"",
		  member(line, "ref"));
	assert_int_equal(told("bot", "jambonz:error",
			      "\"verbs[1]: sip:refer: referTo is required\""),
			 1);
	assert_int_equal(told("bot", "verb:status", ""), 0);
}


static void test_second_refer_is_refused(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"2\",\"msgid\":\"m\"}");
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "transfer in progress", "\"ref\":\"m\""),
			 1);
}


static void test_other_verbs_cancel(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);

	bot("{\"verb\":\"hangup\"}");
	(void)gw_expect("\"run\":false");
	(void)gw_expect("\"cancel\"");
	assert_string_equal(gw_request(), "");
	gw_transfer(ref, "t", ENDED("cancelled"));
	(void)gw_expect("\"run\":true");
}


#define CANCEL "{\"type\":\"command\",\"command\":\"transfer:cancel\"}"

/* The verbs behind it go on, its hook comes, and it may be asked twice */
static void test_cancel(void **state)
{
	char ref[128];
	const char *line;
	(void)state;

	bot(CANCEL);
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "jambonz:error",
			      "\"call_sid names a call that has no transfer "
			      "in progress\""),
			 1);

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"actionHook\":\"/"
	    "a\"},"
	    "{\"verb\":\"hangup\"}]");
	strcpy(ref, gw_expect("hangup"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");

	bot("{\"type\":\"command\",\"command\":\"transfer:cancel\","
	    "\"callSid\":\"c1\",\"msgid\":\"m\",\"data\":{}}");
	line = gw_expect("\"unsubscribe\":true");
	assert_non_null(line);
	assert_int_equal(told("bot", "\"type\":\"ack\"", "\"msgid\":\"m\""),
			 1);
	bot(CANCEL);
	(void)gw_expect("\"type\":\"cancel\"");

	/* asked again when the connection is back, and after a restart */
	gw_leave();
	bot(CANCEL);
	assert_int_equal(told("bot", "jambonz:error", "is not connected"), 1);
	restart_live("in-progress", "\"t\"");
	(void)gw_expect("\"unsubscribe\":true");

	gw_transfer(ref, "t",
		    "\"step\":\"ended\",\"refer_status\":202,\"outcome\":"
		    "\"cancelled\",\"evidence\":\"application\"");
	assert_int_equal(told("bot", "transfer:status", "cancelled"), 1);
	(void)gw_expect("\"hangup\"");
}


/* The REFER may be out before the node has reported it */
static void test_cancel_during_check(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, member(gw_request(), "ref"));
	bot(CANCEL);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
	(void)gw_expect("\"unsubscribe\":true");

	/* once more, should the first one have been lost */
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);
	(void)gw_expect("\"unsubscribe\":true");
	assert_int_equal(told("bot", "verb:status", "starting"), 1);
	gw_transfer(ref, "t", ENDED("cancelled"));

	/* a node that only checks has sent no REFER */
	bot("[{\"verb\":\"pause\",\"length\":60},"
	    "{\"verb\":\"sip:refer\",\"referTo\":\"1\"}]");
	bot(CANCEL);
	assert_int_equal(told("bot", "jambonz:error", "no transfer"), 1);
}


static void test_ringing_call_is_answered_first(void **state)
{
	(void)state;

	gw_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)gw_expect("\"run\":false");
	(void)gw_expect("\"answer\"");
	assert_string_equal(gw_request(), "");
	gw_call("status", "in-progress");
	(void)gw_expect("\"sip:refer\"");
}


#define UNSENT                                                                \
	"\"outcome\":\"cancelled\",\"evidence\":\"application\","             \
	"\"confidence\":\"high\""

/* No REFER was sent, and none will be */
static void unsent(const char *what)
{
	assert_int_equal(told("bot", "transfer:status", ""),
			 told("bot", UNSENT, what));
	assert_int_equal(told("bot", "verb:status", "starting"), 1);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);
	gw_call("status", "in-progress");
	assert_string_equal(gw_request(), "");
	assert_int_equal(rows(STORE_LATE), 0);
	bot(CANCEL);
	assert_int_equal(told("bot", "jambonz:error", "no transfer"), 1);
}


/* Its call is to be answered first */
static void test_cancel_what_waits(void **state)
{
	(void)state;

	gw_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"id\":\"v\","
	    "\"actionHook\":\"/a\",\"eventHook\":\"/e\"}");
	(void)gw_expect("\"run\":false");
	(void)gw_expect("\"answer\"");
	restart_live("ringing", "");
	(void)gw_expect("\"answer\"");
	bot("{\"type\":\"command\",\"command\":\"transfer:cancel\","
	    "\"callSid\":\"c1\",\"msgid\":\"m\"}");
	assert_int_equal(told("bot", "\"type\":\"ack\"", "\"msgid\":\"m\""),
			 1);
	assert_int_equal(told("bot", UNSENT, "\"refer_to\":\"1\""), 1);
	assert_int_equal(rows(STORE_OUTBOX), 1);
	unsent("\"verb_id\":\"v\"");
}


/* No other target follows */
static void test_cancel_list_that_waits(void **state)
{
	(void)state;

	gw_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":[\"1\",\"2\"]}");
	(void)gw_expect("\"run\":false");
	(void)gw_expect("\"answer\"");
	bot(CANCEL);
	assert_int_equal(told("bot", UNSENT, "\"attempts\":2"), 1);
	unsent("\"attempt\":1");
}


/* Verbs that came before the answer of the node wait, too */
static void test_cancel_what_will_wait(void **state)
{
	char ref[128];
	(void)state;

	gw_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, member(gw_request(), "ref"));
	bot(CANCEL);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
	assert_int_equal(told("bot", "transfer:status", ""), 0);
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);
	assert_int_equal(told("bot", UNSENT, ""), 1);
	(void)gw_expect("\"answer\"");
	unsent("");
}


static void test_cancel_transfer_that_waits(void **state)
{
	static const char *const modes[] = {"blind", "warm"};
	char text[256];
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		told_begin();
		gw_call("status", "ringing");
		(void)snprintf(text, sizeof(text),
			       "{\"verb\":\"transfer\",\"mode\":\"%s\","
			       "\"target\":[{\"type\":\"user\",\"name\":"
			       "\"a\"},{\"type\":\"user\",\"name\":\"b\"}],"
			       "\"disposition\":{\"onFailure\":\"hangup\"}}",
			       modes[i]);
		bot(text);
		(void)gw_expect("\"run\":false");
		(void)gw_expect("\"answer\"");
		bot(CANCEL);
		assert_int_equal(told("bot", "\"transfer_event\":\"ended\"",
				      "\"transfer_result\":\"failed\","
				      "\"transfer_reason\":\"error\""),
				 1);
		unsent("\"verb\":\"transfer\"");
	}
}


/* A list may be valid on arrival, but not when it is applied */
static void test_transfer_begins_during_check(void **state)
{
	char ref[128], check[128];
	(void)state;

	gw_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)gw_expect("\"run\":false");
	(void)gw_expect("\"answer\"");

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"2\",\"msgid\":\"m\"}");
	strcpy(check, member(gw_request(), "ref"));
	gw_call("status", "in-progress");
	strcpy(ref, gw_expect("\"referTo\":\"1\""));
	gw_transfer(ref, "t", "\"step\":\"requested\"");
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", check);

	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "transfer in progress", "\"ref\":\"m\""),
			 1);

	gw_transfer(ref, "t", ENDED("failed"));
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "transfer:status", "cancelled"), 0);
}


static void test_pause(void **state)
{
	(void)state;

	bot("[{\"verb\":\"pause\",\"length\":0.3},{\"verb\":\"hangup\"}]");
	(void)gw_expect("\"run\":false");
	assert_int_equal(told("bot", "verb:status", "pause"), 1);
	while (told("bot", "verb:status", "pause") < 2) {
		(void)usleep(10000);
		turns();
	}
	turns(); /* it may have ended while told() read the disk */
	(void)gw_expect("hangup");
	assert_int_equal(told("bot", "verb:status", "pause"), 2);
}


static void verb_handler(uint64_t seq, const char *text, void *arg)
{
	cJSON *tree = cJSON_Parse(text);
	const cJSON *data = cJSON_GetObjectItem(tree, "data");
	char *list = arg;
	(void)seq;

	if (strstr(text, "verb:status"))
		(void)sprintf(list + strlen(list), "%s %s, ",
			      cJSON_GetObjectItem(data, "verb")->valuestring,
			      cJSON_GetObjectItem(data, "event")->valuestring);
	cJSON_Delete(tree);
}


/* The hook can't even be sent */
static void test_own_verb_runs_alone(void **state)
{
	char list[1024] = "";
	(void)state;

	bot("[{\"verb\":\"redirect\",\"actionHook\":\"http://10.77.0.9/\"},"
	    "{\"verb\":\"config\",\"notifyEvents\":true}]");
	turns();
	told_each("bot", NULL, verb_handler, list);
	assert_string_equal(list, "redirect starting, redirect finished, "
				  "config starting, config finished, ");
}


/* Its hooks may keep it for a while */
static void test_closed_and_back(void **state)
{
	char ref[128];
	(void)state;

	refer_begin(ref);
	gw_call("closed", "completed");
	gw_call("status", "in-progress");
	assert_true(call_over(session_find("c1")->call));
	gw_transfer(ref, "t", ENDED("failed"));
	assert_null(session_find("c1"));
}


/* An answer after the end of the call, for example to an earlier hook, starts
   no verb */
static void test_answer_after_the_call(void **state)
{
	static const char body[] = "[{\"verb\":\"pause\",\"length\":0}]";
	const struct sender sender = {.kind = SENDER_NOBODY, .msgid = "h"};
	struct message *m;
	struct error f;
	char ref[128];
	(void)state;

	refer_begin(ref);
	gw_call("closed", "completed");

	error_init(&f);
	assert_int_equal(message_decode_answer(&m, body, sizeof(body) - 1, &f),
			 0);
	command_answer(&sender, "c1", m, &f);
	gw_transfer(ref, "t", ENDED("failed"));
	assert_null(session_find("c1"));
	assert_string_equal(f.text, "The call has ended");
}


int main(void)
{
#define CASE(t)                                                               \
	cmocka_unit_test_setup_teardown(t, onenode_setup, onenode_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_one_trip),
		CASE(test_list_goes_on_after_failure),
		CASE(test_refused_whole),
		CASE(test_second_refer_is_refused),
		CASE(test_other_verbs_cancel),
		CASE(test_cancel),
		CASE(test_cancel_during_check),
		CASE(test_cancel_what_waits),
		CASE(test_cancel_list_that_waits),
		CASE(test_cancel_what_will_wait),
		CASE(test_cancel_transfer_that_waits),
		CASE(test_ringing_call_is_answered_first),
		CASE(test_transfer_begins_during_check),
		CASE(test_pause),
		CASE(test_own_verb_runs_alone),
		CASE(test_closed_and_back),
		CASE(test_answer_after_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
