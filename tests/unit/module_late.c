/**
 * @file module_late.c  What a far end says of a transfer when it is over
 *
 * The module whole, with a far end and a time of the test's own.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "baresip.h"


enum {
	SECOND = 1000,   /* ms              */
	OVER_MAX = 8192, /* docs/limits.md */
};

/* What referd was told */
static struct {
	char sid[64];
	unsigned ok, refused;
	char error[256];
	unsigned requested, ended, late;
	char outcome[16];
	int late_status;
} told;

static struct {
	uint64_t turn; /* that each message takes [ms] */
	struct call *call;
	unsigned id;   /* of the call                   */
	unsigned cseq; /* of the far end's last request */
} far;


static const char *str(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, name));

	return text ? text : "";
}


static void line_handler(const cJSON *json)
{
	if (!strcmp(str(json, "event"), "new"))
		str_ncpy(told.sid,
			 str(cJSON_GetObjectItem(json, "call"), "sid"),
			 sizeof(told.sid));

	if (!strcmp(str(json, "type"), "result")) {
		if (cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")))
			++told.ok;
		else
			++told.refused;
		str_ncpy(told.error, str(json, "error"), sizeof(told.error));
	}

	if (!strcmp(str(json, "step"), "requested")) {
		++told.requested;
	}
	else if (!strcmp(str(json, "step"), "ended")) {
		++told.ended;
		str_ncpy(told.outcome, str(json, "outcome"),
			 sizeof(told.outcome));
	}
	else if (!strcmp(str(json, "step"), "late")) {
		++told.late;
		told.late_status =
			cJSON_GetObjectItem(json, "call_status")->valueint;
		assert_null(cJSON_GetObjectItem(json, "outcome"));
	}
}


static void wait(uint64_t ms)
{
	time_passes(ms);
	referd_read();
}


static void message(const char *fmt, ...)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;
	va_list ap;

	va_start(ap, fmt);
	if (mbuf_vprintf(mb, fmt, ap))
		abort();
	va_end(ap);

	mb->pos = 0;
	if (sip_msg_decode(&msg, mb))
		abort();
	sip_receive(msg);
	mem_deref(msg);
	mem_deref(mb);
	wait(far.turn);
}


static void answer(const char *met, unsigned status, const char *header)
{
	message("SIP/2.0 %u X\r\n"
		"Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2\r\n"
		"From: <sip:gw@10.0.0.2>;tag=7\r\n"
		"To: <sip:ann@10.0.0.1>;tag=a\r\n"
		"Call-ID: c%u\r\n"
		"CSeq: 1 %s\r\n"
		"%s"
		"Content-Length: 0\r\n\r\n",
		status, far.id, met, header);
}


/* What it is answered with, 0 if it is left to libre: then that is 481 */
static uint16_t notify(const char *event, const char *state,
		       const char *sipfrag)
{
	++far.cseq;
	(void)sip_replied();
	message("NOTIFY sip:gw@10.0.0.2 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK%u\r\n"
		"From: <sip:ann@10.0.0.1>;tag=a\r\n"
		"To: <sip:gw@10.0.0.2>;tag=0000000000000007\r\n"
		"Call-ID: c%u\r\n"
		"CSeq: %u NOTIFY\r\n"
		"Event: %s\r\n"
		"Subscription-State: %s\r\n"
		"Content-Type: message/sipfrag\r\n"
		"Content-Length: %zu\r\n\r\n"
		"%s",
		far.cseq, far.id, far.cseq, event, state, strlen(sipfrag),
		sipfrag);

	return sip_replied();
}


static void say(const char *type, const char *rest)
{
	char *line;

	if (re_sdprintf(&line,
			"{\"type\":\"%s\",\"ref\":\"r\",\"call_sid\":\"%s\""
			"%s}\n",
			type, told.sid, rest))
		abort();

	referd_say(line, strlen(line));
	mem_deref(line);
	wait(far.turn);
}


static void refer(const char *more)
{
	char rest[256];

	(void)re_snprintf(rest, sizeof(rest),
			  ",\"run\":true,\"verbs\":[{\"verb\":\"sip:refer\","
			  "\"referTo\":\"100\"%s}]",
			  more);
	say("verbs", rest);
}


