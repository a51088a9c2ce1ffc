/**
 * @file ctrl_deliver.c  Tests of messages to clients at other members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "base/base.h"
#include "fakebus.h"
#include "fleet/deliver.h"
#include "fleet/losthook.h"
#include "fleet/places.h"
#include "hooks/hooks.h"
#include "json.h"
#include "othermember.h"
#include "store/store.h"
#include "stream/returns.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>


#define GW2 "fleet.rq.gw2"
#define GW3 "fleet.rq.gw3"
#define OK  "{\"ok\":true}"
#define EVE ",\"client\":{\"name\":\"eve\",\"badge\":\"\"}"

static char hook[64]; /* msgid of the last one */


/* Eve, a client of gw2, sends a message; text is within a JSON string */
static void eve_says(const char *text)
{
	char body[1024];

	(void)snprintf(body, sizeof(body), EVE ",\"text\":\"%s\"", text);
	assert_string_equal(other_asks("message", NULL, body), OK);
}


static void eve_configures(const char *msgid)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
		       "{\\\"verb\\\":\\\"config\\\",\\\"call_sid\\\":"
		       "\\\"c1\\\",\\\"msgid\\\":\\\"%s\\\"}",
		       msgid);
	eve_says(text);
}


/* A transfer of hers, to its end: the hook is hers, too */
static void eve_transfers(void)
{
	eve_says("[{\\\"verb\\\":\\\"sip:refer\\\",\\\"referTo\\\":\\\"1\\\","
		 "\\\"call_sid\\\":\\\"c1\\\",\\\"actionHook\\\":"
		 "\\\"/a\\\"},{\\\"verb\\\":\\\"pause\\\","
		 "\\\"length\\\":60}]");
	assert_int_equal(told("eve", "transfer:status", "\"ended\""), 1);
}


/* True if the next thing that is delivered there contains a text */
static bool delivered(const char *where, const char *text)
{
	return other_asked(where, "deliver") &&
	       strstr(asked_member("text"), text);
}


/* The hook is delivered, and its msgid known */
static void expect_hook(const char *where)
{
	cJSON *m;

	assert_true(delivered(where, "\"type\":\"verb:hook\""));
	m = cJSON_Parse(asked_member("text"));
	(void)snprintf(hook, sizeof(hook), "%s",
		       cJSON_GetStringValue(cJSON_GetObjectItem(m, "msgid")));
	cJSON_Delete(m);
}


static void eve_acks(const char *data)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\\\"type\\\":\\\"ack\\\",\\\"msgid\\\":\\\"%s\\\"%s}",
		       hook, data);
	eve_says(text);
}


static void test_in_order(void **state)
{
	uint64_t had;
	(void)state;

	eve_configures("m1");
	eve_configures("m2");
	assert_true(delivered(GW2, "m1"));
	assert_null(other_asked(GW2, "deliver"));

	eve_configures("m3");
	eve_configures("m4");
	assert_null(other_asked(GW2, "deliver"));
	referd_time_passes();
	assert_true(delivered(GW2, "m1"));
	other_answer(OK);
	assert_true(delivered(GW2, "m2"));
	other_answer(OK);
	assert_true(delivered(GW2, "m3"));
	other_answer(OK);
	assert_true(delivered(GW2, "m4"));
	had = returns_take("eve");
	other_answer(OK);
	assert_null(other_asked(GW2, "deliver"));

	/* if she comes here, she has had it */
	assert_in_range(returns_take("eve"), had + 1, UINT64_MAX - 1);
}


/* A member that does not answer costs no more than so much memory */
static void test_too_many(void **state)
{
	char msgid[16];
	(void)state;

	eve_configures("m1");
	assert_true(delivered(GW2, "m1"));
	for (int i = 0; i < 1100; i++) {
		(void)snprintf(msgid, sizeof(msgid), "n%d", i);
		(void)emit(&(struct emission){
			.type = "ack", .client = "eve", .msgid = msgid});
	}
	assert_int_equal(place_find("eve")->parcelc, 1024);
	other_answer(OK);
	assert_true(delivered(GW2, "\"n77\""));
	other_answer(OK);
	assert_true(delivered(GW2, "\"n78\""));
}


