/**
 * @file ctrl_schema.c  Tests of what other releases of referd have left
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "store/store.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#define TABLE(t)                                                              \
	"CREATE TABLE " t "("                                                 \
	" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data TEXT);"

#define FIRST_MESSAGES                                                        \
	"CREATE TABLE messages("                                              \
	" seq INTEGER PRIMARY KEY, client TEXT, jambonz INTEGER NOT NULL,"    \
	" text TEXT NOT NULL);"

#define LATER_MESSAGES                                                        \
	TABLE("apps")                                                         \
	"CREATE TABLE messages("                                              \
	" seq INTEGER PRIMARY KEY, client TEXT, call_sid TEXT,"               \
	" jambonz INTEGER NOT NULL, text TEXT NOT NULL);"

#define NEW                                                                   \
	"'{\"type\":\"session:new\",\"seq\":5,"                               \
	"\"time\":\"2025-01-31T10:00:00.000Z\",\"call_sid\":\"s1\","          \
	"\"data\":{\"from_uri\":\"sip:Ann@a\",\"to_uri\":\"sip:100@b\"}}'"

#define STEP                                                                  \
	"'{\"type\":\"transfer:status\",\"seq\":7,"                           \
	"\"time\":\"2025-01-31T10:00:01.500Z\",\"call_sid\":\"s1\","          \
	"\"data\":{\"transfer_id\":\"T1\",\"step\":\"ended\"}}'"

#define SELDOM                                                                \
	"'{\"type\":\"ack\",\"seq\":8,"                                       \
	"\"time\":\"2025-01-31T10:00:02.000Z\"}'"

/* 1738317600000 ms is 2025-01-31T10:00:00Z */
static const char common[] =
	"CREATE TABLE counter("
	" id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL);" TABLE(
		"nodes") TABLE("sessions")
		TABLE("outbox") "CREATE TABLE transfers("
				" id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT "
				"NULL,"
				" call_sid TEXT, node TEXT, outcome TEXT, "
				"started INTEGER,"
				" data TEXT);"
				"CREATE INDEX transfers_running"
				" ON transfers(outcome) WHERE outcome IS NULL;"
				"PRAGMA user_version=1;"
				"INSERT INTO counter VALUES(1, 41);"
				"INSERT INTO outbox(key, data) VALUES('h1', "
				"'{\"hook\":1}');"
				"INSERT INTO transfers VALUES(1, 'T1', 's1', "
				"'gw', 'failed',"
				" 1738317600000, "
				"'{\"transfer_id\":\"T1\",\"verb_id\":\"V1\","
				"\"refer_to\":\"sip:Bob@c\",\"refer_status\":"
				"202,"
				"\"call_status\":486,\"evidence\":\"notify\","
				"\"ended\":\"2025-01-31T10:00:01.500Z\"}');"
				"INSERT INTO transfers VALUES(2, 'T2', 's2', "
				"'gw', NULL,"
				" 1738317605000, '{\"transfer_id\":\"T2\"}');";

static const char first_rows[] =
	"INSERT INTO messages VALUES(5, NULL, 1, " NEW ");"
	"INSERT INTO messages VALUES(7, NULL, 0, " STEP ");"
	"INSERT INTO messages VALUES(8, 'bot', 1, " SELDOM ");";

static const char later_rows[] =
	"INSERT INTO messages VALUES(5, NULL, 's1', 1, " NEW ");"
	"INSERT INTO messages VALUES(7, NULL, 's1', 0, " STEP ");"
	"INSERT INTO messages VALUES(8, 'bot', NULL, 1, " SELDOM ");";

static char dir[64];


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	strcpy(dir, "/tmp/ctrl-schema-XXXXXX");

	return mkdtemp(dir) ? 0 : -1;
}


static int teardown(void **state)
{
	char cmd[128];
	(void)state;

	store_close();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);

	return system(cmd);
}


