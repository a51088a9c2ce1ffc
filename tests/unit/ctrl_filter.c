/**
 * @file ctrl_filter.c  Tests of the arguments of GET /transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "server/filter.h"
#include "unit.h"
#include <errno.h>
#include <string.h>


static struct filter filter;
static struct error error;


static int add(const char *name, const char *value)
{
	error_init(&error);

	return filter_add(&filter, name, value, &error);
}


static void refuse(const char *name, const char *value)
{
	filter_init(&filter, SCOPE_LOCAL);
	assert_int_not_equal(add(name, value), 0);
	assert_string_equal(error.field, name);
	assert_int_equal(strncmp(error.text, name, strlen(name)), 0);
	assert_int_equal(error.status, 400);
}


static void test_sentences(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *sentence;
	} cases[] = {
		{"colour", "red",
		 "colour is not a filter; the filters are outcome, code, "
		 "target, node, member, call_sid, q, since, from, to, before, "
		 "limit and scope"},
		{"q", "\xff", "q must be UTF-8 of at most 1024 bytes"},
		{"from", "now",
		 "from must be a time such as 2025-01-31T10:00:00Z"},
		{"outcome", "lost",
		 "outcome must be transferred, failed, presumed, unknown, "
		 "cancelled or running, or several of these with commas"},
		{"code", "4x",
		 "code must be a final SIP status from 200 to 699, or a class "
		 "such as 4xx"},
		{"since", "x", "since must be the seq of a message"},
		{"limit", "0", "limit must be a number from 1 to 1000"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		filter_init(&filter, SCOPE_LOCAL);
		assert_int_equal(add(cases[i].name, cases[i].value), EBADMSG);
		assert_string_equal(error.text, cases[i].sentence);
	}
}


static void test_good(void **state)
{
	const struct archive_filter *f = &filter.f;
	(void)state;

	filter_init(&filter, SCOPE_LOCAL);
	assert_int_equal(f->limit, 100);
	assert_int_equal(add("outcome", "failed,running"), 0);
	assert_int_equal(f->outcomec, 2);
	assert_string_equal(f->outcomes[1], "running");
	assert_int_equal(add("code", "4xx"), 0);
	assert_int_equal(f->code_min, 400);
	assert_int_equal(f->code_max, 499);
	assert_int_equal(add("code", "486"), 0);
	assert_int_equal(f->code_min, 486);
	assert_int_equal(f->code_max, 486);
	assert_int_equal(add("target", "Bob"), 0);
	assert_string_equal(f->target, "bob");
	assert_int_equal(add("q", "\xc3\x84NN"), 0);
	assert_string_equal(f->q, "\xc3\x84nn");
	assert_int_equal(add("node", "GW1"), 0);
	assert_string_equal(f->node, "GW1");
	assert_int_equal(add("member", "gw-1"), 0);
	assert_string_equal(f->member, "gw-1");
	assert_int_equal(add("scope", "fleet"), 0);
	assert_int_equal(add("call_sid", "c"), 0);
	assert_string_equal(f->call_sid, "c");
	assert_int_equal(add("since", "0"), 0);
	assert_true(f->stepped);
	assert_int_equal(add("from", "1970-01-02"), 0);
	assert_int_equal(f->from, 86400000);
	assert_int_equal(add("to", "1970-01-03"), 0);
	assert_int_equal(f->to, 2 * 86400000);
	assert_int_equal(add("before", "x"), 0);
	assert_string_equal(f->before, "x");
	assert_int_equal(add("limit", "1000"), 0);
	assert_int_equal(f->limit, 1000);
}


/* A form sends the fields that are left empty, too */
static void test_empty(void **state)
{
	struct filter bare;
	(void)state;

	filter_init(&bare, SCOPE_LOCAL);
	filter_init(&filter, SCOPE_LOCAL);
	assert_int_equal(add("outcome", ""), 0);
	assert_int_equal(add("limit", ""), 0);
	assert_int_equal(add("q", ""), 0);
	assert_memory_equal(&bare, &filter, sizeof(bare));
}


static void test_bad(void **state)
{
	char text[FILTER_TEXT_MAX + 2];
	(void)state;

	refuse("outcome", "lost");
	refuse("outcome", "failed,");
	refuse("outcome", "failed;DROP TABLE transfers");
	refuse("outcome", "failed,failed,failed,failed,failed,failed,failed");
	refuse("code", "48");
	refuse("code", "4xy");
	refuse("code", "1xx");
	refuse("code", "7xx");
	refuse("code", "700");
	refuse("code", "4860");
	refuse("since", "-1");
	refuse("since", "1e3");
	refuse("since", " 1");
	refuse("since", "99999999999999999999");
	refuse("from", "yesterday");
	refuse("to", "1 OR 1=1");
	refuse("limit", "0");
	refuse("limit", "1001");
	refuse("limit", "+5");
	refuse("q", "\xff");
	refuse("colour", "red");

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	refuse("q", text);
	refuse("before", text);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
