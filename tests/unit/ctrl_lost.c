/**
 * @file ctrl_lost.c  Tests of the reaction of a member to the silence of
 * another
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "fakebus.h"
#include "fleet/fleet.h"
#include "fleet/members.h"
#include "fleet/view.h"
#include "fleetscene.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>


static uint64_t seq; /* of gw1's last message */

#define TIME "2026-01-01T00:00:00.000Z"


static unsigned own_held, own_free; /* calls of the wrapper */
static char own_ended[64], own_elsewhere[64];

void __wrap_publisher_hold(bool hold);
void __real_publisher_hold(bool hold);
void __wrap_intake_lost(const char *id, const char *reason);
void __wrap_hooks_elsewhere(const char *id);


void __wrap_publisher_hold(bool hold)
{
	own_held += hold;
	own_free += !hold;
	__real_publisher_hold(hold);
}


void __wrap_intake_lost(const char *id, const char *reason)
{
	assert_string_equal(reason, "the member me is lost");
	assert_true(own_free == 0);
	strcat(strcat(own_ended, id), " ");
}


/* Comes before the end of the transfer, because its hook gets the end */
void __wrap_hooks_elsewhere(const char *id)
{
	assert_true(strlen(own_elsewhere) == strlen(own_ended));
	strcat(strcat(own_elsewhere, id), " ");
}


static int setup(void **state)
{
	(void)state;
	seq = 0;
	*own_ended = *own_elsewhere = '\0';
	scene_open(true);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	scene_close();

	return 0;
}


static void say(const char *type, const char *call_sid, const char *data)
{
	char text[2048];

	++seq;
	(void)snprintf(text, sizeof(text),
		       "{\"member\":\"gw1\",\"boot\":\"b1\",\"first\":%d,"
		       "\"last\":%d,\"after\":%d,\"count\":1}\n{\"type\":"
		       "\"%s\",\"seq\":%d,\"time\":\"" TIME
		       "\",\"call_sid\":\"%s\",\"data\":%s}",
		       (int)seq, (int)seq, (int)seq - 1, type, (int)seq,
		       call_sid, data);
	(void)jet_put("fleet.ev.gw1", text);
	scene_settle();
}


static void call(const char *sid)
{
	char data[256];

	(void)snprintf(data, sizeof(data),
		       "{\"call_sid\":\"%s\",\"call_status\":\"in-progress\","
		       "\"node\":\"bs1\"}",
		       sid);
	say("session:new", sid, data);
}


static void transfer(const char *id)
{
	char data[256];

	(void)snprintf(data, sizeof(data),
		       "{\"transfer_id\":\"%s\",\"step\":\"requested\","
		       "\"node\":\"bs1\",\"boot\":\"i\"}",
		       id);
	say("transfer:status", "c1", data);
}


/* Lets time pass with heartbeats of gw2 and of the engine */
static void pass(double seconds, bool gw1)
{
	for (double t = 0; t < seconds; t += 1) {
		if (gw1)
			scene_heartbeat("gw1", "b1", "");
		scene_heartbeat("gw2", "b2", "");
		jet_heartbeat();
		scene_pass(1);
	}
}


/* How many lost messages are in the stream */
static unsigned lost(void)
{
	unsigned n = 0;

	for (uint64_t i = 1; i <= jet_end(); i++)
		n += !strncmp(jet_subject(i), "fleet.lost.", 11);

	return n;
}


/* The loss is reported once, and the calls and transfers of the member have
   ended */
static void test_lost(void **state)
{
	const char *text;
	(void)state;

	call("c1");
	transfer("t1");
	pass(5, true);
	pass(62, false);
	assert_int_equal(lost(), 0);
	pass(4, false);
	assert_int_equal(lost(), 1);
	assert_string_equal(jet_subject(jet_end()), "fleet.lost.gw1.b1");
	text = jet_text(jet_end());
	assert_non_null(strstr(text, "{\"member\":\"gw1\",\"boot\":\"b1\","
				     "\"by\":\"me\",\"by_boot\":\""));
	assert_non_null(strstr(text, "\"part\":1,\"parts\":1,\"time\":\""));
	assert_non_null(strstr(text,
			       "\n{\"transfer_id\":\"t1\",\"call_sid\":\"c1\","
			       "\"node\":\"bs1\"}\n{\"call_sid\":\"c1\","
			       "\"node\":\"bs1\"}"));
	assert_non_null(strstr(jet_id(jet_end()), "lost.gw1.b1.1."));

	assert_int_equal(told("node:lost", "\"calls\":1,\"transfers\":1"), 1);
	assert_int_equal(told("\"evidence\":\"node\"", NULL), 1);
	assert_true(view_open_of("gw1") == 0);
	assert_int_equal(scene_posted("t1"), 0); /* it had no hook status */
	assert_int_equal(scene_posts(), 1);
	pass(100, false);
	assert_int_equal(lost(), 1);
}


/* A heartbeat comes before the time is over */
static void test_heard(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	pass(50, false);
	pass(2, true);
	pass(50, false);
	assert_int_equal(lost(), 0);
}


/* The member has no known call or transfer to end */
static void test_idle(void **state)
{
	(void)state;

	pass(5, true);
	pass(100, false);
	assert_int_equal(lost(), 0);
}


