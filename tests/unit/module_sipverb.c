/**
 * @file module_sipverb.c  Tests of the verbs, field by field
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "text/text.h"


static const struct farend peer = {
	.identity = "sip:+4940999@carrier.example",
	.hostport = "carrier.example",
	.rule = "identity",
};


static int decode(struct sipverb **verbp, const char *text,
		  struct error *error)
{
	cJSON *json = cJSON_Parse(text);
	int err;

	*error = (struct error){.index = -1};
	*verbp = NULL;
	err = sipverb_decode(verbp, json, &peer, error);
	cJSON_Delete(json);

	return err;
}


static struct sipverb *decode_ok(const char *text)
{
	struct error error;
	struct sipverb *verb;

	if (decode(&verb, text, &error))
		fail_msg("%s: %s", text, error.text);

	return verb;
}


/* The specification's own example, with a number for its placeholder */
static void test_seed(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok(
		"{\"verb\":\"sip:refer\",\"referTo\":\"+4930123456\","
		"\"id\":\"unique-id-123\","
		"\"referredBy\":\"sip:caller@example.com\","
		"\"actionHook\":{\"url\":\"/action\",\"referStatus\":\"202\","
		"\"final_referred_call_status\":\"200\",\"eventHook\":{"
		"\"event\":\"transfer-status\",\"call_status\":\"180\"}},"
		"\"eventHook\":\"/event\","
		"\"headers\":{\"X-Custom-Header\":\"Value\"}}");

	assert_int_equal(verb->type, SIPVERB_REFER);
	assert_string_equal(verb->refer_to.addr,
			    "<sip:+4930123456@carrier.example>");
	assert_string_equal(verb->referred_by.addr,
			    "<sip:caller@example.com>");
	assert_string_equal(verb->hdrs, "X-Custom-Header: Value\r\n");
	mem_deref(verb);
}


static void test_defaults(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			 "\"referredBy\":null,\"headers\":null}");

	assert_string_equal(verb->referred_by.addr,
			    "<sip:+4940999@carrier.example>");
	assert_null(verb->hdrs);
	mem_deref(verb);
}


/* Many clients write null or "" for a field that they leave out */
static void test_left_out(void **state)
{
	static const char *const values[] = {"null", "\"\""};
	struct sipverb *verb;
	char text[1024];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {

		const char *v = values[i];

		(void)re_snprintf(
			text, sizeof(text),
			"{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			"\"id\":%s,\"actionHook\":%s,\"eventHook\":%s,"
			"\"referredBy\":%s,\"referredByDisplayName\":%s,"
			"\"replaces\":%s,\"headers\":%s,"
			"\"targetHeaders\":{\"X-A\":%s,\"From\":%s},"
			"\"timeouts\":{\"notify\":%s,\"ringing\":5,"
			"\"unsubscribe\":%s},\"force\":%s,"
			"\"dryRun\":%s}",
			v, v, v, v, v, v, v, v, v, v, v, v, v);
		verb = decode_ok(text);
		assert_string_equal(verb->refer_to.addr,
				    "<sip:100@carrier.example>");
		assert_string_equal(verb->referred_by.addr,
				    "<sip:+4940999@carrier.example>");
		assert_null(verb->replaces);
		assert_null(verb->hdrs);
		assert_null(verb->target_hdrs);
		assert_int_equal(verb->timeouts.notify, 0);
		assert_int_equal(verb->timeouts.retry, 0);
		assert_int_equal(verb->timeouts.ringing, 5000);
		assert_false(verb->dry_run);
		assert_false(verb->force);
		assert_int_equal(verb->timeouts.unsubscribe,
				 UNSUBSCRIBE_UNSET);
		mem_deref(verb);

		(void)re_snprintf(text, sizeof(text),
				  "{\"verb\":\"sip:refer\",\"referTo\":%s,"
				  "\"replaces\":\"0a37\",\"timeouts\":%s,"
				  "\"headers\":{\"X-A\":%s,\"X-B\":\"1\"}}",
				  v, v, v);
		verb = decode_ok(text);
		assert_null(verb->refer_to.addr);
		assert_string_equal(verb->replaces, "0a37");
		assert_string_equal(verb->hdrs, "X-B: 1\r\n");
		mem_deref(verb);

		(void)re_snprintf(text, sizeof(text),
				  "{\"verb\":\"sip:decline\",\"status\":486,"
				  "\"reason\":%s,\"headers\":%s}",
				  v, v);
		verb = decode_ok(text);
		assert_string_equal(verb->reason, "Declined");
		mem_deref(verb);

		(void)re_snprintf(text, sizeof(text),
				  "{\"verb\":\"play\",\"url\":\"a.wav\","
				  "\"loop\":%s}",
				  v);
		verb = decode_ok(text);
		assert_int_equal(verb->rounds, 1);
		mem_deref(verb);
	}
}


