/**
 * @file ctrl_publisher.c  Tests of the publisher, which brings events into the
 * stream
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "fakebus.h"
#include "fakestream.h"
#include "fleet/bus.h"
#include "fleet/engine.h"
#include "fleet/fleet.h"
#include "fleet/publisher.h"
#include "plainconfig.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


enum { LONG = 40000 }; /* bytes of an event, of which two are too many */

static uint64_t wanted; /* number that is to be in the stream */


static void start(void)
{
	static struct config config = {
		PLAIN_CONFIG,
		.fleet = {.urls = "nats://test",
			  .name = "fleet",
			  .node = "gw1",
			  .labels = "",
			  .dead = 60},
	};

	bus_use(fakebus());
	strcpy(config.state, dir);
	assert_int_equal(
		service_start(&config, SERVICE_WHOLE & ~SERVICE_LISTEN), 0);
}


static void restart(void)
{
	service_stop();
	loop_close();
	start();
	fakebus_up();
}


static int setup(void **state)
{
	(void)state;

	assert_int_equal(dir_make("ctrl-publisher"), 0);
	fakestream_make("2026-11-29T01:00:00Z");
	start();

	return 0;
}


static int teardown(void **state)
{
	(void)state;

	service_stop();
	loop_close();
	assert_int_equal(dir_remove(), 0);
	fakestream_make("");
	fakebus_reset();

	return 0;
}


static uint64_t tell(const char *type)
{
	return emit(&(struct emission){.type = type, .data = "{\"a\":1}"});
}


static bool is_there(void)
{
	return publisher_sent() >= wanted;
}


/* Lets the stream get all up to a number */
static void await(uint64_t seq)
{
	wanted = seq;
	fakestream_run(is_there);
}


/* How often an event is in the stream */
static unsigned count_of(uint64_t seq)
{
	char text[64];
	unsigned n = 0;

	(void)snprintf(text, sizeof(text), "\"seq\":%llu,",
		       (unsigned long long)seq);
	for (unsigned i = 0; i < FAKESTREAM_MAX; i++) {
		const char *p = fakestream.messages[i];

		for (p = p ? strstr(p, text) : NULL; p;
		     p = strstr(p + 1, text))
			++n;
	}

	return n;
}


static void assert_once(uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq <= to; seq++)
		assert_int_equal(count_of(seq), 1);
}


static void test_message(void **state)
{
	uint64_t first, second, last;
	char head[256];
	(void)state;

	first = tell("call:status");
	(void)emit(&(struct emission){.type = "verb:status", .client = "bot"});
	second = emit(&(struct emission){
		.type = "session:new", .jambonz = true, .call_sid = "c1"});
	last = emit(
		&(struct emission){.type = "fleet:hook", .client = "fleet-"});
	fakebus_up();
	await(last);

	/* the stream has no message for one client */
	assert_int_equal(fakestream.count, 1);
	(void)snprintf(head, sizeof(head),
		       "{\"member\":\"gw1\",\"boot\":\"%s\",\"first\":%llu,"
		       "\"last\":%llu,\"after\":0,\"count\":3,\"anew\":true,"
		       "\"jambonz\":[2]}\n{\"type\":\"call:status\",",
		       bus_boot(), (unsigned long long)first,
		       (unsigned long long)last);
	assert_memory_equal(fakestream.messages[0], head, strlen(head));
	assert_null(strstr(fakestream.messages[0], "verb:status"));
	assert_once(second, second);

	/* a hole is no gap: the next one says behind which it stands */
	(void)emit(&(struct emission){.type = "verb:status", .client = "bot"});
	first = tell("call:status");
	await(first);
	(void)snprintf(head, sizeof(head), "\"after\":%llu,\"count\":1,\"jamb",
		       (unsigned long long)last);
	assert_non_null(strstr(fakestream.messages[1], head));
}


/* An answer wakes referd only if a message waits for it */
static void test_wakes(void **state)
{
	unsigned before;
	(void)state;

	fakebus_up();
	await(tell("x"));
	before = fakebus_woken();
	for (int i = 0; i < 20; i++)
		await(tell("x"));
	assert_true(fakebus_woken() < before + 5);

	(void)tell("x");
	fakebus_turn();
	(void)tell("x");
	fakebus_turn();
	before = fakebus_woken();
	fakestream_idle(0);
	assert_int_equal(fakebus_woken(), before + 1);
}


