/**
 * @file module_profile.c  Tests of profiles: the file, the far ends that
 * match, and the effect on a verb
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "text/text.h"


static struct list list;


static void read_ok(const char *text)
{
	char why[512];

	if (profiles_decode(&list, text, why, sizeof(why)))
		fail_msg("%s: %s", text, why);
}


static int end(void **state)
{
	(void)state;
	list_flush(&list);

	return 0;
}


/* A file, and the error message for it */
static const struct {
	const char *text;
	const char *why;
} bad[] = {
	{"hangup = we\n", "line 1: a profile must begin with its name in "
			  "brackets, such as [carrier]"},
	{"# one\n\n[a\n", "line 3: the name of a profile must end with ]"},
	{"[]\n", "line 1: the name of a profile must be letters, digits and "
		 "-_. of at most 64 bytes"},
	{"[a b]\n", "line 1: the name of a profile must be letters, digits "
		    "and -_. of at most 64 bytes"},
	{"[a]\nmatch-agent=x\n[a]\n",
	 "line 3: profile a must appear only once"},
	{"[a]\n[b]\n", "line 2: profile b is never used: a has no match- "
		       "lines, matches each call, and must be the last"},
	{"[a]\nhangup we\n",
	 "line 2: the line must be [NAME], or KEY = VALUE"},
	{"[a]\nhangup =\n",
	 "line 2: hangup must have a value of at most 256 bytes"},
	{"[a]\ncolour = blue\n", "line 2: a profile has no setting 'colour'"},
	{"[a]\nHangup = we\n", "line 2: a profile has no setting 'Hangup'"},
	{"[a]\nhangup = we\nhangup = we\n",
	 "line 3: hangup must appear only once in a profile"},
	{"[a]\nhangup = they\n",
	 "line 2: hangup must be we, or they and a number of seconds from 0.1 "
	 "to 60, not 'they'"},
	{"[a]\nhangup = they 61\n",
	 "line 2: hangup must be we, or they and a number of seconds from 0.1 "
	 "to 60, not 'they 61'"},
	{"[a]\nhangup = we 2\n",
	 "line 2: hangup must be we, or they and a number of seconds from 0.1 "
	 "to 60, not 'we 2'"},
	{"[a]\nrefer-to = sip:b@c\n",
	 "line 2: refer-to must be far-end, tel, or a host with or without a "
	 "port, not 'sip:b@c'"},
	{"[a]\nrefer-to = b@c\n", "line 2: refer-to must be far-end, tel, or "
				  "a host with or without a port, not 'b@c'"},
	{"[a]\nrefer-to = c;user=phone\n",
	 "line 2: refer-to must be far-end, tel, or a host with or without a "
	 "port, not 'c;user=phone'"},
	{"[a]\nrefer-to = c:0\n", "line 2: refer-to must be far-end, tel, or "
				  "a host with or without a port, not 'c:0'"},
	{"[a]\nrefer-to = c?X=1\n",
	 "line 2: refer-to must be far-end, tel, or a host with or without a "
	 "port, not 'c?X=1'"},
	{"[a]\nrefer-to = c d\n", "line 2: refer-to must be far-end, tel, or "
				  "a host with or without a port, not 'c d'"},
	{"[a]\nuser-phone = true\n",
	 "line 2: user-phone must be yes or no, not 'true'"},
	{"[a]\nreferred-by = 100\n",
	 "line 2: referred-by must be far-end, own, none, or a sip:, sips: or "
	 "tel: URI, not '100'"},
	{"[a]\nreferred-by = sip:a@b%0D%0AX: 1\n",
	 "line 2: referred-by must be far-end, own, none, or a sip:, sips: or "
	 "tel: URI, not 'sip:a@b%0D%0AX: 1'"},
	{"[a]\nhold = first\n", "line 2: hold must be yes or no, not 'first'"},
	{"[a]\nno-notify = transferred\n",
	 "line 2: no-notify must be unknown or presumed, not 'transferred'"},
	{"[a]\nterminated = yes\n",
	 "line 2: terminated must be unknown or presumed, not 'yes'"},
	{"[a]\nnotify-timeout = 0\n",
	 "line 2: notify-timeout must be a number of seconds from 0.1 to "
	 "3600, not '0'"},
	{"[a]\nnotify-timeout = 3600.1\n",
	 "line 2: notify-timeout must be a number of seconds from 0.1 to "
	 "3600, not '3600.1'"},
	{"[a]\nringing-timeout = -1\n",
	 "line 2: ringing-timeout must be a number of seconds from 0.1 to "
	 "3600, not '-1'"},
	{"[a]\nringing-timeout = 1.25\n",
	 "line 2: ringing-timeout must be a number of seconds from 0.1 to "
	 "3600, not '1.25'"},
	{"[a]\nringing-timeout = 1e3\n",
	 "line 2: ringing-timeout must be a number of seconds from 0.1 to "
	 "3600, not '1e3'"},
	{"[a]\nretry-timeout = 4.1\n",
	 "line 2: retry-timeout must be a number of seconds from 0 to 4, not "
	 "'4.1'"},
	{"[a]\nunsubscribe = maybe\n",
	 "line 2: unsubscribe must be yes or no, not 'maybe'"},
	{"[a]\nevent = refer\n",
	 "line 2: event must be notified, plain or id, not 'refer'"},
	{"[a]\nmatch-agent =\n",
	 "line 2: match-agent must have a value of at most 256 bytes"},
	{"[a]\nmatch-agent = x\x01\n",
	 "line 2: the line must be UTF-8 without control characters"},
	{"[a]\nmatch-agent = \xff\n",
	 "line 2: the line must be UTF-8 without control characters"},
};


