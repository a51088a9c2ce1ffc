/**
 * @file ctrl_log.c  Tests of the log: the contents of a line, and its writer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "unit.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>


static const struct {
	const char *said;
	const char *logged;
} cases[] = {
	/* another line */
	{"a\nerror: b", "a?error: b"},
	{"a\r\nb", "a??b"},
	{"a\xc2\x85"
	 "b",
	 "a??b"},
	{"a\xe2\x80\xa8"
	 "b",
	 "a???b"},
	/* a terminal's commands */
	{"\x1b[2J\x07\x7f", "?[2J??"},
	{"\xc2\x9b"
	 "2J",
	 "??2J"},
	/* text that runs the other way, or is not seen */
	{"\xe2\x80\xae"
	 "a\xe2\x81\xa6"
	 "b\xd8\x9c"
	 "c\xe2\x80\x8b"
	 "d\xef\xbb\xbf",
	 "???a???b??c???d???"},
	/* no UTF-8 */
	{"\xff\xe2\x80", "???"},
	{"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
	/* secrets */
	{"{\"password\":\"a\\\"b\",\"x\":1}",
	 "{\"password\":\"****\",\"x\":1}"},
	{"\"password\" : \"cut o", "\"password\" : \"*****"},
	{"\"password\":17,\"token\":\"abc\"",
	 "\"password\":17,\"token\":\"***\""},
	{"/ws?access_token=abc&client=b", "/ws?access_token=***&client=b"},
	{"Authorization: Bearer abc", "Authorization: Bearer ***"},
	{"http://ann:p@ss@host/x@y", "http://********@host/x@y"},
	{"https://host/a@b http://c", "https://host/a@b http://c"},
};


static void test_clean(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "%s", cases[i].said);
		log_clean(line);
		assert_string_equal(line, cases[i].logged);
	}
}


static pthread_t home;
static unsigned lines;


static void line_handler(enum log_level level, const char *line)
{
	assert_true(pthread_equal(home, pthread_self()));
	assert_int_equal(level, LOG_ERROR);
	assert_string_equal(line, "store: trouble");
	++lines;
}


static void *run(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		log_error("store: trouble");

	return NULL;
}


/* An error is written at once, but by the loop's thread alone */
static void test_thread(void **state)
{
	pthread_t thread;
	(void)state;

	home = pthread_self();
	log_to(line_handler);
	log_hold(true);
	assert_int_equal(thread_start(&thread, run, NULL), 0);
	for (int i = 0; i < 10; i++)
		log_error("store: trouble");
	assert_int_equal(pthread_join(thread, NULL), 0);
	log_flush();
	assert_int_equal(lines, 20);

	assert_int_equal(thread_start(&thread, run, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(lines, 20);
	assert_true(log_waits());
	log_hold(false);
	assert_int_equal(lines, 30);
	log_to(NULL);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
