/**
 * @file ctrl_members.c  Tests of the members of a fleet: their heartbeats, and
 * the state of the fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "fakebus.h"
#include "fleet/bus.h"
#include "fleet/fleet.h"
#include "fleet/members.h"
#include "fleetscene.h"
#include "json.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>


static char shown[16384];


static int setup(void **state)
{
	(void)state;
	scene_open(true);

	return 0;
}


static int setup_publisher(void **state)
{
	(void)state;
	scene_open(false);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	scene_close();

	return 0;
}


static const char *show(void)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fleet_print(&j, "fleet");
	json_close(&j, '}');
	(void)snprintf(shown, sizeof(shown), "%s", json_done(&j));
	json_free(&j);

	return shown;
}


static void assert_has(const char *what, const char *part)
{
	if (!strstr(what, part))
		fail_msg("%s is not in %s", part, what);
}


/* As time passes, and the engine says that it is there */
static void pass(double seconds)
{
	for (double t = 0; t < seconds; t += .5) {
		scene_pass(.5);
		jet_heartbeat();
	}
}


#define NODE(name, can)                                                       \
	",\"nodes\":[{\"node\":\"" name "\",\"calls\":0,\"can\":" can "}]"


static void test_out(void **state)
{
	const char *beat;
	(void)state;

	told_clear();
	pass(10);
	assert_in_range(jet_sent("fleet.hb.me"), 9, 11);
	beat = jet_last("fleet.hb.me");
	assert_has(beat, "\"member\":\"me\",\"boot\":\"");
	assert_has(beat, bus_boot());
	assert_has(beat, "\"view\":true,\"seq\":");
	assert_has(beat, "\"calls\":0,\"transfers\":0");
	assert_has(beat, "\"labels\":[\"west\",\"trunk\"],\"nodes\":[]");
}


/* At once, but ten times a second at most */
static void test_soon(void **state)
{
	(void)state;

	pass(1.1);
	told_clear();
	scene_pass(.1);
	members_soon();
	scene_turn();
	assert_in_range(jet_sent("fleet.hb.me"), 1, 2);

	told_clear();
	for (int i = 0; i < 100; i++) {
		members_soon();
		scene_pass(.01);
	}
	assert_in_range(jet_sent("fleet.hb.me"), 8, 13);
}


/* No heartbeat waits for a connection */
static void test_out_down(void **state)
{
	(void)state;

	fakebus_down("closed");
	scene_turn();
	told_clear();
	scene_pass(10);
	fakebus_up();
	scene_turn();
	assert_in_range(jet_sent("fleet.hb.me"), 1, 2);
}


static void test_reachable(void **state)
{
	(void)state;

	assert_false(members_reachable("gw1"));
	assert_true(members_reachable("me"));
	scene_heartbeat("gw1", "b1",
			",\"view\":true,\"calls\":3,\"transfers\":1,"
			"\"labels\":[\"east\"]" NODE("bs1", "true"));
	assert_true(members_reachable("gw1"));
	assert_string_equal(members_boot("gw1"), "b1");
	assert_int_equal(members_count(), 1);
	assert_has(show(), "{\"member\":\"gw1\",\"reachable\":true,"
			   "\"view\":true,\"version\":\"1\",\"calls\":3,"
			   "\"transfers\":1,");
	assert_has(shown, "\"labels\":[\"east\"],\"seen\":\"");
	assert_has(shown, "{\"member\":\"me\",\"reachable\":true");

	pass(3);
	assert_true(members_reachable("gw1"));
	pass(1.5);
	assert_false(members_reachable("gw1"));
	assert_int_equal(members_count(), 0);
	assert_has(show(), "{\"member\":\"gw1\",\"reachable\":false");
	assert_string_equal(members_boot("gw1"), "b1");
	scene_heartbeat("gw1", "b2", "");
	assert_true(members_reachable("gw1"));
	assert_string_equal(members_boot("gw1"), "b2");
}


/* Late or repeated heartbeats do no harm */
static void test_disorder(void **state)
{
	(void)state;

	scene_heartbeat("gw1", "b1", ",\"age\":2000,\"calls\":2");
	scene_heartbeat("gw1", "b1", ",\"age\":1000,\"calls\":1");
	assert_has(show(), "\"calls\":2");
	scene_heartbeat("gw1", "b2", ",\"age\":10,\"calls\":7");
	assert_has(show(), "\"calls\":7");
	assert_string_equal(members_boot("gw1"), "b2");
	scene_heartbeat("gw1", "b1", ",\"age\":2500,\"calls\":2");
	assert_has(show(), "\"calls\":7");
}


static void test_senseless(void **state)
{
	(void)state;

	fakebus_message("fleet.hb.gw1", NULL, "");
	fakebus_message("fleet.hb.gw1", NULL, "[]");
	fakebus_message("fleet.hb.gw1", NULL, "{\"boot\":17}");
	fakebus_js("fleet.hb.gw1", "$JS.ACK.FLEET.x.1.1.1.1.0",
		   "{\"boot\":\"b\"}");
	fakebus_js("fleet.hb.gw1", NULL, "{\"boot\":\"b\"}");
	scene_turn();
	assert_int_equal(members_count(), 0);

	scene_heartbeat("gw1", "b1",
			",\"nodes\":17,\"labels\":{},\"calls\":\"x\"");
	assert_has(show(), "\"nodes\":[],\"labels\":[]");
}


static void test_many(void **state)
{
	char name[32];
	(void)state;

	for (int i = 0; i < 1500; i++) {
		(void)snprintf(name, sizeof(name), "gw%d", i);
		scene_heartbeat(name, "b", "");
	}
	assert_int_equal(members_count(), 1024);
}


