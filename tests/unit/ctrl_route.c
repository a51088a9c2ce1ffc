/**
 * @file ctrl_route.c  Tests of the way to a call of another member, and back
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "base/base.h"
#include "calls/calls.h"
#include "fakebus.h"
#include "fleet/fleet.h"
#include "othermember.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static struct {
	char name[64];
	int status;
	char body[512];
	unsigned count;
} replied;


static void reply_handler(const char *name, int status, const char *body)
{
	(void)snprintf(replied.name, sizeof(replied.name), "%s", name);
	(void)snprintf(replied.body, sizeof(replied.body), "%s",
		       body ? body : "");
	replied.status = status;
	++replied.count;
}


static int setup(void **state)
{
	int err = others_setup(state);

	memset(&replied, 0, sizeof(replied));
	reply_http(reply_handler);

	return err;
}


#define ASKED  "fleet.rq.gw2"
#define TRACE  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define CLIENT ",\"client\":{\"name\":\"eve\",\"badge\":\"\"}"
#define NO     "{\"ok\":true,\"have\":false,\"member\":\"gw2\"}"
#define YES    "{\"ok\":true,\"have\":true,\"member\":\"gw2\"}"


static void post(const char *sid, const char *body)
{
	const struct sender s = {
		.kind = SENDER_HTTP, .name = "http-7", .trace = TRACE};
	char text[256];

	(void)snprintf(text, sizeof(text), "%s", body);
	if (sid)
		command_verbs(&s, sid, text, strlen(text));
	else
		command_dial(&s, text, strlen(text));
	referd_turns();
}


/* The owner is known: referd sends one request, and the owner replies to the
   client */
static void test_owner_is_known(void **state)
{
	(void)state;

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\","
		     "\"msgid\":\"m1\"}");
	assert_non_null(other_asked(ASKED, "message"));
	assert_string_equal(asked_member("client"),
			    "{\"name\":\"bot\",\"badge\":\"\","
			    "\"jambonz\":false}");
	assert_string_equal(asked_member("text"),
			    "{\"verb\":\"hangup\",\"call_sid\":\"c9\","
			    "\"msgid\":\"m1\"}");
	other_answer("{\"ok\":true}");
	assert_int_equal(told("bot", "\"msgid\"", "m1"), 0);
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
}


static void test_owner_is_found(void **state)
{
	(void)state;

	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	assert_non_null(other_asked("fleet.find", "find"));
	assert_string_equal(asked_member("call_sid"), "c9");
	other_answer(YES);
	assert_non_null(other_asked(ASKED, "message"));
	other_answer("{\"ok\":true}");
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
}


static void test_nobody_has_it(void **state)
{
	(void)state;

	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\","
		     "\"msgid\":\"m1\"}");
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(NO);
	assert_int_equal(
		told("bot", "No live call has the call_sid", "\"ref\":\"m1\""),
		1);
	assert_null(other_asked(ASKED, ""));
}


/* A member that does not answer may have the call; the last known owner is
   asked at once */
static void test_not_all_answer(void **state)
{
	(void)state;

	others.count = 2;
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(NO);
	referd_time_passes();
	assert_int_equal(told("bot",
			      "No live call has the call_sid c9; some members "
			      "of the fleet do not answer",
			      ""),
			 1);

	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(YES);
	assert_non_null(other_asked(ASKED, "message"));
	other_answer("{\"ok\":true}");
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	assert_non_null(other_asked(ASKED, "message"));
}


/* A call that was here and has ended is not looked for elsewhere */
static void test_was_here(void **state)
{
	(void)state;

	gateway_call("closed", "c1", "completed");
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c1\"}");
	assert_int_equal(told("bot", "No live call has the call_sid", ""), 1);
	assert_null(other_asked("fleet.find", ""));
}


static void test_fleet_is_down(void **state)
{
	(void)state;

	fakebus_down("cut");
	fakebus_turn();
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	assert_int_equal(told("bot",
			      "No live call has the call_sid c9; this member "
			      "has no connection to the fleet",
			      ""),
			 1);

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	referd_time_passes();
	assert_int_equal(told("bot", "member gw2 cannot be asked", ""), 1);

	/* our own go on */
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c1\"}");
	gateway_answer(false);
	assert_int_equal(told("bot", "starting", "hangup"), 1);
}


