/**
 * @file module_sure.c  Tests of the confidence of an outcome
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "baresip.h"
#include "story.h"


#define EARLY "reported before the target can have answered"

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
	{"202 Accepted,n ,n200 OK", "transferred", "notify", "low",
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
	 "notify", "low", "Connection reset by peer (reported after the BYE)"},
	{"202 Accepted,n180 Ringing,closed,1500,n486 Busy Here", "failed",
	 "notify", "low", "Busy Here (reported after the BYE)"},
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


static void run(size_t i)
{
	story_begin("", false);
	story_refer("");
	story_play(stories[i].story);
	assert_string_equal(story.ended.media, "untold");

	if (story.ended.count != 1 ||
	    strcmp(story.ended.outcome, stories[i].outcome) ||
	    strcmp(story.ended.evidence, stories[i].evidence) ||
	    strcmp(story.ended.confidence, stories[i].confidence) ||
	    strcmp(story.ended.reason, stories[i].reason))
		fail_msg("%s: %u %s/%s %s: %s", stories[i].story,
			 story.ended.count, story.ended.outcome,
			 story.ended.evidence, story.ended.confidence,
			 story.ended.reason);

	story_end();
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

		story_begin("", true);
		story_play(calls[i].before);
		story_refer("");
		story_play(calls[i].after);
		if (story.ended.count != 1 ||
		    strcmp(story.ended.media, calls[i].media))
			fail_msg("%s, %s: %s", calls[i].before, calls[i].after,
				 story.ended.media);
		story_end();
	}
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

		story_begin("", false);
		story_refer("");
		story_play("202 Accepted,n180 Ringing");
		story_cancel(cancels[i].fields);
		assert_string_equal(story.error, cancels[i].error);
		assert_int_equal(story.ended.count,
				 cancels[i].evidence != NULL);
		if (cancels[i].evidence) {
			assert_string_equal(story.ended.outcome, "cancelled");
			assert_string_equal(story.ended.confidence, "low");
			assert_string_equal(story.ended.evidence,
					    cancels[i].evidence);
			assert_string_equal(story.ended.reason,
					    cancels[i].reason);
		}
		story_end();
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
	char text[64];
	unsigned before;
	size_t i;
	(void)state;

	for (i = 0; i < RE_ARRAY_SIZE(cancels); i++) {

		(void)re_snprintf(text, sizeof(text), "User-Agent: %s\r\n",
				  cancels[i].agent);
		story_begin(*cancels[i].agent ? text : "", false);
		story_refer(cancels[i].verb);
		if (*cancels[i].before)
			story_play(cancels[i].before);
		before = sip_subscribes();
		story_cancel(cancels[i].cancel);
		if (*cancels[i].after)
			story_play(cancels[i].after);
		assert_int_equal(story.ended.count, 1);
		assert_string_equal(story.ended.outcome, "cancelled");
		if (sip_subscribes() - before != cancels[i].count)
			fail_msg("%zu: %u", i, sip_subscribes() - before);
		story_end();
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