static void test_bad(void **state)
{
	char why[512];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

		why[0] = '\0';
		assert_int_equal(
			profiles_decode(&list, bad[i].text, why, sizeof(why)),
			EBADMSG);
		assert_string_equal(why, bad[i].why);
		assert_true(list_isempty(&list));
	}
}


static void test_good(void **state)
{
	const struct profile *p;
	(void)state;

	read_ok("# a comment\r\n"
		"\r\n"
		"  [a.b-c]  \r\n"
		"match-agent\t= x # no comment\r\n"
		"refer-to=[2001:db8::1]:5080\r\n"
		"user-phone = yes\r\n"
		"referred-by = \"Desk\" <sip:desk@example.com>\r\n"
		"hold = yes\r\n"
		"hangup = they \t 2.5\r\n"
		"no-notify = presumed\r\n"
		"terminated = presumed\r\n"
		"notify-timeout = 0.1\r\n"
		"ringing-timeout = 3600\r\n"
		"retry-timeout = 0\r\n"
		"unsubscribe = yes\r\n"
		"event = plain");

	p = list_ledata(list_head(&list));
	assert_string_equal(p->name, "a.b-c");
	assert_int_equal(p->line, 3);
	assert_string_equal(p->domain, "[2001:db8::1]:5080");
	assert_true(p->user_phone);
	assert_int_equal(p->referrer, REFERRER_FIXED);
	assert_string_equal(p->referred_by, "\"Desk\" <sip:desk@example.com>");
	assert_true(p->hold);
	assert_int_equal(p->hangup, 2500);
	assert_true(p->presume_silence);
	assert_true(p->presume_terminated);
	assert_int_equal(p->timeouts.notify, 100);
	assert_int_equal(p->timeouts.ringing, 3600000);
	assert_int_equal(p->timeouts.retry, RETRY_NEVER);
	assert_int_equal(p->timeouts.unsubscribe, UNSUBSCRIBE);
	assert_int_equal(p->event, EVENT_PLAIN);
}