static void test_headers(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			 "\"headers\":{\"X-N\":17,\"X-F\":1.5,"
			 "\"Refer-Sub\":\"false\",\"X-U\":\"J\\u00fcrgen\"}}");

	assert_string_equal(verb->hdrs, "X-N: 17\r\nX-F: 1.5\r\n"
					"Refer-Sub: false\r\n"
					"X-U: J\xc3\xbcrgen\r\n");
	mem_deref(verb);

	/* 0 differs from an absent value */
	verb = decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			 "\"timeouts\":{\"retry\":0}}");
	assert_int_equal(verb->timeouts.retry, RETRY_NEVER);
	mem_deref(verb);
}


/* Escaped into the URI of Refer-To, RFC 3261 section 19.1.1 */
static void test_target_headers(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			 "\"targetHeaders\":{\"X-Ticket\":17,"
			 "\"User-to-User\":\"a=b;c&d e@f\"}}");

	assert_string_equal(verb->refer_to.addr,
			    "<sip:100@carrier.example?X-Ticket=17&"
			    "User-to-User=a%3Db%3Bc%26d%20e%40f>");
	mem_deref(verb);
}


static void test_options(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"100\","
			 "\"timeouts\":{\"notify\":0.5,\"ringing\":40,"
			 "\"retry\":1.5,\"unsubscribe\":true},"
			 "\"force\":true,\"dryRun\":true}");
	assert_int_equal(verb->timeouts.notify, 500);
	assert_int_equal(verb->timeouts.ringing, 40000);
	assert_int_equal(verb->timeouts.retry, 1500);
	assert_int_equal(verb->timeouts.unsubscribe, UNSUBSCRIBE);
	assert_true(verb->force);
	assert_true(verb->dry_run);
	mem_deref(verb);

	verb = decode_ok("{\"verb\":\"sip:refer\",\"replaces\":\"0a37\","
			 "\"timeouts\":{\"unsubscribe\":false},"
			 "\"force\":false,\"dryRun\":false}");
	assert_string_equal(verb->replaces, "0a37");
	assert_null(verb->refer_to.addr);
	assert_false(verb->force);
	assert_int_equal(verb->timeouts.unsubscribe, UNSUBSCRIBE_NEVER);
	assert_false(verb->dry_run);
	assert_int_equal(verb->timeouts.notify, 0);
	mem_deref(verb);
}


static void test_neighbours(void **state)
{
	struct sipverb *verb;
	(void)state;

	verb = decode_ok("{\"verb\":\"answer\"}");
	assert_int_equal(verb->type, SIPVERB_ANSWER);
	mem_deref(verb);

	verb = decode_ok("{\"verb\":\"hangup\","
			 "\"headers\":{\"X-Why\":\"done\"}}");
	assert_int_equal(verb->type, SIPVERB_HANGUP);
	assert_string_equal(verb->hdrs, "X-Why: done\r\n");
	mem_deref(verb);

	verb = decode_ok("{\"verb\":\"sip:decline\",\"status\":486,"
			 "\"reason\":\"Busy Here\"}");
	assert_int_equal(verb->type, SIPVERB_DECLINE);
	assert_int_equal(verb->status, 486);
	assert_string_equal(verb->reason, "Busy Here");
	mem_deref(verb);
}


