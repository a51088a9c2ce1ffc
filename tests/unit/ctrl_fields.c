/**
 * @file ctrl_fields.c  Tests of the fields of structs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "json.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>


enum { GROUP_A = 1, GROUP_B = 2 };

struct box {
	char *id;
	char *text;
	char *object;
	char *list;
	int count;
	int64_t number;
	int status;
	int64_t ms;
	int64_t time;
	bool yes;
	enum maybe maybe;
};

static const struct field box_fields[] = {
	FIELD("id", TEXT, box, id, 0),
	FIELD("text", TEXT, box, text, GROUP_A),
	FIELD("object", JSON, box, object, GROUP_B),
	FIELD("list", LIST, box, list, GROUP_B),
	FIELD("count", INT, box, count, GROUP_A),
	FIELD("number", INT, box, number, GROUP_A),
	FIELD("status", STATUS, box, status, GROUP_A),
	FIELD("ms", MS, box, ms, GROUP_A | GROUP_B),
	FIELD("time", TIME, box, time, GROUP_A),
	FIELD("yes", BOOL, box, yes, GROUP_A),
	FIELD("maybe", MAYBE, box, maybe, GROUP_B),
	FIELDS_END,
};

/* Another struct, some of whose members are called the same */
struct slip {
	bool yes;
	const char *says;
	int state;
	int64_t number;
};

static const struct field slip_fields[] = {
	FIELD("text", TEXT, slip, says, GROUP_A),
	FIELD("status", STATUS, slip, state, GROUP_A),
	FIELD("number", INT, slip, number, GROUP_A),
	FIELD("yes", BOOL, slip, yes, GROUP_A),
	FIELDS_END,
};

static const char whole[] =
	"{\"id\":\"i\",\"text\":\"t\",\"object\":{\"b\":[1],\"a\":\"\\t\"},"
	"\"list\":[{\"a\":1}],"
	"\"count\":3,\"number\":9007199254740991,\"status\":202,"
	"\"ms\":1732000000123,\"time\":\"2024-11-19T07:06:40.123Z\","
	"\"yes\":true,\"maybe\":false}";


static int load(struct box *b, const char *json)
{
	cJSON *tree = cJSON_Parse(json);
	int err = fields_load(b, box_fields, tree);

	assert_non_null(tree);
	cJSON_Delete(tree);

	return err;
}


static void assert_print(const struct box *b, unsigned groups,
			 const char *expected)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, b, box_fields, groups);
	json_close(&j, '}');
	assert_string_equal(json_done(&j), expected);
	json_free(&j);
}


static void assert_whole(const struct box *b)
{
	assert_string_equal(b->id, "i");
	assert_string_equal(b->text, "t");
	assert_string_equal(b->object, "{\"b\":[1],\"a\":\"\\t\"}");
	assert_string_equal(b->list, "[{\"a\":1}]");
	assert_int_equal(b->count, 3);
	assert_true(b->number == 9007199254740991);
	assert_int_equal(b->status, 202);
	assert_true(b->ms == 1732000000123);
	assert_true(b->time == 1732000000123);
	assert_true(b->yes);
	assert_int_equal(b->maybe, MAYBE_FALSE);
}


static void test_load(void **state)
{
	struct box b = {0};
	(void)state;

	assert_int_equal(load(&b, whole), 0);
	assert_whole(&b);

	/* absent fields keep their value, the last of several with one name
	   counts */
	assert_int_equal(load(&b, "{\"text\":\"x\",\"other\":1,"
				  "\"text\":\"y\"}"),
			 0);
	assert_string_equal(b.text, "y");
	assert_string_equal(b.id, "i");
	assert_int_equal(load(&b, "[1,\"text\"]"), 0);
	assert_int_equal(load(&b, "17"), 0);
	assert_int_equal(fields_load(&b, box_fields, NULL), 0);
	assert_string_equal(b.text, "y");

	fields_free(&b, box_fields);
	assert_null(b.id);
	assert_null(b.object);
}


