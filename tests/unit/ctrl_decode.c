/**
 * @file ctrl_decode.c  Tests of the messages of nodes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "nodes/nodes.h"
#include "nodes/decode.h"
#include "json.h"
#include "linkreport.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static struct report *decode(const char *text, const char **whyp)
{
	static char line[4096];
	struct report *r = NULL;

	assert_true(strlen(text) < sizeof(line));
	strcpy(line, text);
	(void)report_decode(&r, line, strlen(line), whyp);

	return r;
}


static void test_hello(void **state)
{
	const char *why;
	struct report *r;
	(void)state;

	r = decode("{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw1\","
		   "\"boot\":\"b\",\"aor\":\"sip:gw@x\",\"first\":17,"
		   "\"next\":20}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->kind, REPORT_HELLO);
	assert_string_equal(r->node, "gw1");
	assert_string_equal(r->aor, "sip:gw@x");
	assert_int_equal(r->first, 17);
	assert_int_equal(r->next, 20);
	report_free(r);
}


/* An address that is too long is left out */
static void test_hello_aor(void **state)
{
	char line[4096];
	const char *why;
	struct report *r;
	(void)state;

	for (int len = 2048; len <= 2049; len++) {
		(void)snprintf(line, sizeof(line),
			       "{\"type\":\"hello\",\"protocol\":1,"
			       "\"node\":\"gw1\",\"boot\":\"b\",\"first\":1,"
			       "\"next\":1,\"aor\":\"%0*d\"}",
			       len, 0);
		r = decode(line, &why);
		assert_non_null(r);
		assert_true((r->aor != NULL) == (len == 2048));
		report_free(r);
	}
}


static void test_call(void **state)
{
	const char *why;
	struct report *r;
	(void)state;

	r = decode("{\"type\":\"call\",\"n\":21,\"time\":1732000000123,"
		   "\"event\":\"new\",\"call\":{\"sid\":\"s\","
		   "\"direction\":\"inbound\",\"from\":\"sip:a@x\","
		   "\"to\":\"sip:b@y\",\"state\":\"ringing\","
		   "\"sip_status\":180,\"headers\":{\"X\":\"\xff\"},"
		   "\"uui\":[{\"data\":\"4869\"}]}}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->n, 21);
	assert_true(r->time == 1732000000123);
	assert_string_equal(r->call.state, "ringing");
	assert_string_equal(r->call.headers, "{\"X\":\"?\"}");
	assert_string_equal(r->call.uui, "[{\"data\":\"4869\"}]");
	assert_int_equal(r->call.sip_status, 180);
	assert_true(r->call.duration == -1);
	report_free(r);
}


static void test_transfer(void **state)
{
	const char *why;
	struct report *r;
	(void)state;

	r = decode("{\"type\":\"transfer\",\"n\":1,\"time\":5,"
		   "\"call_sid\":\"s\",\"transfer_id\":\"t\",\"ref\":\"r\","
		   "\"step\":\"ended\",\"refer_status\":202,"
		   "\"call_status\":99999,\"outcome\":\"unknown\","
		   "\"evidence\":\"terminated\",\"confidence\":\"low\","
		   "\"media\":false}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->refer_status, 202);
	assert_int_equal(r->call_status, 0);
	assert_string_equal(r->outcome, "unknown");
	assert_string_equal(r->confidence, "low");
	assert_int_equal(r->media, MAYBE_FALSE);
	report_free(r);
}


static struct report *step(const char *text)
{
	const char *why;
	char line[512];

	(void)snprintf(line, sizeof(line),
		       "{\"type\":\"transfer\",\"n\":1,\"call_sid\":\"s\","
		       "\"transfer_id\":\"t\",\"ref\":\"r\",%s}",
		       text);

	return decode(line, &why);
}


/* The report of the end carries outcome, evidence and confidence, in known
   words */
static void test_end(void **state)
{
	struct report *r;
	(void)state;

	r = step("\"step\":\"progress\",\"call_status\":180,"
		 "\"outcome\":\"failed\",\"confidence\":\"high\","
		 "\"media\":true");
	assert_non_null(r);
	assert_null(r->outcome);
	assert_null(r->confidence);
	assert_int_equal(r->media, MAYBE_UNTOLD);
	report_free(r);

	r = step("\"step\":\"ended\",\"outcome\":\"failed\","
		 "\"confidence\":\"fair\",\"media\":\"no\"");
	assert_non_null(r);
	assert_string_equal(r->outcome, "failed");
	assert_null(r->confidence);
	assert_int_equal(r->media, MAYBE_UNTOLD);
	report_free(r);
}


/* A late report must contain a final status */
static void test_late(void **state)
{
	struct report *r;
	(void)state;

	r = step("\"step\":\"late\",\"call_status\":200,"
		 "\"outcome\":\"transferred\"");
	assert_non_null(r);
	assert_int_equal(r->call_status, 200);
	assert_null(r->outcome);
	report_free(r);

	assert_null(step("\"step\":\"late\",\"call_status\":199"));
	assert_null(step("\"step\":\"late\",\"reason\":\"OK\""));
}


static void test_result(void **state)
{
	const char *why;
	struct report *r;
	(void)state;

	r = decode("{\"type\":\"result\",\"n\":2,\"ref\":\"r\",\"ok\":false,"
		   "\"index\":1,\"field\":\"referTo\",\"error\":\"no\"}",
		   &why);
	assert_non_null(r);
	assert_false(r->ok);
	assert_int_equal(r->index, 1);
	report_free(r);
}


static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"[]",
		"[[1]]",
		"[{}]",
		"{}",
		"{\"type\":\"call\"}",
		"{\"type\":\"call\",\"n\":1,\"event\":\"new\"}",
		"{\"type\":\"call\",\"n\":-1,\"event\":\"new\"}",
		"{\"type\":\"sync\",\"n\":1}",
		"{\"type\":\"sync\",\"n\":1,\"transfers\":{}}",
		"{\"type\":\"transfer\",\"n\":1}",
		"{\"type\":\"result\",\"n\":1,\"ok\":true}",
		"{\"type\":\"result\",\"n\":1,\"ref\":\"r\",\"ok\":false}",
		"{\"type\":\"hello\",\"node\":\"a\",\"boot\":\"b\"}",
		"{\"type\":\"hello\",\"protocol\":2,\"node\":\"a\","
		"\"boot\":\"b\"}",
		"{\"type\":\"call\",\"n\":1,\"event\":\"new\",\"call\":{"
		"\"sid\":\"01234567890123456789012345678901234567890\","
		"\"direction\":\"inbound\",\"from\":\"a\",\"to\":\"b\","
		"\"state\":\"ringing\"}}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *why = NULL;

		assert_null(decode(texts[i], &why));
		assert_non_null(why);
	}
}


