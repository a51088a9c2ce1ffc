/**
 * @file ctrl_verb.c  Tests of verb lists, as far as they are not SIP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "calls/verb.h"
#include "json.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static const struct sender bot = {.kind = SENDER_CLIENT, .name = "bot"};
static const struct sender jambonz = {
	.kind = SENDER_CLIENT, .name = "bot", .dialect = DIALECT_JAMBONZ};
static const struct sender http = {.kind = SENDER_HTTP, .name = "http-1"};


static int parse(struct verb **listp, const char *text, struct error *f)
{
	cJSON *tree = cJSON_Parse(text);
	int err;

	assert_non_null(tree);
	error_init(f);
	*listp = NULL;
	err = verbs_parse(listp, tree, f);
	cJSON_Delete(tree);

	return err;
}


/* The specification's own example */
static void test_seed(void **state)
{
	struct verb *v;
	struct error f;
	(void)state;

	assert_int_equal(
		parse(&v,
		      "{\"verb\":\"sip:refer\",\"referTo\":\"+4930123456\","
		      "\"id\":\"unique-id-123\","
		      "\"referredBy\":\"sip:caller@example.com\","
		      "\"actionHook\":{\"url\":\"/action\","
		      "\"referStatus\":\"202\","
		      "\"final_referred_call_status\":\"200\",\"eventHook\":{"
		      "\"event\":\"transfer-status\","
		      "\"call_status\":\"180\"}},\"eventHook\":\"/event\","
		      "\"headers\":{\"X-Custom-Header\":\"Value\"}}",
		      &f),
		0);

	assert_int_equal(v->kind, VERB_SIP_REFER);
	assert_string_equal(v->id, "unique-id-123");
	assert_string_equal(v->action.url, "/action");
	assert_string_equal(v->action.method, "POST");
	assert_string_equal(v->event.url, "/event");
	assert_int_equal(v->position, -1);
	assert_non_null(strstr(v->text, "X-Custom-Header"));
	verbs_free(v);
}


/* Only in the default dialect, and only with a client to send the hook to */
static void test_default_hook(void **state)
{
	static const char text[] = "[{\"verb\":\"sip:refer\"},"
				   "{\"verb\":\"hangup\"}]";
	struct verb *v;
	struct error f;
	(void)state;

	assert_int_equal(parse(&v, text, &f), 0);
	assert_int_equal(verbs_own(v, &bot), 0);
	assert_string_equal(v->action.url, "refer");
	assert_string_equal(v->owner->name, "bot");
	assert_null(v->next->action.url);
	verbs_free(v);

	assert_int_equal(parse(&v, text, &f), 0);
	assert_int_equal(verbs_own(v, &jambonz), 0);
	assert_null(v->action.url);
	verbs_free(v);

	assert_int_equal(parse(&v, text, &f), 0);
	assert_int_equal(verbs_own(v, &http), 0);
	assert_null(v->action.url);
	verbs_free(v);
}


static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
		int position;
	} cases[] = {
		{"[]", "verbs must not be empty", -1},
		{"[1]", "verbs[0] must be an object", 0},
		{"{}", "verb is required", -1},
		{"{\"verb\":1}", "verb must be a string", -1},
		{"[{\"verb\":\"answer\"},{\"verb\":\"gather\"}]",
		 "verbs[1]: gather is not a verb of this gateway", 1},
		{"{\"verb\":\"pause\"}", "pause: length is required", -1},
		{"{\"verb\":\"pause\",\"length\":\"1\"}",
		 "pause: length must be a number of seconds from 0 to 86400",
		 -1},
		{"{\"verb\":\"pause\",\"length\":-1}",
		 "pause: length must be a number of seconds from 0 to 86400",
		 -1},
		{"{\"verb\":\"tag\"}", "tag: data is required", -1},
		{"{\"verb\":\"tag\",\"data\":[]}",
		 "tag: data must be an object", -1},
		{"{\"verb\":\"redirect\"}", "redirect: actionHook is required",
		 -1},
		{"{\"verb\":\"config\",\"notifyEvents\":1}",
		 "config: notifyEvents must be true or false", -1},
		{"{\"verb\":\"hangup\",\"id\":7}",
		 "hangup: id must be a string", -1},
		{"{\"verb\":\"hangup\",\"id\":\"a\\r\\nb\"}",
		 "hangup: id must not contain control characters", -1},
		{"[{\"verb\":\"redirect\",\"actionHook\":\"\"}]",
		 "verbs[0]: redirect: actionHook is required", 0},
		{"{\"verb\":\"pause\",\"length\":null}",
		 "pause: length is required", -1},
		{"{\"verb\":\"tag\",\"data\":\"\"}", "tag: data is required",
		 -1},
		{"{\"verb\":\"\"}", "verb is required", -1},
		{"{\"verb\":\"hangup\",\"actionHook\":{\"url\":null}}",
		 "hangup: actionHook.url is required", -1},
		{"{\"verb\":\"sip:refer\",\"actionHook\":1}",
		 "sip:refer: actionHook must be a string or an object with "
		 "url",
		 -1},
		{"{\"verb\":\"sip:refer\",\"eventHook\":{}}",
		 "sip:refer: eventHook.url is required", -1},
		{"{\"verb\":\"sip:refer\",\"eventHook\":"
		 "{\"url\":\"/e\",\"method\":\"PUT\"}}",
		 "sip:refer: eventHook.method must be GET or POST", -1},
		{"{\"verb\":\"sip:refer\",\"eventHook\":\"/e\\n\"}",
		 "sip:refer: eventHook must not contain control characters",
		 -1},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct verb *v;
		struct error f;

		assert_int_equal(parse(&v, cases[i].text, &f), EBADMSG);
		assert_string_equal(f.text, cases[i].sentence);
		assert_int_equal(f.position, cases[i].position);
	}
}


