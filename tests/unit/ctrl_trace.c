/**
 * @file ctrl_trace.c  Tests of valid and invalid traces
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "json.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>


#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define GIVEN  "00-" TRACE "-" PARENT "-01"
#define STATE  "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


/* W3C Trace Context, section 3.2 */
static const struct {
	const char *text;
	bool valid;
	const char *why;
} cases[] = {
	{"00-" TRACE "-" PARENT "-01", true, "as in the text of W3C"},
	{"00-" TRACE "-" PARENT "-00", true, "not sampled"},
	{"00-" TRACE "-" PARENT "-ff", true, "flags of later days"},
	{"00-00000000000000000000000000000001-" PARENT "-01", true, "small"},
	{"01-" TRACE "-" PARENT "-01", true, "a later version"},
	{"cc-" TRACE "-" PARENT "-01-what-follows.1", true, "has more"},
	{"fe-" TRACE "-" PARENT "-01-", true, "of which nothing is known"},

	{"", false, "nothing"},
	{"00", false, "a version alone"},
	{"00-" TRACE, false, "no parent-id"},
	{"00-" TRACE "-" PARENT, false, "no flags"},
	{"00-" TRACE "-" PARENT "-", false, "no flags behind the dash"},
	{"00-" TRACE "-" PARENT "-1", false, "short flags"},
	{"00-" TRACE "-" PARENT "-01-", false, "00 has no more"},
	{"00-" TRACE "-" PARENT "-01-more", false, "00 has no more"},
	{"00-" TRACE "-" PARENT "-012", false, "long flags"},
	{"01-" TRACE "-" PARENT "-012", false, "long flags"},
	{"01-" TRACE "-" PARENT "-01.more", false, "no dash"},
	{"01-" TRACE "-" PARENT "-01-a b", false, "a space"},
	{"01-" TRACE "-" PARENT "-01-a\r\nX: b", false, "a line"},
	{"01-" TRACE "-" PARENT "-01-\xc3\xa4", false, "no ASCII"},
	{"ff-" TRACE "-" PARENT "-01", false, "version ff"},
	{"0-" TRACE "-" PARENT "-01", false, "short version"},
	{"000-" TRACE "-" PARENT "-01", false, "long version"},
	{"0x-" TRACE "-" PARENT "-01", false, "no hex"},
	{"00_" TRACE "-" PARENT "-01", false, "no dash"},
	{"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", false, "large"},
	{"00-" TRACE "-B7AD6B7169203331-01", false, "large letters"},
	{"00-" TRACE "-" PARENT "-0A", false, "large letters"},
	{"0A-" TRACE "-" PARENT "-01", false, "large letters"},
	{"00-00000000000000000000000000000000-" PARENT "-01", false, "zero"},
	{"00-" TRACE "-0000000000000000-01", false, "zero"},
	{"00-" TRACE "0-" PARENT "-01", false, "long trace-id"},
	{"00-af7651916cd43dd8448eb211c80319c-" PARENT "-01", false, "short"},
	{"00-" TRACE "-7ad6b7169203331-01", false, "short parent-id"},
	{" 00-" TRACE "-" PARENT "-01", false, "a space"},
	{"00-" TRACE "-" PARENT "-01 ", false, "a space"},
};


static void test_valid(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (trace_valid(cases[i].text) != cases[i].valid)
			fail_msg("%s: %s", cases[i].text, cases[i].why);
	}
}


/* The text after the flags is limited, too */
static void test_long(void **state)
{
	char text[TRACEPARENT_MAX + 2];
	(void)state;

	memset(text, 'x', sizeof(text));
	memcpy(text, "01-" TRACE "-" PARENT "-01-", 56);
	text[TRACEPARENT_MAX] = '\0';
	assert_true(trace_valid(text));
	text[TRACEPARENT_MAX] = 'x';
	text[TRACEPARENT_MAX + 1] = '\0';
	assert_false(trace_valid(text));
}


static void test_made(void **state)
{
	char one[TRACE_SIZE], other[TRACE_SIZE];
	(void)state;

	trace_make(one);
	trace_make(other);
	assert_true(trace_valid(one));
	assert_int_equal(strlen(one), 55);
	assert_memory_equal(one, "00-", 3);
	assert_string_equal(one + 52, "-01");
	assert_string_not_equal(one, other);
	assert_memory_not_equal(one + 36, other + 36, 16);
}


static int check(const char *json, char trace[TRACE_SIZE], struct error *f)
{
	static cJSON *tree;

	cJSON_Delete(tree);
	tree = json ? cJSON_Parse(json) : NULL;
	error_init(f);

	return json ? trace_check(trace, tree, f) : 0;
}