static void call_in(unsigned id)
{
	char *invite;

	if (re_sdprintf(&invite,
			"INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			"From: <sip:ann@10.0.0.1>;tag=a\r\n"
			"To: <sip:gw@10.0.0.2>\r\n"
			"Call-ID: c%u\r\n"
			"CSeq: 1 INVITE\r\n"
			"Contact: <sip:ann@10.0.0.1:5070>\r\n"
			"Content-Length: 0\r\n\r\n",
			id))
		abort();

	far.id = id;
	far.cseq = 1;
	far.call = baresip_call(invite);
	mem_deref(invite);
	baresip_answered(far.call);
	wait(far.turn);
}


static int begin(void **state)
{
	(void)state;

	memset(&told, 0, sizeof(told));
	referd_listener(line_handler);
	baresip_open(false);
	referd_welcome();
	far.turn = 10;
	call_in(0);

	return !told.sid[0];
}


static int end(void **state)
{
	(void)state;

	baresip_close();
	referd_listener(NULL);

	return told.ended != told.requested;
}


/* Whatever it names, and however long after */
static void expect_answered(void)
{
	static const char *const events[] = {
		"refer",     "refer;id=1",   "refer;id=2", "refer;id=4711",
		"refer;x=1", "refer;id=abc", "Refer",
	};

	for (size_t i = 0; i < RE_ARRAY_SIZE(events); i++)
		assert_int_equal(
			notify(events[i], "active", "SIP/2.0 180 Ringing\r\n"),
			200);
	assert_int_equal(notify("message-summary", "active", ""), 0);
}


static void test_never_481(void **state)
{
	(void)state;

	/* nobody was subscribed to yet */
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);

	refer("");
	expect_answered();
	answer("REFER", 202, "");
	assert_int_equal(notify("refer", "terminated;reason=noresource",
				"SIP/2.0 486 Busy Here\r\n"),
			 200);
	assert_string_equal(told.outcome, "failed");

	/* as long as the call lives, without any transfer that is known */
	wait(4000 * SECOND);
	expect_answered();

	/* and 64 s behind it */
	baresip_closed(far.call, "");
	wait(63 * SECOND);
	expect_answered();
	wait(2 * SECOND);
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);
}


/* The call ends first, and the transfer goes on: 64 s behind that */
static void test_never_481_orphaned(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	baresip_closed(far.call, "");
	wait(1 * SECOND);
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 200);
	wait(100 * SECOND);
	assert_int_equal(told.ended, 0);
	assert_int_equal(notify("refer", "active", "SIP/2.0 486 Busy\r\n"),
			 200);
	assert_string_equal(told.outcome, "failed");
	wait(60 * SECOND);
	expect_answered();
	wait(5 * SECOND);
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);
}


/* Its 200 was lost, and another REFER went out before it came again */
static void test_repeated(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	assert_int_equal(notify("refer", "terminated;reason=noresource",
				"SIP/2.0 486 Busy Here\r\n"),
			 200);
	assert_int_equal(told.ended, 1);
	refer("");
	answer("REFER", 202, "");
	--far.cseq;
	assert_int_equal(notify("refer", "terminated;reason=noresource",
				"SIP/2.0 486 Busy Here\r\n"),
			 200);
	assert_int_equal(told.ended, 1);
	assert_int_equal(notify("refer", "active", "SIP/2.0 603 D\r\n"), 200);
	assert_int_equal(told.ended, 2);
}


/* All within 64 s, and one too many: the first is forgotten */
static void test_over_max(void **state)
{
	(void)state;

	far.turn = 1;
	for (unsigned id = 1; id <= OVER_MAX + 1; id++) {
		call_in(id);
		refer("");
		answer("REFER", 603, "");
		baresip_closed(far.call, "");
	}

	far.id = 1;
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);
	for (far.id = 2; far.id <= OVER_MAX + 1; far.id++)
		assert_int_equal(
			notify("refer", "active", "SIP/2.0 180 R\r\n"), 200);
}


#define with(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_never_481),
		with(test_never_481_orphaned),
		with(test_repeated),
		with(test_over_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
