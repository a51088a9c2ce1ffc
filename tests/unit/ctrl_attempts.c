/**
 * @file ctrl_attempts.c  Tests of targets that are tried one after the other
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
#include <cjson/cJSON.h>


#define LIST(more)                                                            \
	"{\"verb\":\"sip:refer\",\"referTo\":[\"1\",\"2\",\"3\"],"            \
	"\"id\":\"v\",\"actionHook\":\"/a\"" more "}"
#define BLIND(more)                                                           \
	"{\"verb\":\"transfer\",\"mode\":\"blind\",\"id\":\"v\","             \
	"\"actionHook\":\"/a\",\"eventHook\":\"/e\",\"target\":["             \
	"{\"type\":\"phone\",\"number\":\"1\"},"                              \
	"{\"type\":\"sip\",\"sipUri\":\"sip:2@h\"}]" more "}"
#define AND_PAUSE(verb) "[" verb ",{\"verb\":\"pause\",\"length\":0}]"
#define REQUESTED       "\"step\":\"requested\",\"refer_to\":\"sip:x@h\""
#define UNKNOWN                                                               \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"unknown\","    \
	"\"evidence\":\"timer:notify\",\"confidence\":\"low\""
#define CANCELLED(evidence)                                                   \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"cancelled\","  \
	"\"evidence\":\"" evidence "\",\"call_status\":180"
#define FINAL(outcome, status)                                                \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"" outcome      \
	"\",\"evidence\":\"notify\",\"call_status\":" #status

static char ref[128];
static char last[16];   /* transfer_id */
static unsigned before; /* actionHooks seen earlier */


/* The node is asked for the next target, and sends its REFER */
static void begins(const char *target, const char *id)
{
	strcpy(ref, gw_expect(target));
	gw_transfer(ref, id, REQUESTED);
	strcpy(last, id);
}


static void begins_list(const char *verb)
{
	bot(verb);
	begins("\"run\":true", "t1");
}


struct count {
	const char *text;
	unsigned n;
};


static void count_handler(const char *key, const char *data, void *arg)
{
	struct count *count = arg;
	(void)key;

	count->n += strstr(data, count->text) != NULL;
}


static unsigned hooks(const char *text)
{
	struct count count = {.text = text};

	store_each(STORE_OUTBOX, count_handler, &count);

	return count.n;
}


/* The actionHooks that wait for the client, which is not there */
static unsigned actions(void)
{
	return hooks("\"url\":\"/a\"") - before;
}


static void afresh(void)
{
	before += actions();
	told_begin();
}


static void find_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	const char *t = cJSON_GetStringValue(
		cJSON_GetObjectItem(tree, "transfer_id"));
	cJSON **datap = arg;
	(void)key;

	if (strstr(data, "\"url\":\"/a\"") && t && !strcmp(t, last))
		*datap = cJSON_DetachItemFromObject(tree, "data");
	cJSON_Delete(tree);
}


/* The actionHook, which reports the last transfer */
static cJSON *action(void)
{
	cJSON *data = NULL;

	assert_int_equal(actions(), 1);
	store_each(STORE_OUTBOX, find_handler, &data);
	assert_non_null(data);

	return data;
}


static void action_has(const char *key, const char *value)
{
	cJSON *data = action();
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(data, key));

	if (!s)
		fail_msg("no %s", key);
	assert_string_equal(s, value);
	cJSON_Delete(data);
}


static void action_attempts(const char *text)
{
	cJSON *data = action();
	char *attempts = cJSON_PrintUnformatted(
		cJSON_GetObjectItem(data, "attempts"));

	assert_string_equal(attempts, text);
	cJSON_free(attempts);
	cJSON_Delete(data);
}


/* An earlier one is not forgotten */
static void action_attempts_begin(const char *id)
{
	cJSON *data = action();
	const cJSON *list = cJSON_GetObjectItem(data, "attempts");
	const cJSON *one = cJSON_GetObjectItem(list->child, "transfer_id");

	assert_string_equal(cJSON_GetStringValue(one), id);
	cJSON_Delete(data);
}


static void none_follows(void)
{
	assert_string_equal(gw_request(), "");
	assert_int_equal(actions(), 1);
	assert_int_equal(told("bot", "verb:status", "finished"), 1);
}