/* The hook goes there, the call waits, the answer comes from there */
static void test_hook(void **state)
{
	(void)state;

	eve_transfers();
	expect_hook(GW2);
	other_answer(OK);
	assert_int_equal(told("eve", "starting", "pause"), 0);
	eve_acks(",\\\"data\\\":[{\\\"verb\\\":\\\"hangup\\\"}]");
	assert_int_equal(told("eve", "hook:status", "\"answered\""), 1);
	assert_int_equal(told("eve", "starting", "hangup"), 1);
	assert_int_equal(told("eve", "jambonz:error", ""), 0);
}


/* Her member dies: the call continues, and the hook reaches her elsewhere */
static void test_member_is_lost(void **state)
{
	char before[64];
	(void)state;

	eve_transfers();
	expect_hook(GW2);
	other_answer(OK);
	strcpy(before, hook);
	deliver_member("gw2", false);
	referd_turns();
	assert_int_equal(told("eve", "starting", "pause"), 1);
	assert_null(other_asked(GW2, "deliver"));

	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	expect_hook(GW3);
	assert_string_equal(hook, before);
	other_answer(OK);

	/* a repeated report changes nothing */
	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	assert_null(other_asked(GW3, "deliver"));
	eve_acks("");
	assert_int_equal(told("eve", "hook:status", "\"answered\""), 1);
}


/* Messages that the other member has not confirmed are delivered here, each
   once */
static void test_moves(void **state)
{
	(void)state;

	eve_configures("m1");
	eve_transfers();
	assert_true(delivered(GW2, "m1"));

	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	assert_true(delivered(GW3, "m1"));
	other_answer(OK);
	expect_hook(GW3);
	other_answer(OK);
	assert_null(other_asked(GW3, "deliver"));

	/* that she had come there before is no news */
	other_beats("gw2", "{\"came\":[],\"left\":[{\"client\":\"eve\","
			   "\"n\":3}]}");
	eve_acks("");
	assert_int_equal(told("eve", "hook:status", "\"answered\""), 1);
}


static void test_left(void **state)
{
	(void)state;

	eve_transfers();
	expect_hook(GW2);
	other_answer(OK);
	other_beats("gw2", "{\"left\":[{\"client\":\"eve\",\"n\":3}]}");
	assert_int_equal(told("eve", "starting", "pause"), 1);

	/* gw2 delivers the messages that she has missed */
	other_beats("gw2", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":4,\"resumes\":true}]}");
	assert_null(other_asked(GW2, "deliver"));

	/* ... but not if she does not resume */
	other_beats("gw2", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	expect_hook(GW2);
}


static void test_gone(void **state)
{
	(void)state;

	eve_configures("m1");
	assert_true(delivered(GW2, "m1"));
	other_answer("{\"ok\":true,\"gone\":true}");
	referd_time_passes();
	assert_null(other_asked(GW2, "deliver"));
	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	assert_true(delivered(GW3, "m1"));
}


static void test_fails(void **state)
{
	(void)state;

	eve_configures("m1");
	assert_true(delivered(GW2, "m1"));
	other_answer("{\"error\":{\"status\":500,\"text\":\"no\"}}");
	assert_null(other_asked(GW2, "deliver"));
	sleep(1);
	referd_time_passes();
	assert_true(delivered(GW2, "m1"));
}


static void test_given_up(void **state)
{
	(void)state;

	eve_configures("m1");
	assert_true(delivered(GW2, "m1"));
	other_answer("{\"ok\":true,\"gone\":true}");
	hooks_grace(0);
	usleep(20000);
	referd_time_passes();
	hooks_grace(60);
	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":5}]}");
	assert_null(other_asked(GW3, "deliver"));
}


static void test_other_token(void **state)
{
	(void)state;

	eve_configures("m1");
	assert_true(delivered(GW2, "m1"));
	other_answer("{\"ok\":true,\"gone\":true}");
	other_beats("gw3", "{\"came\":[{\"client\":\"eve\","
			   "\"badge\":\"mallory\",\"n\":5}]}");
	assert_null(other_asked(GW3, "deliver"));
	other_beats("gw3", "{\"came\":[{\"client\":\"eve\",\"badge\":\"\","
			   "\"n\":6}]}");
	assert_true(delivered(GW3, "m1"));
}


