/**
 * @file ctrl_member.c  Tests of the members of JSON objects
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>


static char text[256], seen[512];


/* Records each member: key, type, text */
static void seen_handler(const struct member *m, void *arg)
{
	const size_t len = strlen(seen);
	(void)arg;

	(void)snprintf(seen + len, sizeof(seen) - len, "%s=%c%s;",
		       m->key ? m->key : "", "snlao"[m->type], m -> text);
}


static int read_text(const char *json)
{
	seen[0] = '\0';
	assert_true(strlen(json) < sizeof(text));
	strcpy(text, json);

	return members_read(text, seen_handler, NULL);
}


static void test_types(void **state)
{
	(void)state;

	assert_int_equal(
		read_text(" { \"a\" : \"x\" ,\"b\":-1.5e+3,\"c\":true,"
			  "\"d\":null,\"e\":{\"f\":[1,{}]},\"g\":[]} "),
		0);
	assert_string_equal(seen, "a=sx;b=n-1.5e+3;c=ltrue;d=lnull;"
				  "e=a{\"f\":[1,{}]};g=o[];");

	assert_int_equal(read_text("[\"a\",1,[2]]"), 0);
	assert_string_equal(seen, "=sa;=n1;=o[2];");

	assert_int_equal(read_text("{}"), 0);
	assert_string_equal(seen, "");
	assert_int_equal(read_text("17"), 0);
	assert_string_equal(seen, "");
	assert_int_equal(read_text(" \"a\" "), 0);
	assert_string_equal(seen, "");
}


static void test_strings(void **state)
{
	(void)state;

	assert_int_equal(read_text("{\"k\\u0041\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t"
				   "|\\u00e4\\u20ac\\ud83d\\ude00|\xc3\xa4"
				   "\"}"),
			 0);
	assert_string_equal(seen, "kA=s\"\\/\b\f\n\r\t|\xc3\xa4\xe2\x82\xac"
				  "\xf0\x9f\x98\x80|\xc3\xa4;");
}


/* Raw, a member is JSON still */
static void test_raw(void **state)
{
	(void)state;

	assert_int_equal(read_text("{\"a\":{\"b\":\"\\u00e4\\n\"},\"c\":1}"),
			 0);
	assert_string_equal(seen, "a=a{\"b\":\"\\u00e4\\n\"};c=n1;");
}


static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"01",
		"1 2",
		"\"a",
		"{",
		"[",
		"{}x",
		"{}{}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,}",
		"{1:2}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1]",
		"[1}",
		"[1,]",
		"[1",
		"[01]",
		"[1.]",
		"[.5]",
		"[+1]",
		"[-]",
		"[1e]",
		"[tru]",
		"[nul",
		"[\"a]",
		"[\"\t\"]",
		"[\"\\x\"]",
		"[\"\\u12g4\"]",
		"[\"\\ud83d\"]",
		"[\"\\ud83dx\"]",
		"[\"\\ud83d\\n\"]",
		"[\"\\ud83d\\u0041\"]",
		"[\"\\ud83d\\ud83d\"]",
		"[\"\\ud83d\\u",
		"[\"\\ude00\\ud83d\"]",
		"{\"a\":{\"b\":\"\\ude00\"}}",
		"[\"\\",
		"[\"\\u",
		"{\"a\":{\"b\":\"\t\"}}",
		"{\"a\":{\"b\" 1}}",
		"{\"a\":[1 2]}",
		"{\"a\":[{\"b\":tru}]}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (read_text(bad[i]) != EBADMSG)
			fail_msg("%s was taken", bad[i]);
	}
}


static int64_t number(const char *json)
{
	char copy[32];
	struct member m = {.type = MEMBER_NUMBER, .text = copy};

	strcpy(copy, json);

	return member_int(&m, -1);
}


static void test_numbers(void **state)
{
	const struct member m = {.type = MEMBER_STRING, .text = text};
	(void)state;

	assert_true(number("0") == 0);
	assert_true(number("1732000000123") == 1732000000123);
	assert_true(number("12.9") == 12);
	assert_true(number("1e3") == 1000);
	assert_true(number("9007199254740991") == 9007199254740991);
	assert_true(number("9007199254740992") == -1);
	assert_true(number("99999999999999999999") == -1);
	assert_true(number("1e400") == -1);
	assert_true(number("-5") == -1);

	strcpy(text, "5");
	assert_true(member_int(&m, -1) == -1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),   cmocka_unit_test(test_strings),
		cmocka_unit_test(test_raw),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