/* A file, a call, and the profile that it gets */
static const struct {
	const char *text;
	struct profile_call call;
	const char *name; /* NULL for none */
} choices[] = {
	{"", {"sip:gw@b", "sip:c@d", "10.0.0.1", "X/1"}, NULL},
	{"[a]\n", {"sip:gw@b", "sip:c@d", NULL, ""}, "a"},

	/* a pattern must match the whole value, in any case */
	{"[a]\nmatch-agent=x\n", {"", "", NULL, "X"}, "a"},
	{"[a]\nmatch-agent=x\n", {"", "", NULL, "X/1"}, NULL},
	{"[a]\nmatch-agent=x*\n", {"", "", NULL, "X/1"}, "a"},
	{"[a]\nmatch-agent=*1\n", {"", "", NULL, "X/1"}, "a"},
	{"[a]\nmatch-agent=x?1\n", {"", "", NULL, "X/1"}, "a"},
	{"[a]\nmatch-agent=x?1\n", {"", "", NULL, "X1"}, NULL},
	{"[a]\nmatch-agent=*a*b*c\n", {"", "", NULL, "xaaybbzc"}, "a"},
	{"[a]\nmatch-agent=*a*b*c\n", {"", "", NULL, "xaaybbzcd"}, NULL},
	{"[a]\nmatch-agent=*ab\n", {"", "", NULL, "aab"}, "a"},
	{"[a]\nmatch-agent=*\n", {"", "", NULL, "x"}, "a"},
	{"[a]\nmatch-agent=*\n", {"", "", NULL, ""}, NULL},
	{"[a]\nmatch-agent=?\n", {"", "", NULL, ""}, NULL},

	{"[a]\nmatch-account=sip:gw@*\n", {"sip:gw@b", "", NULL, ""}, "a"},
	{"[a]\nmatch-account=gw@*\n", {"sip:gw@b", "", NULL, ""}, NULL},

	/* the host of the URI, or the address behind it */
	{"[a]\nmatch-domain=*.d\n", {"", "sip:x@c.d:5080;x=1", NULL, ""}, "a"},
	{"[a]\nmatch-domain=c.d\n", {"", "<sip:x@c.d>", NULL, ""}, NULL},
	{"[a]\nmatch-domain=c\n", {"", "sip:c@d", NULL, ""}, NULL},
	{"[a]\nmatch-domain=10.0.0.?\n",
	 {"", "sip:x@d", "10.0.0.1:5080", ""},
	 "a"},
	{"[a]\nmatch-domain=10.0.0.1\n", {"", "sip:x@d", "10.0.0.1", ""}, "a"},
	{"[a]\nmatch-domain=2001:*\n",
	 {"", "tel:+49", "[2001:db8::1]:5080", ""},
	 "a"},
	{"[a]\nmatch-domain=*\n", {"", "tel:+49", NULL, ""}, NULL},

	/* each kind, by one of its lines */
	{"[a]\nmatch-agent=x\nmatch-agent=y\n", {"", "", NULL, "y"}, "a"},
	{"[a]\nmatch-agent=x\nmatch-domain=d\n",
	 {"", "sip:b@d", NULL, "x"},
	 "a"},
	{"[a]\nmatch-agent=x\nmatch-domain=d\n",
	 {"", "sip:b@e", NULL, "x"},
	 NULL},

	/* the first that matches */
	{"[a]\nmatch-agent=x*\n[b]\nmatch-agent=xy\n",
	 {"", "", NULL, "xy"},
	 "a"},
	{"[a]\nmatch-agent=z\n[b]\nmatch-agent=xy\n[c]\n",
	 {"", "", NULL, "xy"},
	 "b"},
	{"[a]\nmatch-agent=z\n[b]\nmatch-agent=xy\n[c]\n",
	 {"", "", NULL, "w"},
	 "c"},
};


