/**
 * @file ctrl_configfile.c  Tests of files of settings
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static char seen[256];
static char error[256];


static const char *handler(const char *key, const char *value, void *arg)
{
	size_t len = strlen(seen);
	(void)arg;

	(void)snprintf(seen + len, sizeof(seen) - len, "[%s|%s]", key, value);

	return strcmp(key, "bad") ? NULL : "is bad";
}


static int read_text(const char *content, size_t len)
{
	char path[] = "/tmp/referd-configfile-XXXXXX";
	int fd = mkstemp(path);
	char *text = NULL;
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	(void)close(fd);

	*seen = *error = '\0';
	err = configfile_read(&text, path, handler, NULL, error,
			      sizeof(error));
	(void)unlink(path);
	free(text);

	return err;
}


static void test_lines(void **state)
{
	static const char text[] = "# a comment\n\n\t a =  b c \r\n"
				   "x=\n  # another\nu = ws://h/?a=b#c";
	(void)state;

	assert_int_equal(read_text(text, strlen(text)), 0);
	assert_string_equal(seen, "[a|b c][x|][u|ws://h/?a=b#c]");
}


static void test_faults(void **state)
{
	static char big[70000];
	char *text = NULL;
	(void)state;

	assert_int_equal(read_text("a = b\n\nbad = 1\nc = d\n", 22), EINVAL);
	assert_string_equal(strrchr(error, ':'), ": bad is bad");
	assert_non_null(strstr(error, ":3: "));
	assert_string_equal(seen, "[a|b][bad|1]");

	assert_int_equal(read_text("word\n", 5), EINVAL);
	assert_non_null(strstr(error, ":1: word must be followed by ="));

	memset(big, '#', sizeof(big));
	assert_int_equal(read_text(big, sizeof(big)), EFBIG);

	assert_int_equal(configfile_read(&text, "/nowhere/x", handler, NULL,
					 error, sizeof(error)),
			 ENOENT);
	assert_string_equal(error, "/nowhere/x: No such file or directory");
	assert_int_not_equal(configfile_read(&text, "/tmp", handler, NULL,
					     error, sizeof(error)),
			     0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
