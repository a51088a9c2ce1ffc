/**
 * @file module_sure.c  Tests of the confidence of an outcome
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "linkrequest.h"
#include "host/host.h"
#include "text/text.h"
#include "control.h"
#include "baresip.h"
#include "farend.h"


static const char invite[] = "INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			     "From: <sip:ann@10.0.0.1>;tag=a\r\n"
			     "To: <sip:gw@10.0.0.2>\r\n"
			     "Call-ID: c\r\n"
			     "CSeq: 1 INVITE\r\n"
			     "Contact: <sip:ann@10.0.0.1:5070>\r\n"
			     "Content-Length: 0\r\n\r\n";

/* Last result */
static char result[256];

/* Contents of the `ended` step */
static struct {
	unsigned count;
	char outcome[16], evidence[16], confidence[16], reason[256];
	const char *media; /* yes, no, or untold */
} ended;

static char sid[64];
static unsigned cseq;
static struct call *call;


static void line_handler(const cJSON *json)
{
	const cJSON *c = cJSON_GetObjectItem(json, "call");
	char step[16];

	if (c && !*sid)
		farend_copy(sid, sizeof(sid), c, "sid");

	if (cJSON_HasObjectItem(json, "ok"))
		farend_copy(result, sizeof(result), json, "error");

	farend_copy(step, sizeof(step), json, "step");
	if (strcmp(step, "ended"))
		return;

	++ended.count;
	farend_copy(ended.outcome, sizeof(ended.outcome), json, "outcome");
	farend_copy(ended.evidence, sizeof(ended.evidence), json, "evidence");
	farend_copy(ended.confidence, sizeof(ended.confidence), json,
		    "confidence");
	farend_copy(ended.reason, sizeof(ended.reason), json, "reason");
	ended.media = "untold";
	if (cJSON_HasObjectItem(json, "media"))
		ended.media = cJSON_IsTrue(cJSON_GetObjectItem(json, "media"))
				      ? "yes"
				      : "no";
}


static void refer_with(const char *fields)
{
	farend_request(sid,
		       "{\"type\":\"verbs\",\"ref\":\"r\",\"call_sid\":\"%s\","
		       "\"run\":true,\"verbs\":[{\"verb\":\"sip:refer\","
		       "\"referTo\":\"100\"%s}]}",
		       sid, fields);
}


static void refer(void)
{
	refer_with("");
}


static void answer(const char *status)
{
	farend_answer("REFER", 1, status);
}


static void notify(const char *status)
{
	farend_notify(++cseq, "active", status);
}


/* Plays events in order of time. A status line is the answer to the REFER, or
   a NOTIFY after "n"; a number is a pause in ms */
static void play(const char *story)
{
	char *text = strdup(story), *rest = text, *step;

	while ((step = strsep(&rest, ",")) != NULL) {
		if (*step == 'n')
			notify(step + 1);
		else if (!strcmp(step, "cancel"))
			farend_request(sid,
				       "{\"type\":\"cancel\",\"ref\":\"x\","
				       "\"call_sid\":\"%s\"}",
				       sid);
		else if (!strcmp(step, "bye"))
			farend_send(
				"BYE sip:gw@10.0.0.2 SIP/2.0\r\n"
				"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKb\r\n"
				"From: <sip:ann@10.0.0.1>;tag=a\r\n"
				"To: "
				"<sip:gw@10.0.0.2>;tag=0000000000000007\r\n"
				"Call-ID: c\r\n"
				"CSeq: 1000 BYE\r\n"
				"Content-Length: 0\r\n\r\n");
		else if (!strcmp(step, "media"))
			baresip_media(10);
		else if (!strcmp(step, "timeout"))
			sip_fail(ETIMEDOUT);
		else if (!strcmp(step, "transport"))
			sip_fail(ECONNREFUSED);
		else if (!strcmp(step, "closed"))
			baresip_closed(call, "Connection reset by peer");
		else if (step[strspn(step, "0123456789")])
			answer(step);
		else
			farend_wait(strtoul(step, NULL, 10));
	}

	free(text);
	referd_read();
}


#define EARLY "said before the target can have answered"

