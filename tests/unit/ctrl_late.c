/**
 * @file ctrl_late.c  Tests of late final statuses: which clients get them, and
 * how often
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "base/base.h"
#include "calls/calls.h"
#include "calls/latehook.h"
#include "calls/transfer.h"
#include "onecall.h"
#include "store/store.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


enum { MANY = 10000 };

#define STATUS "\"type\":\"transfer:status\""
#define LATE   "\"step\":\"late\""
#define HOOK   "\"hook\":\"/e\""

#define UNKNOWN                                                               \
	"\"refer_status\":202,\"outcome\":\"unknown\",\"evidence\":"          \
	"\"timer:notify\",\"confidence\":\"low\",\"media\":false"
#define NOTIFIED                                                              \
	"\"refer_status\":202,\"call_status\":486,\"outcome\":\"failed\","    \
	"\"evidence\":\"notify\",\"confidence\":\"high\",\"media\":true"
#define REFUSED                                                               \
	"\"refer_status\":603,\"outcome\":\"failed\",\"evidence\":"           \
	"\"response\",\"confidence\":\"high\""


static void step(const char *id, const char *ref, const char *rest)
{
	gateway_report("\"type\":\"transfer\",\"call_sid\":\"c1\","
		       "\"transfer_id\":\"%s\",\"ref\":\"%s\",%s",
		       id, ref, rest);
}


/* A transfer that has begun; its reference */
static const char *transfer(const char *id, const char *hooks)
{
	char verb[256];
	const char *ref;

	(void)snprintf(verb, sizeof(verb),
		       "{\"verb\":\"sip:refer\",\"referTo\":\"1\","
		       "\"call_sid\":\"c1\",\"id\":\"v\"%s}",
		       hooks);
	bot_say_text(verb);
	ref = gateway_accept();
	assert_string_not_equal(ref, "");
	step(id, ref,
	     "\"step\":\"requested\",\"refer_to\":\"sip:100@10.0.0.1\"");

	return ref;
}


/* The hooks of a call come one after the other */
static void ack(const char *what, const char *id)
{
	char own[64], text[128];

	(void)snprintf(own, sizeof(own), "\"transfer_id\":\"%s\"", id);
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"ack\",\"msgid\":\"%s\"}",
		       told_msgid("bot", what, own));
	bot_say_text(text);
}


static void end(const char *id, const char *hooks, const char *how)
{
	char ref[128], text[512];

	(void)snprintf(ref, sizeof(ref), "%s", transfer(id, hooks));
	(void)snprintf(text, sizeof(text), "\"step\":\"ended\",%s", how);
	step(id, ref, text);
	ack("\"hook\":\"/a\"", id);
}


static void late(const char *id)
{
	step(id, "gone",
	     "\"step\":\"late\",\"call_status\":200,\"reason\":\"OK\","
	     "\"sip\":{\"start\":\"NOTIFY sip:gw SIP/2.0\"}");
}


static unsigned told_late(void)
{
	return told("bot", STATUS, LATE);
}


static unsigned hooked(void)
{
	return told("bot", HOOK, "\"late\":true");
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


/* How many eventHooks are kept */
static unsigned kept(void)
{
	unsigned n = 0;

	store_each(STORE_LATE, count_handler, &n);

	return n;
}


static void row_handler(const char *call_sid, const char *data, void *arg)
{
	(void)call_sid;

	(void)snprintf(arg, 2048, "%s", data);
}


/* The transfer as it is listed, "" if it is not */
static const char *row(const char *id)
{
	static char data[2048];

	*data = '\0';
	if (archive_written(id, row_handler, data))
		(void)archive_get(id, row_handler, data);

	return data;
}


static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
}


#define EVENT ",\"eventHook\":\"/e\",\"actionHook\":\"/a\""


/* The end as reported to clients, to the actionHook, and in lists */
static void test_end(void **state)
{
	static const char *const parts[] = {"\"confidence\":\"low\"",
					    "\"media\":false"};
	(void)state;

	end("t", EVENT, UNKNOWN);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(told("bot", STATUS, parts[i]), 1);
		assert_int_equal(told("bot", "\"hook\":\"/a\"", parts[i]), 1);
		assert_has(row("t"), parts[i]);
	}

	end("u", EVENT, REFUSED);
	assert_int_equal(told("bot", STATUS, "\"confidence\":\"high\""), 1);
	assert_has(row("u"), "\"confidence\":\"high\"");
	assert_null(strstr(row("u"), "media"));
}