static void test_not_told(void **state)
{
	static const char *const texts[] = {
		"{\"id\":1,\"text\":null,\"object\":[],\"list\":{},\"count\":"
		"\"3\","
		"\"number\":{},\"status\":true,\"ms\":\"1\",\"time\":5,"
		"\"maybe\":1}",
		"{\"id\":{},\"text\":[],\"object\":\"{}\",\"count\":-3,"
		"\"number\":-1,\"status\":-1,\"ms\":-1,\"time\":\"noon\","
		"\"maybe\":\"true\"}",
		"{\"count\":2147483648,\"number\":9007199254740992,"
		"\"status\":1000,\"ms\":253402300800000}",
		"{\"count\":1e400,\"number\":1e400,\"status\":0,\"ms\":0}",
	};
	struct box b = {0};
	(void)state;

	assert_int_equal(load(&b, whole), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(load(&b, texts[i]), 0);
		assert_whole(&b);
	}

	/* a boolean is true, or not */
	assert_int_equal(load(&b, "{\"yes\":\"true\"}"), 0);
	assert_false(b.yes);
	fields_free(&b, box_fields);
}


static void test_print(void **state)
{
	struct box b = {.number = -1};
	(void)state;

	assert_print(&b, FIELDS_ALL, "{\"count\":0,\"yes\":false}");

	assert_int_equal(load(&b, whole), 0);
	assert_print(&b, GROUP_A,
		     "{\"text\":\"t\",\"count\":3,"
		     "\"number\":9007199254740991,\"status\":202,"
		     "\"ms\":1732000000123,"
		     "\"time\":\"2024-11-19T07:06:40.123Z\",\"yes\":true}");
	assert_print(&b, GROUP_B,
		     "{\"object\":{\"b\":[1],\"a\":\"\\t\"},"
		     "\"list\":[{\"a\":1}],"
		     "\"ms\":1732000000123,\"maybe\":false}");
	assert_int_equal(load(&b, "{\"maybe\":true}"), 0);
	assert_print(&b, GROUP_B,
		     "{\"object\":{\"b\":[1],\"a\":\"\\t\"},"
		     "\"list\":[{\"a\":1}],"
		     "\"ms\":1732000000123,\"maybe\":true}");
	fields_free(&b, box_fields);
}


static void borrow_handler(const struct member *m, void *arg)
{
	fields_borrow(arg, box_fields, m);
}


static void test_borrow(void **state)
{
	char text[512],
		again[] = "{\"object\":{},\"object\":{ \"x\":1},"
			  "\"text\":5,\"maybe\":null,\"status\":\"1\"}";
	struct box b = {0};
	(void)state;

	strcpy(text, whole);
	assert_int_equal(members_read(text, borrow_handler, &b), 0);
	assert_whole(&b);
	assert_true(b.text > text && b.text < text + sizeof(text));

	b = (struct box){0};
	assert_int_equal(members_read(again, borrow_handler, &b), 0);
	assert_string_equal(b.object, "{ \"x\":1}");
	assert_null(b.text);
	assert_int_equal(b.maybe, MAYBE_UNTOLD);
	assert_int_equal(b.status, 0);
}


static void test_keep(void **state)
{
	struct slip slip = {.says = "s", .state = 0, .number = 5};
	struct box b = {0}, copy = {0};
	(void)state;

	assert_int_equal(load(&b, whole), 0);
	assert_int_equal(
		fields_keep(&b, box_fields, GROUP_A, &slip, slip_fields), 0);
	assert_string_equal(b.text, "s");
	assert_ptr_not_equal(b.text, slip.says);
	assert_int_equal(b.status, 202);
	assert_true(b.number == 5);
	assert_false(b.yes);
	assert_string_equal(b.id, "i");

	slip = (struct slip){.number = -1};
	assert_int_equal(
		fields_keep(&b, box_fields, GROUP_B, &slip, slip_fields), 0);
	assert_int_equal(
		fields_keep(&b, box_fields, GROUP_A, &slip, slip_fields), 0);
	assert_string_equal(b.text, "s");
	assert_true(b.number == 5);

	assert_int_equal(
		fields_keep(&copy, box_fields, FIELDS_ALL, &b, box_fields), 0);
	assert_string_equal(copy.object, b.object);
	assert_ptr_not_equal(copy.object, b.object);
	assert_int_equal(copy.maybe, MAYBE_FALSE);
	b.maybe = MAYBE_UNTOLD;
	assert_int_equal(
		fields_keep(&copy, box_fields, FIELDS_ALL, &b, box_fields), 0);
	assert_int_equal(copy.maybe, MAYBE_FALSE);
	assert_null(copy.id);

	fields_free(&b, box_fields);
	fields_free(&copy, box_fields);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),  cmocka_unit_test(test_not_told),
		cmocka_unit_test(test_print), cmocka_unit_test(test_borrow),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