/* A client that was here comes back at another member, with the same state */
static void test_from_here_to_there(void **state)
{
	(void)state;

	bot_say_text("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":"
		     "\"c1\"},{\"verb\":\"pause\",\"length\":60}]");
	gateway_answer(false);
	assert_int_equal(told("bot", "verb:hook", "refer"), 1);
	bot_leave();
	assert_int_equal(told("bot", "starting", "pause"), 1);
	other_beats("gw2", "{\"came\":[{\"client\":\"bot\",\"badge\":\"\","
			   "\"n\":9}]}");
	expect_hook(GW2);
	other_answer(OK);

	/* ... and here again */
	bot_connect(false);
	assert_int_equal(told("bot", "verb:hook", "refer"), 3);
	assert_null(other_asked(GW2, "deliver"));
}


/* It had come there before its old connection was seen to end here */
static void test_came_before_it_left(void **state)
{
	(void)state;

	bot_say_text("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":"
		     "\"c1\"}");
	gateway_answer(false);
	other_beats("gw2", "{\"came\":[{\"client\":\"bot\",\"badge\":\"\","
			   "\"n\":9}]}");
	assert_null(other_asked(GW2, "deliver"));
	bot_leave();
	expect_hook(GW2);
}


/* It comes here while it is thought to be there */
static void test_from_there_to_here(void **state)
{
	(void)state;

	bot_leave();
	other_beats("gw2", "{\"came\":[{\"client\":\"bot\",\"badge\":\"\","
			   "\"n\":9}]}");
	(void)other_asks("message", NULL,
			 ",\"client\":{\"name\":\"bot\",\"badge\":\"\"},"
			 "\"text\":\"{\\\"verb\\\":\\\"sip:refer\\\","
			 "\\\"referTo\\\":\\\"1\\\",\\\"call_sid\\\":"
			 "\\\"c1\\\"}\"");
	expect_hook(GW2);
	other_answer(OK);
	bot_connect(false);
	assert_int_equal(told("bot", "verb:hook", hook), 2);
}


/* No member has reported her: referd asks all of them */
static void test_looked_for(void **state)
{
	(void)state;

	(void)emit(&(struct emission){
		.type = "ack", .client = "eve", .msgid = "m7"});
	assert_non_null(other_asked("fleet.find", "find"));
	assert_string_equal(asked_member("client"), "eve");
	other_answer("{\"ok\":true,\"have\":true,\"member\":\"gw3\","
		     "\"badge\":\"\",\"n\":2}");
	assert_true(delivered(GW3, "m7"));

	/* messages to all clients go through the stream */
	(void)emit(&(struct emission){.type = "node:status"});
	(void)emit(&(struct emission){.type = "fleet:hook",
				      .client = FLEET_CLIENT});
	assert_null(other_asked("fleet.find", ""));
}


static const char *deliver_here(const char *id, const char *name, unsigned seq,
				const char *text)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
		       ",\"client\":{\"name\":\"%s\",\"badge\":\"\"},"
		       "\"seq\":%u,\"text\":\"%s\"",
		       name, seq, text);

	return other_asks("deliver", id, body);
}