static void test_choice(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {

		const struct profile *p;

		read_ok(choices[i].text);
		p = profiles_find(&list, &choices[i].call);
		if (!p != !choices[i].name ||
		    (p && strcmp(p->name, choices[i].name)))
			fail_msg("%zu %s: %s", i, choices[i].text,
				 p ? p->name : "none");
		list_flush(&list);
	}
}


/* The time to match does not grow with the name of a far end */
static void test_long(void **state)
{
	struct profile_call call = {.agent = NULL};
	char text[300], agent[AGENT_SIZE];
	size_t i;
	(void)state;

	memset(agent, 'a', sizeof(agent));
	agent[sizeof(agent) - 1] = '\0';
	call.agent = agent;

	str_ncpy(text, "[a]\nmatch-agent = ", sizeof(text));
	for (i = 0; i < 120; i++)
		strcat(text, "*a");
	strcat(text, "b\n");

	read_ok(text);
	assert_null(profiles_find(&list, &call));
}


static const char all[] = "[a]\n"
			  "refer-to = sip.carrier.example\n"
			  "user-phone = yes\n"
			  "referred-by = sip:desk@example.com\n"
			  "hangup = they 2\n"
			  "notify-timeout = 7\n"
			  "unsubscribe = yes\n";


static struct sipverb *decode(const char *profiles, const char *text,
			      struct farend *far)
{
	cJSON *json = cJSON_Parse(text);
	struct error error = {.index = -1};
	struct sipverb *verb;

	read_ok(profiles);
	far->profile = list_ledata(list_head(&list));
	if (sipverb_decode(&verb, json, far, &error))
		fail_msg("%s: %s", text, error.text);
	cJSON_Delete(json);
	list_flush(&list); /* the verb keeps its own */

	return verb;
}


#define REFER(fields) "{\"verb\":\"sip:refer\"," fields "}"

/* A profile, a verb, and the combined result */
static const struct {
	const char *profiles;
	const char *verb;
	const char *refer_to, *refer_to_rule;
	const char *referred_by, *referred_by_rule;
} forms[] = {
	{all, REFER("\"referTo\":\"+49 30 1\""),
	 "<sip:+49301@sip.carrier.example;user=phone>", "profile",
	 "<sip:desk@example.com>", "profile"},

	/* the verb takes precedence */
	{all, REFER("\"referTo\":\"sip:+49301@b\",\"referredBy\":\"sip:x@y\""),
	 "<sip:+49301@b>", "given", "<sip:x@y>", "given"},
	{all, REFER("\"referTo\":\"bob@b\",\"referredBy\":\"100\""),
	 "<sip:bob@b>", "given", "<sip:100@far.example>", "identity"},
	{all, REFER("\"referTo\":\"tel:+49301\""), "<tel:+49301>", "given",
	 "<sip:desk@example.com>", "profile"},
	{all, REFER("\"referTo\":\"100\",\"referredByDisplayName\":\"Ann\""),
	 "<sip:100@sip.carrier.example;user=phone>", "profile",
	 "\"Ann\" <sip:desk@example.com>", "profile"},

	/* a name is no phone */
	{all, REFER("\"referTo\":\"bob\""), "<sip:bob@sip.carrier.example>",
	 "profile", "<sip:desk@example.com>", "profile"},
	{all, REFER("\"referTo\":\"100\",\"targetHeaders\":{\"X-A\":\"1\"}"),
	 "<sip:100@sip.carrier.example;user=phone?X-A=1>", "profile",
	 "<sip:desk@example.com>", "profile"},

	{"[a]\nuser-phone=yes\n", REFER("\"referTo\":\"*21#\""),
	 "<sip:*21%23@far.example;user=phone>", "identity",
	 "<sip:ann@far.example>", "identity"},

	/* tel: has room for whole numbers only, and for no header fields */
	{"[a]\nrefer-to=tel\n", REFER("\"referTo\":\"+49 (0)30 1\""),
	 "<tel:+49301>", "profile", "<sip:ann@far.example>", "identity"},
	{"[a]\nrefer-to=tel\n", REFER("\"referTo\":\"Bob <+49301>\""),
	 "\"Bob\" <tel:+49301>", "profile", "<sip:ann@far.example>",
	 "identity"},
	{"[a]\nrefer-to=tel\n", REFER("\"referTo\":\"100\""),
	 "<sip:100@far.example>", "identity", "<sip:ann@far.example>",
	 "identity"},
	{"[a]\nrefer-to=tel\n", REFER("\"referTo\":\"bob\""),
	 "<sip:bob@far.example>", "identity", "<sip:ann@far.example>",
	 "identity"},
	{"[a]\nrefer-to=tel\n",
	 REFER("\"referTo\":\"+49301\",\"targetHeaders\":{\"X-A\":\"1\"}"),
	 "<sip:+49301@far.example?X-A=1>", "identity", "<sip:ann@far.example>",
	 "identity"},

	{"[a]\nreferred-by=own\n", REFER("\"referTo\":\"100\""),
	 "<sip:100@far.example>", "identity", "<sip:gw@own.example>",
	 "account"},
	{"[a]\nreferred-by=far-end\n", REFER("\"referTo\":\"100\""),
	 "<sip:100@far.example>", "identity", "<sip:ann@far.example>",
	 "identity"},
	{"[a]\nreferred-by=none\n",
	 REFER("\"referTo\":\"100\",\"referredByDisplayName\":\"Ann\""),
	 "<sip:100@far.example>", "identity", NULL, "none"},
	{"[a]\nreferred-by=none\n",
	 REFER("\"referTo\":\"100\",\"referredBy\":\"sip:x@y\""),
	 "<sip:100@far.example>", "identity", "<sip:x@y>", "given"},
};


