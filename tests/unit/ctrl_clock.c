/**
 * @file ctrl_clock.c  Tests of how times are read and written
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "unit.h"


static int64_t read_time(const char *text)
{
	int64_t ms = 0;

	return clock_read(&ms, text) ? -1 : ms;
}


static void test_read(void **state)
{
	(void)state;

	assert_int_equal(read_time("1970-01-02"), 86400000);
	assert_int_equal(read_time("1970-01-01T00:01"), 60000);
	assert_int_equal(read_time("1970-01-01T00:00:01"), 1000);
	assert_int_equal(read_time("1970-01-01T00:00:01Z"), 1000);
	assert_int_equal(read_time("1970-01-01T00:00:01.25Z"), 1250);
	assert_int_equal(read_time("1970-01-01T00:00:01.123456789Z"), 1123);
	assert_int_equal(read_time("1970-01-01T02:00:00+01:30"), 1800000);
	assert_int_equal(read_time("1970-01-01T02:00:00 01:30"), 1800000);
	assert_int_equal(read_time("1970-01-01T00:00:00.500-00:01"), 60500);
}


static void test_read_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"yesterday",
		"1732000000",
		"2025-01",
		"2025-13-01",
		"2025-01-01 10:00",
		"2025-01-01T",
		"2025-01-01T10",
		"2025-01-01T25:00",
		"2025-01-01T10:00:00ZZ",
		"2025-01-01T10:00:00+1",
		"2025-01-01T10:00:00+01:00x",
		"2025-01-01T10:00:00+-1:00",
		"2025-01-01'; --",
		"1969-12-31",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(read_time(bad[i]), -1);
}


static void test_round(void **state)
{
	char text[CLOCK_TEXT_SIZE];
	(void)state;

	clock_text(text, 1732000000123);
	assert_string_equal(text, "2024-11-19T07:06:40.123Z");
	clock_text(text, 1732000000007);
	assert_string_equal(text, "2024-11-19T07:06:40.007Z");
	clock_text(text, 1732000001000);
	assert_string_equal(text, "2024-11-19T07:06:41.000Z");
	clock_text(text, 1732000000123);
	assert_int_equal(clock_parse(text), 1732000000123);
	assert_int_equal(read_time(text), 1732000000123);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_bad),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
