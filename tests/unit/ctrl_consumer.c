/**
 * @file ctrl_consumer.c  Tests of how the stream of a fleet is read
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "fakebus.h"
#include "fleet/ackreply.h"
#include "fleet/consumer.h"
#include "fleetscene.h"
#include "store/store.h"
#include "unit.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>


static uint64_t number; /* of gw1's last message */

static const char epoch[] = "2026-02-02T00:00:00Z";


static uint64_t put(void)
{
	char text[512];

	++number;
	(void)snprintf(
		text, sizeof(text),
		"{\"member\":\"gw1\",\"boot\":\"b1\",\"first\":%" PRIu64
		",\"last\":%" PRIu64 ",\"after\":%" PRIu64
		",\"count\":1}\n{\"type\":\"verb:status\",\"seq\":%" PRIu64
		",\"time\":\"2026-01-01T00:00:00.000Z\",\"data\":{}}",
		number, number, number - 1, number);

	return jet_put("fleet.ev.gw1", text);
}


static void put_many(unsigned n)
{
	while (n--)
		(void)put();
	scene_turn();
}


static int setup(void **state)
{
	(void)state;
	number = 0;
	scene_open(true);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	scene_close();

	return 0;
}


static void heartbeats(unsigned n)
{
	while (n--) {
		scene_pass(1);
		jet_heartbeat();
	}
}


static void assert_read(unsigned n)
{
	assert_int_equal(told("verb:status", NULL), n);
	assert_true(told_in_order());
}


static void test_reads(void **state)
{
	(void)state;

	assert_true(consumer_reads());
	assert_true(jet_start_seq() == 1);
	assert_true(fakebus_subscribed(jet_inbox()));
	put_many(3);
	assert_read(3);
	assert_int_equal(told("\"seq\":257,", "\"member_seq\":1,"), 1);
	assert_int_equal(told("\"seq\":769,", "\"member_seq\":3,"), 1);
	assert_true(consumer_lag() == 0);
	assert_int_equal(jet_consumers(), 1);
}


/* Includes messages from before the consumer was created */
static void test_from_begin(void **state)
{
	(void)state;

	scene_stop();
	put_many(5);
	scene_start();
	assert_read(5);
}


static void test_goes_on(void **state)
{
	(void)state;

	put_many(3);
	scene_stop();
	put_many(2);
	scene_start();
	assert_true(jet_start_seq() == 3);
	assert_read(5);
}


/* A heartbeat each second, and three may be missing */
static void test_silence(void **state)
{
	(void)state;

	heartbeats(10);
	assert_int_equal(jet_consumers(), 1);

	put_many(1);
	jet_drop(true);
	put_many(1);
	scene_pass(3);
	assert_int_equal(jet_consumers(), 1);
	scene_pass(.5);
	assert_int_equal(jet_consumers(), 2);
	jet_drop(false);
	scene_turn();
	assert_true(jet_start_seq() == 1);
	assert_read(2);
	assert_int_equal(jet_deleted(), 1);
}


/* A leader that was cut off delivered a message that the other servers never
   got. Another message has taken its place */
static void test_replaced(void **state)
{
	(void)state;

	put_many(3);
	told_clear();
	jet_replace(3);
	fakebus_down("closed");
	fakebus_up();
	scene_turn();
	scene_turn();
	assert_true(jet_start_seq() == 1);
	assert_read(3);
}


/* A server that returns delivers messages of its own for a while. The leader
   corrects that, and the messages read so far stay */
static void test_returned(void **state)
{
	(void)state;

	put_many(3);
	told_clear();
	jet_other(3, true);
	fakebus_down("closed");
	fakebus_up();
	heartbeats(30);
	assert_read(0);

	jet_other(3, false);
	put_many(1);
	heartbeats(2);
	assert_true(consumer_reads());
	assert_read(1);
}


/* ... and more of the others has come behind it before that is seen */
static void test_replaced_before(void **state)
{
	(void)state;

	scene_stop();
	jet_lead("n1");
	scene_start();
	put_many(2);
	jet_replace(2);
	put_many(2);
	told_clear();
	heartbeats(8);
	assert_int_equal(jet_consumers(), 2);
	assert_read(0);

	jet_lead("");
	heartbeats(8);
	assert_int_equal(jet_consumers(), 2);

	jet_lead("n2");
	heartbeats(8);
	assert_true(jet_start_seq() == 1);
	assert_int_equal(jet_consumers(), 4);
	assert_read(4);

	jet_lead("n1");
	told_clear();
	heartbeats(8);
	assert_int_equal(jet_consumers(), 5);
	assert_read(0);
}


