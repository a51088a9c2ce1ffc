/**
 * @file module_doubts.c  Tests of the known behaviour of far ends with a REFER
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "text/text.h"
#include "shownby.h"


#define PJSIP_ALLOW                                                           \
	"Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, " \
	"BYE, CANCEL, UPDATE, PRACK, MESSAGE, INFO, REFER\r\n"
#define PJSIP                                                                 \
	"Server: Asterisk PBX 22.10.1\r\n" PJSIP_ALLOW                        \
	"Supported: 100rel, timer, replaces, norefersub\r\n"
#define CHAN_SIP                                                              \
	"User-Agent: Asterisk PBX 16.28.0\r\n"                                \
	"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, "        \
	"NOTIFY, INFO, PUBLISH, MESSAGE\r\n"                                  \
	"Supported: replaces, timer\r\n"
#define BARESIP_1 "User-Agent: baresip v1.0.0 (x86_64/linux)\r\n"
#define BARESIP_4 "User-Agent: baresip v4.9.0 (x86_64/Linux)\r\n"
#define JANUS     "User-Agent: Janus WebRTC Server SIP Plugin 1.1.2\r\n"
#define JSSIP                                                                 \
	"User-Agent: JsSIP 3.13.8\r\n"                                        \
	"Supported: gruu,ice,replaces,outbound\r\n"
#define LINPHONE                                                              \
	"User-Agent: Linphonec/5.1.65 (belle-sip/5.1.65)\r\n"                 \
	"k: replaces, outbound, gruu\r\n"
#define SIPJS                                                                 \
	"User-Agent: SIP.js/0.21.2\r\n"                                       \
	"Supported: outbound\r\n"
#define SOFIA                                                                 \
	"User-Agent: sofia-sip/1.12.11\r\n"                                   \
	"Supported: timer, 100rel\r\n"
#define TWINKLE                                                               \
	"User-Agent: Twinkle/1.10.2\r\n"                                      \
	"Supported: replaces,norefersub\r\n"
#define OTHER                                                                 \
	"User-Agent: Carrier SBC 7\r\n"                                       \
	"Supported: replaces\r\n"

#define TO             "\"referTo\":\"sip:a@example.com\""
#define TARGET_HEADERS TO ",\"targetHeaders\":{\"X-A\":\"1\"}"
#define HEADERS        TO ",\"headers\":{\"X-A\":\"1\"}"
#define REFER_SUB      TO ",\"headers\":{\"X-A\":\"1\",\"Refer-Sub\":\"false\"}"
#define TEL            "\"referTo\":\"TEL:+4930123\""
#define SIPS           "\"referTo\":\"sips:a@example.com\""
#define ATTENDED       TO ",\"replaces\":\"0a37\""

enum {
	FIRST = 0,
	SECOND = 1,  /* a REFER was accepted before         */
	CALLING = 3, /* and its target may still be called */
};

