/**
 * @file module_carrier.c  Tests of transfers by the profile of their far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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
			     "User-Agent: Tester 7\r\n"
			     "Content-Length: 0\r\n\r\n";

/* Contents of the `ended` step */
static struct {
	unsigned count;
	char outcome[16], evidence[16], confidence[16];
} ended;

static char told[512]; /* results, and steps of transfers */
static bool closed;    /* the call is */
static char refusal[256];
static char path[] = "/tmp/profiles-XXXXXX";

static char sid[64];
static unsigned cseq;
static struct call *call;


/* Records one member of a message of that type */
static void tell(const cJSON *json, const char *type, const char *value,
		 const char *member)
{
	const size_t len = strlen(told);
	char text[16];

	farend_copy(text, sizeof(text), json, type);
	if (strcmp(text, value))
		return;

	farend_copy(text, sizeof(text), json, member);
	(void)re_snprintf(told + len, sizeof(told) - len, "%s%s",
			  len ? " " : "", text);
}


static void line_handler(const cJSON *json)
{
	const cJSON *c = cJSON_GetObjectItem(json, "call");
	char step[16];

	if (c && !*sid)
		farend_copy(sid, sizeof(sid), c, "sid");

	farend_copy(step, sizeof(step), json, "event");
	if (!strcmp(step, "closed"))
		closed = true;
	if (cJSON_HasObjectItem(json, "error"))
		farend_copy(refusal, sizeof(refusal), json, "error");

	tell(json, "type", "result", "ref");
	farend_copy(step, sizeof(step), json, "step");
	tell(json, "type", "transfer", "step");
	if (strcmp(step, "ended"))
		return;

	++ended.count;
	farend_copy(ended.outcome, sizeof(ended.outcome), json, "outcome");
	farend_copy(ended.evidence, sizeof(ended.evidence), json, "evidence");
	farend_copy(ended.confidence, sizeof(ended.confidence), json,
		    "confidence");
}


static void verb(const char *fields)
{
	farend_request(sid,
		       "{\"type\":\"verbs\",\"ref\":\"r\",\"call_sid\":\"%s\","
		       "\"run\":true,\"verbs\":[{%s}]}",
		       sid, fields);
}


static void refer(const char *fields)
{
	char text[256];

	(void)re_snprintf(text, sizeof(text),
			  "\"verb\":\"sip:refer\",\"referTo\":\"100\"%s",
			  fields);
	verb(text);
}


static void answer(const char *status)
{
	farend_answer("REFER", 1, status);
}


/* A status with a state, or a state alone */
static void notify(const char *state, const char *status)
{
	farend_notify(++cseq, state, *status ? status : NULL);
}


/* Plays events in order of time. A status line is the answer to the REFER, or
   a NOTIFY after "n"; "t" is the end of the subscription, with or without a
   status; a number is a pause in ms */
static void play(const char *story)
{
	char *text = strdup(story), *rest = text, *step;

	while ((step = strsep(&rest, ",")) != NULL) {
		if (*step == 'n')
			notify("active", step + 1);
		else if (*step == 't')
			notify("terminated;reason=noresource", step + 1);
		else if (!strcmp(step, "closed"))
			baresip_closed(call, "Connection reset by peer");
		else if (!strcmp(step, "cancel"))
			farend_request(sid,
				       "{\"type\":\"cancel\",\"ref\":\"x\","
				       "\"call_sid\":\"%s\"}",
				       sid);
		else if (step[strspn(step, "0123456789")])
			answer(step);
		else
			farend_wait(strtoul(step, NULL, 10));
	}

	free(text);
	time_passes(0);
	referd_read();
}


/* A file is known by its size, too, which each of these changes */
static void write_profiles(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	(void)fclose(f);
}


static void begin(const char *text)
{
	static char settings[128];

	memset(&ended, 0, sizeof(ended));
	*sid = *refusal = *told = '\0';
	closed = false;
	cseq = 1;

	write_profiles(text);
	(void)re_snprintf(settings, sizeof(settings), "sip_refer_profiles %s",
			  path);
	baresip_settings(settings);
	baresip_open(false);
	referd_listener(line_handler);
	referd_welcome();
	call = baresip_call(invite);
	baresip_answered(call);
	time_passes(0);
	referd_read();
}


static void end(void)
{
	referd_listener(NULL);
	baresip_close();
	baresip_settings(NULL);
}


#define FOR_US "[us]\nmatch-agent = tester*\n"

/* A profile, further fields of the verb, the events, the outcome, and whether
   the call is over then */