/* For a client here: it becomes a message of ours */
static void test_serve(void **state)
{
	static const char text[] =
		"{\\\"type\\\":\\\"verb:hook\\\",\\\"seq\\\":70,\\\"time\\\":"
		"\\\"2026-01-02T03:04:05.678Z\\\",\\\"msgid\\\":\\\"h-9\\\","
		"\\\"call_sid\\\":\\\"c9\\\",\\\"hook\\\":\\\"/a\\\","
		"\\\"data\\\":{\\\"outcome\\\":\\\"failed\\\"}}";
	(void)state;

	assert_string_equal(deliver_here("gw2.b2.a", "bot", 70, text), OK);
	assert_string_equal(deliver_here("gw2.b2.a", "bot", 70, text), OK);
	assert_int_equal(told("bot",
			      "\"time\":\"2026-01-02T03:04:05.678Z\","
			      "\"msgid\":\"h-9\",\"call_sid\":\"c9\","
			      "\"hook\":\"/a\",\"data\":{\"outcome\":"
			      "\"failed\"}}",
			      "\"seq\":"),
			 1);
	assert_int_equal(told("bot", "\"seq\":70,", ""), 0);
	assert_int_equal(told("other", "h-9", ""), 0);

	/* the answer was lost, and the owner has repeated the request */
	assert_string_equal(deliver_here(NULL, "bot", 70, text), OK);
	assert_int_equal(told("bot", "h-9", ""), 1);

	/* its answer goes to the member that sent the hook */
	bot_say_text("{\"type\":\"ack\",\"msgid\":\"h-9\"}");
	assert_non_null(other_asked(GW2, "message"));
	assert_string_equal(asked_member("text"),
			    "{\"type\":\"ack\",\"msgid\":\"h-9\"}");
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
}


static void test_serve_ack_to_nobody(void **state)
{
	(void)state;

	bot_say_text("{\"type\":\"ack\",\"msgid\":\"h-8\"}");
	assert_non_null(other_asked("fleet.find", "find"));
	assert_string_equal(asked_member("msgid"), "h-8");
	assert_string_equal(asked_member("awaits"), "bot");
	other_answer("{\"ok\":true,\"have\":false,\"member\":\"gw2\"}");
	assert_int_equal(
		told("bot", "No hook waits for an ack with the msgid", ""), 1);
}


static void test_serve_gone(void **state)
{
	static const char gone[] = "{\"ok\":true,\"gone\":true}";
	(void)state;

	assert_string_equal(deliver_here(NULL, "eve", 1, "{}"), gone);
	assert_string_equal(other_asks("deliver", NULL,
				       ",\"client\":{\"name\":\"bot\","
				       "\"badge\":\"x\"},\"seq\":1,"
				       "\"text\":\"{}\""),
			    gone);
	assert_non_null(strstr(deliver_here(NULL, "bot", 1, "{}"),
			       "text must be a message"));
	assert_non_null(
		strstr(other_asks("deliver", NULL, ""), "\"status\":400"));
	assert_non_null(strstr(deliver_here(NULL, "app-1", 1, "{}"),
			       "\"status\":400"));
}


static void beat(char *text, size_t size)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	deliver_print(&j);
	json_close(&j, '}');
	(void)snprintf(text, size, "%s", json_done(&j));
	json_free(&j);
}


/* Each news stands in three heartbeats */
static void test_beats(void **state)
{
	char text[512];
	unsigned soon = others.soon;
	(void)state;

	for (int i = 0; i < 3; i++) {
		beat(text, sizeof(text));
		assert_non_null(strstr(text, "\"came\":[{\"client\":\"bot\","
					     "\"badge\":\"\",\"n\":"));
	}
	beat(text, sizeof(text));
	assert_string_equal(text, "{\"came\":[],\"left\":[]}");

	bot_leave();
	assert_int_equal(others.soon, soon + 1);
	for (int i = 0; i < 3; i++) {
		beat(text, sizeof(text));
		assert_non_null(strstr(text, "\"left\":[{\"client\":\"bot\""));
	}
	beat(text, sizeof(text));
	assert_string_equal(text, "{\"came\":[],\"left\":[]}");
	other_beats("gw2", "{\"came\":[{},7,{\"client\":7},{\"client\":"
			   "\"~x\"}],\"left\":{\"client\":\"bot\"}}");
}


#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


