/**
 * @file ctrl_textcheck.c  Tests of the checks of text from outside
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <string.h>
#include "textcheck.h"


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


/* The check of the field then refuses it, with the name of the field */
static void test_nul_escape(void **state)
{
	char copy[128];
	(void)state;

	assert_null(error("\"a\\u0000b\\\\u0000\"", copy));
	assert_string_equal(copy, "\"a\\u0001b\\\\u0000\"");
}


/* cJSON takes one without four digits for a NUL */
static void test_escapes(void **state)
{
	static const char *const bad[] = {
		"\"a\\u12g4b\"", "\"\\u\"", "\"\\u123\"",
		"\"\\u12",       "\"\\u",   "\"\\ud83d\\uzzzz\"",
	};
	char copy[64];
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(error(bad[i], copy),
				    "must have four hexadecimal digits after "
				    "\\u");

	assert_null(error("\"\\u00e4\\uABCD\\\\u12g4\\\"\"", copy));
	assert_null(error("\"\\", copy));
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


/* In a sentence that repeats it */
static void test_controls(void **state)
{
	char text[] = "a\x1b[1m\r\nb\x7f\xc2\x9b\xff\xc3\xa4";
	(void)state;

	assert_true(text_controls(text));
	text_repair(text);
	assert_string_equal(text, "a?[1m??b????\xc3\xa4");
	assert_false(text_controls(text));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_nul_escape),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
