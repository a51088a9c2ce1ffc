/**
 * @file module_hold.c  Tests of a call on hold, and back
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "linkrequest.h"
#include "host/host.h"
#include "text/text.h"
#include "control.h"
#include "baresip.h"
#include "farend.h"


static char told[1024]; /* results: ref, and the error if any */
static char sid[64];
static uint32_t cseq;   /* of the latest re-INVITE */
static unsigned offers; /* that the test has seen  */
static struct call *call;


static void line_handler(const cJSON *json)
{
	const cJSON *c = cJSON_GetObjectItem(json, "call");
	const char *type = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "type"));
	const char *ref = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "ref"));
	const char *error = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "error"));
	const size_t len = strlen(told);

	if (c && !*sid)
		str_ncpy(sid,
			 cJSON_GetStringValue(cJSON_GetObjectItem(c, "sid")),
			 sizeof(sid));

	if (type && !strcmp(type, "result"))
		(void)snprintf(told + len, sizeof(told) - len, "%s%s%s%s",
			       len ? "; " : "", ref, error ? " " : "",
			       error ? error : "");
	else if (c && !strcmp(cJSON_GetStringValue(
				      cJSON_GetObjectItem(json, "event")),
			      "closed"))
		(void)snprintf(told + len, sizeof(told) - len, "; closed");
}


static void ask(const char *ref, bool hold)
{
	const struct node_request rq = {
		.type = "hold", .ref = ref, .call_sid = sid, .hold = hold};

	control_request(&rq, NULL);
	time_passes(0);
	referd_read();
}


static void answer(const char *status)
{
	farend_answer("INVITE", cseq, status);
	time_passes(0);
	referd_read();
}


/* Checks for a re-INVITE since the last check, or for none */
static void assert_offer(const char *dir)
{
	const char *last;
	uint32_t n;
	const unsigned count = baresip_offers(&last, &n);

	if (!dir) {
		assert_int_equal(count, offers);
		return;
	}

	assert_int_equal(count, ++offers);
	assert_string_equal(last, dir);
	cseq = n;
}


static void assert_direction(const char *dir)
{
	const char *now;
	uint32_t n;

	(void)baresip_offers(&now, &n);
	assert_string_equal(now, dir);
}


static void assert_told(const char *text)
{
	assert_string_equal(told, text);
	told[0] = '\0';
}


static int setup(void **state)
{
	(void)state;

	told[0] = sid[0] = '\0';
	cseq = 0;
	offers = 0;
	referd_listener(line_handler);
	baresip_open(true);
	referd_welcome();
	call = farend_call("");

	return *sid ? 0 : -1;
}


static int teardown(void **state)
{
	(void)state;

	baresip_close();
	referd_listener(NULL);

	return 0;
}


static void test_hold(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	assert_told("");
	answer("100 Trying");
	assert_told("");
	answer("200 OK");
	assert_told("a");

	ask("b", true);
	assert_offer(NULL);
	assert_told("b");

	ask("c", false);
	assert_offer("sendrecv");
	answer("200 OK");
	assert_told("c");

	ask("d", false);
	assert_offer(NULL);
	assert_told("d");
}


static void test_never_held(void **state)
{
	(void)state;

	ask("a", false);
	assert_offer(NULL);
	assert_told("a");
}


/* A repeated 200 does not answer the next re-INVITE */
static void test_repeated(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	answer("200 OK");
	assert_told("a");

	ask("b", false);
	assert_offer("sendrecv");
	--cseq;
	answer("200 OK");
	assert_told("");
	++cseq;
	answer("200 OK");
	assert_told("b");
}


static void test_refused(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	answer("488 Not Acceptable Here");
	assert_told("a hold: the far end answered 488 Not Acceptable Here to "
		    "the re-INVITE");
	assert_offer(NULL);
	assert_direction("sendrecv");

	ask("b", false);
	assert_offer(NULL);
	assert_told("b");

	ask("c", true);
	assert_offer("sendonly");
	answer("200 OK");
	assert_told("c");

	ask("d", false);
	assert_offer("sendrecv");
	answer("500 Server Internal Error");
	assert_told("d hold: the far end answered 500 Server Internal Error "
		    "to the re-INVITE");
	assert_direction("sendonly");
}


/* libre asks again by itself */
static void test_glare(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	answer("491 Request Pending");
	assert_told("");
	++cseq;
	answer("491 Request Pending");
	assert_told("");
	++cseq;
	answer("200 OK");
	assert_told("a");
	assert_offer(NULL);
}


static void test_glare_for_ever(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	answer("491 Request Pending");
	farend_wait(9000);
	assert_told("");
	farend_wait(1000);
	assert_told("a hold: the far end answered 491 Request Pending to the "
		    "re-INVITE");

	/* a new request from now on takes it back */
	assert_offer("sendrecv");
	answer("200 OK");
	assert_told("");
	ask("b", false);
	assert_told("b");
	assert_offer(NULL);
}


static void test_no_answer(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	farend_wait(10000);
	assert_told("a hold: the far end has not answered the re-INVITE "
		    "within 10 s");

	/* granted after all, but no longer wanted */
	answer("200 OK");
	assert_offer("sendrecv");
	answer("200 OK");
	assert_told("");
	ask("b", false);
	assert_told("b");
}


static void test_in_turn(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	ask("a", true);
	ask("b", false);
	ask("c", true);
	assert_offer(NULL);
	answer("200 OK");
	assert_told("a");
	assert_offer("sendrecv");
	answer("200 OK");
	assert_told("b");
	assert_offer("sendonly");
	answer("603 Decline");
	assert_told("c hold: the far end answered 603 Decline to the "
		    "re-INVITE");
}


static void test_closed(void **state)
{
	(void)state;

	ask("a", true);
	assert_offer("sendonly");
	ask("b", false);
	baresip_closed(call, "Connection reset by peer");
	time_passes(0);
	referd_read();
	assert_told("a hold: the call has ended; b hold: the call has ended; "
		    "closed");
	ask("c", true);
	assert_told("c No live call has this call_sid");
}


static void test_none_goes_out(void **state)
{
	(void)state;

	baresip_offer_fails(EPROTO);
	ask("a", true);
	assert_told("a hold: no re-INVITE can be sent (Protocol error)");
	assert_direction("sendrecv");
	baresip_offer_fails(0);
	ask("b", true);
	assert_offer("sendonly");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_held, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_glare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_glare_for_ever, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_answer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none_goes_out, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