/* The text of the application, and the fields that it requires */
static void test_request(void **state)
{
	static const struct {
		const char *fields, *method, *hdrs, *body;
	} verbs[] = {
		{"\"info\"", "INFO", "", NULL},
		{"\"OPTIONS\",\"headers\":{\"X-A\":1,\"Content-Type\":\"a/"
		 "b\"}",
		 "OPTIONS", "X-A: 1\r\n", NULL},
		{"\"INFO\",\"body\":\"Signal=1\\nDuration=250\","
		 "\"headers\":{\"content-type\":\"application/dtmf-relay\"}",
		 "INFO", "Content-Type: application/dtmf-relay\r\n",
		 "Signal=1\nDuration=250"},
		{"\"MESSAGE\",\"body\":\"Hi\"", "MESSAGE",
		 "Content-Type: text/plain\r\n", "Hi"},
		{"\"INFO\",\"body\":\"x\",\"headers\":{\"c\":\"a/b\","
		 "\"Content-Disposition\":\"Info-Package\","
		 "\"Info-Package\":\"foo\"}",
		 "INFO",
		 "Content-Type: a/b\r\nContent-Disposition: Info-Package\r\n"
		 "Info-Package: foo\r\n",
		 "x"},
		{"\"NOTIFY\",\"headers\":{\"Event\":\"talk\"}", "NOTIFY",
		 "Event: talk\r\nSubscription-State: active\r\n", NULL},
		{"\"NOTIFY\",\"headers\":{\"o\":\"refers\","
		 "\"Subscription-State\":\"terminated\"}",
		 "NOTIFY",
		 "Event: refers\r\nSubscription-State: terminated\r\n", NULL},
	};
	struct sipverb *verb;
	char text[256];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		(void)re_snprintf(text, sizeof(text),
				  "{\"verb\":\"sip:request\",\"method\":%s}",
				  verbs[i].fields);
		verb = decode_ok(text);
		assert_string_equal(verb->method, verbs[i].method);
		assert_string_equal(verb->hdrs, verbs[i].hdrs);
		assert_int_equal(verb->timeout, 32000);
		if (verbs[i].body)
			assert_string_equal(verb->body, verbs[i].body);
		else
			assert_null(verb->body);
		mem_deref(verb);
	}

	verb = decode_ok("{\"verb\":\"sip:request\",\"method\":\"INFO\","
			 "\"timeout\":0.5}");
	assert_int_equal(verb->timeout, 500);
	mem_deref(verb);
}


/* A call that is sent elsewhere: RFC 3261 section 21.3 */
static void test_deflect(void **state)
{
	static const struct {
		const char *fields, *reason, *hdrs;
	} verbs[] = {
		{"302,\"contact\":\"100\"", "Moved Temporarily",
		 "Contact: <sip:100@carrier.example>\r\n"},
		{"301,\"contact\":\"tel:+49 30 1\"", "Moved Permanently",
		 "Contact: <tel:+49301>\r\n"},
		{"399,\"contact\":\"\\\"B\\\" <sip:b@x?X-A=1>\"", "Redirected",
		 "Contact: \"B\" <sip:b@x?X-A=1>\r\n"},
		{"300,\"contact\":[\"sip:a@b\",\"1\"],\"reason\":\"Try\","
		 "\"headers\":{\"X-A\":1}",
		 "Try",
		 "Contact: <sip:a@b>;q=1.0, <sip:1@carrier.example>;q=0.9\r\n"
		 "X-A: 1\r\n"},
		{"302,\"contact\":[\"sip:a@b\"]", "Moved Temporarily",
		 "Contact: <sip:a@b>\r\n"},
		{"302,\"headers\":{\"contact\":\"sip:a@b\",\"X-A\":\"b\"}",
		 "Moved Temporarily", "Contact: <sip:a@b>\r\nX-A: b\r\n"},
		{"302,\"headers\":{\"m\":100}", "Moved Temporarily",
		 "Contact: <sip:100@carrier.example>\r\n"},
	};
	struct sipverb *verb;
	char text[256];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		(void)re_snprintf(text, sizeof(text),
				  "{\"verb\":\"sip:decline\",\"status\":%s}",
				  verbs[i].fields);
		verb = decode_ok(text);
		assert_int_equal(verb->status, atoi(verbs[i].fields));
		assert_string_equal(verb->reason, verbs[i].reason);
		assert_string_equal(verb->hdrs, verbs[i].hdrs);
		mem_deref(verb);
	}
}