static void test_next_after_failed(void **state)
{
	(void)state;

	begins_list(LIST(""));
	assert_int_equal(
		told("bot", "transfer:status", "\"attempt\":1,\"attempts\":3"),
		1);
	gw_transfer(ref, "t1", ENDED("failed"));
	assert_int_equal(actions(), 0);
	begins("\"referTo\":\"2\"", "t2");
	assert_int_equal(told("bot", "\"t2\"", "\"attempt\":2,\"attempts\":3"),
			 1);
	gw_transfer(ref, "t2", FINAL("transferred", 200));

	none_follows();
	assert_int_equal(told("bot", "verb:status", "starting"), 1);
	assert_int_equal(told("bot", "transfer:status", "\"verb_id\":\"v\""),
			 4);
	action_has("final_referred_call_status", "200");
	action_has("transfer_id", "t2");
	action_attempts("[{\"transfer_id\":\"t1\",\"attempt\":1,\"refer_to\":"
			"\"sip:x@h\",\"refer_status\":\"202\","
			"\"call_status\":\"486\",\"outcome\":\"failed\","
			"\"evidence\":\"notify\"},"
			"{\"transfer_id\":\"t2\",\"attempt\":2,\"refer_to\":"
			"\"sip:x@h\",\"refer_status\":\"202\","
			"\"call_status\":\"200\",\"outcome\":\"transferred\","
			"\"evidence\":\"notify\"}]");
}


static void test_all_fail(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	begins("\"referTo\":\"2\"", "t2");
	gw_transfer(ref, "t2", ENDED("failed"));
	begins("\"referTo\":\"3\"", "t3");
	gw_transfer(ref, "t3", ENDED("failed"));
	none_follows();
	action_has("outcome", "failed");
}


static void test_unknown_stops(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", UNKNOWN);
	none_follows();
	action_has("outcome", "unknown");
}


static void test_unknown_goes_on(void **state)
{
	(void)state;

	begins_list(LIST(",\"onUnknown\":\"next\""));
	gw_transfer(ref, "t1", UNKNOWN);
	begins("\"force\":true", "t2");
	gw_transfer(ref, "t2", FINAL("transferred", 200));
	none_follows();
}


/* The outcome is unknown, and another member may have sent it to the
   application */
static void test_lost_stops(void **state)
{
	(void)state;

	begins_list(LIST(",\"onUnknown\":\"next\""));
	intake_lost("t1", "the machine was given up");
	none_follows();
}


static void test_presumed_and_cancelled_stop(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("presumed"));
	none_follows();

	afresh();
	begins_list(LIST(",\"onUnknown\":\"next\""));
	gw_transfer(ref, "t4", CANCELLED("application"));
	none_follows();
}


static void test_no_answer_goes_on(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", CANCELLED("timer:answer"));
	begins("\"referTo\":\"2\"", "t2");
}


/* The attempt fails before the node has the cancel */
static void test_superseded_stops(void **state)
{
	char check[128];
	(void)state;

	begins_list(LIST(""));
	bot("{\"verb\":\"pause\",\"length\":0}");
	strcpy(check, gw_expect("\"cancel\""));
	gw_transfer(ref, "t1", ENDED("failed"));
	assert_string_equal(gw_request(), "");
	assert_int_equal(actions(), 1);
}


/* The same of a client's word, before it is known that it came too late */
static void test_cancel_stops(void **state)
{
	(void)state;

	begins_list(LIST(""));
	bot("{\"type\":\"command\",\"command\":\"transfer:cancel\"}");
	(void)gw_expect("\"unsubscribe\":true");
	gw_transfer(ref, "t1", ENDED("failed"));
	none_follows();
	action_has("outcome", "failed");
}


static void test_call_ends_between(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	strcpy(ref, member(gw_request(), "ref"));
	gw_call("closed", "completed");
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,\"field\":"
		  "\"call_sid\",\"error\":\"No live call has this call_sid\"",
		  ref);
	none_follows();
	assert_int_equal(told("bot", "jambonz:error", ""), 0);
	assert_null(session_find("c1"));
}


static void test_node_refuses_the_next(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	strcpy(ref, member(gw_request(), "ref"));
	gw_report(
		"\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,\"index\":0,"
		"\"field\":\"referTo\",\"error\":\"referTo must be better\"",
		ref);
	assert_int_equal(told("bot", "jambonz:error",
			      "\"sip:refer: referTo[1] must be better\""),
			 1);
	none_follows();
	action_has("transfer_id", "t1");
}


