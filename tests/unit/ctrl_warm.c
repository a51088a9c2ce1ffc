/**
 * @file ctrl_warm.c  Tests of a transfer that calls the target first
 *
 * The test plays the far ends: it reads the requests to baresip, and reports
 * the second call and the REFER.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "store/store.h"
#include "stream/stream.h"
#include "told.h"
#include "unit.h"
#include "onenode.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>


/* Two targets; the first one gets an announcement, and is to press 1 */
#define VERB(rest)                                                            \
	"{\"verb\":\"transfer\",\"id\":\"v\",\"mode\":\"warm\",\"target\":["  \
	"{\"type\":\"phone\",\"number\":\"101\"},"                            \
	"{\"type\":\"phone\",\"number\":\"102\"}],"                           \
	"\"confirm\":{\"prompt\":\"press.wav\",\"digit\":\"1\"},"             \
	"\"actionHook\":\"/done\"" rest "}"

static struct {
	char sid[64]; /* of the second call */
	char dial[128];
	char play[128];
	char refer[128];
} far;


/* Reports the second call as the node does */
static void second(const char *event, const char *state, int status)
{
	gw_report("\"type\":\"call\",\"event\":\"%s\",\"call\":{\"sid\":"
		  "\"%s\",\"ref\":\"%s\",\"direction\":\"outbound\","
		  "\"from\":\"sip:gw@x\",\"to\":\"sip:101@x\","
		  "\"state\":\"%s\",\"sip_status\":%d}",
		  event, far.sid, far.dial, state, status);
}


static void expect_dial(const char *to)
{
	const char *line = gw_request();
	char text[64];

	(void)snprintf(text, sizeof(text), "\"to\":\"%s\"", to);
	if (!strstr(line, "\"dial\"") || !strstr(line, text))
		fail_msg("no dial of %s: %s", to, line);
	assert_non_null(strstr(line, "\"dtmf\":true"));
	assert_non_null(strstr(line, "\"parent_call_sid\":\"c1\""));
	assert_int_equal(strlen(member(line, "transfer_id")), 16);
	strcpy(far.sid, member(line, "call_sid"));
	strcpy(far.dial, member(line, "ref"));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", far.dial);
	second("new", "trying", 0);
}


static void expect_hold(bool hold)
{
	(void)gw_expect(hold ? "\"hold\":true" : "\"hold\":false");
}


static void begin(void)
{
	bot(VERB(""));
	(void)gw_expect("\"run\":false");
	expect_hold(true);
	expect_dial("101");
}


/* ... up to the announcement to the target */
static void answer(void)
{
	second("status", "in-progress", 200);
	strcpy(far.play, gw_expect("press.wav"));
}


static void played(const char *reason)
{
	gw_report("\"type\":\"played\",\"call_sid\":\"%s\",\"ref\":\"%s\","
		  "\"reason\":\"%s\",\"ms\":100",
		  far.sid, far.play, reason);
}


static void press(const char *digit)
{
	gw_report("\"type\":\"dtmf\",\"call_sid\":\"%s\",\"digit\":\"%s\","
		  "\"by\":\"rtp\"",
		  far.sid, digit);
}


/* ... up to the REFER */
static void join(void)
{
	begin();
	answer();
	played("completed");
	press("1");
	strcpy(far.refer, gw_expect("\"replaces\""));
	gw_transfer(far.refer, "t", "\"step\":\"requested\"");
}


static void expect_hangup(void)
{
	const char *line = gw_request();

	if (!strstr(line, "hangup") ||
	    strcmp(member(line, "call_sid"), far.sid))
		fail_msg("no hangup of the second call: %s", line);
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true",
		  member(line, "ref"));
	second("closed", "completed", 200);
}


static void expect_hook(const char *result, const char *reason)
{
	char a[64], b[64];

	assert_string_equal(gw_request(), "");
	(void)snprintf(a, sizeof(a), "\"transfer_result\":\"%s\"", result);
	(void)snprintf(b, sizeof(b), "\"transfer_reason\":\"%s\"", reason);
	if (told("bot", a, b) != 1)
		fail_msg("not told once: %s, %s", a, b);
	assert_int_equal(told("bot", "transfer:event", "\"ended\""), 1);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);
	assert_null(session_find(far.sid));
}