static void test_field(void **state)
{
	static const char *const bad[] = {
		"{\"traceparent\":1}",
		"{\"traceparent\":{}}",
		"{\"traceparent\":\"00-" TRACE "-" PARENT "\"}",
	};
	char t[TRACE_SIZE];
	struct error f;
	(void)state;

	assert_int_equal(check("{\"traceparent\":\"00-" TRACE "-" PARENT
			       "-01\"}",
			       t, &f),
			 0);
	assert_string_equal(t, "00-" TRACE "-" PARENT "-01");
	assert_string_equal(f.trace, t);

	/* as any field */
	assert_int_equal(check("{\"traceparent\":null}", t, &f), 0);
	assert_string_equal(t, "");
	assert_int_equal(check("{\"traceparent\":\"\"}", t, &f), 0);
	assert_string_equal(t, "");

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(check(bad[i], t, &f), EBADMSG);
		assert_string_equal(f.field, "traceparent");
		assert_string_equal(
			f.text, "traceparent must be VERSION-TRACEID-"
				"PARENTID-FLAGS of 2, 32, 16 and 2 lower-case "
				"hex digits, no id all zero and no version ff "
				"(W3C Trace Context)");
		assert_string_equal(f.trace, "");
		assert_int_equal(f.status, 400);
	}

	(void)check(NULL, t, &f);
}


/* The longest of both still fit; what is wrong with one part */
static void test_state(void **state)
{
	char parent[TRACEPARENT_MAX + 1], text[TRACESTATE_MAX + 2];
	char trace[TRACE_SIZE];
	static const char *const wrong[] = {"", "a=\xc3\xa4", "a=1\r\nX: b",
					    "a=1\tb=2", "a=\x7f"};
	(void)state;

	memset(parent, 'x', sizeof(parent));
	memcpy(parent, "01-" TRACE "-" PARENT "-01-", 56);
	parent[TRACEPARENT_MAX] = '\0';
	memset(text, 's', sizeof(text));
	text[TRACESTATE_MAX] = '\0';
	trace_join(trace, parent, text);
	assert_int_equal(trace_parent(trace), TRACEPARENT_MAX);
	assert_string_equal(trace_state(trace), text);

	text[TRACESTATE_MAX] = 's';
	text[TRACESTATE_MAX + 1] = '\0';
	trace_join(trace, parent, text);
	assert_string_equal(trace, parent);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		trace_join(trace, GIVEN, wrong[i]);
		assert_string_equal(trace, GIVEN);
		assert_null(trace_state(trace));
	}

	trace_join(trace, "00-" TRACE, STATE);
	assert_string_equal(trace, "");
	trace_join(trace, NULL, STATE);
	assert_string_equal(trace, "");
}


static void test_state_field(void **state)
{
	static const char *const bad[] = {"1", "[]", "\"a=\\u00e4\"",
					  "\"a=1\\n\""};
	char t[TRACE_SIZE], json[256];
	struct error f;
	(void)state;

	assert_int_equal(check("{\"tracestate\":\"" STATE
			       "\",\"traceparent\":\"" GIVEN "\"}",
			       t, &f),
			 0);
	assert_string_equal(t, GIVEN " " STATE);
	assert_string_equal(f.trace, t);

	/* without a traceparent nobody looks at it */
	assert_int_equal(check("{\"tracestate\":7}", t, &f), 0);
	assert_string_equal(t, "");

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)snprintf(json, sizeof(json),
			       "{\"traceparent\":\"" GIVEN
			       "\",\"tracestate\":%s}",
			       bad[i]);
		assert_int_equal(check(json, t, &f), EBADMSG);
		assert_string_equal(f.field, "tracestate");
		assert_string_equal(f.text,
				    "tracestate must be at most 512 printable "
				    "characters of ASCII (W3C Trace Context)");

		/* which does not make the traceparent wrong */
		assert_string_equal(f.trace, GIVEN);
	}

	(void)check(NULL, t, &f);
}


/* What is written is read again */
static void test_parts(void **state)
{
	static const char *const traces[] = {GIVEN, GIVEN " " STATE,
					     GIVEN " a=1, b=2", ""};
	char t[TRACE_SIZE];
	struct json j;
	cJSON *tree;
	(void)state;

	for (size_t i = 0; i < sizeof(traces) / sizeof(*traces); i++) {
		json_init(&j);
		json_open(&j, NULL, '{');
		trace_print(&j, traces[i]);
		json_close(&j, '}');
		tree = cJSON_Parse(json_done(&j));
		trace_load(t, tree);
		assert_string_equal(t, traces[i]);
		cJSON_Delete(tree);
		json_free(&j);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_state_field),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