static void assert_same(const char *verb, const char *is, const char *should)
{
	if (!is != !should || (is && strcmp(is, should)))
		fail_msg("%s: %s, not %s", verb, is ? is : "nothing",
			 should ? should : "nothing");
}


static void test_forms(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {

		struct farend far = {
			.identity = (char *)"sip:ann@far.example",
			.hostport = (char *)"far.example",
			.rule = "identity",
			.own = "sip:gw@own.example",
		};
		const char *text = forms[i].verb;
		struct sipverb *verb;

		verb = decode(forms[i].profiles, text, &far);
		assert_same(text, verb->refer_to.addr, forms[i].refer_to);
		assert_same(text, verb->refer_to.rule, forms[i].refer_to_rule);
		assert_same(text, verb->referred_by.addr,
			    forms[i].referred_by);
		assert_same(text, verb->referred_by.rule,
			    forms[i].referred_by_rule);
		assert_non_null(verb->referred_by.uri);
		mem_deref(verb);
	}
}


static void rules_are(const char *text, const char *rules)
{
	struct farend far = {
		.identity = (char *)"sip:ann@far.example",
		.hostport = (char *)"far.example",
		.rule = "identity",
	};
	struct sipverb *verb = decode(all, text, &far);
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	profile_write_rules(&j, verb);
	json_close(&j, '}');
	assert_string_equal(json_done(&j), rules);
	json_free(&j);
	mem_deref(verb);
}