/* A far end, a verb, and parts of all that is doubtful, in order */
static const struct {
	const char *hdrs;
	const char *verb;
	int when;
	const char *doubts[4];
} cases[] = {
	/* no known far end, no special REFER */
	{OTHER, TO, FIRST, {NULL}},
	{OTHER, TO, SECOND, {NULL}},
	{"", TO, FIRST, {NULL}},
	{JSSIP, TO, SECOND, {NULL}},
	{"User-Agent: my Asterisk PBX\r\n", TO, FIRST, {NULL}},
	{"User-Agent: Asterisk\r\n", TO, FIRST, {NULL}},
	{"User-Agent:\r\nServer:\r\n", TO, FIRST, {NULL}},
	{"User-Agent: baresip v3.1.0\r\n",
	 ATTENDED,
	 FIRST,
	 {"Supported lacks replaces"}},

	/* target headers */
	{BARESIP_1,
	 TARGET_HEADERS,
	 FIRST,
	 {"The far end is baresip 1.x: it writes targetHeaders and uui into "
	  "its Request-URI"}},
	{"Server: baresip 1.1.0\r\n",
	 TARGET_HEADERS,
	 FIRST,
	 {"baresip 1.x: it writes"}},
	{PJSIP,
	 TARGET_HEADERS,
	 FIRST,
	 {"The far end is Asterisk: it drops targetHeaders", "hangs up"}},
	{CHAN_SIP,
	 TARGET_HEADERS,
	 FIRST,
	 {"Asterisk with chan_sip: it drops", "before it has called"}},
	{TWINKLE,
	 TARGET_HEADERS,
	 FIRST,
	 {"Twinkle: it drops targetHeaders and uui."}},
	{JSSIP,
	 TARGET_HEADERS,
	 FIRST,
	 {"JsSIP: it drops targetHeaders and uui."}},
	{SIPJS,
	 TARGET_HEADERS,
	 FIRST,
	 {"SIP.js: it drops targetHeaders and uui."}},
	{BARESIP_4,
	 TARGET_HEADERS,
	 FIRST,
	 {"baresip 4.x: it drops targetHeaders and uui."}},
	{SOFIA, TARGET_HEADERS, FIRST, {"Most far ends drop targetHeaders"}},
	{OTHER, TARGET_HEADERS, FIRST, {"Most far ends drop targetHeaders"}},
	{LINPHONE, TARGET_HEADERS, FIRST, {NULL}},
	{JANUS, TARGET_HEADERS, FIRST, {NULL}},

	/* headers */
	{OTHER, HEADERS, FIRST, {"headers reach the far end only"}},
	{LINPHONE, HEADERS, FIRST, {"headers reach the far end only"}},

	/* tel: and sips: */
	{OTHER, TEL, FIRST, {"no known far end dials it"}},
	{JSSIP, TEL, FIRST, {"JsSIP: it does not answer"}},
	{SIPJS, TEL, FIRST, {"SIP.js: it does not answer"}},
	{"", SIPS, FIRST, {"Refer-To is a sips: URI"}},
	{CHAN_SIP, SIPS, FIRST, {"as if it were", "before it has called"}},
	{LINPHONE, SIPS, FIRST, {"linphone: it calls a sips: URI as if"}},
	{TWINKLE, SIPS, FIRST, {"it refuses a sips: URI with 416."}},
	{JSSIP, SIPS, FIRST, {"it refuses a sips: URI with 416."}},
	{SIPJS, SIPS, FIRST, {"but calls nobody."}},
	{JANUS, SIPS, FIRST, {"but calls nobody."}},
	{SOFIA, SIPS, FIRST, {"it fails to call"}},
	{BARESIP_1, SIPS, FIRST, {"it fails to call"}},
	{BARESIP_4, SIPS, FIRST, {"it fails to call"}},

	/* attended */
	{OTHER, ATTENDED, FIRST, {NULL}},
	{LINPHONE, ATTENDED, FIRST, {NULL}},
	{SOFIA, ATTENDED, FIRST, {"Supported lacks replaces"}},
	{SIPJS, ATTENDED, FIRST, {NULL}},
	{BARESIP_1, ATTENDED, FIRST, {"it does not support Replaces"}},
	{PJSIP, ATTENDED, FIRST, {"among its own"}},
	{CHAN_SIP, ATTENDED, FIRST, {"among its own"}},

	/* blind */
	{PJSIP, TO, FIRST, {"if the transfer fails, it hangs up the caller"}},
	{"User-Agent: FPBX-16.0.40(18.14.0)\r\n" PJSIP_ALLOW,
	 TO,
	 FIRST,
	 {"if the transfer fails, it hangs up the caller"}},
	{"Server: ASTERISK PBX 20\r\n",
	 TO,
	 FIRST,
	 {"if the transfer fails, it hangs up the caller"}},
	{"User-Agent: SBC\r\nServer: Asterisk PBX 20\r\n",
	 TO,
	 FIRST,
	 {"if the transfer fails, it hangs up the caller"}},
	{CHAN_SIP, TO, FIRST, {"it reports success before it has called"}},

	/* refer-sub */
	{PJSIP,
	 REFER_SUB,
	 FIRST,
	 {"headers reach", "hangs up", "it honours Refer-Sub: false"}},
	{TWINKLE,
	 REFER_SUB,
	 FIRST,
	 {"headers reach", "Twinkle: it honours Refer-Sub: false"}},
	{OTHER,
	 REFER_SUB,
	 FIRST,
	 {"headers reach", "end honours Refer-Sub: false"}},
	{JSSIP, REFER_SUB, FIRST, {"headers reach"}},
	{OTHER,
	 TO ",\"headers\":{\"refer-sub\":\"False ;x=1\"}",
	 FIRST,
	 {"headers reach", "end honours Refer-Sub: false"}},
	{OTHER,
	 TO ",\"headers\":{\"Refer-Sub\":\"true\",\"X\":\"false\"}",
	 FIRST,
	 {"headers reach"}},
	{OTHER,
	 TO ",\"headers\":{\"X\":\"Refer-Sub: false\"}",
	 FIRST,
	 {"headers reach"}},
	{OTHER,
	 TO ",\"headers\":{\"Refer-Sub\":\";\"}",
	 FIRST,
	 {"headers reach"}},

	/* second */
	{PJSIP, TO, SECOND, {"hangs up", "it refuses a second REFER"}},
	{CHAN_SIP, TO, SECOND, {"before it has", "it refuses a second REFER"}},
	{JANUS, TO, SECOND, {"it reports no result of a second REFER"}},

	/* calling */
	{TWINKLE, TO, CALLING, {"it declines a REFER while another"}},
	{SIPJS, TO, CALLING, {"its NOTIFYs do not say", "may still be"}},
	{OTHER, TO, CALLING, {"may still be calling the target"}},
	{PJSIP, TO, CALLING, {"hangs up", "it refuses a second REFER"}},
};