/* null and "" count as left out */
static void test_left_out(void **state)
{
	static const char *const nothings[] = {"null", "\"\""};
	char text[512];
	struct error f;
	struct verb *v;
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		const char *n = nothings[i];

		(void)snprintf(text, sizeof(text),
			       "[{\"verb\":\"sip:refer\",\"referTo\":\"1\","
			       "\"id\":%s,\"actionHook\":%s,\"eventHook\":"
			       "{\"url\":\"/e\",\"method\":%s,"
			       "\"username\":%s,\"password\":%s}},"
			       "{\"verb\":\"config\",\"notifyEvents\":%s}]",
			       n, n, n, n, n, n);
		assert_int_equal(parse(&v, text, &f), 0);
		assert_int_equal(verbs_own(v, &bot), 0);
		assert_null(v->id);
		assert_string_equal(v->action.url, "refer");
		assert_string_equal(v->event.url, "/e");
		assert_string_equal(v->event.method, "POST");
		assert_null(v->event.username);
		assert_null(v->event.password);
		assert_int_equal(v->next->notify, -1);
		verbs_free(v);
	}
}


static void test_too_many(void **state)
{
	cJSON *array = cJSON_CreateArray();
	struct verb *v = NULL;
	struct error f;
	(void)state;

	for (int i = 0; i < VERB_LIST_MAX + 1; i++) {
		cJSON *verb = cJSON_CreateObject();

		cJSON_AddStringToObject(verb, "verb", "answer");
		cJSON_AddItemToArray(array, verb);
	}

	error_init(&f);
	assert_int_equal(verbs_parse(&v, array, &f), EBADMSG);

	cJSON_DeleteItemFromArray(array, 0);
	error_init(&f);
	assert_int_equal(verbs_parse(&v, array, &f), 0);
	assert_int_equal(verbs_count(v), VERB_LIST_MAX);

	verbs_free(v);
	cJSON_Delete(array);
}


/* A request to baresip must fit into one line; verbs that referd runs itself
   need not */
static void test_too_long(void **state)
{
	cJSON *verb = cJSON_CreateObject();
	struct verb *v = NULL;
	struct error f;
	char text[12001];
	(void)state;

	/* a byte each, until they are written again */
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cJSON_AddStringToObject(verb, "verb", "answer");
	cJSON_AddStringToObject(verb, "note", text);

	error_init(&f);
	assert_int_equal(verbs_parse(&v, verb, &f), EBADMSG);
	assert_string_equal(f.field, "verb");
	assert_null(v);

	cJSON_ReplaceItemInObject(verb, "verb", cJSON_CreateString("config"));
	error_init(&f);
	assert_int_equal(verbs_parse(&v, verb, &f), 0);
	verbs_free(v);
	cJSON_Delete(verb);
}


/* A verb read from the store equals the one written */
static void test_save_load(void **state)
{
	struct verb *v, *w = NULL;
	struct json j;
	struct error f;
	cJSON *tree;
	(void)state;

	assert_int_equal(parse(&v,
			       "[{\"verb\":\"pause\",\"length\":1.5},"
			       "{\"verb\":\"sip:refer\",\"referTo\":\"1\","
			       "\"id\":\"x\"}]",
			       &f),
			 0);
	assert_int_equal(verbs_own(v, &jambonz), 0);

	json_init(&j);
	json_open(&j, NULL, '{');
	verbs_print(&j, "verbs", v);
	json_close(&j, '}');
	tree = cJSON_Parse(json_done(&j));

	assert_int_equal(verbs_load(&w, cJSON_GetObjectItem(tree, "verbs")),
			 0);
	assert_int_equal(verbs_count(w), 2);
	assert_true(w->length == 1.5);
	assert_string_equal(w->next->text, v->next->text);
	assert_string_equal(w->next->owner->name, "bot");
	assert_int_equal(w->next->dialect, DIALECT_JAMBONZ);
	assert_int_equal(w->next->position, 1);

	cJSON_Delete(tree);
	json_free(&j);
	verbs_free(v);
	verbs_free(w);
}


static int resolve_handler(const struct sender *owner, struct hook *hook)
{
	(void)owner;
	(void)hook;

	return 0;
}


static const struct calls_events events = {.resolve = resolve_handler};


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_default_hook),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_save_load),
	};

	calls_init(&events);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
