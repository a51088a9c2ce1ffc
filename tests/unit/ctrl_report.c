/**
 * @file ctrl_report.c  Tests of what nodes send
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "nodes/nodes.h"
#include "nodes/report.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>


/* A report borrows from its line */
static struct report *decode(const char *text, const char **whyp)
{
	static char line[1024];
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
		   "\"boot\":\"b\",\"first\":17,\"next\":20}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->kind, REPORT_HELLO);
	assert_string_equal(r->node, "gw1");
	assert_int_equal(r->first, 17);
	assert_int_equal(r->next, 20);
	report_free(r);
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
		   "\"sip_status\":180,\"headers\":{\"X\":\"\xff\"}}}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->n, 21);
	assert_true(r->time == 1732000000123);
	assert_string_equal(r->call.state, "ringing");
	assert_string_equal(r->call.headers, "{\"X\":\"?\"}");
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
		   "\"evidence\":\"terminated\"}",
		   &why);
	assert_non_null(r);
	assert_int_equal(r->refer_status, 202);
	assert_int_equal(r->call_status, 0);
	assert_string_equal(r->outcome, "unknown");
	report_free(r);
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