/* A server that was away may serve the next consumer before it has caught up,
   but it is not waited for without end */
static void test_stale(void **state)
{
	(void)state;

	put_many(1);
	jet_stale(true);
	scene_stop();
	scene_start();
	scene_pass(5);
	assert_false(consumer_reads());
	assert_non_null(strstr(consumer_trouble(), "not caught up"));
	jet_stale(false);
	scene_pass(2);
	assert_true(consumer_reads());

	jet_stale(true);
	scene_stop();
	scene_start();
	heartbeats(30);
	assert_true(consumer_reads());
}


/* One was dropped on its way */
static void test_missing(void **state)
{
	(void)state;

	put_many(1);
	jet_skip();
	put_many(1);
	put_many(1);
	assert_int_equal(jet_consumers(), 2);
	assert_true(jet_start_seq() == 1);
	assert_read(3);
}


/* The new consumer begins earlier than need be */
static void test_twice(void **state)
{
	(void)state;

	put_many(2);
	jet_deliver_again(1);
	jet_deliver_again(2);
	scene_turn();
	put_many(1);
	assert_int_equal(jet_consumers(), 1);
	assert_read(3);
}


/* Messages of an old consumer are ignored, and the consumer is deleted */
static void test_other_consumer(void **state)
{
	(void)state;

	put_many(1);
	fakebus_js("fleet.ev.gw1", "$JS.ACK.FLEET.other.1.2.1.1.0",
		   jet_text(1));
	scene_turn();
	assert_int_equal(jet_deleted(), 1);
	put_many(1);
	assert_int_equal(jet_consumers(), 1);
	assert_read(2);
}


static void test_no_stream(void **state)
{
	(void)state;

	scene_stop();
	jet_reset("");
	scene_start();
	assert_false(consumer_reads());
	assert_non_null(strstr(consumer_trouble(), "fleet init"));

	jet_reset(epoch);
	put_many(1);
	scene_pass(2);
	assert_true(consumer_reads());
	assert_read(1);
}


/* A stream without a leader does not answer */
static void test_no_leader(void **state)
{
	(void)state;

	put_many(1);
	jet_deaf(true);
	jet_drop(true);
	scene_pass(20);
	assert_false(consumer_reads());
	assert_string_equal(consumer_trouble(),
			    "the NATS servers do not answer");
	put_many(1);

	jet_deaf(false);
	jet_drop(false);
	scene_pass(4);
	assert_true(consumer_reads());
	assert_read(2);
}


/* The last message was dropped, and the heartbeats go on */
static void test_missing_last(void **state)
{
	(void)state;

	put_many(1);
	jet_skip();
	put_many(1);
	heartbeats(25);
	assert_int_equal(jet_consumers(), 2);
	assert_read(2);
}


static void test_reconnects(void **state)
{
	(void)state;

	put_many(1);
	fakebus_down("closed");
	scene_turn();
	assert_false(consumer_reads());
	jet_forget();
	put_many(2);
	fakebus_up();
	scene_turn();
	assert_true(consumer_reads());
	assert_read(3);
}


/* Another stream is read from its begin */
static void test_epoch(void **state)
{
	(void)state;

	put_many(3);
	told_clear();
	fakebus_down("closed");
	scene_turn();
	jet_reset(epoch);
	number = 0;
	put_many(2);
	fakebus_up();
	scene_turn();
	assert_true(jet_start_seq() == 1);
	assert_read(2);
	scene_stop();
	scene_start();
	assert_true(jet_start_seq() == 2);
}


/* It is seen without a new connection, too */
static void test_epoch_silent(void **state)
{
	(void)state;

	put_many(3);
	told_clear();
	jet_reset(epoch);
	number = 0;
	put_many(2);
	scene_pass(5);
	assert_read(2);
}