/* Before any is tried, all are checked */
static void test_one_of_them_is_wrong(void **state)
{
	const char *line;
	(void)state;

	bot("[{\"verb\":\"pause\",\"length\":0},"
	    "{\"verb\":\"sip:refer\",\"referTo\":[\"1\",\"<\"]}]");
	line = gw_request();
	assert_non_null(strstr(line, "\"referTo\":\"1\""));
	assert_non_null(strstr(line, "\"referTo\":\"<\""));
	gw_report(
		"\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,"
		"\"index\":1,\"field\":\"referTo\",\"error\":\"referTo: no\"",
		member(line, "ref"));
	assert_int_equal(told("bot", "jambonz:error",
			      "\"verbs[1]: sip:refer: referTo[1]: no\""),
			 1);
	assert_int_equal(told("bot", "verb:status", ""), 0);
}


/* One action, no attempt twice */
static void test_restart_between(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	strcpy(ref, member(gw_request(), "ref"));

	restart_live("in-progress", "");
	assert_string_equal(gw_expect("\"referTo\":\"2\""), ref);
	gw_transfer(ref, "t2", REQUESTED);
	strcpy(last, "t2");
	gw_transfer(ref, "t2", FINAL("transferred", 200));
	none_follows();
	assert_int_equal(told("bot", "verb:status", "starting"), 1);
	action_has("transfer_id", "t2");
	action_attempts_begin("t1");
}


static void test_restart_in_the_middle(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	begins("\"referTo\":\"2\"", "t2");

	restart_live("in-progress", "\"t2\"");
	assert_string_equal(gw_request(), "");
	gw_transfer(ref, "t2", ENDED("failed"));
	begins("\"referTo\":\"3\"", "t3");
	assert_int_equal(told("bot", "\"t3\"", "\"attempt\":3,\"attempts\":3"),
			 1);
	gw_transfer(ref, "t3", ENDED("failed"));
	none_follows();
	action_attempts_begin("t1");
}


/* The client hears only of the end of the call, which ends the list as well */
static void test_call_gone_meanwhile(void **state)
{
	(void)state;

	begins_list(LIST(""));
	gw_transfer(ref, "t1", ENDED("failed"));
	(void)gw_request();

	restart();
	gw_connect("boot1");
	gw_sync("");
	assert_int_equal(actions(), 1);
	action_has("transfer_id", "t1");
	assert_null(session_find("c1"));
}


/* A late status is reported for the attempt that it belongs to */
static void test_late_is_of_its_own(void **state)
{
	(void)state;

	begins_list(LIST(",\"onUnknown\":\"next\",\"eventHook\":\"/e\""));
	gw_transfer(ref, "t1", UNKNOWN);
	begins("\"referTo\":\"2\"", "t2");
	gw_report("\"type\":\"transfer\",\"call_sid\":\"c1\",\"transfer_id\":"
		  "\"t1\",\"step\":\"late\",\"call_status\":200,"
		  "\"refer_status\":202");
	turns();
	assert_int_equal(told("bot", "\"step\":\"late\"",
			      "\"attempt\":1,\"attempts\":3"),
			 1);
	assert_int_equal(hooks("\"late\":true,\"transfer_id\":\"t1\","
			       "\"attempt\":1,\"attempts\":3"),
			 1);
	assert_int_equal(rows(STORE_LATE), 0);
	gw_transfer(ref, "t2", ENDED("failed"));
	begins("\"referTo\":\"3\"", "t3");
}


static void test_dry_run_is_asked_whole(void **state)
{
	const char *line;
	(void)state;

	bot(LIST(",\"dryRun\":true"));
	line = gw_request();
	assert_non_null(strstr(line, "\"run\":true,\"attempts\":3"));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true,"
		  "\"dry_run\":{\"refer_to\":\"sip:1@h\",\"attempts\":[1]}",
		  member(line, "ref"));
	assert_int_equal(told("bot", "verb:status",
			      "\"dry_run\":{\"refer_to\":\"sip:1@h\","
			      "\"attempts\":[1]}"),
			 1);
	assert_string_equal(gw_request(), "");
}