static void test_nothing_heard(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.deaf = true;
	seq = tell("x");
	fakestream_idle(5);
	assert_int_equal(fakestream.published, 2);

	/* the same again, not more, though more has happened */
	(void)tell("x");
	fakestream_idle(1300);
	assert_int_equal(fakestream.published, 3);
	assert_int_equal(fakestream.count, 1);
	fakestream.deaf = false;
	await(seq);
	assert_non_null(strstr(fakestream.messages[1], "\"count\":1,"));
	await(seq + 1);
	assert_once(seq, seq + 1);
}


static void test_no_answer(void **state)
{
	uint64_t seq = tell("x");
	(void)state;

	fakestream.mute = true;
	fakebus_up();
	fakestream_idle(200);
	assert_int_equal(fakestream.count, 1);
	assert_int_equal(publisher_sent(), 0);

	fakestream.mute = false;
	await(seq);
	await(tell("x"));
	assert_once(seq, seq + 1);
	assert_int_equal(fakestream.published, 2);
}


static void test_refused(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.error = "{\"error\":{\"code\":503,\"err_code\":10077,"
			   "\"description\":\"no space\"}}";
	seq = tell("x");
	fakestream_idle(500);
	assert_true(fakestream.published >= 3 && fakestream.published < 10);

	fakestream.error = NULL;
	await(seq);
	assert_once(seq, seq);
}


static void test_outage(void **state)
{
	uint64_t first, last = 0;
	(void)state;

	fakebus_up();
	first = tell("x");
	await(first);

	fakestream.mute = true;
	(void)tell("x");
	fakestream_idle(100);
	fakebus_down("gone");
	for (int i = 0; i < 450; i++)
		last = tell("x");
	fakestream_idle(50);
	assert_int_equal(fakestream.count, 2);
	assert_int_equal(publisher_lag(), 451);

	fakestream.mute = false;
	fakebus_up();
	await(last);
	assert_once(first, last);
	assert_int_equal(fakestream.count, 5);
	assert_int_equal(publisher_lag(), 0);
}


static void test_restart(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.mute = true;
	seq = tell("x");
	fakestream_idle(100);
	fakestream.mute = false;

	restart();
	await(tell("x"));
	assert_int_equal(fakestream.count, 3);
	assert_once(seq, seq);
}


static void test_other_stream(void **state)
{
	uint64_t first, last;
	(void)state;

	fakebus_up();
	first = tell("x");
	await(first);
	fakestream_make("2026-11-30T01:00:00Z");
	last = tell("x");
	await(last);
	assert_once(first, last);
}


static bool has_message(void)
{
	return fakestream.count > 0;
}


/* ... while referd has no message to publish */
static void test_other_stream_quiet(void **state)
{
	uint64_t first, last;
	(void)state;

	fakebus_up();
	first = tell("x");
	last = tell("x");
	await(last);
	fakestream_make("2026-11-30T01:00:00Z");
	engine_look();
	fakestream_run(has_message);
	assert_once(first, last);
}


static bool has_two(void)
{
	return fakestream.count > 1;
}


/* The new leader does not have the last message, which the old one had
   acknowledged */
static void test_other_leader(void **state)
{
	uint64_t first, last;
	(void)state;

	fakebus_up();
	first = tell("x");
	await(first);
	last = tell("x");
	await(last);
	fakestream_lose();
	fakestream.leader = "n2";
	engine_look();
	fakestream_run(has_two);
	assert_once(first, last);
}


/* The leader does not get a message that it could keep for itself */
static void test_cut_off(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.cut_off = true;
	fakestream_idle(1100);
	seq = tell("x");
	fakestream_idle(2000);
	assert_int_equal(fakestream.published, 1);

	fakestream.cut_off = false;
	await(seq);
	assert_int_equal(fakestream.published, 2);
}


/* ... nor the same message again, if it could be cut off */
static void test_cut_off_unanswered(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.cut_off = true;
	fakestream.deaf = true;
	seq = tell("x");
	fakestream_idle(2500);
	assert_int_equal(fakestream.published, 2);

	fakestream.cut_off = false;
	fakestream.deaf = false;
	await(seq);
	assert_int_equal(fakestream.published, 3);
}