/* Without a connection the silence of a member counts as our own */
static void test_down(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	fakebus_down("closed");
	scene_pass(300);
	fakebus_up();
	scene_turn();
	assert_int_equal(lost(), 0);
	pass(55, false);
	assert_int_equal(lost(), 0);
	pass(10, false);
	assert_int_equal(lost(), 1);
}


/* The time in which this process stood still does not count as silence */
static void test_still(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	scene_still(300);
	scene_pass(.6);
	assert_true(members_reachable("gw1"));
	pass(55, false);
	assert_int_equal(lost(), 0);
	pass(15, false);
	assert_int_equal(lost(), 1);
}


/* With two members only, the engine decides */
static void test_alone(void **state)
{
	(void)state;

	call("c1");
	scene_heartbeat("gw1", "b1", "");
	for (int i = 0; i < 70; i++) {
		jet_heartbeat();
		scene_pass(1);
	}
	assert_int_equal(lost(), 1);
}


/* ... and if both are silent, no member is declared lost */
static void test_nobody(void **state)
{
	(void)state;

	call("c1");
	scene_heartbeat("gw1", "b1", "");
	jet_deaf(true);
	jet_drop(true);
	scene_pass(300);
	assert_int_equal(lost(), 0);
}


/* This one was away when it was lost */
static void test_restart(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	scene_stop();
	scene_start();
	pass(55, false);
	assert_int_equal(lost(), 0);
	pass(10, false);
	assert_int_equal(lost(), 1);
}


static void test_parts(void **state)
{
	char sid[16];
	(void)state;

	for (int i = 0; i < 450; i++) {
		(void)snprintf(sid, sizeof(sid), "c%03d", i);
		call(sid);
	}
	pass(5, true);
	told_clear();
	pass(66, false);
	assert_int_equal(lost(), 3);
	assert_non_null(strstr(jet_text(jet_end()), "\"part\":3,\"parts\":3"));
	assert_int_equal(told("call:status", "is lost"), 450);
	assert_true(told_in_order());
	assert_true(view_open_of("gw1") == 0);
}


/* Another one has said so before */
static void test_other(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	pass(55, false);
	(void)jet_put("fleet.lost.gw1.b1",
		      "{\"member\":\"gw1\",\"boot\":\"b1\",\"by\":\"gw2\","
		      "\"by_boot\":\"b2\",\"part\":1,\"parts\":1,\"time\":"
		      "\"" TIME "\"}\n{\"call_sid\":\"c1\"}");
	scene_settle();
	pass(20, false);
	assert_int_equal(lost(), 1);
	assert_int_equal(scene_posts(), 0);
}


/* The engine does not take it: it is tried again */
static void test_again(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	pass(50, false);
	jet_refuse(true);
	pass(20, false);
	assert_int_equal(lost(), 0);
	jet_refuse(false);
	pass(6, false);
	assert_int_equal(lost(), 1);
}


/* A member that is behind declares no other lost */
static void test_behind(void **state)
{
	(void)state;

	call("c1");
	pass(5, true);
	scene_full(true);
	(void)jet_put("fleet.ev.gw1", "");
	pass(100, false);
	assert_int_equal(lost(), 0);
	scene_full(false);
	pass(1, false);
	assert_int_equal(lost(), 1);
}


/* Others have given this one up: that is read before it publishes */
static void test_own(void **state)
{
	(void)state;

	scene_stop();
	for (int i = 1; i <= 2; i++)
		(void)jet_put(i == 1 ? "fleet.lost.me.b0" : "fleet.lost.me.b1",
			      "{\"member\":\"me\",\"boot\":\"b0\",\"by\":"
			      "\"gw2\",\"by_boot\":\"b2\",\"part\":1,"
			      "\"parts\":1,\"time\":\"" TIME
			      "\"}\n{\"transfer_id\":\"t1\",\"call_sid\":"
			      "\"c1\"}\n{\"call_sid\":\"c1\"}");
	own_held = own_free = 0;
	scene_start();
	assert_int_equal(own_held, 2);
	assert_int_equal(own_free, 1);
	assert_string_equal(own_ended, "t1 t1 ");
	assert_string_equal(own_elsewhere, "t1 t1 ");

	/* with each connection, but no message twice */
	fakebus_down("closed");
	scene_turn();
	fakebus_up();
	scene_turn();
	assert_int_equal(own_free, 2);
	assert_string_equal(own_ended, "t1 t1 ");
}


/* Nothing is published until the stream can be read */
static void test_own_deaf(void **state)
{
	(void)state;

	scene_stop();
	own_held = own_free = 0;
	jet_deaf(true);
	scene_start();
	scene_pass(10);
	assert_int_equal(own_free, 0);
	jet_deaf(false);
	scene_pass(5);
	assert_int_equal(own_free, 1);
}


#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_lost),   CASE(test_heard),    CASE(test_idle),
		CASE(test_down),   CASE(test_still),    CASE(test_alone),
		CASE(test_nobody), CASE(test_restart),  CASE(test_parts),
		CASE(test_other),  CASE(test_again),    CASE(test_behind),
		CASE(test_own),    CASE(test_own_deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
