/**
 * @file ctrl_config.c  Tests of the options
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "config.h"
#include "option.h"
#include "unit.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static enum config_result read_args(struct config *c, const char *a,
				    const char *b)
{
	char *argv[] = {(char *)"referd", (char *)a, (char *)b, NULL};

	return config_read(c, b ? 3 : a ? 2 : 1, argv);
}


static void test_defaults(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(read_args(&c, NULL, NULL), CONFIG_RUN);
	assert_string_equal(c.server.listen, "127.0.0.1:8080");
	assert_int_equal(c.log_level, LOG_INFO);
	assert_non_null(strstr(c.socket, "/referd/node.sock"));
	assert_non_null(strstr(c.state, "/referd"));
	assert_int_equal(c.server.max_connections, 12000);
	assert_int_equal(c.server.max_per_address, 1000);
	assert_int_equal(c.server.max_rate, 1000);
	assert_int_equal(c.max_calls, 20000);
	assert_int_equal(c.server.idle_time, 45);
	assert_int_equal(c.hook_grace, 60);
}


static void test_options(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(read_args(&c, "--listen", "[::1]:0"), CONFIG_RUN);
	assert_string_equal(c.server.listen, "[::1]:0");
	assert_int_equal(read_args(&c, "--state=/x", NULL), CONFIG_RUN);
	assert_string_equal(c.state, "/x");
	assert_int_equal(read_args(&c, "--log-level", "debug"), CONFIG_RUN);
	assert_int_equal(c.log_level, LOG_DEBUG);
}


static void test_numbers(void **state)
{
	static const char *const bad[] = {
		"--keep-days=0",     "--keep-days=",
		"--keep-days=x",     "--keep-days=1d",
		"--keep-days=-1",    "--keep-days=36501",
		"--keep-mb=0",       "--keep-mb= 1",
		"--keep-mb=1048577", "--keep-mb=99999999999999999999999",
	};
	struct config c;
	(void)state;

	assert_int_equal(read_args(&c, NULL, NULL), CONFIG_RUN);
	assert_int_equal(c.keep_days, 30);
	assert_int_equal(c.keep_mb, 512);
	assert_int_equal(read_args(&c, "--keep-days", "36500"), CONFIG_RUN);
	assert_int_equal(c.keep_days, 36500);
	assert_int_equal(read_args(&c, "--keep-mb", "1"), CONFIG_RUN);
	assert_int_equal(c.keep_mb, 1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(read_args(&c, bad[i], NULL), CONFIG_BAD);
}


/* An option is stronger than the environment */
static void test_environment(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(setenv("REFERD_SOCKET", "/a", 1), 0);
	assert_int_equal(read_args(&c, NULL, NULL), CONFIG_RUN);
	assert_string_equal(c.socket, "/a");
	assert_int_equal(read_args(&c, "--socket", "/b"), CONFIG_RUN);
	assert_string_equal(c.socket, "/b");
	assert_int_equal(unsetenv("REFERD_SOCKET"), 0);
}


/* The weakest is the file */
static void test_file(void **state)
{
	char path[] = "/tmp/referd-config-XXXXXX";
	int fd = mkstemp(path);
	struct config c;
	(void)state;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "# ours\n\n socket = /a \nstate=/s\n"
				"app = ws://b:1/c#d=e\nweb = /w") > 0);
	(void)close(fd);

	assert_int_equal(setenv("REFERD_SOCKET", "/b", 1), 0);
	assert_int_equal(setenv("REFERD_CONFIG", path, 1), 0);
	assert_int_equal(read_args(&c, "--state", "/t"), CONFIG_RUN);
	assert_string_equal(c.socket, "/b");
	assert_string_equal(c.state, "/t");
	assert_string_equal(c.app, "ws://b:1/c#d=e");
	assert_string_equal(c.server.web, "/w");

	assert_int_equal(unsetenv("REFERD_SOCKET"), 0);
	assert_int_equal(unsetenv("REFERD_CONFIG"), 0);
	assert_int_equal(read_args(&c, "--config", path), CONFIG_RUN);
	assert_string_equal(c.socket, "/a");
	(void)unlink(path);
}


/* The one setting that baresip's config has, in the tests of it */
static struct {
	char name[OPTION_NAME_SIZE];
	const char *value;
	int err;
} setting;


static int find_handler(const char *name, char *value, size_t size)
{
	if (strcmp(name, setting.name))
		return ENOENT;

	(void)snprintf(value, size, "%s", setting.value);

	return setting.err;
}


static int read_setting(struct config *c, const char *name, const char *value)
{
	(void)snprintf(setting.name, sizeof(setting.name), "%s", name);
	setting.value = value;

	return config_read_settings(c, find_handler);
}