static const struct {
	const char *story;
	const char *outcome, *evidence, *confidence, *reason;
} stories[] = {
	/* a 200 too early to come from a target */
	{"202 Accepted,n200 OK", "transferred", "notify", "low",
	 "OK (" EARLY ")"},
	{"202 Accepted,40,n200 OK", "transferred", "notify", "low",
	 "OK (" EARLY ")"},
	{"202 Accepted,n204", "transferred", "notify", "low", EARLY},
	{"n200 OK,202 Accepted", "transferred", "notify", "low",
	 "OK (" EARLY ")"},
	{"n200 OK,100,202 Accepted", "transferred", "notify", "low",
	 "OK (" EARLY ")"},
	{"n200 OK,2000", "transferred", "notify", "low", "OK (" EARLY ")"},
	{"202 Accepted,n,n200 OK", "transferred", "notify", "low",
	 "OK (" EARLY ")"},

	/* and one late enough to come from a target */
	{"202 Accepted,50,n200 OK", "transferred", "notify", "high", "OK"},
	{"202 Accepted,n100 Trying,n200 OK", "transferred", "notify", "high",
	 "OK"},
	{"n180 Ringing,202 Accepted,n200 OK", "transferred", "notify", "high",
	 "OK"},
	{"202 Accepted,closed,60,n200 OK", "transferred", "notify", "high",
	 "OK"},

	/* a failure may be told as quickly as it likes */
	{"202 Accepted,n486 Busy Here", "failed", "notify", "high",
	 "Busy Here"},
	{"n503 Service Unavailable,202 Accepted", "failed", "notify", "high",
	 "Service Unavailable"},
	{"603 Decline", "failed", "response", "high", "Decline"},
	{"transport", "failed", "transport", "high", "Connection refused"},
	{"timeout", "failed", "timeout", "low", "Request Timeout"},
	{"closed,2000", "failed", "bye", "low",
	 "the call ended before the REFER was answered"},

	/* but not after our own BYE: baresip reports this of any far end */
	{"202 Accepted,closed,n500 Connection reset by peer", "failed",
	 "notify", "low", "Connection reset by peer (said behind the BYE)"},
	{"202 Accepted,n180 Ringing,closed,1500,n486 Busy Here", "failed",
	 "notify", "low", "Busy Here (said behind the BYE)"},
	{"202 Accepted,bye,closed,n486 Busy Here", "failed", "notify", "high",
	 "Busy Here"},

	/* outcomes that are only assumed */
	{"202 Accepted,closed,2000", "presumed", "bye", "low",
	 "the far end ended the call"},
	{"202 Accepted,cancel", "cancelled", "application", "low",
	 "the application gave it up"},
	{"cancel", "cancelled", "application", "low",
	 "the application gave it up"},

	/* no REFER is in progress between a 491 and the second REFER */
	{"491 Request Pending,cancel", "cancelled", "application", "high",
	 "the application gave it up"},
	{"491 Request Pending,closed", "failed", "bye", "high",
	 "the call ended before the REFER was answered"},
	{"491 Request Pending,2000,cancel", "cancelled", "application", "low",
	 "the application gave it up"},
};


static void begin_with(const char *message, bool media)
{
	memset(&ended, 0, sizeof(ended));
	*sid = '\0';
	cseq = 1;

	baresip_open(false);
	if (media)
		baresip_media(10);
	referd_listener(line_handler);
	referd_welcome();
	call = baresip_call(message);
	baresip_answered(call);
	time_passes(0);
	referd_read();
}


static void begin(bool media)
{
	begin_with(invite, media);
}


static void run(size_t i)
{
	begin(false);
	refer();
	play(stories[i].story);
	assert_string_equal(ended.media, "untold");

	if (ended.count != 1 || strcmp(ended.outcome, stories[i].outcome) ||
	    strcmp(ended.evidence, stories[i].evidence) ||
	    strcmp(ended.confidence, stories[i].confidence) ||
	    strcmp(ended.reason, stories[i].reason))
		fail_msg("%s: %u %s/%s %s: %s", stories[i].story, ended.count,
			 ended.outcome, ended.evidence, ended.confidence,
			 ended.reason);

	referd_listener(NULL);
	baresip_close();
}


static void test_confidence(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(stories); i++)
		run(i);
}


/* Tells whether media of the caller still arrives */
static void test_media(void **state)
{
	static const struct {
		const char *before, *after; /* the REFER */
		const char *media;
	} calls[] = {
		{"1000", "202 Accepted,n486 Busy Here", "no"},
		{"1700", "202 Accepted,n486 Busy Here", "no"},
		{"1700,media", "202 Accepted,n486 Busy Here", "yes"},
		{"1700,media,900", "603 Decline", "yes"},
		{"1700,media,1600", "603 Decline", "no"},
		{"1700,media,60000", "603 Decline", "no"},
		{"1700,media,60000,media", "603 Decline", "yes"},
		{"1000", "transport", "no"},
		{"1000,media", "202 Accepted,cancel", "yes"},
		{"1000", "202 Accepted,9000,media,n486 Busy Here", "yes"},
		{"10,media", "202 Accepted,9000,n486 Busy Here", "no"},

		/* not up for a second yet */
		{"0", "202 Accepted,n486 Busy Here", "untold"},
		{"900,media", "202 Accepted,n486 Busy Here", "untold"},

		/* nor of a call that has ended, or is ending */
		{"1700,media", "202 Accepted,60,n200 OK", "untold"},
		{"1700,media", "202 Accepted,closed,n486 Busy Here", "untold"},
		{"1700,media", "491 Request Pending,closed", "untold"},
	};
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(calls); i++) {

		begin(true);
		play(calls[i].before);
		refer();
		play(calls[i].after);
		if (ended.count != 1 || strcmp(ended.media, calls[i].media))
			fail_msg("%s, %s: %s", calls[i].before, calls[i].after,
				 ended.media);
		referd_listener(NULL);
		baresip_close();
	}
}