static void blind_ends(const char *result, const char *reason)
{
	action_has("transfer_result", result);
	action_has("transfer_reason", reason);
	assert_int_equal(told("bot", "transfer:event", "\"ended\""), 1);
}


static void test_blind_bridges(void **state)
{
	cJSON *data;
	(void)state;

	begins_list(BLIND(""));
	gw_transfer(ref, "t1",
		    "\"step\":\"progress\",\"refer_status\":202,"
		    "\"call_status\":100");
	gw_transfer(ref, "t1",
		    "\"step\":\"progress\",\"refer_status\":202,"
		    "\"call_status\":180");
	gw_transfer(ref, "t1", FINAL("failed", 486));
	begins("\"referTo\":\"sip:2@h\"", "t2");
	gw_transfer(ref, "t2", FINAL("transferred", 200));
	none_follows();
	blind_ends("bridged", "completed");
	assert_int_equal(told("bot", "transfer:status",
			      "\"verb\":\"transfer\",\"attempt\":2"),
			 2);
	assert_int_equal(told("bot", "transfer:event", "\"dialing\""), 2);
	assert_int_equal(told("bot", "transfer:event", "\"ringing\""), 1);
	assert_int_equal(told("bot", "transfer:event", "\"next\""), 1);
	assert_int_equal(told("bot", "transfer:event", "\"answered\""), 1);

	data = action();
	assert_int_equal(cJSON_GetObjectItem(data, "sip_status")->valueint,
			 200);
	cJSON_Delete(data);
}


static void both_are_busy(void)
{
	gw_transfer(ref, "t1", FINAL("failed", 486));
	begins("\"referTo\":\"sip:2@h\"", "t2");
	gw_transfer(ref, "t2", FINAL("failed", 486));
}


struct row {
	const char *end;
	const char *result;
	const char *reason;
};

/* Both targets end so; then the verbs go on */
static void test_blind_returns(void **state)
{
	static const struct row rows[] = {
		{FINAL("failed", 408), "returned", "no-answer"},
		{FINAL("failed", 480), "returned", "no-answer"},
		{FINAL("failed", 487), "returned", "no-answer"},
		{FINAL("failed", 486), "returned", "busy"},
		{FINAL("failed", 600), "returned", "busy"},
		{FINAL("failed", 603), "returned", "declined"},
		{FINAL("failed", 607), "returned", "declined"},
		{FINAL("failed", 404), "failed", "error"},
		{FINAL("failed", 604), "failed", "error"},
		{CANCELLED("timer:answer"), "returned", "no-answer"},
		{UNKNOWN, "returned", "no-answer"},
		{"\"step\":\"ended\",\"outcome\":\"unknown\",\"evidence\":"
		 "\"timer:ringing\",\"refer_status\":202,\"call_status\":180",
		 "returned", "no-answer"},
		{"\"step\":\"ended\",\"outcome\":\"unknown\",\"evidence\":"
		 "\"terminated\",\"refer_status\":202",
		 "failed", "error"},
		{"\"step\":\"ended\",\"outcome\":\"failed\",\"evidence\":"
		 "\"response\",\"refer_status\":603",
		 "returned", "declined"},
		{"\"step\":\"ended\",\"outcome\":\"failed\",\"evidence\":"
		 "\"timeout\",\"refer_status\":408",
		 "returned", "no-answer"},
		{"\"step\":\"ended\",\"outcome\":\"failed\",\"evidence\":"
		 "\"transport\",\"refer_status\":503",
		 "failed", "error"},
	};
	char one[16], two[16];
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(one, sizeof(one), "a%zu", i);
		(void)snprintf(two, sizeof(two), "b%zu", i);
		afresh();
		bot(BLIND(""));
		begins("\"run\":true", one);
		gw_transfer(ref, one, rows[i].end);
		begins("\"referTo\":\"sip:2@h\"", two);
		gw_transfer(ref, two, rows[i].end);
		none_follows();
		blind_ends(rows[i].result, rows[i].reason);
	}
}


static void test_blind_cancelled(void **state)
{
	(void)state;

	begins_list(BLIND(",\"disposition\":{\"onFailure\":\"hangup\"}"));
	gw_transfer(ref, "t1", CANCELLED("application"));
	none_follows();
	blind_ends("failed", "error");
}