/* As the member would have told it that is lost */
static void test_hook_of_the_lost(void **state)
{
	static const char taken[] =
		"{\"type\":\"fleet:hook\",\"seq\":1,\"call_sid\":\"c7\","
		"\"data\":{\"transfer_id\":\"t7\",\"traceparent\":"
		"\"" TRACE "\",\"jambonz\":false,"
		"\"hook\":{\"url\":\"/a\",\"method\":\"POST\"},"
		"\"client\":\"bot\",\"told\":{\"verb_id\":\"v7\","
		"\"call_sid\":\"c7\",\"call_status\":\"in-progress\"}}}";
	(void)state;

	losthook_take("gw2", taken);
	losthook_post("t8", 202, "member gw2 is lost");
	assert_int_equal(told("bot", "verb:hook", ""), 0);
	losthook_post("t7", 202, "member gw2 is lost");
	losthook_forget("t7");
	assert_int_equal(told("bot",
			      "\"hook\":\"/a\",\"data\":{\"referStatus\":"
			      "\"202\",\"outcome\":\"unknown\",\"evidence\":"
			      "\"node\",\"confidence\":\"low\",\"reason\":"
			      "\"member gw2 is lost\",\"transfer_id\":\"t7\","
			      "\"verb_id\":\"v7\",\"call_sid\":\"c7\","
			      "\"call_status\":\"in-progress\","
			      "\"traceparent\":\"" TRACE "\"}",
			      "verb:hook"),
			 1);
	losthook_post("t7", 202, "member gw2 is lost");
	assert_int_equal(told("bot", "verb:hook", ""), 1);

	losthook_take("gw2", "{\"data\":{\"transfer_id\":\"t9\","
			     "\"secret\":true}}");
	losthook_take("gw2", "{}");
	losthook_take("gw2", "");
	losthook_post("t9", 0, "");
	assert_int_equal(told("bot", "verb:hook", ""), 1);
}


/* An accepted hook survives a restart, unless its transfer has ended */
static void test_hook_is_kept(void **state)
{
	static const char hook_of[] =
		"{\"call_sid\":\"c7\",\"data\":{\"transfer_id\":\"%s\","
		"\"hook\":{\"url\":\"/%s\"},\"client\":\"bot\",\"told\":{}}}";
	char text[256];
	(void)state;

	assert_int_equal(dir_make("ctrl-deliver"), 0);
	assert_int_equal(fleetstore_open(dir), 0);
	for (const char *id = "12"; *id; id++) {
		char name[2] = {*id};

		(void)snprintf(text, sizeof(text), hook_of, name, name);
		losthook_take("gw2", text);
	}
	losthook_forget("1");
	fleetstore_mark(1);
	losthook_stop();
	fleetstore_close();

	assert_int_equal(fleetstore_open(dir), 0);
	assert_int_equal(losthook_start(NULL), 0);
	losthook_post("1", 0, "lost");
	losthook_post("2", 0, "lost");
	assert_int_equal(told("bot", "verb:hook", "\"hook\":\"/1\""), 0);
	assert_int_equal(told("bot", "verb:hook",
			      "\"hook\":\"/2\",\"data\":{\"referStatus\":"
			      "\"487\""),
			 1);
	fleetstore_close();
	assert_int_equal(dir_remove(), 0);
}


/* The other members get all they need when the list begins */
/* It includes the results of the targets before */
static void test_list_of_the_lost(void **state)
{
	static const char list[] =
		"{\"call_sid\":\"c7\",\"data\":{\"transfer_id\":\"t8\","
		"\"hook\":{\"url\":\"/a\"},\"client\":\"bot\","
		"\"tried\":{\"attempt\":2,\"refer_to\":\"sip:2@h\",\"done\":"
		"[{\"transfer_id\":\"t7\",\"attempt\":1}]},"
		"\"told\":{\"call_sid\":\"c7\"}}}";
	static const char blind[] =
		"{\"call_sid\":\"c8\",\"data\":{\"transfer_id\":\"t9\","
		"\"hook\":{\"url\":\"/b\"},\"client\":\"bot\","
		"\"tried\":{\"verb\":\"transfer\",\"attempt\":1,\"done\":[]},"
		"\"told\":{\"call_sid\":\"c8\"}}}";
	(void)state;

	losthook_take("gw2", list);
	losthook_take("gw2", blind);
	losthook_post("t8", 202, "it is lost");
	losthook_post("t9", 0, "it is lost");
	assert_int_equal(
		told("bot", "\"hook\":\"/a\"",
		     "\"reason\":\"it is "
		     "lost\",\"attempts\":[{\"transfer_id\":"
		     "\"t7\",\"attempt\":1},{\"transfer_id\":\"t8\","
		     "\"attempt\":2,\"refer_to\":\"sip:2@h\",\"refer_status\":"
		     "\"202\",\"outcome\":\"unknown\",\"evidence\":\"node\","
		     "\"confidence\":\"low\",\"reason\":\"it is lost\"}]"),
		1);
	assert_int_equal(told("bot", "\"hook\":\"/b\"",
			      "\"data\":{\"transfer_result\":\"failed\","
			      "\"transfer_reason\":\"error\",\"reason\":"
			      "\"it is lost\",\"attempts\":[{"),
			 1);
}


