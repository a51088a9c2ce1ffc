/**
 * @file module_late.c  Messages of a far end after the end of a transfer
 *
 * Runs the whole module with a far end and a clock of the test.
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
	SECOND = 1000, /* ms              */
	OPEN_MAX = 8,
	OVER_MAX = 8192, /* docs/limits.md */
};

/* Reports to referd */
static struct {
	char sid[64];
	unsigned ok, refused;
	char error[256];
	unsigned requested, ended, late;
	unsigned cseqv[16]; /* of the REFERs */
	char outcome[16], confidence[8];
	int late_status;
	char late_reason[128];
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
		const cJSON *sip = cJSON_GetObjectItem(json, "sip");

		told.cseqv[told.requested++ % RE_ARRAY_SIZE(told.cseqv)] =
			atoi(str(cJSON_GetObjectItem(sip, "headers"), "CSeq"));
	}
	else if (!strcmp(str(json, "step"), "ended")) {
		++told.ended;
		str_ncpy(told.outcome, str(json, "outcome"),
			 sizeof(told.outcome));
		str_ncpy(told.confidence, str(json, "confidence"),
			 sizeof(told.confidence));
	}
	else if (!strcmp(str(json, "step"), "late")) {
		++told.late;
		told.late_status =
			cJSON_GetObjectItem(json, "call_status")->valueint;
		str_ncpy(told.late_reason, str(json, "reason"),
			 sizeof(told.late_reason));
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


/* Returns the status of the answer, 0 if libre answers, which sends 481 */
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


/* The same, of the n-th REFER */
static uint16_t notify_of(unsigned n, const char *state, const char *sipfrag)
{
	char event[32];

	(void)re_snprintf(event, sizeof(event), "refer;id=%u", told.cseqv[n]);

	return notify(event, state, sipfrag);
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


/* With any Event, and at any time after the end */
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

	/* no subscription exists yet */
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);

	refer("");
	expect_answered();
	answer("REFER", 202, "");
	assert_int_equal(notify("refer", "terminated;reason=noresource",
				"SIP/2.0 486 Busy Here\r\n"),
			 200);
	assert_string_equal(told.outcome, "failed");

	/* as long as the call lives, without any known transfer */
	wait(4000 * SECOND);
	expect_answered();

	/* and 64 s behind it */
	baresip_closed(far.call, "");
	wait(63 * SECOND);
	expect_answered();
	wait(2 * SECOND);
	assert_int_equal(notify("refer", "active", "SIP/2.0 180 R\r\n"), 0);
}


/* The call ends first, and the transfer continues: until 64 s after the end of
   the transfer */
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


#define ACTIVE "active;expires=60"
#define OVER   "terminated;reason=noresource"
#define RINGS  "SIP/2.0 180 Ringing\r\n"
#define OK     "SIP/2.0 200 OK\r\n"
#define BUSY   "SIP/2.0 486 Busy Here\r\n"

static const char still[] =
	"sip:refer must wait: the far end may still be calling the target of "
	"the previous transfer (force sends the REFER anyway)";


static void cancel(void)
{
	say("cancel", "");
	assert_string_equal(told.outcome, "cancelled");
}


/* Another REFER is refused, or sent */
static void expect_calling(bool calling)
{
	const unsigned requested = told.requested;

	refer(",\"dryRun\":true");
	refer("");
	assert_int_equal(told.requested, requested + !calling);
	if (calling)
		assert_string_equal(told.error, still);
}


static void expect_late(unsigned count, int status)
{
	assert_int_equal(told.late, count);
	assert_int_equal(told.late_status, status);
}


/* A PBX that dials for 30 s, and sends no NOTIFY before the target rings */
static void test_notify_timeout(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	wait(39 * SECOND);
	assert_int_equal(told.ended, 0);
	wait(1 * SECOND);
	assert_string_equal(told.outcome, "unknown");
	assert_int_equal(sip_subscribes(), 0);

	/* as long as the call lives, and once */
	wait(2000 * SECOND);
	assert_int_equal(notify("refer", OVER, BUSY), 200);
	expect_late(1, 486);
	assert_int_equal(notify("refer", OVER, OK), 200);
	expect_late(1, 486);
	assert_int_equal(told.ended, 1);
	assert_string_equal(told.outcome, "unknown");
}


/* A far end that has sent 100 sends it again */
static void test_notify_timeout_trying(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	notify("refer", ACTIVE, "SIP/2.0 100 Trying\r\n");
	notify("refer", OVER, BUSY);
	refer("");
	answer("REFER", 202, "");
	wait(14 * SECOND);
	assert_int_equal(told.ended, 1);
	wait(1 * SECOND);
	assert_int_equal(told.ended, 2);
	notify("refer", OVER, BUSY);

	refer(",\"timeouts\":{\"notify\":50}");
	answer("REFER", 202, "");
	wait(49 * SECOND);
	assert_int_equal(told.ended, 2);
	wait(1 * SECOND);
	assert_int_equal(told.ended, 3);
}