static void test_caller_hangs_up(void **state)
{
	(void)state;

	begins_list(BLIND(",\"disposition\":{\"onFailure\":\"hangup\"}"));
	gw_call("closed", "completed");
	gw_transfer(ref, "t1",
		    "\"step\":\"ended\",\"outcome\":\"failed\",\"evidence\":"
		    "\"bye\",\"refer_status\":487");
	none_follows();
	blind_ends("failed", "caller-abandoned");
}


static void test_hangup(void **state)
{
	(void)state;

	begins_list(
		AND_PAUSE(BLIND(",\"disposition\":{\"onBusy\":\"hangup\"}")));
	both_are_busy();
	blind_ends("returned", "busy");
	(void)gw_expect("[{\"verb\":\"hangup\"}]");
	gw_call("closed", "completed");
	assert_null(session_find("c1"));
	assert_int_equal(told("bot", "verb:status", "pause"), 0);
}


static void test_hangup_after_restart(void **state)
{
	(void)state;

	begins_list(BLIND(",\"disposition\":{\"onBusy\":\"hangup\"}"));
	both_are_busy();
	(void)gw_request();
	restart_live("in-progress", "");
	(void)gw_expect("[{\"verb\":\"hangup\"}]");
	assert_int_equal(actions(), 1);
}


#define MAILBOX                                                               \
	",\"disposition\":{\"onNoAnswer\":\"voicemail\","                     \
	"\"voicemailUrl\":\"sip:vm@h\"}"

static void to_mailbox(void)
{
	begins_list(BLIND(MAILBOX));
	gw_transfer(ref, "t1", FINAL("failed", 486));
	begins("\"referTo\":\"sip:2@h\"", "t2");
	gw_transfer(ref, "t2", FINAL("failed", 480));
	begins("\"referTo\":\"sip:vm@h\"", "t3");
	assert_int_equal(told("bot", "\"t3\"", "\"attempt\":3,\"attempts\":3"),
			 1);
}


static void test_mailbox(void **state)
{
	cJSON *data;
	(void)state;

	to_mailbox();
	gw_transfer(ref, "t3", FINAL("transferred", 200));
	none_follows();
	blind_ends("voicemail", "no-answer");
	data = action();
	assert_int_equal(cJSON_GetObjectItem(data, "sip_status")->valueint,
			 480);
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(data, "attempts")), 3);
	cJSON_Delete(data);
}


static void test_mailbox_is_busy(void **state)
{
	(void)state;

	to_mailbox();
	restart_live("in-progress", "\"t3\"");
	gw_transfer(ref, "t3", FINAL("failed", 486));
	none_follows();
	blind_ends("failed", "error");
}


/* The voicemail URL cannot be fetched, and the call continues */
static void test_voicemail_is_fetched(void **state)
{
	(void)state;

	begins_list(
		AND_PAUSE(BLIND(",\"disposition\":{\"onBusy\":\"voicemail\","
				"\"voicemailUrl\":\"http://10.77.0.9/v\"}")));
	both_are_busy();
	blind_ends("voicemail", "busy");
	assert_int_equal(hooks("\"url\":\"http://10.77.0.9/v\""), 1);
}


static int setup(void **state)
{
	before = 0;

	return onenode_setup(state);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, onenode_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_next_after_failed),
		CASE(test_all_fail),
		CASE(test_unknown_stops),
		CASE(test_unknown_goes_on),
		CASE(test_lost_stops),
		CASE(test_presumed_and_cancelled_stop),
		CASE(test_no_answer_goes_on),
		CASE(test_superseded_stops),
		CASE(test_cancel_stops),
		CASE(test_call_ends_between),
		CASE(test_node_refuses_the_next),
		CASE(test_one_of_them_is_wrong),
		CASE(test_restart_between),
		CASE(test_restart_in_the_middle),
		CASE(test_call_gone_meanwhile),
		CASE(test_late_is_of_its_own),
		CASE(test_dry_run_is_asked_whole),
		CASE(test_blind_bridges),
		CASE(test_blind_returns),
		CASE(test_blind_cancelled),
		CASE(test_caller_hangs_up),
		CASE(test_hangup),
		CASE(test_hangup_after_restart),
		CASE(test_mailbox),
		CASE(test_mailbox_is_busy),
		CASE(test_voicemail_is_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