static void test_owner_refuses(void **state)
{
	(void)state;

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\","
		     "\"msgid\":\"m1\"}");
	assert_non_null(other_asked(ASKED, "message"));
	other_answer("{\"error\":{\"status\":403,\"text\":\"the name bot is "
		     "taken\"}}");
	assert_int_equal(
		told("bot", "the name bot is taken", "\"ref\":\"m1\""), 1);
}


static void test_owner_is_silent(void **state)
{
	(void)state;

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"hangup\",\"call_sid\":\"c9\"}");
	for (int i = 0; i < 4; i++) {
		assert_non_null(other_asked(ASKED, "message"));
		referd_time_passes();
	}
	assert_int_equal(told("bot",
			      "The member gw2 does not answer; it may still "
			      "carry out the request",
			      ""),
			 1);
}


/* The second one must not overtake the first */
static void test_in_order(void **state)
{
	(void)state;

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"config\",\"call_sid\":\"c9\","
		     "\"id\":\"first\"}");
	bot_say_text("{\"verb\":\"config\",\"call_sid\":\"c9\","
		     "\"id\":\"second\"}");
	bot_say_text("{\"verb\":\"config\",\"call_sid\":\"c8\","
		     "\"id\":\"other\"}");
	assert_non_null(other_asked(ASKED, "message"));
	assert_non_null(strstr(asked_member("text"), "first"));
	assert_non_null(other_asked(ASKED, "message"));
	assert_non_null(strstr(asked_member("text"), "other"));
	assert_null(other_asked(ASKED, "message"));

	/* the answer to the second of them, c8's */
	other_answer("{\"ok\":true}");
	assert_null(other_asked(ASKED, "message"));
	referd_time_passes();
	assert_non_null(other_asked(ASKED, "message"));
	assert_non_null(strstr(asked_member("text"), "first"));
	other_answer("{\"ok\":true}");
	assert_non_null(other_asked(ASKED, "message"));
	assert_non_null(strstr(asked_member("text"), "second"));
}


static void test_observer(void **state)
{
	struct sender s = {
		.kind = SENDER_CLIENT, .name = "~bot", .observes = true};
	char text[] = "{\"verb\":\"hangup\",\"call_sid\":\"c9\"}";
	(void)state;

	others.owner = "gw2";
	command(&s, text, strlen(text));
	assert_null(other_asked(ASKED, ""));
	assert_int_equal(
		told("~bot", "The role observer cannot send commands", ""), 1);
}


/* A request that is invalid here is refused here */
static void test_nonsense_stays(void **state)
{
	(void)state;

	others.owner = "gw2";
	bot_say_text("{\"verb\":\"pause\",\"call_sid\":\"c9\"}");
	assert_int_equal(told("bot", "pause: length is required", ""), 1);
	assert_null(other_asked(ASKED, ""));
}


static void test_http(void **state)
{
	(void)state;

	others.owner = "gw2";
	post("c9", "{\"verb\":\"hangup\"}");
	assert_non_null(other_asked(ASKED, "verbs"));
	assert_string_equal(asked_member("http"), "http-7");
	assert_string_equal(asked_member("call_sid"), "c9");
	assert_string_equal(asked_member("traceparent"), TRACE);
	other_answer("{\"ok\":true}");
	assert_int_equal(replied.count, 0);

	/* an old one, of another start, has another request */
	(void)other_asks("reply", NULL,
			 ",\"http\":\"http-7\",\"asked\":\"older\","
			 "\"status\":202,\"body\":\"{}\"");
	assert_int_equal(replied.count, 0);

	others.owner = NULL;
	post("c9", "{\"verb\":\"hangup\"}");
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(NO);
	assert_int_equal(replied.status, 404);
	assert_string_equal(replied.name, "http-7");
}


static void test_http_get(void **state)
{
	(void)state;

	assert_int_equal(fleet_get("http-7", "c9"), 0);
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(YES);
	assert_non_null(other_asked(ASKED, "call"));
	other_answer("{\"ok\":true}");
	assert_int_equal(replied.count, 0);

	assert_int_equal(fleet_get("http-8", "c8"), 0);
	assert_non_null(other_asked("fleet.find", "find"));
	other_answer(NO);
	assert_int_equal(replied.status, 404);
	assert_non_null(strstr(replied.body, "No live call has the call_sid"));
}


static const char dial_any[] = "{\"type\":\"command\",\"command\":\"dial\","
			       "\"msgid\":\"d1\",\"data\":{\"to\":"
			       "\"sip:a@b\"%s}}";


static void dial(const char *more)
{
	char text[256];

	(void)snprintf(text, sizeof(text), dial_any, more);
	bot_say_text(text);
}