/* Retention has removed unread messages */
static void test_begins_later(void **state)
{
	(void)state;

	put_many(2);
	scene_stop();
	put_many(5);
	jet_first_is(6);
	scene_start();
	assert_int_equal(told("fleet:gap", NULL), 2);
	assert_int_equal(told("fleet:gap", "\"member\""), 1);
	assert_read(4);
}


/* The first reader cannot miss a message */
static void test_begins_late(void **state)
{
	(void)state;

	scene_stop();
	put_many(5);
	jet_first_is(4);
	scene_start();
	assert_int_equal(told("fleet:gap", NULL), 0);
	assert_read(2);
}


/* A leader that was just elected may report fewer messages than exist */
static void test_shrunk(void **state)
{
	char before[FLEET_EPOCH_SIZE];
	(void)state;

	put_many(5);
	strcpy(before, fleetstore_epoch());
	scene_stop();
	told_clear();
	jet_truncate(3);
	scene_start();
	assert_false(consumer_reads());
	scene_pass(10);
	assert_false(consumer_reads());
	scene_pass(15);
	assert_true(consumer_reads());
	assert_read(3);

	/* the numbers are those of another epoch, and stay so */
	assert_string_not_equal(fleetstore_epoch(), before);
	scene_stop();
	scene_start();
	assert_true(jet_start_seq() == 3);
	assert_string_not_equal(fleetstore_epoch(), before);
}


static void test_flow(void **state)
{
	(void)state;

	put_many(1);
	fakebus_flow(jet_inbox(), "$JS.FC.FLEET.x.1", NULL);
	scene_turn();
	assert_int_equal(jet_sent("$JS.FC.FLEET.x.1"), 1);

	fakebus_flow(jet_inbox(), NULL, "$JS.FC.FLEET.x.2");
	scene_turn();
	assert_int_equal(jet_sent("$JS.FC.FLEET.x.2"), 1);
	assert_int_equal(jet_consumers(), 1);
}


/* Earlier messages come first, and referd requests no more while it has no
   room */
static void test_full(void **state)
{
	(void)state;

	scene_full(true);
	put_many(3);
	fakebus_flow(jet_inbox(), "$JS.FC.FLEET.x.1", NULL);
	scene_turn();
	assert_read(0);
	assert_true(consumer_lag() == 3);
	assert_int_equal(jet_sent("$JS.FC.FLEET.x.1"), 0);

	scene_full(false);
	scene_pass(.1);
	assert_read(3);
	assert_int_equal(jet_sent("$JS.FC.FLEET.x.1"), 1);
}


static void test_reply(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"$JS.ACK.",
		"$JS.ACK.FLEET.c.1.2.3.4",
		"$JS.ACK.FLEET.c.1.2.3.4.5.6",
		"$JS.ACK.FLEET.c.1.x.3.4.5",
		"$JS.ACK..c.1.2.3.4.5",
		"$JS.ACK.FLEET.c.1.2..4.5",
	};
	struct ackreply r;
	(void)state;

	assert_int_equal(ackreply_parse(&r, "$JS.ACK.FLEET.c.1.2.3.4.5"), 0);
	assert_string_equal(r.stream, "FLEET");
	assert_string_equal(r.consumer, "c");
	assert_true(r.stream_seq == 2 && r.consumer_seq == 3 &&
		    r.pending == 5);
	assert_int_equal(
		ackreply_parse(&r, "$JS.ACK.hub.A.FLEET.c.1.7.8.9.10.r"), 0);
	assert_string_equal(r.consumer, "c");
	assert_true(r.stream_seq == 7 && r.pending == 10);

	assert_int_equal(ackreply_parse(&r, NULL), EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(ackreply_parse(&r, bad[i]), EBADMSG);
}


#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_reads),
		CASE(test_from_begin),
		CASE(test_goes_on),
		CASE(test_silence),
		CASE(test_replaced),
		CASE(test_returned),
		CASE(test_replaced_before),
		CASE(test_stale),
		CASE(test_missing),
		CASE(test_twice),
		CASE(test_other_consumer),
		CASE(test_no_stream),
		CASE(test_no_leader),
		CASE(test_missing_last),
		CASE(test_reconnects),
		CASE(test_epoch),
		CASE(test_epoch_silent),
		CASE(test_begins_later),
		CASE(test_begins_late),
		CASE(test_shrunk),
		CASE(test_flow),
		CASE(test_full),
		cmocka_unit_test(test_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