/* It is reported, and the outcome does not change */
static void test_late(void **state)
{
	static const char *const parts[] = {
		"\"hook\":\"/e\"",
		"\"event\":\"transfer-status\"",
		"\"call_status\":\"200\"",
		"\"transfer_id\":\"t\"",
		"\"verb_id\":\"v\"",
		"\"call_sid\":\"c1\"",
		"\"from_uri\":\"sip:+4930123@10.0.0.1\"",
	};
	const uint64_t before = counter_value(COUNTER_LATE);
	(void)state;

	end("t", EVENT, UNKNOWN);
	late("t");

	assert_int_equal(told_late(), 1);
	assert_int_equal(told("bot", LATE, "\"call_status\":200"), 1);
	assert_int_equal(told("bot", LATE, "\"refer_status\":202"), 1);
	assert_int_equal(told("bot", LATE, "\"verb_id\":\"v\""), 1);
	assert_int_equal(told("bot", LATE, "sip:100@10.0.0.1"), 1);
	assert_int_equal(told("bot", LATE, "\"sip\":{\"start\":\"NOTIFY"), 1);
	assert_int_equal(told("bot", LATE, "outcome"), 0);
	assert_int_equal(told("bot", LATE, "confidence"), 0);
	assert_true(counter_value(COUNTER_LATE) == before + 1);

	assert_has(row("t"), "\"outcome\":\"unknown\"");
	assert_has(row("t"), "\"step\":\"ended\"");
	assert_has(row("t"), "\"late_status\":200");
	assert_has(row("t"), "\"late_reason\":\"OK\"");
	assert_null(strstr(row("t"), "\"call_status\""));
	assert_null(strstr(row("t"), "\"code\""));

	assert_int_equal(hooked(), 1);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		assert_int_equal(told("bot", "\"late\":true", parts[i]), 1);
	assert_int_equal(kept(), 0);
}


static void test_twice(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	late("t");
	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 1);
}


/* A transfer in progress, or with a final NOTIFY, cannot have a late status */
static void test_senseless(void **state)
{
	char ref[128];
	(void)state;

	(void)snprintf(ref, sizeof(ref), "%s", transfer("t", EVENT));
	late("t");
	assert_int_equal(told_late(), 0);
	step("t", ref, "\"step\":\"ended\"," NOTIFIED);
	assert_int_equal(told("bot", STATUS, "\"outcome\":\"failed\""), 1);

	assert_int_equal(kept(), 0);
	late("t");
	assert_int_equal(told_late(), 0);
	assert_null(strstr(row("t"), "late"));
}


static void test_refused(void **state)
{
	(void)state;

	end("t", EVENT, REFUSED);
	assert_int_equal(kept(), 0);
}


static void test_other_call(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	gateway_report("\"type\":\"transfer\",\"call_sid\":\"c2\","
		       "\"transfer_id\":\"t\",\"ref\":\"r\",\"step\":\"late\","
		       "\"call_status\":200");
	assert_int_equal(told_late(), 0);

	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 1);
}


/* The instance id is another one, and the call is over */
static void test_other_baresip(void **state)
{
	static const char hello[] =
		"{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw2\","
		"\"boot\":\"b2\",\"first\":1,\"next\":1}\n";
	(void)state;

	end("t", EVENT, UNKNOWN);
	gateway_call("closed", "c1", "completed");
	gateway_connect();
	gateway_say(hello, sizeof(hello) - 1);
	late("t");
	assert_int_equal(told_late(), 0);
	assert_int_equal(hooked(), 0);
}


/* The hook reports the call as it was then */
static void test_after_the_call(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	gateway_call("closed", "c1", "completed");
	assert_null(session_find("c1"));
	assert_int_equal(kept(), 1);

	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 1);
	assert_int_equal(told("bot", "\"late\":true", "\"duration\":0"), 1);
	assert_int_equal(kept(), 0);
}


/* The call is over before the transfer is */
static void test_end_after_the_call(void **state)
{
	char ref[128];
	(void)state;

	(void)snprintf(ref, sizeof(ref), "%s", transfer("t", EVENT));
	gateway_call("closed", "c1", "completed");
	step("t", ref,
	     "\"step\":\"ended\",\"outcome\":\"presumed\",\"evidence\":"
	     "\"bye\"");
	assert_int_equal(kept(), 1);
	referd_time_passes();
	assert_int_equal(kept(), 0);
}


/* Late hooks of a live call wait until the call ends */
static void test_time_passes(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	referd_time_passes();
	assert_int_equal(kept(), 1);

	gateway_call("closed", "c1", "completed");
	referd_time_passes();
	assert_int_equal(kept(), 0);

	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 0);
}


static void test_tag_changes(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	bot_say_text("{\"verb\":\"tag\",\"data\":{\"a\":17},"
		     "\"call_sid\":\"c1\"}");
	late("t");
	assert_int_equal(
		told("bot", "\"late\":true", "\"customerData\":{\"a\":17}"),
		1);
}