static struct report *hello(const char *members)
{
	const char *why = NULL;
	char text[512];
	struct report *r;

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"hello\",\"protocol\":1,\"node\":\"a\","
		       "\"boot\":\"b\",%s",
		       members);
	r = decode(text, &why);
	if (!r)
		assert_string_not_equal(why, "is not a report of protocol 1");

	return r;
}


/* RFC 8259: the text after the last member that referd reads must be valid,
   too */
static void test_not_json(void **state)
{
	static const char *const bad[] = {
		"",
		"}",
		"\"a\":1",
		"\"a\":1}x",
		"\"a\":1}{}",
		"\"a\"}",
		"\"a\":}",
		"\"a\":1,}",
		",}",
		"1:2}",
		"\"a\":1 \"b\":2}",
		"\"a\":1]",
		"\"a\":[1}}",
		"\"a\":[1,]}",
		"\"a\":[1",
		"\"a\":.5}",
		"\"a\":+1}",
		"\"a\":-}",
		"\"a\":tru}",
		"\"a\":nul",
		"\"a\":x}",
		"\"a\":\"b}",
		"\"a\":\"\x01\"}",
		"\"a\":\"\x1f\"}",
		"\"a\":\x0b"
		"1}",
		"\"a\":\"\\x\"}",
		"\"a\":\"\\u12g4\"}",
		"\"a\":\"\\u\"}",
		"\"a\":\"\\ud83d\"}",
		"\"a\":\"\\ud83dx\"}",
		"\"a\":\"\\ud83d\\n\"}",
		"\"a\":\"\\ud83d\\u0041\"}",
		"\"a\":\"\\ud83d\\ud83d\"}",
		"\"a\":\"\\ude00\\ud83d\"}",
		"\"a\":\"\\ud83d\\u",
		"\"a\":\"\\",
		"\"a\":\"\\u",
		"\"a\":{\"b\":\"\\ude00\"}}",
		"\"a\":{\"b\" 1}}",
		"\"a\":[1 2]}",
		"\"a\":[{\"b\":tru}]}",
	};
	struct report *r;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = hello(bad[i]);
		if (r)
			fail_msg("%s was taken", bad[i]);
	}

	r = hello("\"a\":[{\"b\":[1,{},\"c\",-1.5e+3,true,false,null]}]} "
		  "\t\r");
	assert_non_null(r);
	report_free(r);
}


