/**
 * @file ctrl_request.c  Tests of the requests of one member to another
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "base/base.h"
#include "fakebus.h"
#include "fleet/fleet.h"
#include "fleet/rq.h"
#include "json.h"
#include "othermember.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static struct {
	unsigned served;
	unsigned done;
	unsigned found;
	bool all;
	int status; /* of the error, 0 for none */
	char text[400];
	char member[64];
} seen;


static int serve_handler(const struct cJSON *rq, const char *from,
			 struct json *answer, struct error *f)
{
	assert_string_equal(from, "gw2");
	++seen.served;
	if (field_bool(rq, "bad"))
		return error_set(f, 409, "bad", "must be left out");

	json_int(answer, "served", seen.served);

	return 0;
}


static void done_handler(const struct error *f, const struct cJSON *answer,
			 void *arg)
{
	(void)answer;
	assert_ptr_equal(arg, &seen);
	++seen.done;
	seen.status = f ? f->status : 0;
	(void)snprintf(seen.text, sizeof(seen.text), "%s", f ? f->text : "");
}


static void found_handler(const char *member, const struct cJSON *answer,
			  bool all, void *arg)
{
	seen.all = all;
	(void)answer;
	(void)arg;
	++seen.found;
	(void)snprintf(seen.member, sizeof(seen.member), "%s",
		       member ? member : "none");
}


static int setup(void **state)
{
	memset(&seen, 0, sizeof(seen));

	return others_setup(state) | rq_serve("test", serve_handler, true) |
	       rq_serve("often", serve_handler, false);
}


static void ask(void)
{
	assert_int_equal(
		rq_send(NULL, "gw2", "test", "{\"a\":1}", done_handler, &seen),
		0);
}


static void test_answer(void **state)
{
	(void)state;

	ask();
	assert_non_null(other_asked("fleet.rq.gw2", "test"));
	assert_string_equal(asked_member("a"), "1");
	assert_string_equal(asked_member("from"), "gw1");
	assert_string_equal(asked_member("to_boot"), "b2");
	assert_int_equal(seen.done, 0);
	other_answer("{\"ok\":true}");
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.status, 0);

	/* a second answer is of no use */
	other_answer("{\"ok\":true}");
	assert_int_equal(seen.done, 1);
}


static void test_error(void **state)
{
	(void)state;

	ask();
	assert_non_null(other_asked("fleet.rq.gw2", "test"));
	other_answer("{\"error\":{\"status\":404,\"text\":\"x is "
		     "not\",\"field\":\"x\"}}");
	assert_int_equal(seen.status, 404);
	assert_string_equal(seen.text, "x is not");

	ask();
	assert_non_null(other_asked("fleet.rq.gw2", "test"));
	other_answer("{\"ok\":");
	assert_int_equal(seen.status, 500);
	assert_string_equal(seen.text,
			    "The answer of the member gw2 is not valid");
}


/* Each repeat has the same id, so the request is done once */
static void test_repeat(void **state)
{
	char id[128];
	(void)state;

	ask();
	assert_non_null(other_asked("fleet.rq.gw2", "test"));
	(void)snprintf(id, sizeof(id), "%s", asked_member("id"));
	assert_string_equal(asked_member("try"), "1");
	for (int i = 2; i <= 4; i++) {
		referd_time_passes();
		assert_non_null(other_asked("fleet.rq.gw2", "test"));
		assert_string_equal(asked_member("id"), id);
		assert_int_equal(atoi(asked_member("try")), i);
	}

	assert_int_equal(seen.done, 0);
	referd_time_passes();
	assert_null(other_asked("fleet.rq.gw2", "test"));
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.status, 504);
	assert_string_equal(seen.text, "The member gw2 does not answer; it "
				       "may still carry out the request");
}


static void test_nobody_there(void **state)
{
	const struct fakebus_message *m;
	(void)state;

	ask();
	referd_turns();
	while ((m = fakebus_next()) && strcmp(m->subject, "fleet.rq.gw2"))
		;
	assert_non_null(m);
	fakebus_status(m->reply, 503, "No Responders");
	fakebus_turn();
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.status, 503);
	assert_string_equal(seen.text, "The member gw2 cannot be reached");
}


static void test_silent(void **state)
{
	(void)state;

	others.silent = true;
	ask();
	assert_int_equal(seen.done, 0);
	referd_time_passes();
	assert_int_equal(seen.done, 1);
	assert_string_equal(seen.text, "The member gw2 cannot be reached");
	assert_null(other_asked("fleet.rq.gw2", "test"));
}


static void test_down(void **state)
{
	(void)state;

	ask();
	fakebus_down("cut");
	fakebus_turn();
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.status, 503);

	ask();
	referd_time_passes();
	assert_int_equal(seen.done, 2);
	assert_non_null(strstr(seen.text, "has no connection to the fleet"));
}


