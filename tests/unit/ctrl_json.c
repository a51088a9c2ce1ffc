/**
 * @file ctrl_json.c  Tests of the JSON writer, and of what is checked before
 * parsing
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


/* Wherever in a string it stands, whatever is before and behind */
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


static const char *error(const char *text, char *copy)
{
	strcpy(copy, text);

	return json_error(copy, strlen(text));
}


static void test_error(void **state)
{
	char copy[256], deep[64], nul[] = "x\0y";
	(void)state;

	assert_null(error("{\"a\":[\"[[{{\\\"[\"]}", copy));

	memset(deep, '[', 33);
	deep[32] = '\0';
	assert_null(error(deep, copy));
	deep[32] = '[';
	deep[33] = '\0';
	assert_non_null(error(deep, copy));

	assert_non_null(json_error(nul, sizeof(nul)));

	/* side by side, which is not deep */
	strcpy(copy, "[");
	for (int i = 0; i < 40; i++)
		strcat(copy, "[],");
	assert_null(json_error(copy, strlen(copy)));
}


/* So that the field's own check refuses it, by the field's name */
static void test_nul_escape(void **state)
{
	char copy[128];
	(void)state;

	assert_null(error("\"a\\u0000b\\\\u0000\"", copy));
	assert_string_equal(copy, "\"a\\u0001b\\\\u0000\"");
}


static void test_utf8(void **state)
{
	static const char *const good[] = {"abc", "\xc3\xa4", "\xe2\x82\xac",
					   "\xf0\x9f\x98\x80", ""};
	static const char *const bad[] = {"\x80",         "\xc3",
					  "\xc0\x80",     "\xe0\x80\x80",
					  "\xed\xa0\x80", "\xf4\x90\x80\x80",
					  "\xff",         "\xf0\x80\x80\x80",
					  "a\xe2\x82"};
	char text[] = "a\xe2\x82z\xff\xc3\xa4";
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(utf8_valid(good[i], strlen(good[i])));

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));

	/* behind eight bytes that are ASCII, and in the middle of them */
	assert_false(utf8_valid("12345678\xff", 9));
	assert_false(utf8_valid("1234\xff"
				"5678",
				9));
	assert_true(utf8_valid("123456\xe2\x82\xac", 9));

	utf8_repair(text, strlen(text));
	assert_string_equal(text, "a??z?\xc3\xa4");
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


/* By the room that it takes, and never within a character or an escape */
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
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_nul_escape),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