/* Values that far ends refuse, or obey though they should not */
static const struct {
	const char *refer_to;
	const char *why; /* NULL if it is taken */
} targets[] = {
	{"sip:a@b;method=INVITE", NULL},
	{"sip:a@b;METHOD=INVITE;transport=tcp", NULL},
	{"sip:a@b;methods=BYE;x=method", NULL},
	{"sip:method=BYE@b", NULL},
	{"sip:a@b;method=BYE", "must have no method other than INVITE"},
	{"sip:a@b;method", "must have no method other than INVITE"},
	{"sip:a@b;method=", "must have no method other than INVITE"},
	{"sip:a@b;method=invite", "must have no method other than INVITE"},
	{"sips:a@b:1;x;Method=SUBSCRIBE;y=1?X=1",
	 "must have no method other than INVITE"},
	{"sip:a@b;%6dethod=BYE", "must have no method other than INVITE"},
	{"sip:a@b;method=INVITE;method=BYE",
	 "must have no method other than INVITE"},
	{"a@b;method=BYE", "must have no method other than INVITE"},

	{"sip:a@b?X-A=1&Subject=Via&Replaces=a%40b&Accept-Contact=x", NULL},
	{"sip:a?Via=1@b", NULL},
	{"sip:a@b?", NULL},
	{"sip:a@b?&", NULL},
	{"sip:a@b?=x", NULL},
	{"sip:a@b?Via=SIP/2.0", "must not have the header field Via"},
	{"sip:a@b?X-A=1&rOUTE=%3Csip:c%3E",
	 "must not have the header field rOUTE"},
	{"sip:a@b?Contact", "must not have the header field Contact"},
	{"sip:a@b?X=1&v=1", "must not have the header field v"},
	{"sip:a@b?%56ia=1", "must not have the header field %56ia"},
	{"sip:a@b?Content-Type=text/plain",
	 "must not have the header field Content-Type"},
	{"sip:a@b?content-%c3=1",
	 "must not have the header field content-%c3"},
	{"sip:a@b?body=hello", "must not have the header field body"},
	{"sip:a@b?X=1&BODY=hello&Y=2", "must not have the header field BODY"},
	{"sip:a@b?Supported=100rel",
	 "must not have the header field Supported"},
	{"sip:a@b?From=%22x%22", "must not have the header field From"},
	{"sip:a@b?X=?Via=1", NULL},
	{"tel:+4930;ext=1?Via=1", "must not have the header field Via"},
	{"a@b?Route=1", "must not have the header field Route"},
	{"\\\"A\\\" <sip:a@b?Via=1>", "must not have the header field Via"},

	{"<sip:a@b;x=1>", NULL},
	{"\\\"a>b;c\\\" <sip:a@b>", NULL},
	{"<sip:a@b>;hp=2",
	 "must not have the parameter \"hp\" after its >: far ends refuse it"},
	{"Bob <100>;q=1;x",
	 "must not have the parameter \"q\" after its >: far ends refuse it"},
	{"<sip:a@b>;x",
	 "must not have the parameter \"x\" after its >: far ends refuse it"},
};