static void test_dial(void **state)
{
	(void)state;

	/* no member has fewer calls than we have */
	others.least = "gw1";
	dial("");
	assert_null(other_asked(ASKED, ""));
	gateway_answer(false);
	assert_int_equal(told("bot", "\"type\":\"ack\"", "d1"), 1);

	others.least = "gw2";
	dial("");
	assert_non_null(other_asked(ASKED, "dial"));
	other_answer("{\"ok\":true}");

	others.node = "gw2";
	dial(",\"node\":\"sbc\"");
	assert_non_null(other_asked(ASKED, "dial"));
	other_answer("{\"ok\":true}");

	others.node = NULL;
	dial(",\"node\":\"sbc\"");
	assert_int_equal(told("bot", "node must name a connected baresip", ""),
			 1);

	others.label = "gw2";
	dial(",\"label\":\"berlin\"");
	assert_non_null(other_asked(ASKED, "dial"));
	other_answer("{\"ok\":true}");

	others.label = NULL;
	dial(",\"label\":\"berlin\"");
	assert_int_equal(
		told("bot", "label names no member that can dial now", ""), 1);

	dial(",\"label\":\"berlin\",\"node\":\"sbc\"");
	assert_int_equal(told("bot", "label must not be given with node", ""),
			 1);
	dial(",\"label\":7");
	assert_int_equal(told("bot", "label must be a string", ""), 1);

	post(NULL, "{\"to\":\"sip:a@b\"}");
	assert_non_null(other_asked(ASKED, "dial"));
	assert_string_equal(asked_member("http"), "http-7");
	assert_string_equal(asked_member("traceparent"), TRACE);
}


/* This member is the owner: the client gets the reply at its own member */
static void test_serve_message(void **state)
{
	(void)state;

	assert_string_equal(
		other_asks("message", NULL,
			   CLIENT ",\"text\":\"{\\\"verb\\\":\\\"config\\\","
				  "\\\"call_sid\\\":\\\"c1\\\",\\\"msgid\\\":"
				  "\\\"m1\\\"}\""),
		"{\"ok\":true}");
	assert_int_equal(told("bot", "starting", "config"), 1);
	assert_int_equal(told("eve", "\"type\":\"ack\"", "m1"), 1);
	assert_non_null(other_asked(ASKED, "deliver"));
	assert_string_equal(asked_member("client"),
			    "{\"name\":\"eve\",\"badge\":\"\"}");
	assert_non_null(strstr(asked_member("text"), "\"type\":\"ack\""));
}


static void test_serve_once(void **state)
{
	static const char body[] = CLIENT
		",\"text\":\"{\\\"verb\\\":\\\"config\\\","
		"\\\"call_sid\\\":\\\"c1\\\"}\"";
	(void)state;

	(void)other_asks("message", "gw2.b2.x", body);
	(void)other_asks("message", "gw2.b2.x", body);
	assert_int_equal(told("bot", "starting", "config"), 1);
}


/* It has been sent here: it goes no further */
static void test_serve_unknown_call(void **state)
{
	(void)state;

	others.owner = "gw3";
	assert_string_equal(
		other_asks("message", NULL,
			   CLIENT ",\"text\":\"{\\\"verb\\\":\\\"config\\\","
				  "\\\"call_sid\\\":\\\"c9\\\"}\""),
		"{\"ok\":true}");
	assert_null(other_asked("fleet.rq.gw3", ""));
	assert_int_equal(told("eve", "No live call has the call_sid", ""), 1);
}