static void test_joined(void **state)
{
	(void)state;

	join();
	gw_transfer(far.refer, "t", ENDED("transferred"));
	second("closed", "completed", 200);
	gw_call("closed", "completed");
	expect_hook("bridged", "completed");
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


static void test_second_call_is_told(void **state)
{
	(void)state;

	begin();
	assert_int_equal(
		told("bot", "session:new", "\"parent_call_sid\":\"c1\""), 1);
}


/* ... before anybody is held, or called */
static void test_wrong_target(void **state)
{
	const char *line;
	(void)state;

	bot(VERB(""));
	line = gw_request();
	assert_non_null(strstr(line, "\"referTo\":\"102\""));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,\"index\":"
		  "1,\"field\":\"referTo\",\"error\":\"referTo is none\"",
		  member(line, "ref"));
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "jambonz:error",
			      "transfer: target[1].number is none"),
			 1);
}


static void test_next_target(void **state)
{
	(void)state;

	begin();
	second("closed", "busy", 486);
	expect_dial("102");
	second("closed", "no-answer", 487);
	expect_hold(false);
	expect_hook("returned", "no-answer");
	assert_int_equal(told("bot", "transfer:event", "\"next\""), 1);
}


static void test_wrong_digit(void **state)
{
	(void)state;

	begin();
	answer();
	press("2");
	expect_hangup();
	expect_hold(false);
	expect_hook("returned", "declined");
}


/* The right one need not wait for the end of the prompt */
static void test_digit_during_prompt(void **state)
{
	(void)state;

	begin();
	answer();
	press("1");
	(void)gw_expect("\"cancel\"");
	(void)gw_expect("\"replaces\"");
}


static void test_target_hangs_up_during_prompt(void **state)
{
	(void)state;

	begin();
	answer();
	played("closed");
	second("closed", "completed", 200);
	expect_hold(false);
	expect_hook("returned", "declined");
}


static void test_prompt_cannot_be_played(void **state)
{
	const char *line;
	(void)state;

	begin();
	second("status", "in-progress", 200);
	line = gw_request();
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,"
		  "\"field\":\"url\",\"error\":\"names no file\"",
		  member(line, "ref"));
	expect_hangup();
	expect_hold(false);
	expect_hook("failed", "error");
	assert_int_equal(told("bot", "jambonz:error", "confirm.prompt"), 1);
}


static void test_refer_refused(void **state)
{
	(void)state;

	join();
	gw_transfer(far.refer, "t", ENDED("failed"));
	expect_hangup();
	expect_hold(false);
	expect_hook("failed", "error");
}