static void test_targets(void **state)
{
	char text[256], expected[256];
	struct sipverb *verb;
	struct error error;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {

		const char *why = targets[i].why;

		(void)re_snprintf(
			text, sizeof(text),
			"{\"verb\":\"sip:refer\",\"referTo\":\"%s\"}",
			targets[i].refer_to);
		(void)re_snprintf(expected, sizeof(expected), "referTo %s",
				  why);
		if (decode(&verb, text, &error) != (why ? EBADMSG : 0) ||
		    (why && strcmp(error.text, expected)))
			fail_msg("%s: %s", targets[i].refer_to, error.text);
		mem_deref(verb);
	}

	/* of the referring party: far ends accept it */
	mem_deref(decode_ok("{\"verb\":\"sip:refer\",\"referTo\":\"1\","
			    "\"referredBy\":\"<sip:a@b?Via=1>;p=q\"}"));
}


#define REFER "{\"verb\":\"sip:refer\",\"referTo\":\"100\","

static const struct {
	const char *text;
	const char *field;
	const char *error;
} bad[] = {
	{"[]", "verb", "verb must be an object"},
	{"{}", "verb", "verb is required"},
	{"{\"verb\":1}", "verb", "verb must be a string"},
	{"{\"verb\":\"say\"}", "verb", "verb is not a verb that baresip runs"},
	{"{\"verb\":\"sip:refer\"}", "referTo", "referTo is required"},
	{"{\"verb\":\"sip:refer\",\"referTo\":null}", "referTo",
	 "referTo is required"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"\"}", "referTo",
	 "referTo is required"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"\",\"replaces\":\"\"}",
	 "referTo", "referTo is required"},
	{"{\"verb\":\"\"}", "verb", "verb is required"},
	{"{\"verb\":\"sip:refer\",\"referTo\":17}", "referTo",
	 "referTo must be a string"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"1\\r\\nX: y\"}", "referTo",
	 "referTo must be UTF-8 without control characters"},
	{REFER "\"referredBy\":true}", "referredBy",
	 "referredBy must be a string"},
	{REFER "\"referredBy\":\"a\\r\\nb\"}", "referredBy",
	 "referredBy must be UTF-8 without control characters"},
	{REFER "\"referredBy\":\" \"}", "referredBy",
	 "referredBy must not be empty"},
	{REFER "\"referredByDisplayName\":1}", "referredByDisplayName",
	 "referredByDisplayName must be a string"},
	{REFER "\"referredByDisplayName\":\"a\\nb\"}", "referredByDisplayName",
	 "referredByDisplayName must be UTF-8 without control characters"},
	{REFER "\"headers\":[]}", "headers", "headers must be an object"},
	{REFER "\"headers\":{\"X A\":\"1\"}}", "headers",
	 "headers must have names that are SIP tokens of at most 128 bytes"},
	{REFER "\"headers\":{\"\":\"1\"}}", "headers",
	 "headers must have names that are SIP tokens of at most 128 bytes"},
	{REFER "\"headers\":{\"X-A\\r\\nX-B\":\"1\"}}", "headers",
	 "headers must have names that are SIP tokens of at most 128 bytes"},
	{REFER "\"headers\":{\"X-A\":\"1\\r\\nX-B: 2\"}}", "headers.X-A",
	 "headers.X-A must be UTF-8 without control characters"},
	{REFER "\"headers\":{\"X-A\":{}}}", "headers.X-A",
	 "headers.X-A must be a string or a number"},
	{REFER "\"headers\":{\"X-A\":true}}", "headers.X-A",
	 "headers.X-A must be a string or a number"},
	{REFER "\"targetHeaders\":[]}", "targetHeaders",
	 "targetHeaders must be an object"},
	{REFER "\"targetHeaders\":{\"X\":\"\\r\\n\"}}", "targetHeaders.X",
	 "targetHeaders.X must be UTF-8 without control characters"},
	{REFER "\"targetHeaders\":{\"From\":\"x\"}}", "targetHeaders.From",
	 "targetHeaders.From must not be set: the SIP stack writes it"},
	{REFER "\"targetHeaders\":{\"Body\":\"x\"}}", "targetHeaders.Body",
	 "targetHeaders.Body must not be set: it does not belong in a URI"},
	{REFER "\"targetHeaders\":{\"k\":\"x\"}}", "targetHeaders.k",
	 "targetHeaders.k must not be set: it does not belong in a URI"},
	{REFER "\"targetHeaders\":{\"v\":\"x\"}}", "targetHeaders.v",
	 "targetHeaders.v must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"tel:+49\","
	 "\"targetHeaders\":{\"X\":1}}",
	 "referTo",
	 "referTo must be a SIP URI, not a tel: URI, to carry header fields"},
	{REFER "\"timeouts\":5}", "timeouts", "timeouts must be an object"},
	{REFER "\"timeouts\":{\"notify\":0}}", "timeouts.notify",
	 "timeouts.notify must be a number of seconds from 0.1 to 3600"},
	{REFER "\"timeouts\":{\"ringing\":3601}}", "timeouts.ringing",
	 "timeouts.ringing must be a number of seconds from 0.1 to 3600"},
	{REFER "\"timeouts\":{\"ringing\":\"5\"}}", "timeouts.ringing",
	 "timeouts.ringing must be a number of seconds from 0.1 to 3600"},
	{REFER "\"timeouts\":{\"retry\":-1}}", "timeouts.retry",
	 "timeouts.retry must be a number of seconds from 0 to 4"},
	{REFER "\"timeouts\":{\"retry\":4.1}}", "timeouts.retry",
	 "timeouts.retry must be a number of seconds from 0 to 4"},
	{REFER "\"timeouts\":{\"retry\":true}}", "timeouts.retry",
	 "timeouts.retry must be a number of seconds from 0 to 4"},
	{REFER "\"timeouts\":{\"x\":5}}", "timeouts",
	 "timeouts must have only the members notify, ringing, answer, retry "
	 "and unsubscribe"},
	{REFER "\"timeouts\":{\"unsubscribe\":\"yes\"}}",
	 "timeouts.unsubscribe", "timeouts.unsubscribe must be true or false"},
	{REFER "\"force\":1}", "force", "force must be true or false"},
	{REFER "\"dryRun\":1}", "dryRun", "dryRun must be true or false"},
	{"{\"verb\":\"sip:refer\",\"replaces\":7}", "replaces",
	 "replaces must be a string"},
	{"{\"verb\":\"hangup\",\"headers\":{\"Via\":\"x\"}}", "headers.Via",
	 "headers.Via must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:decline\"}", "status",
	 "status must be a SIP status from 300 to 699"},
	{"{\"verb\":\"sip:decline\",\"status\":200}", "status",
	 "status must be a SIP status from 300 to 699"},
	{"{\"verb\":\"sip:decline\",\"status\":486.5}", "status",
	 "status must be a SIP status from 300 to 699"},
	{"{\"verb\":\"sip:decline\",\"status\":486,\"reason\":\"a\\rb\"}",
	 "reason", "reason must be UTF-8 without control characters"},
	{"{\"verb\":\"sip:decline\",\"status\":302}", "contact",
	 "contact is required with a status from 300 to 399"},
	{"{\"verb\":\"sip:decline\",\"status\":486,\"contact\":\"1\"}",
	 "contact",
	 "contact must be given only with a status from 300 to 399"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":7}", "contact",
	 "contact must be a string or an array of strings"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":[]}", "contact",
	 "contact must have 1 to 8 members"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":[\"1\",\"2\","
	 "\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
	 "contact", "contact must have 1 to 8 members"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":[\"1\",2]}",
	 "contact[1]", "contact[1] must be a string"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":[\"1\",\"http:/"
	 "/x\"]}",
	 "contact[1]",
	 "contact[1] must be a sip:, sips: or tel: URI, a number or a user, "
	 "not http:"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"sip:a@b;"
	 "method=BYE\"}",
	 "contact", "contact must have no method other than INVITE"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"sip:a@b?"
	 "Route=x\"}",
	 "contact", "contact must not have the header field Route"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"<sip:a@b>;q="
	 "1\"}",
	 "contact",
	 "contact must not have the parameter \"q\" after its >: far ends "
	 "refuse it"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"a\\rb\"}",
	 "contact", "contact must be UTF-8 without control characters"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"headers\":{\"Contact\":"
	 "\"sip:a@b?Via=x\"}}",
	 "headers.Contact",
	 "headers.Contact must not have the header field Via"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"headers\":{\"contact\":"
	 "\"1\",\"m\":\"2\"}}",
	 "headers.Contact", "headers.Contact must appear only once"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"headers\":{\"m\":[]}}",
	 "headers.Contact", "headers.Contact must be a string or a number"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"1\","
	 "\"headers\":{\"Contact\":\"2\"}}",
	 "contact", "contact must not be given with headers.Contact"},
	{"{\"verb\":\"sip:decline\",\"status\":302,\"contact\":\"1\","
	 "\"headers\":{\"Via\":\"2\"}}",
	 "headers.Via",
	 "headers.Via must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:decline\",\"status\":486,\"headers\":{\"Contact\":"
	 "\"1\"}}",
	 "headers.Contact",
	 "headers.Contact must not be set: the SIP stack writes it"},
	{"{\"verb\":\"play\",\"url\":7}", "url",
	 "url must be the name of a WAV file below baresip's audio_path, or "
	 "an array of such names"},
	{"{\"verb\":\"play\",\"url\":\"a.wav\",\"loop\":\"x\"}", "loop",
	 "loop must be a whole number, true or \"forever\""},
	{"{\"verb\":\"sip:request\"}", "method", "method is required"},
	{"{\"verb\":\"sip:request\",\"method\":7}", "method",
	 "method must be a string"},
	{"{\"verb\":\"sip:request\",\"method\":\"UPDATE\"}", "method",
	 "method must be INFO, MESSAGE, NOTIFY or OPTIONS, not UPDATE"},
	{"{\"verb\":\"sip:request\",\"method\":\"refer\"}", "method",
	 "method must be INFO, MESSAGE, NOTIFY or OPTIONS; for REFER use "
	 "the verb sip:refer"},
	{"{\"verb\":\"sip:request\",\"method\":\"BYE\"}", "method",
	 "method must be INFO, MESSAGE, NOTIFY or OPTIONS; for BYE use "
	 "the verb hangup"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"body\":{}}", "body",
	 "body must be a string"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"timeout\":0}",
	 "timeout", "timeout must be a number of seconds from 0.1 to 32"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"timeout\":33}",
	 "timeout", "timeout must be a number of seconds from 0.1 to 32"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"headers\":[]}",
	 "headers", "headers must be an object"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"headers\":{"
	 "\"Event\":\"x\"}}",
	 "headers.Event",
	 "headers.Event must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"headers\":{"
	 "\"Content-Length\":\"1\"}}",
	 "headers.Content-Length",
	 "headers.Content-Length must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"headers\":{\"Via\":"
	 "\"x\"}}",
	 "headers.Via",
	 "headers.Via must not be set: the SIP stack writes it"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"body\":\"a\","
	 "\"headers\":{\"c\":\"text\"}}",
	 "headers.Content-Type",
	 "headers.Content-Type must be a media type such as text/plain"},
	{"{\"verb\":\"sip:request\",\"method\":\"INFO\",\"body\":\"a\","
	 "\"headers\":{\"Content-Type\":\"a/b\r\nX: 1\"}}",
	 "headers.Content-Type",
	 "headers.Content-Type must be UTF-8 without control characters"},
	{"{\"verb\":\"sip:request\",\"method\":\"NOTIFY\",\"headers\":{"
	 "\"Event\":\"talk\",\"o\":\"hold\"}}",
	 "headers.Event", "headers.Event must appear only once"},
	{"{\"verb\":\"sip:request\",\"method\":\"NOTIFY\"}", "headers.Event",
	 "headers.Event is required in a NOTIFY"},
	{"{\"verb\":\"sip:request\",\"method\":\"NOTIFY\",\"headers\":{\"o\":"
	 "\"REFER;id=1\"}}",
	 "headers.Event",
	 "headers.Event must not be refer: baresip sends the NOTIFYs of a "
	 "REFER"},
};