static void spell(char *name, const char *before, const char *option,
		  int (*letter)(int))
{
	(void)snprintf(name, OPTION_NAME_SIZE, "%s%s", before, option);
	for (char *p = name + strlen(before); *p; p++)
		*p = *p == '-' ? '_' : (char)letter((unsigned char)*p);
}


/* A value that differs from every default */
static const char *sample(const struct option_entry *o)
{
	return o->kind == OPTION_NUMBER   ? "7"
	       : o->kind == OPTION_LEVEL  ? "debug"
	       : o->kind == OPTION_SWITCH ? "yes"
	       : o->kind == OPTION_SYNC   ? "power"
					  : "/sample";
}


static void assert_sample(const struct config *c, const struct option_entry *o)
{
	const void *place = (const char *)c + o->offset;

	switch (o->kind) {
	case OPTION_TEXT:
		assert_string_equal(*(char *const *)place, "/sample");
		break;
	case OPTION_PATH: assert_string_equal(place, "/sample"); break;
	case OPTION_NUMBER: assert_int_equal(*(unsigned *)place, 7); break;
	case OPTION_SWITCH:
	case OPTION_SYNC: assert_true(*(bool *)place); break;
	default: assert_int_equal(*(enum log_level *)place, LOG_DEBUG);
	}
}


static void read_in_each_way(const struct option_entry *o)
{
	char path[] = "/tmp/referd-config-XXXXXX", arg[128];
	char name[OPTION_NAME_SIZE];
	int fd = mkstemp(path);
	struct config c;

	(void)snprintf(arg, sizeof(arg), "--%s=%s", o->name, sample(o));
	assert_int_equal(read_args(&c, arg, NULL), CONFIG_RUN);
	assert_sample(&c, o);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s = %s\n", o->name, sample(o)) > 0);
	(void)close(fd);
	assert_int_equal(read_args(&c, "--config", path), CONFIG_RUN);
	assert_sample(&c, o);
	(void)unlink(path);

	spell(name, "REFERD_", o->name, toupper);
	assert_int_equal(setenv(name, sample(o), 1), 0);
	assert_int_equal(read_args(&c, NULL, NULL), CONFIG_RUN);
	assert_sample(&c, o);
	assert_int_equal(unsetenv(name), 0);

	spell(name, "referd_", o->name, tolower);
	assert_int_equal(config_is_setting(name), !o->daemon);
	assert_int_equal(read_setting(&c, name, sample(o)), 0);
	if (!o->daemon)
		assert_sample(&c, o);
	config_close();
}


static void test_each_way(void **state)
{
	unsigned count = 0;
	(void)state;

	for (const struct option_entry *o = option_table; o->name; o++) {
		if (!option_is_setting(o))
			continue;

		read_in_each_way(o);
		++count;
	}
	assert_true(count >= 22);
}


/* The daemon's alone are those that have no place in another's process */
static void test_daemon(void **state)
{
	static const char *const names[] = {"config", "socket", "log-level",
					    "help", "version"};
	size_t n = 0;
	(void)state;

	for (const struct option_entry *o = option_table; o->name; o++) {
		if (o->daemon)
			assert_string_equal(o->name, names[n++]);
	}
	assert_int_equal(n, sizeof(names) / sizeof(*names));
	assert_false(config_is_setting("referd_colour"));
	assert_false(config_is_setting("referd_keep-days"));
}


static void test_settings_refused(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(read_setting(&c, "referd_app_status", ""), 0);
	assert_string_equal(c.app_status, "");
	assert_int_equal(read_setting(&c, "referd_keep_days", "0"), EINVAL);
	assert_int_equal(read_setting(&c, "referd_state", ""), EINVAL);

	setting.err = EOVERFLOW;
	assert_int_equal(read_setting(&c, "referd_app", "a"), EINVAL);
	setting.err = 0;
	config_close();
}


static void test_refused(void **state)
{
	struct config c;
	(void)state;

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(read_args(&c, "--nope", NULL), CONFIG_BAD);
	assert_int_equal(read_args(&c, "--listen", NULL), CONFIG_BAD);
	assert_int_equal(read_args(&c, "--log-level", "loud"), CONFIG_BAD);
	assert_int_equal(read_args(&c, "--socket", ""), CONFIG_BAD);
	assert_int_equal(read_args(&c, "--sync", "disk"), CONFIG_BAD);
	assert_int_equal(read_args(&c, "word", NULL), CONFIG_BAD);
	assert_int_equal(read_args(&c, "--config", "/nowhere"), CONFIG_BAD);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_settings_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