static struct sipverb *verb_make(const char *fields)
{
	static const struct farend far = {
		.identity = "sip:ann@example.com",
		.hostport = "example.com",
		.rule = "identity",
	};
	struct error error = {.index = -1};
	struct sipverb *verb;
	char text[512];
	cJSON *json;

	(void)re_snprintf(text, sizeof(text), "{\"verb\":\"sip:refer\",%s}",
			  fields);
	json = cJSON_Parse(text);
	if (sipverb_decode(&verb, json, &far, &error))
		fail_msg("%s: %s", text, error.text);
	cJSON_Delete(json);

	return verb;
}


/** The sentences that come */
struct told {
	size_t i;     /* of the case                */
	size_t count; /* of the sentences           */
	bool wrong;
};


static void told_handler(const char *sentence, void *arg)
{
	struct told *told = arg;
	const char *expected = told->count < 4
				       ? cases[told->i].doubts[told->count]
				       : NULL;

	++told->count;
	if (!expected || !strstr(sentence, expected)) {
		print_error("%s\n", sentence);
		told->wrong = true;
	}

	/* complete, not cut */
	assert_int_equal(sentence[strlen(sentence) - 1], '.');
}


static void test_rules(void **state)
{
	size_t i, expected;
	(void)state;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

		struct sipverb *verb = verb_make(cases[i].verb);
		struct shown shown;
		struct told told = {i, 0, false};
		const struct prospect p = {
			.verb = verb,
			.shown = &shown,
			.referred = cases[i].when & SECOND,
			.calling = cases[i].when == CALLING,
		};

		invite(&shown, cases[i].hdrs);
		doubts_each(&p, told_handler, &told);
		for (expected = 0; expected < 4 && cases[i].doubts[expected];)
			++expected;
		if (told.wrong || told.count != expected)
			fail_msg("%s%s: %zu", cases[i].hdrs, cases[i].verb,
				 told.count);
		mem_deref(verb);
	}
}


/* One line for the log, or none without a doubt */
static void test_line(void **state)
{
	struct sipverb *verb = verb_make(REFER_SUB);
	struct shown shown;
	const struct prospect p = {.verb = verb, .shown = &shown};
	char *line = NULL;
	(void)state;

	invite(&shown, TWINKLE);
	assert_int_equal(doubts_line(&line, &p), 0);
	assert_string_equal(
		line, "The headers reach the far end only: no known far end "
		      "passes them on to the target. The far end is Twinkle: "
		      "it honours Refer-Sub: false, and reports no result.");
	mem_deref(line);
	mem_deref(verb);

	verb = verb_make(TO);
	{
		const struct prospect plain = {.verb = verb, .shown = &shown};

		line = NULL;
		assert_int_equal(doubts_line(&line, &plain), 0);
		assert_null(line);
	}
	mem_deref(verb);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