static void test_unsubscribe(void **state)
{
	(void)state;

	refer(",\"timeouts\":{\"notify\":1,\"unsubscribe\":true}");
	answer("REFER", 202, "");
	wait(1 * SECOND);
	assert_int_equal(told.ended, 1);
	assert_int_equal(sip_subscribes(), 1);
	answer("SUBSCRIBE", 481, "");
	assert_int_equal(sip_subscribes(), 2);
	answer("SUBSCRIBE", 481, "");
	assert_int_equal(sip_subscribes(), 2);
	notify("refer", "terminated;reason=timeout", RINGS);
	assert_int_equal(told.late, 0);

	/* answered when it was given up already */
	refer(",\"timeouts\":{\"unsubscribe\":true}");
	cancel();
	assert_int_equal(sip_subscribes(), 2);
	answer("REFER", 202, "");
	assert_int_equal(sip_subscribes(), 3);
	notify("refer", "terminated;reason=timeout", RINGS);

	refer("");
	cancel();
	answer("REFER", 202, "");
	assert_int_equal(sip_subscribes(), 3);
	notify("refer", OVER, OK);
	expect_late(1, 200);
}


/* The module does not refresh a subscription after the end of the transfer */
static void test_no_refresh(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "Expires: 10\r\n");
	wait(8 * SECOND);
	assert_int_equal(sip_subscribes(), 1);
	answer("SUBSCRIBE", 200, "Expires: 10\r\n");
	cancel();
	notify("refer", "active;expires=10", RINGS);
	wait(100 * SECOND);
	assert_int_equal(sip_subscribes(), 1);
}


static void test_behind_call(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	cancel();
	wait(100 * SECOND);
	baresip_closed(far.call, "");
	wait(31 * SECOND);
	notify("refer", "terminated", "");
	notify("refer", "terminated", RINGS);
	assert_int_equal(told.late, 0);
	notify("refer", OVER, OK);
	expect_late(1, 200);

	/* baresip answers a BYE so */
	call_in(1);
	refer("");
	answer("REFER", 202, "");
	cancel();
	baresip_closed(far.call, "");
	notify("refer", OVER, "SIP/2.0 500 Connection reset by peer\r\n");
	expect_late(2, 500);
	assert_string_equal(told.late_reason, "Connection reset by peer "
					      "(reported after the BYE)");

	call_in(2);
	refer("");
	answer("REFER", 202, "");
	cancel();
	baresip_closed(far.call, "");
	wait(33 * SECOND);
	assert_int_equal(notify("refer", OVER, OK), 200);
	expect_late(2, 500);
}


/* Each end without a result of its own */
static void test_outcomes(void **state)
{
	(void)state;

	refer("");
	sip_fail(ETIMEDOUT);
	wait(10);
	assert_string_equal(told.outcome, "failed");
	notify("refer", OVER, BUSY);
	expect_late(1, 486);

	refer("");
	answer("REFER", 202, "");
	notify("refer", "terminated;reason=giveup", RINGS);
	assert_string_equal(told.outcome, "unknown");
	notify("refer", OVER, "SIP/2.0 487 X\r\n");
	expect_late(2, 487);

	refer("");
	answer("REFER", 202, "");
	baresip_closed(far.call, "");
	wait(3 * SECOND);
	assert_string_equal(told.outcome, "presumed");
	notify("refer", OVER, BUSY);
	expect_late(3, 486);

	call_in(1);
	refer("");
	answer("REFER", 202, "Refer-Sub: false\r\n");
	assert_string_equal(told.outcome, "presumed");
	notify("refer", OVER, OK);
	expect_late(4, 200);

	call_in(2);
	refer("");
	baresip_closed(far.call, "");
	wait(3 * SECOND);
	assert_string_equal(told.outcome, "failed");
	notify("refer", OVER, OK);
	expect_late(5, 200);

	/* no status is late after a reported one, or after a refusal */
	call_in(3);
	refer("");
	answer("REFER", 603, "");
	notify("refer", OVER, OK);
	refer("");
	answer("REFER", 202, "");
	notify("refer", ACTIVE, BUSY);
	notify("refer", OVER, OK);
	expect_late(5, 200);
}