/* No transfer of the verb runs: the hook goes with the call, unless one has
   begun since, or the verb is over */
static void test_hook_between(void **state)
{
	static const char waits[] =
		"{\"call_sid\":\"c9\",\"data\":{\"waiting\":true,"
		"\"hook\":{\"url\":\"/w\"},\"client\":\"bot\","
		"\"tried\":{\"verb\":\"transfer\",\"done\":[]},"
		"\"told\":{\"call_sid\":\"c9\"}}}";
	static const char over[] =
		"{\"call_sid\":\"c9\",\"data\":{\"over\":true}}";
	static const char begun[] =
		"{\"call_sid\":\"c9\",\"data\":{\"transfer_id\":\"t10\","
		"\"hook\":{\"url\":\"/w\"},\"client\":\"bot\","
		"\"told\":{}}}";
	(void)state;

	losthook_take("gw2", waits);
	losthook_take("gw2", over);
	losthook_lose_call("c9", "it is lost", true);
	losthook_take("gw2", waits);
	losthook_take("gw2", begun);
	losthook_lose_call("c9", "it is lost", true);
	losthook_take("gw2", waits);
	losthook_lose_call("c9", "it is lost", false);
	losthook_lose_call("c9", "it is lost", true);
	assert_int_equal(told("bot", "\"hook\":\"/w\"", ""), 0);

	losthook_take("gw2", waits);
	losthook_lose_call("c9", "it is lost", true);
	losthook_lose_call("c9", "it is lost", true);
	assert_int_equal(told("bot", "\"hook\":\"/w\"",
			      "\"data\":{\"transfer_result\":\"failed\","
			      "\"transfer_reason\":\"error\",\"reason\":"
			      "\"it is lost\",\"attempts\":[],"
			      "\"call_sid\":\"c9\""),
			 1);
}


static void test_hook_is_told(void **state)
{
	(void)state;

	eve_transfers();
	assert_int_equal(told(FLEET_CLIENT, "\"type\":\"fleet:hook\"",
			      "\"hook\":{\"url\":\"/a\",\"method\":\"POST\"},"
			      "\"client\":\"eve\",\"told\":{"),
			 1);
	assert_int_equal(told("eve", "fleet:hook", ""), 0);
	bot_say_text("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"call_sid\":"
		     "\"c1\",\"actionHook\":\"http://bot:word@127.0.0.1/\"}");
	gateway_answer(false);
	assert_int_equal(told(FLEET_CLIENT, "fleet:hook", "word"), 0);
	assert_int_equal(told(FLEET_CLIENT, "fleet:hook", "\"secret\":true"),
			 1);
}


int main(void)
{
#define CASE(t)                                                               \
	cmocka_unit_test_setup_teardown(t, others_setup, others_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_in_order),
		CASE(test_too_many),
		CASE(test_hook),
		CASE(test_member_is_lost),
		CASE(test_moves),
		CASE(test_left),
		CASE(test_gone),
		CASE(test_fails),
		CASE(test_given_up),
		CASE(test_other_token),
		CASE(test_from_here_to_there),
		CASE(test_came_before_it_left),
		CASE(test_from_there_to_here),
		CASE(test_looked_for),
		CASE(test_serve),
		CASE(test_serve_ack_to_nobody),
		CASE(test_serve_gone),
		CASE(test_beats),
		CASE(test_hook_of_the_lost),
		CASE(test_hook_is_kept),
		CASE(test_hook_is_told),
		CASE(test_list_of_the_lost),
		CASE(test_hook_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