static void test_strings(void **state)
{
	struct report *r;
	(void)state;

	r = hello("\"refer_to\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t|"
		  "\\u00e4\\u20ac\\ud83d\\ude00|\xc3\xa4|a\\u0000b\","
		  "\"\\u0065vent\":\"x\",\"event\":\"y\"}");
	assert_non_null(r);
	assert_string_equal(r->refer_to, "\"\\/\b\f\n\r\t|\xc3\xa4"
					 "\xe2\x82\xac\xf0\x9f\x98\x80|"
					 "\xc3\xa4|a\x01"
					 "b");
	assert_string_equal(r->event, "y");
	report_free(r);
}


/* An object is handed on as it stands */
static void test_objects(void **state)
{
	struct report *r;
	(void)state;

	r = hello("\"sip\":{ \"start\":\"SIP/2.0 202 Accepted\","
		  "\"headers\":{\"Via\":\"b\",\"From\":\"a\",\"Via\":\"a\"},"
		  "\"body\":\"\\r\\n\\u00e4/\\u0001\",\"n\":[1,true]},"
		  "\"dry_run\":[],\"reason\":{}}");
	assert_non_null(r);
	assert_string_equal(r->sip,
			    "{ \"start\":\"SIP/2.0 202 Accepted\","
			    "\"headers\":{\"Via\":\"b\",\"From\":\"a\","
			    "\"Via\":\"a\"},\"body\":\"\\r\\n\\u00e4/"
			    "\\u0001\",\"n\":[1,true]}");
	assert_null(r->dry_run);
	assert_null(r->reason);
	report_free(r);
}


static struct report *call(const char *event, const char *members)
{
	const char *why;
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"call\",\"n\":1,\"event\":\"%s\","
		       "\"call\":{\"sid\":\"s\",\"direction\":"
		       "\"inbound\",\"from\":\"a\",\"to\":\"b\",%s}}",
		       event, members);

	return decode(text, &why);
}


/* Closed is over, and over is closed */
static void test_settled(void **state)
{
	static const char *const reports[][4] = {
		{"closed", "in-progress", "closed", "completed"},
		{"closed", "ringing", "closed", "failed"},
		{"closed", "busy", "closed", "busy"},
		{"new", "completed", "closed", "completed"},
		{"live", "no-answer", "closed", "no-answer"},
		{"status", "ringing", "status", "ringing"},
	};
	struct report *r;
	char state_text[64];
	(void)state;

	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		(void)snprintf(state_text, sizeof(state_text),
			       "\"state\":\"%s\"", reports[i][1]);
		r = call(reports[i][0], state_text);
		assert_non_null(r);
		assert_string_equal(r->event, reports[i][2]);
		assert_string_equal(r->call.state, reports[i][3]);
		report_free(r);
	}

	assert_null(call("new", "\"state\":\"dancing\""));
}


/* Seconds since the answer that no call has had, and times that no clock
   shows, are not told */
static void test_numbers(void **state)
{
	struct report *r;
	const char *why;
	(void)state;

	r = call("closed", "\"state\":\"completed\",\"duration\":"
			   "18446744073706,\"started\":9007199254740991");
	assert_non_null(r);
	assert_true(r->call.duration == 0);
	assert_true(r->call.started == 0);
	report_free(r);

	r = call("closed", "\"state\":\"completed\",\"duration\":86400");
	assert_true(r->call.duration == 86400);
	report_free(r);

	r = decode("{\"type\":\"transfer\",\"n\":1,\"time\":"
		   "9007199254740991,\"call_sid\":\"s\","
		   "\"transfer_id\":\"t\",\"step\":\"ended\","
		   "\"outcome\":\"danced\"}",
		   &why);
	assert_non_null(r);
	assert_true(r->time == 0);
	assert_null(r->outcome);
	report_free(r);
}