/* The result is known, though the REFER is not answered yet */
static void test_decided(void **state)
{
	(void)state;

	refer("");
	notify("refer", OVER, BUSY);
	say("cancel", "");
	answer("REFER", 202, "");
	assert_int_equal(told.ended, 1);
	assert_string_equal(told.outcome, "failed");

	refer("");
	notify("refer", OVER, OK);
	say("cancel", "");
	baresip_close();
	referd_read();
	assert_int_equal(told.ended, 2);
	assert_string_equal(told.outcome, "transferred");
	baresip_open(false);
	referd_welcome();
}


static void test_calling(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	notify("refer", ACTIVE, RINGS);
	cancel();
	expect_calling(true);
	notify("refer", ACTIVE, RINGS);
	expect_calling(true);

	/* as SIP.js has it in each */
	notify("refer", "terminated", RINGS);
	expect_calling(true);
	notify("refer", "terminated;reason=giveup", RINGS);
	expect_calling(false);
	answer("REFER", 202, "");

	cancel();
	expect_calling(true);
	notify("refer", ACTIVE, BUSY);
	expect_late(1, 486);
	expect_calling(false);

	/* the REFER is refused when it was given up */
	cancel();
	expect_calling(true);
	answer("REFER", 603, "");
	expect_calling(false);
	answer("REFER", 202, "");
	notify("refer", "terminated;reason=noresource", "");
	assert_string_equal(told.outcome, "unknown");
	expect_calling(false);
	answer("REFER", 603, "");
}


static void expect_calling_for(uint64_t ms)
{
	cancel();
	wait(ms - 1 * SECOND);
	expect_calling(true);
	wait(1 * SECOND);
	expect_calling(false);
}


static void test_calling_expires(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "Expires: 300\r\n");
	expect_calling_for(300 * SECOND);

	answer("REFER", 202, "");
	notify_of(1, "active;expires=600", RINGS);
	expect_calling_for(600 * SECOND);

	/* without a statement of the far end: as long as a proxy waits */
	answer("REFER", 202, "");
	wait(30 * SECOND);
	expect_calling_for(150 * SECOND);
	expect_calling_for(180 * SECOND);
}


/* The first one named no id, as the second: ids would tell them apart */
static void forced(void)
{
	refer("");
	answer("REFER", 202, "");
	cancel();
	refer("");
	assert_string_equal(told.error, still);
	refer(",\"force\":true");
	assert_int_equal(told.requested, 2);
	answer("REFER", 202, "");
	notify("refer", ACTIVE, RINGS);
	assert_int_equal(told.ended, 1);
}


/* One of them fails, then the other: neither is reported as a success */
static void test_forced_fails(void **state)
{
	(void)state;

	forced();
	notify("refer", OVER, BUSY);
	expect_late(1, 486);
	assert_string_equal(told.late_reason,
			    "Busy Here (may be about this transfer or "
			    "another one)");
	assert_int_equal(told.ended, 1);
	notify("refer", OVER, "SIP/2.0 603 Decline\r\n");
	assert_int_equal(told.ended, 2);
	assert_string_equal(told.outcome, "failed");
	assert_string_equal(told.confidence, "low");
}


/* One target has answered: the call is over, no matter which */
static void test_forced_answered(void **state)
{
	(void)state;

	forced();
	notify("refer", OVER, OK);
	assert_string_equal(told.outcome, "transferred");
	assert_string_equal(told.confidence, "low");
	assert_int_equal(told.late, 0);
	notify("refer", OVER, "SIP/2.0 487 X\r\n");
	expect_late(1, 487);
}


static void test_forced_named(void **state)
{
	(void)state;

	refer("");
	answer("REFER", 202, "");
	cancel();
	refer(",\"force\":true");
	answer("REFER", 202, "");
	notify_of(0, ACTIVE, RINGS);
	notify_of(1, OVER, BUSY);
	assert_string_equal(told.outcome, "failed");
	assert_string_equal(told.confidence, "high");
	assert_int_equal(told.late, 0);
	notify_of(0, OVER, OK);
	expect_late(1, 200);
}


/* Of too many the oldest is forgotten */
static void test_open_max(void **state)
{
	(void)state;

	for (unsigned i = 0; i < OPEN_MAX + 1; i++) {
		refer(",\"force\":true");
		answer("REFER", 202, "");
		cancel();
	}
	wait(100 * SECOND);

	for (unsigned i = 0; i < OPEN_MAX + 1; i++) {
		notify_of(i, OVER, BUSY);
		assert_int_equal(told.late, i);
	}
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
		with(test_notify_timeout),
		with(test_notify_timeout_trying),
		with(test_unsubscribe),
		with(test_no_refresh),
		with(test_behind_call),
		with(test_outcomes),
		with(test_decided),
		with(test_calling),
		with(test_calling_expires),
		with(test_forced_fails),
		with(test_forced_answered),
		with(test_forced_named),
		with(test_open_max),
		with(test_over_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