/* A caller that has gone need not be off hold */
static void test_caller_hangs_up(void **state)
{
	(void)state;

	begin();
	answer();
	gw_call("closed", "completed");
	expect_hangup();
	expect_hook("failed", "caller-abandoned");
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


static void test_caller_hangs_up_while_held(void **state)
{
	(void)state;

	bot(VERB(""));
	(void)gw_expect("\"run\":false");
	(void)gw_request();
	gw_call("closed", "completed");
	assert_string_equal(gw_request(), "");
	assert_null(session_find("c1"));
	assert_int_equal(told("bot", "transfer:event", "caller-abandoned"), 1);
}


static void test_both_hang_up(void **state)
{
	(void)state;

	begin();
	answer();
	second("closed", "completed", 200);
	assert_non_null(strstr(gw_request(), "\"hold\":false"));
	gw_call("closed", "completed");
	expect_hook("failed", "caller-abandoned");
	assert_null(session_find("c1"));
}


static void test_other_verbs(void **state)
{
	(void)state;

	begin();
	bot("{\"verb\":\"hangup\",\"call_sid\":\"c1\"}");
	(void)gw_expect("\"run\":false");
	expect_hangup();
	expect_hold(false);
	(void)gw_expect("hangup");
}


static void test_hangup_follows(void **state)
{
	(void)state;

	bot(VERB(",\"disposition\":{\"onBusy\":\"hangup\"}"));
	(void)gw_expect("\"run\":false");
	expect_hold(true);
	expect_dial("101");
	second("closed", "busy", 486);
	expect_dial("102");
	second("closed", "busy", 486);
	expect_hold(false);
	(void)gw_expect("hangup");
	expect_hook("returned", "busy");
}


/* The voicemail is called by a REFER, the outcome of which ends the verb */
static void test_voicemail_follows(void **state)
{
	char ref[128];
	(void)state;

	bot(VERB(",\"disposition\":{\"onDecline\":\"voicemail\","
		 "\"voicemailUrl\":\"sip:box@x\"}"));
	(void)gw_expect("\"run\":false");
	expect_hold(true);
	expect_dial("101");
	answer();
	press("9");
	expect_hangup();
	expect_hold(false);
	strcpy(ref, gw_expect("sip:box@x"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");
	restart_live("in-progress", "\"t\"");
	gw_transfer(ref, "t", ENDED("transferred"));
	expect_hook("voicemail", "declined");
}


static void test_cancelled(void **state)
{
	(void)state;

	begin();
	bot("{\"type\":\"command\",\"command\":\"transfer:cancel\","
	    "\"callSid\":\"c1\"}");
	expect_hangup();
	expect_hold(false);
	expect_hook("failed", "error");
}


/* The REFER is given up first: the far end may have decided before */
static void test_cancelled_while_joining(void **state)
{
	(void)state;

	join();
	bot("{\"type\":\"command\",\"command\":\"transfer:cancel\","
	    "\"callSid\":\"c1\"}");
	(void)gw_expect("\"unsubscribe\":true");
	assert_string_equal(gw_request(), "");
	gw_transfer(far.refer, "t", ENDED("cancelled"));
	expect_hangup();
	expect_hold(false);
	expect_hook("failed", "error");
}


static void test_verbs_to_the_second_call(void **state)
{
	char verb[128];
	(void)state;

	begin();
	(void)snprintf(verb, sizeof(verb),
		       "{\"verb\":\"hangup\",\"call_sid\":\"%s\"}", far.sid);
	bot(verb);
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "jambonz:error",
			      "names the second call of a transfer"),
			 1);

	/* a request without call_sid means the first call */
	bot("{\"verb\":\"hangup\"}");
	(void)gw_expect("\"call_sid\":\"c1\"");
}


/* A second call without a transfer is ended */
static void test_strange_second_call(void **state)
{
	(void)state;

	strcpy(far.sid, "c9");
	strcpy(far.dial, "c8:0123");
	second("new", "ringing", 180);
	assert_non_null(strstr(gw_request(), "hangup"));
}


/* Restarts referd, and reports the live calls */
static void back(bool live)
{
	restart();
	gw_connect("boot1");
	gw_call("live", "in-progress");
	if (live)
		second("live", "in-progress", 200);
	gw_sync("");
}


static void test_restart_asks_again(void **state)
{
	const char *line;
	char ref[128];
	(void)state;

	bot(VERB(""));
	(void)gw_expect("\"run\":false");
	line = gw_request();
	strcpy(ref, member(line, "ref"));
	back(false);
	line = gw_request();
	assert_non_null(strstr(line, "\"hold\":true"));
	assert_string_equal(member(line, "ref"), ref);
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);

	line = gw_request();
	assert_non_null(strstr(line, "\"dial\""));
	strcpy(ref, member(line, "ref"));
	strcpy(far.sid, member(line, "call_sid"));
	back(false);
	line = gw_request();
	assert_non_null(strstr(line, "\"dial\""));
	assert_string_equal(member(line, "ref"), ref);
	assert_string_equal(member(line, "call_sid"), far.sid);
}


static void test_restart_while_it_listens(void **state)
{
	(void)state;

	begin();
	answer();
	back(true);
	assert_string_equal(gw_request(), "");
	played("completed");
	press("1");
	(void)gw_expect("\"replaces\"");
}


/* The second call ended meanwhile without a report */
static void test_restart_without_second_call(void **state)
{
	(void)state;

	begin();
	answer();
	back(false);
	expect_hold(false);
	expect_hook("returned", "declined");
}


/* The caller has left without a report: the call to the target is ended */
static void test_restart_without_caller(void **state)
{
	(void)state;

	begin();
	answer();
	restart();
	gw_connect("boot1");
	second("live", "in-progress", 200);
	gw_sync("");
	expect_hangup();
	expect_hook("failed", "caller-abandoned");
	assert_null(session_find("c1"));
}


static void test_restart_while_joining(void **state)
{
	(void)state;

	join();
	restart();
	gw_connect("boot1");
	gw_call("live", "in-progress");
	second("live", "in-progress", 200);
	gw_sync("\"t\"");
	assert_string_equal(gw_request(), "");
	gw_transfer(far.refer, "t", ENDED("transferred"));
	second("closed", "completed", 200);
	expect_hook("bridged", "completed");
}


static void test_restart_while_cleaning(void **state)
{
	const char *line;
	(void)state;

	begin();
	answer();
	press("2");
	(void)gw_request();
	(void)gw_request();
	back(true);
	line = gw_request();
	assert_non_null(strstr(line, "hangup"));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true",
		  member(line, "ref"));
	expect_hold(false);
	second("closed", "completed", 200);
	expect_hook("returned", "declined");
}


