/**
 * @file module_carrier.c  Tests of transfers by the profile of their far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>
#include "host/host.h"
#include "baresip.h"
#include "farend.h"
#include "story.h"


static char path[] = "/tmp/profiles-XXXXXX";


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

	write_profiles(text);
	(void)re_snprintf(settings, sizeof(settings), "sip_refer_profiles %s",
			  path);
	baresip_settings(settings);
	story_begin("User-Agent: Tester 7\r\n", false);
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
	story_refer(stories[i].fields);
	story_play(stories[i].story);

	if (story.ended.count != !!*stories[i].outcome ||
	    strcmp(story.ended.outcome, stories[i].outcome) ||
	    strcmp(story.ended.evidence, stories[i].evidence) ||
	    strcmp(story.ended.confidence, stories[i].confidence) ||
	    story.closed != stories[i].closed)
		fail_msg("%s%s: %u %s/%s %s, %s", stories[i].profiles,
			 stories[i].story, story.ended.count,
			 story.ended.outcome, story.ended.evidence,
			 story.ended.confidence,
			 story.closed ? "closed" : "open");

	story_end();
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
		story_refer("");
		story_play(events[i].story);
		if (strncmp(sip_sent(), events[i].event,
			    strlen(events[i].event)))
			fail_msg("%s%s: %s", events[i].profiles,
				 events[i].story, sip_sent());
		story_end();
	}
}


/* A call that the far end is to end accepts only hangup */
static void test_leaving(void **state)
{
	(void)state;

	begin(FOR_US "hangup=they 2\n");
	story_refer("");
	story_play("202 Accepted,60,n200 OK");
	assert_string_equal(story.error, "");
	story_refer("");
	assert_string_equal(story.error, "No live call has this call_sid");
	assert_false(story.closed);
	story_verb("\"verb\":\"hangup\"");
	assert_true(story.closed);
	assert_int_equal(story.ended.count, 1);
	story_end();
}


/* A reload reads the current file. An invalid file changes nothing, and no
   reload changes a transfer in progress */
static void test_reload(void **state)
{
	(void)state;

	begin(FOR_US "notify-timeout=2\nreferred-by=none\n");
	story_refer("");
	assert_null(strstr(sip_sent(), "Referred-By"));
	write_profiles(FOR_US "notify-timeout=300\nreferred-by=own\n");
	story_play("202 Accepted,2000");
	assert_string_equal(story.ended.evidence, "timer:notify");

	story_refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	story_play("603 Decline");

	write_profiles(FOR_US "referred-by=nobody else's business\n");
	story_refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	story_play("603 Decline");

	assert_int_equal(unlink(path), 0);
	story_refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:gw@10.0.0.2>\r\n"));
	story_play("603 Decline");

	write_profiles("");
	story_refer(",\"force\":true");
	assert_non_null(
		strstr(sip_sent(), "Referred-By: <sip:ann@10.0.0.1>\r\n"));
	story_end();
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
	story_refer("");
	assert_offers(1, "sendonly");
	assert_false(is_referred());
	assert_string_equal(story.told, "");
}


static void test_hold(void **state)
{
	(void)state;

	begin_hold();
	reinvite_answer("200 OK");
	assert_true(is_referred());
	assert_string_equal(story.told, "r requested");
	story_play("202 Accepted,n486 Busy Here");
	assert_string_equal(story.told, "r requested accepted ended");
	assert_string_equal(story.ended.outcome, "failed");
	assert_offers(2, "sendrecv");

	/* at once again: it is on hold as long */
	story_refer("");
	assert_offers(2, "sendrecv");
	reinvite_answer("200 OK");
	assert_offers(3, "sendonly");
	reinvite_answer("200 OK");
	story_play("603 Decline");
	assert_int_equal(story.ended.count, 2);
	assert_offers(4, "sendrecv");
	reinvite_answer("200 OK");
	story_end();

	begin_hold();
	reinvite_answer("200 OK");
	story_play("202 Accepted,n180 Ringing,60,n200 OK");
	assert_string_equal(story.ended.outcome, "transferred");
	assert_true(story.closed);
	story_end();
}


/* ... or the far end has had its time */
static void test_not_held(void **state)
{
	(void)state;

	begin_hold();
	reinvite_answer("488 Not Acceptable Here");
	assert_true(is_referred());
	assert_string_equal(story.told, "r requested");
	story_play("603 Decline");
	assert_offers(1, "sendrecv");
	story_end();

	begin_hold();
	story_play("3900");
	assert_false(is_referred());
	story_play("110");
	assert_true(is_referred());
	assert_string_equal(story.told, "r requested");
	story_play("603 Decline");
	reinvite_answer("200 OK");
	assert_offers(2, "sendrecv");
	story_end();
}


/* A failure before the REFER is also reported as the end of a transfer */
static void test_unsent(void **state)
{
	(void)state;

	begin_hold();
	story_refer("");
	assert_string_equal(story.told, "");
	story_play("cancel");
	assert_string_equal(story.told, "r requested ended r");
	assert_string_equal(story.ended.outcome, "cancelled");
	assert_string_equal(story.ended.confidence, "high");
	reinvite_answer("200 OK");
	assert_offers(2, "sendrecv");
	reinvite_answer("200 OK");
	assert_false(is_referred());
	story_refer("");
	assert_string_equal(story.error, "");
	reinvite_answer("200 OK");
	assert_true(is_referred());
	story_play("603 Decline");
	story_end();

	begin_hold();
	story_play("closed");
	assert_string_equal(story.told, "r requested ended");
	assert_string_equal(story.ended.outcome, "failed");
	assert_string_equal(story.ended.evidence, "bye");
	assert_false(is_referred());
	story_end();

	begin_hold();
	story_verb("\"verb\":\"hangup\"");
	assert_string_equal(story.ended.outcome, "cancelled");
	assert_false(is_referred());
	story_end();

	/* also if the module stops meanwhile */
	begin_hold();
	story_end();
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
