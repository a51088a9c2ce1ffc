/**
 * @file ctrl_json.c  Tests of the JSON writer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"


static void test_write(void **state)
{
	struct json j;
	char *text;
	(void)state;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "a", "x\"\\\n\x01\t\x7f\xc3\xa4");
	json_str(&j, "none", NULL);
	json_int(&j, "b", -17);
	json_bool(&j, "c", true);
	json_open(&j, "d", '[');
	json_str(&j, NULL, "{");
	json_raw(&j, NULL, "{\"e\":1}");
	json_raw(&j, NULL, NULL);
	json_close(&j, ']');
	json_open(&j, "f", '{');
	json_close(&j, '}');
	json_members(&j, "{\"g\":2}");
	json_members(&j, "{}");
	json_close(&j, '}');

	text = json_take(&j);
	assert_string_equal(text,
			    "{\"a\":\"x\\\"\\\\\\n\\u0001\\t\x7f\xc3\xa4\","
			    "\"b\":-17,\"c\":true,\"d\":[\"{\","
			    "{\"e\":1}],\"f\":{},\"g\":2}");
	free(text);
	assert_null(json_done(&j));
}


/* At any place in a string, with any characters before and after */
static void test_write_escape(void **state)
{
	static const char odd[] = "\"\\\x01\x1f", plain[] = "\x20\x7f\xff!#[]";
	char s[32], expected[64];
	struct json j;
	(void)state;

	for (size_t len = 1; len < 24; len++) {
		for (size_t at = 0; at < len; at++) {
			for (size_t k = 0; k < sizeof(odd) - 1; k++) {
				const char c = odd[k];
				int n;

				for (size_t i = 0; i < len; i++)
					s[i] = plain[i % (sizeof(plain) - 1)];
				s[len] = '\0';
				n = snprintf(expected, sizeof(expected),
					     c < 0x20 ? "\"%.*s\\u%04x%s\""
						      : "\"%.*s\\%c%s\"",
					     (int)at, s, c, s + at + 1);
				assert_true(n > 0);
				s[at] = c;

				json_init(&j);
				json_str(&j, NULL, s);
				assert_string_equal(json_done(&j), expected);
				json_free(&j);
			}
		}
	}
}


static void test_write_int(void **state)
{
	static const int64_t values[] = {
		0, 9, 10, -1, -10, 1732000000123, INT64_MAX, INT64_MIN};
	char expected[32];
	struct json j;
	(void)state;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		(void)snprintf(expected, sizeof(expected), "%" PRId64,
			       values[i]);
		json_init(&j);
		json_int(&j, NULL, values[i]);
		assert_string_equal(json_done(&j), expected);
		json_free(&j);
	}
}


static void assert_cut(const char *value, size_t max, const char *text)
{
	struct json j;

	json_init(&j);
	json_cut(&j, NULL, value, max);
	assert_string_equal(json_done(&j), text);
	assert_true(j.len <= max + 2);
	json_free(&j);
}


/* Cuts by encoded length, and never within a character or an escape */
static void test_cut(void **state)
{
	(void)state;

	assert_cut("", 3, "\"\"");
	assert_cut("abcdef", 6, "\"abcdef\"");
	assert_cut("abcdefg", 6, "\"abc\xe2\x80\xa6\"");
	assert_cut("\"\"\"", 6, "\"\\\"\\\"\\\"\"");
	assert_cut("\"\"\"\"", 6, "\"\\\"\xe2\x80\xa6\"");
	assert_cut("\x01\x01", 11, "\"\\u0001\xe2\x80\xa6\"");
	assert_cut("\x01\x01", 8, "\"\xe2\x80\xa6\"");
	assert_cut("a\xf0\x9f\x93\x9e!", 6, "\"a\xf0\x9f\x93\x9e!\"");
	assert_cut("a\xf0\x9f\x93\x9e!!", 6, "\"a\xe2\x80\xa6\"");
	assert_cut("a\xf0\x9f\x93\x9e!!!!", 8,
		   "\"a\xf0\x9f\x93\x9e\xe2\x80\xa6\"");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_escape),
		cmocka_unit_test(test_write_int),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