static void test_baresip_is_gone(void **state)
{
	(void)state;

	begin();
	answer();
	gw_leave();
	gw_connect("boot2");
	assert_int_equal(told("bot", "\"transfer_result\":\"failed\"",
			      "\"transfer_reason\":\"error\""),
			 1);
	assert_null(session_find("c1"));
	assert_null(session_find(far.sid));
}


static bool connected_handler(const char *name)
{
	return !strcmp(name, "bot");
}


static void post_handler(const char *name, const char *sid, uint64_t seq,
			 const char *text)
{
	(void)name;
	(void)sid;
	(void)seq;
	(void)text;
}


/* The client is connected, so referd sends its hooks */
static const struct clients_away away = {
	.connected = connected_handler,
	.post = post_handler,
};


static void test_hold_music(void **state)
{
	char ack[256];
	(void)state;

	clients_away(&away);
	bot(VERB(",\"onHoldHook\":\"/hold\""));
	(void)gw_expect("\"run\":false");
	expect_hold(true);
	expect_dial("101");

	(void)snprintf(ack, sizeof(ack),
		       "{\"type\":\"ack\",\"msgid\":\"%s\",\"data\":["
		       "{\"verb\":\"play\",\"url\":\"a.wav\"},"
		       "{\"verb\":\"play\",\"url\":[\"b.wav\",\"c.wav\"]}]}",
		       told_msgid("bot", "verb:hook", "\"/hold\""));
	bot(ack);
	(void)gw_expect("\"url\":[\"a.wav\",\"b.wav\",\"c.wav\"],\"loop\":0");
	second("closed", "busy", 486);
	expect_dial("102");
	second("closed", "busy", 486);
	(void)gw_expect("\"cancel\"");
	expect_hold(false);
	assert_int_equal(told("bot", "transfer:event", "\"ended\""), 1);
	clients_away(NULL);
}


static void test_hold_takes_no_other_verb(void **state)
{
	char ack[256];
	(void)state;

	clients_away(&away);
	bot(VERB(",\"onHoldHook\":\"/hold\""));
	(void)gw_expect("\"run\":false");
	expect_hold(true);
	expect_dial("101");

	(void)snprintf(ack, sizeof(ack),
		       "{\"type\":\"ack\",\"msgid\":\"%s\",\"data\":["
		       "{\"verb\":\"hangup\"}]}",
		       told_msgid("bot", "verb:hook", "\"/hold\""));
	bot(ack);
	assert_string_equal(gw_request(), "");
	assert_int_equal(told("bot", "jambonz:error", "onHoldHook"), 1);
	clients_away(NULL);
}


/* A far end that refuses the re-INVITE hears the music all the same */
static void test_hold_refused(void **state)
{
	const char *line;
	(void)state;

	bot(VERB(""));
	(void)gw_expect("\"run\":false");
	line = gw_request();
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,"
		  "\"field\":\"hold\",\"error\":\"488\"",
		  member(line, "ref"));
	expect_dial("101");
}


int main(void)
{
#define CASE(t)                                                               \
	cmocka_unit_test_setup_teardown(t, onenode_setup, onenode_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_joined),
		CASE(test_second_call_is_told),
		CASE(test_wrong_target),
		CASE(test_next_target),
		CASE(test_wrong_digit),
		CASE(test_digit_during_prompt),
		CASE(test_target_hangs_up_during_prompt),
		CASE(test_prompt_cannot_be_played),
		CASE(test_refer_refused),
		CASE(test_caller_hangs_up),
		CASE(test_caller_hangs_up_while_held),
		CASE(test_both_hang_up),
		CASE(test_other_verbs),
		CASE(test_hangup_follows),
		CASE(test_voicemail_follows),
		CASE(test_cancelled),
		CASE(test_cancelled_while_joining),
		CASE(test_verbs_to_the_second_call),
		CASE(test_strange_second_call),
		CASE(test_restart_asks_again),
		CASE(test_restart_while_it_listens),
		CASE(test_restart_without_second_call),
		CASE(test_restart_without_caller),
		CASE(test_restart_while_joining),
		CASE(test_restart_while_cleaning),
		CASE(test_baresip_is_gone),
		CASE(test_hold_music),
		CASE(test_hold_takes_no_other_verb),
		CASE(test_hold_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
