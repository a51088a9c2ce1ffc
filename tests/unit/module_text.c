/**
 * @file module_text.c  Tests of the texts that may stand in a SIP message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <re.h>
#include "text/syntax.h"
#include "text/text.h"


static void test_clean(void **state)
{
	static const char *const good[] = {
		"",
		"a b",
		"\xc3\xbc",
		"\xe2\x82\xac",
		"\xf0\x9f\x93\x9e",
		"\"\\<>",
		"\xc2\xa0",
	};
	static const char *const bad[] = {
		"\r",
		"\n",
		"a\r\nb",
		"\t",
		"\x7f",
		"\x1f",
		"\xff",
		"\xc3",
		"\xc3(",
		"\xe2\x82",
		"\xc0\x80",
		"\xe0\x80\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xc2\x80",
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_clean(good[i]));

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_clean(bad[i]));

	assert_false(text_is_clean(NULL));
}


static void test_token(void **state)
{
	(void)state;

	assert_true(text_is_token("X-Custom_Header.1"));
	assert_false(text_is_token(""));
	assert_false(text_is_token(NULL));
	assert_false(text_is_token("X Header"));
	assert_false(text_is_token("X:"));
	assert_false(text_is_token("X\r\n"));
	assert_false(text_is_token("\xc3\xbc"));
}


static void test_scrub(void **state)
{
	struct pl pl = {.p = "a\r\nb\xff\xc3\xbc\xc3", .l = 8};
	char *str;
	(void)state;

	assert_int_equal(text_scrub(&str, &pl), 0);
	assert_string_equal(str, "a??b?\xc3\xbc?");
	mem_deref(str);
}


static void test_scrub_nul(void **state)
{
	struct pl pl = {.p = "a\0b\0", .l = 4};
	char *str;
	(void)state;

	assert_int_equal(text_scrub(&str, &pl), 0);
	assert_string_equal(str, "a?b?");
	mem_deref(str);
}


/* Linear white space is one space, RFC 3261 section 25.1 */
static void test_scrub_folded(void **state)
{
	static const struct {
		const char *text;
		const char *scrubbed;
	} texts[] = {
		{"4869\r\n ;encoding=hex", "4869 ;encoding=hex"},
		{"a \r\n\t \tb", "a b"},
		{"a\n b", "a b"},
		{"a\tb", "a b"},
		{"a  b", "a  b"},
		{"a\r b", "a? b"},
		{"a\r\n", "a??"},
		{"a\t", "a "},
		{"\"a\r\n \r\n b\"", "\"a b\""},
	};
	struct pl pl;
	char *str;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		pl_set_str(&pl, texts[i].text);
		assert_int_equal(text_scrub(&str, &pl), 0);
		assert_string_equal(str, texts[i].scrubbed);
		mem_deref(str);
	}
}


static void test_fault(void **state)
{
	struct error error = {.index = -1};
	(void)state;

	assert_int_equal(error_set(&error, "a", "is %u", 1), EBADMSG);
	assert_int_equal(error_set(&error, "b", "is 2"), EBADMSG);
	assert_string_equal(error.text, "a is 1");
	assert_string_equal(error.field, "a");
	assert_int_equal(error_set(NULL, "b", "is 2"), EBADMSG);
}


/* RFC 3261 section 25.1, quoted-pair */
static void test_unescape(void **state)
{
	static const char *const texts[][2] = {
		{"", ""},
		{"Ann", "Ann"},
		{"Ann \\\"B\\\"", "Ann \"B\""},
		{"a\\\\b", "a\\b"},
		{"\\\\\\\"", "\\\""},
		{"\\A\\n\\n", "Ann"},
		{"a\\", "a\\"},
	};
	char str[16];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		str_ncpy(str, texts[i][0], sizeof(str));
		text_unescape(str);
		assert_string_equal(str, texts[i][1]);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_scrub),
		cmocka_unit_test(test_scrub_nul),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_scrub_folded),
		cmocka_unit_test(test_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