static void test_serve_nonsense(void **state)
{
	static const char *const bad[] = {
		"",
		CLIENT,
		",\"text\":\"{}\"",
		",\"client\":{},\"text\":\"{}\"",
		",\"client\":{\"name\":\"app-1\"},\"text\":\"{}\"",
		",\"client\":{\"name\":\"~eve\"},\"text\":\"{}\"",
		",\"client\":7,\"text\":\"{}\"",
		",\"http\":\"a@b\",\"text\":\"{}\"",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(strstr(other_asks("message", NULL, bad[i]),
				       "\"status\":400"));
	assert_non_null(strstr(other_asks("verbs", NULL,
					  CLIENT ",\"text\":"
						 "\"{}\""),
			       "call_sid"));
}


/* A name that a client here uses is not free for another */
static void test_serve_other_token(void **state)
{
	(void)state;

	assert_non_null(strstr(
		other_asks("message", NULL,
			   ",\"client\":{\"name\":\"bot\",\"badge\":\"x\"},"
			   "\"text\":\"{}\""),
		"\"status\":403"));

	(void)other_asks("message", NULL,
			 ",\"client\":{\"name\":\"eve\",\"badge\":\"x\"},"
			 "\"text\":\"{}\"");
	assert_non_null(strstr(
		other_asks("message", NULL,
			   ",\"client\":{\"name\":\"eve\",\"badge\":\"y\"},"
			   "\"text\":\"{}\""),
		"\"status\":403"));
}


static void test_serve_http(void **state)
{
	(void)state;

	assert_string_equal(other_asks("verbs", NULL,
				       ",\"http\":\"http-3\",\"call_sid\":"
				       "\"c1\",\"traceparent\":\"" TRACE
				       "\",\"text\":\"{\\\"verb\\\":"
				       "\\\"config\\\"}\""),
			    "{\"ok\":true}");
	assert_non_null(other_asked(ASKED, "reply"));
	assert_string_equal(asked_member("http"), "http-3");
	assert_string_equal(asked_member("asked"), "b2");
	assert_string_equal(asked_member("status"), "202");
	assert_string_equal(asked_member("body"),
			    "{\"call_sid\":\"c1\",\"traceparent\":\"" TRACE
			    "\"}");
	assert_int_equal(replied.count, 0);

	(void)other_asks("verbs", NULL,
			 ",\"http\":\"http-3\",\"call_sid\":\"c1\","
			 "\"text\":\"{\\\"verb\\\":\\\"pause\\\"}\"");
	assert_non_null(other_asked(ASKED, "reply"));
	assert_string_equal(asked_member("status"), "400");

	(void)other_asks("call", NULL,
			 ",\"http\":\"http-3\",\"call_sid\":\"c1\"");
	assert_non_null(other_asked(ASKED, "reply"));
	assert_string_equal(asked_member("status"), "200");
	assert_non_null(strstr(asked_member("body"), "\"call_sid\":\"c1\""));
	assert_non_null(strstr(other_asks("call", NULL,
					  ",\"http\":\"http-3\","
					  "\"call_sid\":\"c9\""),
			       "\"status\":404"));
}


static void test_serve_dial(void **state)
{
	(void)state;

	/* a dial sent here stays here, even if another member has fewer calls
	   by now */
	others.least = "gw3";
	(void)other_asks("dial", NULL,
			 ",\"http\":\"http-3\",\"text\":\"{\\\"to\\\":"
			 "\\\"sip:a@b\\\"}\"");
	assert_null(other_asked("fleet.rq.gw3", ""));
	gateway_answer(false);
	(void)other_asks("dial", NULL,
			 CLIENT ",\"text\":\"{\\\"type\\\":\\\"command\\\","
				"\\\"command\\\":\\\"dial\\\",\\\"msgid\\\":"
				"\\\"d1\\\",\\\"data\\\":{\\\"to\\\":"
				"\\\"sip:a@b\\\"}}\"");
	gateway_answer(false);
	assert_int_equal(told("eve", "\"type\":\"ack\"", "d1"), 1);
}


static void test_serve_find(void **state)
{
	(void)state;

	assert_non_null(
		strstr(other_asks("find", NULL, ",\"call_sid\":\"c1\""),
		       "\"have\":true"));
	assert_non_null(
		strstr(other_asks("find", NULL, ",\"call_sid\":\"c9\""),
		       "\"have\":false,\"member\":\"gw1\""));
	assert_non_null(strstr(other_asks("find", NULL, ",\"client\":\"bot\""),
			       "\"badge\":\"\""));
	assert_non_null(strstr(other_asks("find", NULL, ",\"client\":\"eve\""),
			       "\"have\":false"));
	assert_non_null(
		strstr(other_asks("find", NULL, ",\"client\":\"~bot\""),
		       "\"have\":false"));
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, others_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_owner_is_known),     CASE(test_owner_is_found),
		CASE(test_nobody_has_it),      CASE(test_not_all_answer),
		CASE(test_was_here),           CASE(test_fleet_is_down),
		CASE(test_owner_refuses),      CASE(test_owner_is_silent),
		CASE(test_in_order),           CASE(test_observer),
		CASE(test_nonsense_stays),     CASE(test_http),
		CASE(test_http_get),           CASE(test_dial),
		CASE(test_serve_message),      CASE(test_serve_once),
		CASE(test_serve_unknown_call), CASE(test_serve_nonsense),
		CASE(test_serve_other_token),  CASE(test_serve_http),
		CASE(test_serve_dial),         CASE(test_serve_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