static void test_more(void **state)
{
	struct report *r;
	const char *why;
	(void)state;

	r = decode("{\"type\":\"sync\",\"n\":1,\"transfers\":[\"a\","
		   "\"b\"],\"more\":true}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->transferc, 2);
	assert_true(r->more);
	report_free(r);
}


/* The answer to a request, or the reason why it failed */
static void test_response(void **state)
{
	static const char head[] =
		"{\"type\":\"response\",\"n\":7,\"time\":1732000000123,";
	static const struct {
		const char *rest;
		bool taken;
	} lines[] = {
		{"\"ref\":\"r\",\"call_sid\":\"s\",\"reason\":\"OK\","
		 "\"sip_status\":200}",
		 true},
		{"\"ref\":\"r\",\"call_sid\":\"s\",\"error\":\"gone\"}", true},
		{"\"ref\":\"r\",\"call_sid\":\"s\"}", false},
		{"\"ref\":\"r\",\"call_sid\":\"s\",\"sip_status\":180}",
		 false},
		{"\"ref\":\"r\",\"sip_status\":200}", false},
		{"\"call_sid\":\"s\",\"sip_status\":200}", false},
	};
	struct report *r, *copy;
	const char *why;
	struct json j;
	char line[256];
	size_t size;
	(void)state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		(void)snprintf(line, sizeof(line), "%s%s", head,
			       lines[i].rest);
		r = decode(line, &why);
		assert_int_equal(r != NULL, lines[i].taken);
		if (!r)
			continue;

		/* as the module writes it, and as it hands it over */
		json_init(&j);
		report_print(&j, r);
		assert_string_equal(json_done(&j), line);
		json_free(&j);
		copy = report_copy(r, &size);
		assert_true(report_check(copy));
		assert_int_equal(copy->sip_status, r->sip_status);
		free(copy);
		report_free(r);
	}
}


/* A key that was pressed, as the module writes it and as it hands it over */
static void test_dtmf(void **state)
{
	const struct report pressed = {
		.kind = REPORT_DTMF,
		.n = 7,
		.time = 1732000000123,
		.call_sid = "s",
		.digit = "#",
		.by = "info",
	};
	struct report *r, *copy;
	const char *why;
	struct json j;
	size_t size;
	(void)state;

	json_init(&j);
	report_print(&j, &pressed);
	assert_string_equal(json_done(&j),
			    "{\"type\":\"dtmf\",\"n\":7,"
			    "\"time\":1732000000123,\"call_sid\":\"s\","
			    "\"digit\":\"#\",\"by\":\"info\"}");
	r = decode(json_done(&j), &why);
	assert_non_null(r);
	assert_int_equal(r->kind, REPORT_DTMF);
	assert_string_equal(r->call_sid, "s");
	assert_string_equal(r->digit, "#");
	assert_string_equal(r->by, "info");
	report_free(r);
	json_free(&j);

	copy = report_copy(&pressed, &size);
	assert_true(report_check(copy));
	assert_string_equal(copy->digit, "#");
	assert_string_equal(copy->by, "info");
	free(copy);
}


static void test_no_dtmf(void **state)
{
	static const char *const texts[] = {
		"",
		",\"digit\":\"1\"",
		",\"by\":\"rtp\"",
		",\"digit\":\"\",\"by\":\"rtp\"",
		",\"digit\":\"12\",\"by\":\"rtp\"",
		",\"digit\":\"a\",\"by\":\"rtp\"",
		",\"digit\":1,\"by\":\"rtp\"",
		",\"digit\":\"1\",\"by\":\"post\"",
	};
	char text[256];
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *why = NULL;

		(void)snprintf(text, sizeof(text),
			       "{\"type\":\"dtmf\",\"n\":1,"
			       "\"call_sid\":\"s\"%s}",
			       texts[i]);
		assert_null(decode(text, &why));
		assert_non_null(why);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_hello_aor),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_dtmf),
		cmocka_unit_test(test_no_dtmf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