static void run(const char *sql)
{
	char path[96];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


static void each_handler(const char *key, const char *data, void *arg)
{
	strcat(arg, key);
	strcat(arg, "=");
	strcat(arg, data);
	strcat(arg, ";");
}


static void key_handler(const char *key, const char *data, void *arg)
{
	(void)data;

	strcat(arg, key);
	strcat(arg, " ");
}


static void data_handler(const char *key, const char *data, void *arg)
{
	(void)key;

	strcat(arg, data);
}


static void message_handler(uint64_t seq, const char *text, void *arg)
{
	char number[24];
	(void)text;

	(void)snprintf(number, sizeof(number), "%d ", (int)seq);
	strcat(arg, number);
}


static const char *find(struct archive_filter f)
{
	static char text[128];

	*text = '\0';
	f.limit = 10;
	assert_int_equal(archive_find(&f, key_handler, text), 0);

	return text;
}


static void replay(uint64_t since, char *text)
{
	(void)store_replay(&since, "bot", NULL, false, 10, message_handler,
			   text);
}


static void check(void)
{
	char text[256] = "";

	assert_int_equal(store_open(dir), 0);
	assert_true(store_seq() == 41);

	store_each(STORE_OUTBOX, each_handler, text);
	assert_string_equal(text, "h1={\"hook\":1};");

	*text = '\0';
	replay(4, text);
	assert_string_equal(text, "5 7 8 ");

	*text = '\0';
	store_call("s1", 10, message_handler, text);
	assert_string_equal(text, "5 7 ");

	assert_true(archive_ended("T1"));
	*text = '\0';
	archive_running(key_handler, text);
	assert_string_equal(text, "T2 ");

	assert_string_equal(find((struct archive_filter){0}), "T2 T1 ");
	assert_string_equal(find((struct archive_filter){.code_min = 486,
							 .code_max = 486}),
			    "T1 ");
	assert_string_equal(find((struct archive_filter){.target = "bob@c"}),
			    "T1 ");
	assert_string_equal(find((struct archive_filter){.q = "ann@a"}),
			    "T1 ");
	assert_string_equal(find((struct archive_filter){.q = "v1"}), "T1 ");
	assert_string_equal(
		find((struct archive_filter){.stepped = true, .since = 6}),
		"T1 ");

	*text = '\0';
	assert_int_equal(archive_get("T1", data_handler, text), 0);
	assert_non_null(strstr(text, "\"code\":486"));
	*text = '\0';
	assert_int_equal(archive_get("T2", data_handler, text), 0);
	assert_null(strstr(text, "code"));

	store_close();
	assert_int_equal(store_open(dir), 0);
	assert_string_equal(find((struct archive_filter){0}), "T2 T1 ");
}


static void test_first(void **state)
{
	(void)state;

	run(common);
	run(FIRST_MESSAGES);
	run(first_rows);
	check();
}


static void test_later(void **state)
{
	(void)state;

	run(common);
	run(LATER_MESSAGES);
	run(later_rows);
	check();
}


static void test_second(void **state)
{
	char text[64] = "";
	(void)state;

	assert_int_equal(store_open(dir), 0);
	store_message(store_seq_next(), NULL, NULL, true, "a");
	store_close();
	run("ALTER TABLE counter DROP COLUMN forgotten;"
	    "ALTER TABLE counter DROP COLUMN reserved;"
	    "UPDATE counter SET seq = 100777;"
	    "DROP INDEX messages_client;"
	    "PRAGMA user_version=2");

	assert_int_equal(store_open(dir), 0);
	assert_true(store_seq() == 100777);
	assert_true(store_first() == 778);
	replay(0, text);
	assert_string_equal(text, "2 ");
}


/* A newer one may count on what we would break */
static void test_newer(void **state)
{
	(void)state;

	assert_int_equal(store_open(dir), 0);
	store_close();
	run("PRAGMA user_version=1000");

	(void)freopen("/dev/null", "w", stderr);
	assert_int_equal(store_open(dir), ENOTSUP);
	run("PRAGMA user_version=5");
	assert_int_equal(store_open(dir), 0);
}


/* Half of a step is none */
static void test_broken(void **state)
{
	(void)state;

	run(common);
	run(LATER_MESSAGES);
	run("CREATE TABLE old_transfers(id)");

	(void)freopen("/dev/null", "w", stderr);
	assert_int_not_equal(store_open(dir), 0);
	run("DROP TABLE old_transfers");
	run(later_rows);
	check();
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