static void test_bad(void **state)
{
	struct error error;
	struct sipverb *verb;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(&verb, bad[i].text, &error) != EBADMSG)
			fail_msg("%s was taken", bad[i].text);
		assert_string_equal(error.text, bad[i].error);
		assert_string_equal(error.field, bad[i].field);
		assert_null(verb);
	}
}


/* Every header field that the SIP stack writes, in any case */
static void test_stack_headers(void **state)
{
	static const char *const names[] = {
		"Via",
		"v",
		"From",
		"f",
		"To",
		"t",
		"Call-ID",
		"i",
		"CSeq",
		"Contact",
		"m",
		"Max-Forwards",
		"Route",
		"Record-Route",
		"Content-Type",
		"Content-Length",
		"content-foo",
		"c",
		"l",
		"e",
		"Authorization",
		"Proxy-Authorization",
		"Refer-To",
		"r",
		"Referred-By",
		"b",
		"Event",
		"o",
		"REFER-TO",
		"cseq",
		"User-Agent",
		"Subscription-State",
		"Expires",
	};
	struct error error;
	struct sipverb *verb;
	char text[128];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)re_snprintf(text, sizeof(text),
				  REFER "\"headers\":{\"%s\":\"x\"}}",
				  names[i]);
		assert_int_equal(decode(&verb, text, &error), EBADMSG);
		assert_non_null(strstr(error.text, "the SIP stack writes it"));
	}
}


