/**
 * @file ctrl_sender.c  Tests of senders: copied, stored, and read again
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "stream/stream.h"
#include "json.h"


/* Result of sender_load() with the output of sender_save() */
static struct sender *again(const struct sender *s)
{
	struct sender *copy;
	struct json j;
	cJSON *tree;

	json_init(&j);
	json_open(&j, NULL, '{');
	sender_save(&j, "sender", s);
	json_close(&j, '}');
	tree = cJSON_Parse(json_done(&j));
	assert_non_null(tree);
	assert_int_equal(
		sender_load(&copy, cJSON_GetObjectItem(tree, "sender")), 0);
	cJSON_Delete(tree);
	json_free(&j);

	return copy;
}


static void test_app(void **state)
{
	const struct sender app = {.kind = SENDER_APP,
				   .dialect = DIALECT_JAMBONZ,
				   .name = "app-c1",
				   .call_sid = "c1",
				   .msgid = "\"m\"",
				   .quiet = true};
	struct sender *s = again(&app);
	(void)state;

	assert_int_equal(s->kind, SENDER_APP);
	assert_int_equal(s->dialect, DIALECT_JAMBONZ);
	assert_string_equal(s->name, "app-c1");
	assert_string_equal(s->call_sid, "c1");
	assert_string_equal(s->msgid, "\"m\"");
	assert_true(s->quiet);
	assert_true(sender_can_answer(s));
	free(s);
}


static void test_client(void **state)
{
	const struct sender client = {.kind = SENDER_CLIENT, .name = "bot"};
	struct sender *s = again(&client);
	(void)state;

	assert_int_equal(s->kind, SENDER_CLIENT);
	assert_string_equal(s->name, "bot");
	assert_null(s->call_sid);
	assert_null(s->msgid);
	assert_false(s->quiet);
	assert_true(sender_can_answer(s));
	free(s);
}


/* The next process has a request of the same name, which is another one */
static void test_request(void **state)
{
	const struct sender http = {.kind = SENDER_HTTP, .name = "http-1"};
	(void)state;

	assert_null(again(&http));
	assert_false(sender_can_answer(&http));
}


static void test_nobody(void **state)
{
	const struct sender nobody = {.kind = SENDER_NOBODY};
	struct sender *s;
	(void)state;

	assert_int_equal(sender_copy(&s, &nobody), 0);
	assert_null(s);
	assert_null(again(NULL));
	assert_false(sender_can_answer(NULL));
}


static void test_bad(void **state)
{
	cJSON *tree = cJSON_Parse("{\"kind\":\"client\"}");
	struct sender *s;
	(void)state;

	assert_int_equal(sender_load(&s, tree), EBADMSG);
	cJSON_Delete(tree);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_app),     cmocka_unit_test(test_client),
		cmocka_unit_test(test_request), cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