/* Two of one call, the first of them first */
static void test_two(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	end("u", EVENT, UNKNOWN);
	assert_int_equal(kept(), 2);
	late("t");
	assert_int_equal(kept(), 1);
	late("u");
	assert_int_equal(kept(), 0);
	assert_int_equal(told_late(), 2);
}


static void test_jambonz(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	assert_int_equal(
		told("bot", "\"hook\":\"/a\"", "\"confidence\":\"low\""), 1);
	late("t");
	assert_int_equal(told("bot", "\"late\":true", "\"call_status\":200"),
			 1);
}


/* It is tried again as any other */
static void test_http(void **state)
{
	(void)state;

	end("t", ",\"eventHook\":\"http://127.0.0.1/e\"", UNKNOWN);
	assert_int_equal(told("bot", "hook:status", "\"event\":\"sent\""), 1);
	gateway_call("closed", "c1", "completed");
	late("t");
	referd_time_passes();
	assert_int_equal(told("bot", "hook:status", "127.0.0.1/e"), 1);

	assert_true(hook_answer(500, "", 0));
	referd_time_passes();
	assert_true(hook_answer(200, "", 0));
	assert_int_equal(told("bot", "127.0.0.1/e", "\"answered\""), 1);
}


/* Without an eventHook no hook is stored */
static void test_no_hook(void **state)
{
	(void)state;

	end("t", "", UNKNOWN);
	assert_int_equal(kept(), 0);
	late("t");
	assert_int_equal(told_late(), 1);
}


/* The archive has lost the transfer, or never had it */
static void test_not_kept(void **state)
{
	(void)state;

	late("t");
	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(told("bot", LATE, "\"transfer_id\":\"t\""), 1);
	assert_string_equal(row("t"), "");
}


/* A node that sends the reports in the wrong order */
static void test_before_its_end(void **state)
{
	(void)state;

	late("t");
	end("t", EVENT, UNKNOWN);
	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(told("bot", STATUS, "\"step\":\"ended\""), 1);
}


static void back(void)
{
	referd_restart();
	bot_connect(false);
	gateway_connect();
	gateway_hello();
}


/* The node does not repeat a report once referd has taken it */
static void test_slow_disk(void **state)
{
	(void)state;

	referd_disk(true);
	late("t");
	assert_int_equal(kept(), 1);
	back();
	assert_int_equal(kept(), 1);

	referd_disk(false);
	assert_int_equal(told_late(), 1);
	assert_int_equal(told("bot", LATE, "\"call_status\":200"), 1);
	assert_int_equal(told("bot", LATE, "sip:100@10.0.0.1"), 0);
	assert_int_equal(told("bot", LATE, "\"sip\":{\"start\":\"NOTIFY"), 1);
	assert_int_equal(kept(), 0);
}


/* The call was over, or it ends meanwhile */
static void test_restart(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	gateway_call("closed", "c1", "completed");
	back();
	back();
	assert_int_equal(kept(), 1);
	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 1);
	assert_int_equal(told("bot", "\"late\":true", "\"duration\":0"), 1);
	ack("\"late\":true", "t");
	back();
	late("t");
	assert_int_equal(told_late(), 1);
	assert_int_equal(hooked(), 1);
}


static void test_restart_with_call(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	referd_restart();
	referd_time_passes();
	assert_int_equal(kept(), 1);

	bot_connect(false);
	gateway_connect();
	gateway_hello(); /* which knows of no call */
	assert_null(session_find("c1"));
	assert_int_equal(kept(), 1);
	late("t");
	assert_int_equal(hooked(), 1);
}


static void test_restart_and_time(void **state)
{
	(void)state;

	end("t", EVENT, UNKNOWN);
	gateway_call("closed", "c1", "completed");
	referd_restart();
	assert_int_equal(kept(), 1);
	referd_time_passes();
	assert_int_equal(kept(), 0);
}


/* Of too many the oldest is lost, and all go when their time is over */
static void test_many(void **state)
{
	struct verb v = {.event = {.url = "/e", .method = "POST"}, .id = "v"};
	const struct call *c = session_find("c1")->call;
	char id[16];
	(void)state;

	for (unsigned i = 0; i <= MANY; i++) {
		(void)snprintf(id, sizeof(id), "t%u", i);
		latehook_add(c, &v,
			     &(struct transfer){.id = id, .evidence = "bye"});
	}
	assert_int_equal(kept(), MANY);

	referd_restart();
	assert_int_equal(kept(), MANY);

	bot_connect(false);
	gateway_connect();
	gateway_hello();
	while (kept())
		referd_time_passes();
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_senseless, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_call, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_other_baresip, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_after_the_call, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_end_after_the_call, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_time_passes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_tag_changes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_two, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jambonz, setup_jambonz,
						teardown),
		cmocka_unit_test_setup_teardown(test_http, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_hook, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_kept, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_slow_disk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_before_its_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_with_call, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_restart_and_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