/* A member of our name, which is there longer: this one gives way */
static void test_rival(void **state)
{
	(void)state;

	scene_heartbeat("me", bus_boot(), ",\"age\":100000");
	scene_heartbeat("me", "b9", ",\"age\":100000");
	assert_false(fleet_failed());
	pass(1);
	scene_heartbeat("me", "b9", ",\"age\":101000");
	assert_true(fleet_failed());
	assert_int_equal(members_count(), 0);
}


/* ... or a younger one, which then fails itself */
static void test_rival_younger(void **state)
{
	(void)state;

	pass(5);
	for (int i = 0; i < 5; i++) {
		scene_heartbeat("me", "b9", ",\"age\":500");
		pass(1);
	}
	assert_false(fleet_failed());
	pass(3.5);
}


/* The last heartbeat of a process that has just ended is no rival */
static void test_rival_dead(void **state)
{
	(void)state;

	scene_heartbeat("me", "b9", ",\"age\":100000");
	pass(5);
	scene_heartbeat("me", "b8", ",\"age\":100000");
	assert_false(fleet_failed());
}


static void test_pick(void **state)
{
	(void)state;

	assert_null(members_least());
	assert_null(members_node("bs1"));
	scene_heartbeat("gw1", "b1",
			",\"calls\":3,\"labels\":[\"east\",\"x\"]" NODE(
				"bs1", "true"));
	scene_heartbeat(
		"gw2", "b2",
		",\"calls\":2,\"labels\":[\"east\"]" NODE("bs2", "true"));
	scene_heartbeat(
		"gw3", "b3",
		",\"calls\":0,\"labels\":[\"east\"]" NODE("bs3", "false"));
	assert_string_equal(members_node("bs1"), "gw1");
	assert_null(members_node("bs3"));
	assert_string_equal(members_least(), "gw2");
	assert_string_equal(members_label("east"), "gw2");
	assert_string_equal(members_label("x"), "gw1");
	assert_null(members_label("eas"));
	assert_null(members_label("west")); /* ours, without a node */

	pass(4);
	assert_null(members_least());
}


/* Clients get the state of the engine within 5 s, and of each member */
static void test_status(void **state)
{
	(void)state;

	assert_has(show(), "\"state\":\"up\",\"lag\":0");
	told_clear();
	fakebus_down("connection closed");
	scene_turn();
	assert_int_equal(told_status("\"state\":\"down\""), 1);
	assert_int_equal(told_status("\"reason\":\"connection closed\""), 1);
	fakebus_up();
	scene_pass(1);
	assert_int_equal(told_status("\"state\":\"up\""), 1);
	pass(5);
	assert_int_equal(told_status("\"type\":\"fleet:status\""), 2);

	told_clear();
	scene_heartbeat("gw1", "b1", "");
	pass(.5);
	assert_int_equal(told_status("{\"member\":\"gw1\",\"reachable\":true"),
			 1);
	pass(5);
	assert_int_equal(
		told_status("{\"member\":\"gw1\",\"reachable\":false"), 1);
	assert_int_equal(told_status("fleet:status"), 2);
}


/* The connection is there, but the stream has no leader */
static void test_status_silent(void **state)
{
	(void)state;

	told_clear();
	jet_deaf(true);
	jet_drop(true);
	scene_pass(5);
	assert_int_equal(told_status("\"state\":\"down\""), 1);
	jet_deaf(false);
	jet_drop(false);
	scene_pass(4);
	assert_int_equal(told_status("\"state\":\"up\""), 1);
}


/* A short gap is not reported */
static void test_status_gap(void **state)
{
	(void)state;

	told_clear();
	jet_drop(true);
	scene_pass(3.5);
	jet_drop(false);
	pass(5);
	assert_int_equal(told_status("\"state\":\"down\""), 0);
}


static void test_status_behind(void **state)
{
	(void)state;

	pass(1);
	told_clear();
	scene_full(true);
	for (int i = 0; i < 600; i++)
		(void)jet_put("fleet.ev.gw1", "");
	pass(2);
	assert_int_equal(told_status("\"state\":\"behind\""), 1);
	assert_has(show(), "\"lag\":600");
	scene_full(false);
	pass(2);
	assert_int_equal(told_status("\"state\":\"up\""), 1);
	assert_has(show(), "\"lag\":0");
}


static void test_figures(void **state)
{
	struct fleet_figures f;
	(void)state;

	scene_heartbeat("gw1", "b1", "");
	fleet_figures(&f);
	assert_true(f.on && f.up && f.lag == 0 && f.members == 2);
	fakebus_down("closed");
	pass(5);
	fleet_figures(&f);
	assert_true(f.on && !f.up && f.members == 1);
}


/* A referd that only publishes is a member, too */
static void test_publisher(void **state)
{
	(void)state;

	pass(2);
	assert_has(jet_last("fleet.hb.me"), "\"view\":false");
	scene_heartbeat("gw1", "b1", "");
	assert_int_equal(members_count(), 1);
}


#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_out),
		CASE(test_soon),
		CASE(test_out_down),
		CASE(test_reachable),
		CASE(test_disorder),
		CASE(test_senseless),
		CASE(test_many),
		CASE(test_rival),
		CASE(test_rival_younger),
		CASE(test_rival_dead),
		CASE(test_pick),
		CASE(test_status),
		CASE(test_status_silent),
		CASE(test_status_gap),
		CASE(test_status_behind),
		CASE(test_figures),
		cmocka_unit_test_setup_teardown(test_publisher,
						setup_publisher, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