static void test_rules(void **state)
{
	(void)state;

	rules_are(REFER("\"referTo\":\"100\""),
		  "{\"refer-to\":\"line 2: refer-to = sip.carrier.example\","
		  "\"user-phone\":\"line 3: user-phone = yes\","
		  "\"referred-by\":\"line 4: referred-by = "
		  "sip:desk@example.com\","
		  "\"hold\":\"default\","
		  "\"hangup\":\"line 5: hangup = they 2\","
		  "\"no-notify\":\"default\",\"terminated\":\"default\","
		  "\"notify-timeout\":\"line 6: notify-timeout = 7\","
		  "\"ringing-timeout\":\"default\","
		  "\"retry-timeout\":\"default\","
		  "\"unsubscribe\":\"line 7: unsubscribe = yes\","
		  "\"event\":\"default\"}");

	rules_are(REFER("\"referTo\":\"sip:a@b\",\"referredBy\":\"sip:c@d\","
			"\"timeouts\":{\"notify\":1,\"ringing\":2,\"retry\":0,"
			"\"unsubscribe\":false}"),
		  "{\"refer-to\":\"verb\",\"user-phone\":\"verb\","
		  "\"referred-by\":\"verb\","
		  "\"hold\":\"default\","
		  "\"hangup\":\"line 5: hangup = they 2\","
		  "\"no-notify\":\"default\",\"terminated\":\"default\","
		  "\"notify-timeout\":\"verb\",\"ringing-timeout\":\"verb\","
		  "\"retry-timeout\":\"verb\",\"unsubscribe\":\"verb\","
		  "\"event\":\"default\"}");
}


static void test_timeouts(void **state)
{
	struct timeouts t = {.notify = 1, .ringing = 2, .retry = 3};
	const struct timeouts by = {.ringing = 7,
				    .unsubscribe = UNSUBSCRIBE_NEVER};
	(void)state;

	timeouts_override(&t, &by);
	assert_int_equal(t.notify, 1);
	assert_int_equal(t.ringing, 7);
	assert_int_equal(t.retry, 3);
	assert_int_equal(t.unsubscribe, UNSUBSCRIBE_NEVER);
}


/* Which of the profiles that come with the module are whose */
static void test_shipped(void **state)
{
	static const struct {
		const char *peer, *agent, *name;
	} far_ends[] = {
		{"sip:+1555@3.0.0.1", "Twilio Gateway", "twilio"},
		{"sip:+1555@t.pstn.twilio.com", "", "twilio-domain"},
		{"sip:+1555@sip.telnyx.com", "", "telnyx"},
		{"sip:1@10.0.0.1", "Asterisk PBX 22.10.1", "asterisk"},
		{"sip:1@10.0.0.1", "FPBX-16.0.40(18.9)", "asterisk"},
		{"sip:1@10.0.0.1", "FreeSWITCH-mod_sofia/1.10.7-release~64bit",
		 "freeswitch"},
		{"sip:1@10.0.0.1", "sofia-sip/1.12.11", "freeswitch"},
		{"sip:1@10.0.0.1", "Linphone/5.1.65 (belle-sip/5.2.0)",
		 "linphone"},
		{"sip:1@10.0.0.1", "baresip v1.0.0 (x86_64/linux)", "baresip"},
		{"sip:1@10.0.0.1", "baresip v4.9.0 (x86_64/Linux)", "baresip"},
		{"sip:1@10.0.0.1", "JsSIP 3.13.8", NULL},
		{"sip:1@10.0.0.1", "", NULL},
	};
	static char text[PROFILES_MAX];
	FILE *f = fopen(PROFILES, "r");
	size_t i;
	(void)state;

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	read_ok(text);

	for (i = 0; i < sizeof(far_ends) / sizeof(far_ends[0]); i++) {

		const struct profile_call call = {
			.account = "sip:gw@10.0.0.2",
			.peer = far_ends[i].peer,
			.source = "10.0.0.1",
			.agent = far_ends[i].agent,
		};
		const struct profile *p = profiles_find(&list, &call);

		assert_same(far_ends[i].agent, p ? p->name : NULL,
			    far_ends[i].name);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_bad, end),
		cmocka_unit_test_teardown(test_good, end),
		cmocka_unit_test_teardown(test_choice, end),
		cmocka_unit_test_teardown(test_long, end),
		cmocka_unit_test_teardown(test_forms, end),
		cmocka_unit_test_teardown(test_rules, end),
		cmocka_unit_test_teardown(test_timeouts, end),
		cmocka_unit_test_teardown(test_shipped, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