/* The stream is the same, but all our messages have expired */
static void test_aged(void **state)
{
	uint64_t seq;
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream_age();
	seq = tell("x");
	await(seq);
	assert_int_equal(fakestream.count, 2);
	assert_once(seq, seq);

	fakestream_age();
	restart();
	await(tell("x"));
	assert_int_equal(fakestream.count, 3);
	assert_int_equal(count_of(seq), 0);
}


static void test_gap(void **state)
{
	uint64_t seq, last;
	char text[160];
	(void)state;

	fakebus_up();
	seq = tell("x");
	await(seq);
	fakebus_down("gone");
	fakestream_idle(20);
	for (int i = 0; i < 9; i++)
		last = tell("x");
	store_forgotten(seq + 5);

	fakebus_up();
	await(last);
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"fleet:gap\",\"seq\":%llu,\"time\":",
		       (unsigned long long)seq + 5);
	assert_non_null(strstr(fakestream.messages[1], text));
	(void)snprintf(text, sizeof(text),
		       "\"data\":{\"from\":%llu,\"to\":%llu,\"count\":5}}\n",
		       (unsigned long long)seq + 1,
		       (unsigned long long)seq + 5);
	assert_non_null(strstr(fakestream.messages[1], text));
	(void)snprintf(text, sizeof(text),
		       "\"first\":%llu,\"last\":%llu,\"after\":%llu,",
		       (unsigned long long)seq + 5, (unsigned long long)last,
		       (unsigned long long)seq);
	assert_non_null(strstr(fakestream.messages[1], text));
	assert_once(seq + 6, last);
}


static void test_sizes(void **state)
{
	char *data = malloc(LONG + 3);
	uint64_t first = tell("x"), last = 0;
	(void)state;

	assert_non_null(data);
	(void)snprintf(data, LONG + 3, "\"%0*d\"", LONG, 0);
	for (int i = 0; i < 3; i++)
		last = emit(&(struct emission){.type = "x", .data = data});
	for (int i = 0; i < 450; i++)
		last = tell("x");
	fakebus_up();
	await(last);
	free(data);
	assert_once(first, last);

	/* x and a long one; two long ones alone; the rest, 200 at most */
	assert_int_equal(fakestream.count, 5);
	assert_non_null(strstr(fakestream.messages[2], "\"count\":200,"));
}


static void test_other_store(void **state)
{
	uint64_t last = 0;
	char text[64];
	(void)state;

	fakebus_up();
	for (int i = 0; i < 20; i++)
		last = tell("x");
	await(last);

	service_stop();
	loop_close();
	assert_int_equal(dir_remove(), 0);
	start();
	assert_true(store_seq() < last);
	last = tell("x");
	fakebus_up();
	await(last);
	(void)snprintf(text, sizeof(text), "\"last\":%llu,",
		       (unsigned long long)last);
	assert_non_null(strstr(fakestream.messages[1], text));
	assert_non_null(strstr(fakestream.messages[1], "\"anew\":true,"));
	await(tell("x"));
	assert_null(strstr(fakestream.messages[2], "\"anew\":"));
}


/* Publishing waits until referd knows whether others have reported it as
   lost */
static void test_held(void **state)
{
	uint64_t seq = tell("x");
	(void)state;

	fakestream.slow = true;
	fakebus_up();
	fakestream_idle(100);
	assert_int_equal(fakestream.published, 0);
	fakestream.slow = false;
	await(seq);
}


static void test_rival(void **state)
{
	(void)state;

	fakestream.rival = "0123456789abcdef";
	(void)tell("x");
	fakebus_up();
	fakestream_run(fleet_failed);
	fakestream_idle(50);
	assert_int_equal(fakestream.published, 0);
}


/* The stream has a message of a referd that has sent no heartbeat yet */
static void test_rival_later(void **state)
{
	(void)state;

	fakebus_up();
	await(tell("x"));
	fakestream.rival = "0123456789abcdef";
	fakestream.messages[fakestream.count++] = strdup(
		"{\"member\":\"gw1\",\"boot\":\"0123456789abcdef\","
		"\"first\":900,\"last\":900}\n{}\n");
	(void)tell("x");
	fakestream_run(fleet_failed);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wakes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_heard, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_answer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_stream, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_other_stream_quiet, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_other_leader, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off_unanswered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_aged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_store, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rival, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rival_later, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