static void test_cancel(void **state)
{
	struct rq *r;
	(void)state;

	assert_int_equal(rq_send(&r, "gw2", "test", "{}", done_handler, &seen),
			 0);
	assert_non_null(other_asked("fleet.rq.gw2", "test"));
	rq_cancel(r);
	other_answer("{\"ok\":true}");
	referd_time_passes();
	assert_int_equal(seen.done, 0);
}


static void test_done_once(void **state)
{
	(void)state;

	assert_string_equal(other_asks("test", "gw2.b2.a", ""),
			    "{\"ok\":true,\"served\":1}");
	assert_string_equal(other_asks("test", "gw2.b2.a", ""),
			    "{\"ok\":true,\"served\":1}");
	assert_int_equal(seen.served, 1);
	assert_string_equal(other_asks("test", "gw2.b2.b", ""),
			    "{\"ok\":true,\"served\":2}");

	/* requests that change nothing are not remembered */
	(void)other_asks("often", "gw2.b2.c", "");
	(void)other_asks("often", "gw2.b2.c", "");
	assert_int_equal(seen.served, 4);
}


static void test_refusal_is_kept(void **state)
{
	static const char refusal[] =
		"{\"error\":{\"status\":409,\"text\":\"bad must be left "
		"out\",\"field\":\"bad\"}}";
	(void)state;

	assert_string_equal(other_asks("test", "gw2.b2.a", ",\"bad\":true"),
			    refusal);
	assert_string_equal(other_asks("test", "gw2.b2.a", ",\"bad\":true"),
			    refusal);
	assert_int_equal(seen.served, 1);
	assert_non_null(
		strstr(other_asks("dance", NULL, ""),
		       "type is not a request that the member gw1 knows"));
}


/* It may have been done before the restart */
static void test_other_boot(void **state)
{
	(void)state;

	assert_non_null(strstr(
		other_asks("test", NULL, ",\"to_boot\":\"old\",\"try\":2"),
		"The member gw1 has restarted"));
	assert_int_equal(seen.served, 0);

	/* the first attempt can't have been */
	assert_non_null(strstr(
		other_asks("test", NULL, ",\"to_boot\":\"old\",\"try\":1"),
		"\"ok\":true"));
	assert_int_equal(seen.served, 1);
}


static void test_not_from_a_member(void **state)
{
	static const char good[] = "{\"id\":\"a\",\"from\":\"gw2\","
				   "\"type\":\"test\"}";
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"id\":\"a\",\"type\":\"test\"}",
		"{\"id\":7,\"from\":\"gw2\",\"type\":\"test\"}",
		"{\"id\":\"a\",\"from\":\"gw1\",\"type\":\"test\"}",
		"{\"id\":\"a\",\"from\":\"a.b\",\"type\":\"test\"}",
		"{\"id\":\"a\",\"from\":\"\",\"type\":\"test\"}",
		"{\"id\":\"a\",\"from\":\"gw2\",\"type\":\"test\","
		"\"x\":\"\xff\"}",
	};
	(void)state;

	/* a message through the stream is no request of a member */
	fakebus_js("fleet.rq.gw1", "_INBOX.x.1", good);
	fakebus_message("fleet.rq.gw1", NULL, good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fakebus_message("fleet.rq.gw1", "_INBOX.x.1", bad[i]);
	fakebus_turn();
	assert_int_equal(seen.served, 0);

	fakebus_message("fleet.rq.gw1", "_INBOX.x.1", good);
	fakebus_turn();
	assert_int_equal(seen.served, 1);
}


static void find(void)
{
	assert_int_equal(
		rq_find(NULL, "{\"call_sid\":\"c9\"}", found_handler, NULL),
		0);
	assert_non_null(other_asked("fleet.find", "find"));
}


static void test_find(void **state)
{
	(void)state;

	others.count = 3;
	find();
	other_answer("{\"ok\":true,\"have\":false,\"member\":\"gw3\"}");
	assert_int_equal(seen.found, 0);
	other_answer("{\"ok\":true,\"have\":true,\"member\":\"gw2\"}");
	assert_int_equal(seen.found, 1);
	assert_string_equal(seen.member, "gw2");

	/* once all have said no, the lookup ends before its second is over */
	find();
	for (int i = 0; i < 3; i++)
		other_answer("{\"ok\":true,\"have\":false,\"member\":\"x\"}");
	assert_int_equal(seen.found, 2);
	assert_true(seen.all);
	assert_string_equal(seen.member, "none");

	find();
	other_answer("{\"ok\":true,\"have\":false,\"member\":\"gw2\"}");
	assert_int_equal(seen.found, 2);
	referd_time_passes();
	assert_int_equal(seen.found, 3);
	assert_false(seen.all);
	assert_string_equal(seen.member, "none");
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, others_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_answer),
		CASE(test_error),
		CASE(test_repeat),
		CASE(test_nobody_there),
		CASE(test_silent),
		CASE(test_down),
		CASE(test_cancel),
		CASE(test_done_once),
		CASE(test_refusal_is_kept),
		CASE(test_other_boot),
		CASE(test_not_from_a_member),
		CASE(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