static const struct {
	const char *profiles, *fields, *story;
	const char *outcome, *evidence, *confidence;
	bool closed;
} stories[] = {
	/* without a profile, or with that of another */
	{"", "", "202 Accepted,39900,200", "unknown", "timer:notify", "low",
	 false},
	{"[x]\nmatch-agent=x\nno-notify=presumed\nnotify-timeout=1\n", "",
	 "202 Accepted,39900,200", "unknown", "timer:notify", "low", false},
	{"", "", "202 Accepted,t", "unknown", "terminated", "low", false},
	{"", "", "202 Accepted,n180 Ringing,60,n200 OK", "transferred",
	 "notify", "high", true},

	/* meaning of silence, and its timeout */
	{FOR_US "no-notify=presumed\nnotify-timeout=2\n", "",
	 "202 Accepted,1900", "", "", "", false},
	{FOR_US "no-notify=presumed\nnotify-timeout=2\n", "",
	 "202 Accepted,2000", "presumed", "timer:notify", "low", true},
	{FOR_US "notify-timeout=2\n", "", "202 Accepted,2000", "unknown",
	 "timer:notify", "low", false},
	{FOR_US "no-notify=presumed\nringing-timeout=3\n", "",
	 "202 Accepted,n180 Ringing,3000", "unknown", "timer:ringing", "low",
	 false},
	{FOR_US "no-notify=presumed\nnotify-timeout=2\n", "",
	 "202 Accepted,n,2000", "unknown", "timer:notify", "low", false},

	/* the verb goes before */
	{FOR_US "notify-timeout=2\n", ",\"timeouts\":{\"notify\":5}",
	 "202 Accepted,4900", "", "", "", false},
	{FOR_US "notify-timeout=2\n", ",\"timeouts\":{\"notify\":5}",
	 "202 Accepted,5000", "unknown", "timer:notify", "low", false},

	/* an end without a status */
	{FOR_US "terminated=presumed\n", "", "202 Accepted,t", "presumed",
	 "terminated", "low", true},
	{FOR_US "terminated=presumed\n", "", "202 Accepted,n180 Ringing,t",
	 "presumed", "terminated", "low", true},
	{FOR_US "terminated=presumed\n", "", "202 Accepted,t180 Ringing",
	 "unknown", "terminated", "low", false},
	{FOR_US "terminated=presumed\n", "", "202 Accepted,t486 Busy Here",
	 "failed", "notify", "high", false},
	{FOR_US "terminated=presumed\n", "", "202 Accepted,60,t200 OK",
	 "transferred", "notify", "high", true},

	/* the side that ends the call */
	{FOR_US "hangup=they 2\n", "", "202 Accepted,60,n200 OK,1900",
	 "transferred", "notify", "high", false},
	{FOR_US "hangup=they 2\n", "", "202 Accepted,60,n200 OK,2000",
	 "transferred", "notify", "high", true},
	{FOR_US "hangup=they 2\n", "", "202 Accepted,60,n200 OK,closed,9000",
	 "transferred", "notify", "high", true},
	{FOR_US "hangup=they 2\n", "", "202 Accepted,n486 Busy Here,9000",
	 "failed", "notify", "high", false},
	{FOR_US "hangup=they 2\nterminated=presumed\n", "",
	 "202 Accepted,t,1900", "presumed", "terminated", "low", false},

	/* a 491 */
	{FOR_US "retry-timeout=0\n", "", "491 Request Pending", "failed",
	 "response", "high", false},
};


static void run(size_t i)
{
	begin(stories[i].profiles);
	refer(stories[i].fields);
	play(stories[i].story);

	if (ended.count != !!*stories[i].outcome ||
	    strcmp(ended.outcome, stories[i].outcome) ||
	    strcmp(ended.evidence, stories[i].evidence) ||
	    strcmp(ended.confidence, stories[i].confidence) ||
	    closed != stories[i].closed)
		fail_msg("%s%s: %u %s/%s %s, %s", stories[i].profiles,
			 stories[i].story, ended.count, ended.outcome,
			 ended.evidence, ended.confidence,
			 closed ? "closed" : "open");

	end();
}


static void test_stories(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(stories); i++)
		run(i);
}


/* The Event of a SUBSCRIBE, before any NOTIFY has come and behind one */
static void test_event(void **state)
{
	static const struct {
		const char *profiles, *story, *event;
	} events[] = {
		{FOR_US "unsubscribe=yes\n", "202 Accepted,cancel",
		 "Event: refer\r\n"},
		{FOR_US "unsubscribe=yes\nevent=id\n", "202 Accepted,cancel",
		 "Event: refer;id="},
		{FOR_US "unsubscribe=yes\nevent=id\n",
		 "202 Accepted,n180 Ringing,cancel", "Event: refer;id="},
		{FOR_US "unsubscribe=yes\nevent=plain\n",
		 "202 Accepted,n180 Ringing,cancel", "Event: refer\r\n"},
		{FOR_US "unsubscribe=no\n", "202 Accepted,cancel",
		 "Refer-To: "},
	};
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(events); i++) {
		begin(events[i].profiles);
		refer("");
		play(events[i].story);
		if (strncmp(sip_sent(), events[i].event,
			    strlen(events[i].event)))
			fail_msg("%s%s: %s", events[i].profiles,
				 events[i].story, sip_sent());
		end();
	}
}