static void cancel_with(const char *fields)
{
	farend_request(
		sid,
		"{\"type\":\"cancel\",\"ref\":\"x\",\"call_sid\":\"%s\"%s}",
		sid, fields);
	time_passes(0);
	referd_read();
}


/* The outcome contains the words of the request of referd */
static void test_cancel_words(void **state)
{
	static const struct {
		const char *fields, *evidence, *reason, *error;
	} cancels[] = {
		{"", "application", "the application gave it up", ""},
		{",\"evidence\":\"application\"", "application",
		 "the application gave it up", ""},
		{",\"evidence\":\"timer:answer\","
		 "\"reason\":\"not answered within 30 s\"",
		 "timer:answer", "not answered within 30 s", ""},
		{",\"reason\":\"a\\u0007b\"", "application", "a?b", ""},
		{",\"evidence\":\"notify\"", NULL, NULL,
		 "evidence must be application or timer:answer"},
	};
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(cancels); i++) {

		begin(false);
		refer();
		play("202 Accepted,n180 Ringing");
		cancel_with(cancels[i].fields);
		assert_string_equal(result, cancels[i].error);
		assert_int_equal(ended.count, cancels[i].evidence != NULL);
		if (cancels[i].evidence) {
			assert_string_equal(ended.outcome, "cancelled");
			assert_string_equal(ended.confidence, "low");
			assert_string_equal(ended.evidence,
					    cancels[i].evidence);
			assert_string_equal(ended.reason, cancels[i].reason);
		}
		referd_listener(NULL);
		baresip_close();
	}
}


/* The module unsubscribes, except for a far end that ends the call then, or as
   the verb demands */
static void test_cancel_unsubscribe(void **state)
{
	static const struct {
		const char *agent, *verb, *before, *cancel, *after;
		unsigned count;
	} cancels[] = {
		{"", "", "202 Accepted", "", "", 0},
		{"", "", "202 Accepted", ",\"unsubscribe\":true", "", 1},
		{"", "", "202 Accepted,n180 Ringing", ",\"unsubscribe\":true",
		 "", 1},
		{"", "", "", ",\"unsubscribe\":true", "", 0},
		{"", "", "", ",\"unsubscribe\":true", "202 Accepted", 1},
		{"", "", "", ",\"unsubscribe\":true", "603 Decline", 0},
		{"", ",\"timeouts\":{\"unsubscribe\":false}", "202 Accepted",
		 ",\"unsubscribe\":true", "", 0},
		{"", ",\"timeouts\":{\"unsubscribe\":true}", "202 Accepted",
		 "", "", 1},
		{"baresip v1.0.0 (x86_64/linux)", "", "202 Accepted",
		 ",\"unsubscribe\":true", "", 0},
		{"Linphone/5.1.65", "", "202 Accepted",
		 ",\"unsubscribe\":true", "", 0},
		{"baresip v1.0.0 (x86_64/linux)",
		 ",\"timeouts\":{\"unsubscribe\":true}", "202 Accepted",
		 ",\"unsubscribe\":true", "", 1},
		{"Asterisk PBX 22.1", "", "202 Accepted",
		 ",\"unsubscribe\":true", "", 1},
	};
	char text[1024];
	unsigned before;
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(cancels); i++) {

		(void)re_snprintf(text, sizeof(text), "%b%s%s\r\n\r\n", invite,
				  sizeof(invite) - 3,
				  *cancels[i].agent ? "User-Agent: " : "X: ",
				  cancels[i].agent);
		begin_with(text, false);
		refer_with(cancels[i].verb);
		if (*cancels[i].before)
			play(cancels[i].before);
		before = sip_subscribes();
		cancel_with(cancels[i].cancel);
		if (*cancels[i].after)
			play(cancels[i].after);
		assert_int_equal(ended.count, 1);
		assert_string_equal(ended.outcome, "cancelled");
		if (sip_subscribes() - before != cancels[i].count)
			fail_msg("%zu: %u", i, sip_subscribes() - before);
		referd_listener(NULL);
		baresip_close();
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel_words),
		cmocka_unit_test(test_cancel_unsubscribe),
		cmocka_unit_test(test_confidence),
		cmocka_unit_test(test_media),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