static void test_bounds(void **state)
{
	cJSON *json = cJSON_CreateObject(), *headers;
	struct error error = {.index = -1};
	struct sipverb *verb;
	char name[16], value[HDR_VAL_MAX + 2];
	int i;
	(void)state;

	cJSON_AddStringToObject(json, "verb", "sip:refer");
	cJSON_AddStringToObject(json, "referTo", "100");
	headers = cJSON_AddObjectToObject(json, "headers");
	for (i = 0; i < HDR_MAX; i++) {
		(void)re_snprintf(name, sizeof(name), "X-%d", i);
		cJSON_AddStringToObject(headers, name, "x");
	}
	assert_int_equal(sipverb_decode(&verb, json, &peer, &error), 0);
	mem_deref(verb);

	cJSON_AddStringToObject(headers, "X-More", "x");
	assert_int_equal(sipverb_decode(&verb, json, &peer, &error), EBADMSG);
	assert_string_equal(error.text,
			    "headers must have at most 32 members");

	memset(value, 'x', sizeof(value));
	value[HDR_VAL_MAX + 1] = '\0';
	cJSON_DeleteItemFromObject(headers, "X-More");
	cJSON_ReplaceItemInObject(headers, "X-0", cJSON_CreateString(value));
	error = (struct error){.index = -1};
	assert_int_equal(sipverb_decode(&verb, json, &peer, &error), EBADMSG);
	assert_string_equal(error.text,
			    "headers.X-0 must have at most 2048 bytes");

	cJSON_Delete(json);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_target_headers),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_deflect),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_stack_headers),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