/* A call that the far end is to end accepts only hangup */
static void test_leaving(void **state)
{
	(void)state;

	begin(FOR_US "hangup=they 2\n");
	refer("");
	play("202 Accepted,60,n200 OK");
	assert_string_equal(refusal, "");
	refer("");
	assert_string_equal(refusal, "No live call has this call_sid");
	assert_false(closed);
	verb("\"verb\":\"hangup\"");
	assert_true(closed);
	assert_int_equal(ended.count, 1);
	end();
}


/* A reload reads the current file. An invalid file changes nothing, and no
   reload changes a transfer in progress */
static void test_reload(void **state)
{
	(void)state;

	begin(FOR_US "notify-timeout=2\nreferred-by=none\n");
	refer("");
	assert_null(strstr(sip_sent(), "Referred-By"));
	write_profiles(FOR_US "notify-timeout=300\nreferred-by=own\n");
	play("202 Accepted,2000");
	assert_string_equal(ended.evidence, "timer:notify");

	refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	play("603 Decline");

	write_profiles(FOR_US "referred-by=nobody else's business\n");
	refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	play("603 Decline");

	assert_int_equal(unlink(path), 0);
	refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	play("603 Decline");

	write_profiles("");
	refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:ann@10.0.0.1>\r\n"));
	end();
}


static void reinvite_answer(const char *status)
{
	const char *direction;
	uint32_t n;

	(void)baresip_offers(&direction, &n);
	farend_answer("INVITE", n, status);
	farend_wait(5);
}


static void assert_offers(unsigned count, const char *direction)
{
	const char *last;
	uint32_t n;

	assert_int_equal(baresip_offers(&last, &n), count);
	assert_string_equal(last, direction);
}


static bool is_referred(void)
{
	return !strncmp(sip_sent(), "Refer-To: ", 10);
}


/* The module sends and reports nothing before the call is on hold */
static void begin_hold(void)
{
	begin(FOR_US "hold=yes\n");
	refer("");
	assert_offers(1, "sendonly");
	assert_false(is_referred());
	assert_string_equal(told, "");
}


static void test_hold(void **state)
{
	(void)state;

	begin_hold();
	reinvite_answer("200 OK");
	assert_true(is_referred());
	assert_string_equal(told, "r requested");
	play("202 Accepted,n486 Busy Here");
	assert_string_equal(told, "r requested accepted ended");
	assert_string_equal(ended.outcome, "failed");
	assert_offers(2, "sendrecv");

	/* at once again: it is on hold as long */
	refer("");
	assert_offers(2, "sendrecv");
	reinvite_answer("200 OK");
	assert_offers(3, "sendonly");
	reinvite_answer("200 OK");
	play("603 Decline");
	assert_int_equal(ended.count, 2);
	assert_offers(4, "sendrecv");
	reinvite_answer("200 OK");
	end();

	begin_hold();
	reinvite_answer("200 OK");
	play("202 Accepted,n180 Ringing,60,n200 OK");
	assert_string_equal(ended.outcome, "transferred");
	assert_true(closed);
	end();
}


/* ... or the far end has had its time */
static void test_not_held(void **state)
{
	(void)state;

	begin_hold();
	reinvite_answer("488 Not Acceptable Here");
	assert_true(is_referred());
	assert_string_equal(told, "r requested");
	play("603 Decline");
	assert_offers(1, "sendrecv");
	end();

	begin_hold();
	play("3900");
	assert_false(is_referred());
	play("110");
	assert_true(is_referred());
	assert_string_equal(told, "r requested");
	play("603 Decline");
	reinvite_answer("200 OK");
	assert_offers(2, "sendrecv");
	end();
}


/* A failure before the REFER is also reported as the end of a transfer */
static void test_unsent(void **state)
{
	(void)state;

	begin_hold();
	refer("");
	assert_string_equal(told, "");
	play("cancel");
	assert_string_equal(told, "r requested ended r");
	assert_string_equal(ended.outcome, "cancelled");
	assert_string_equal(ended.confidence, "high");
	reinvite_answer("200 OK");
	assert_offers(2, "sendrecv");
	reinvite_answer("200 OK");
	assert_false(is_referred());
	refer("");
	assert_string_equal(refusal, "");
	reinvite_answer("200 OK");
	assert_true(is_referred());
	play("603 Decline");
	end();

	begin_hold();
	play("closed");
	assert_string_equal(told, "r requested ended");
	assert_string_equal(ended.outcome, "failed");
	assert_string_equal(ended.evidence, "bye");
	assert_false(is_referred());
	end();

	begin_hold();
	verb("\"verb\":\"hangup\"");
	assert_string_equal(ended.outcome, "cancelled");
	assert_false(is_referred());
	end();

	/* also if the module stops meanwhile */
	begin_hold();
	end();
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),  cmocka_unit_test(test_event),
		cmocka_unit_test(test_leaving),  cmocka_unit_test(test_hold),
		cmocka_unit_test(test_not_held), cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_reload),
	};
	const int fd = mkstemp(path);
	int n;

	if (fd < 0)
		return 1;

	(void)close(fd);
	n = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);

	return n;
}
