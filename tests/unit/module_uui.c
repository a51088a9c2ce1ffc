/**
 * @file module_uui.c  Tests of User-to-User, to the target and from a far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "text/text.h"
#include "anninvite.h"


#define REFER "{\"verb\":\"sip:refer\",\"referTo\":\"sip:b@a.example\","
#define TEL   "referTo must be a SIP URI, not a tel: URI, to carry header fields"

static const struct farend peer = {
	.identity = "sip:ann@a.example",
	.hostport = "a.example",
	.rule = "identity",
};


static int decode(struct sipverb **verbp, const char *text,
		  struct error *error)
{
	cJSON *json = cJSON_Parse(text);
	int err;

	assert_non_null(json);
	*error = (struct error){.index = -1};
	*verbp = NULL;
	err = sipverb_decode(verbp, json, &peer, error);
	cJSON_Delete(json);

	return err;
}


static const struct {
	const char *fields;
	const char *hdrs; /* behind the question mark */
} good[] = {
	{"\"uui\":{\"data\":\"4869\"}", "User-to-User=4869%3Bencoding%3Dhex"},
	{"\"uui\":{\"data\":\"00aF\",\"encoding\":\"hex\","
	 "\"purpose\":\"isdn-uui\",\"content\":\"isdn-uui\"}",
	 "User-to-User=00aF%3Bencoding%3Dhex%3Bpurpose%3Disdn-uui"
	 "%3Bcontent%3Disdn-uui"},
	{"\"uui\":{\"data\":\"4869\",\"encoding\":\"\",\"purpose\":null}",
	 "User-to-User=4869%3Bencoding%3Dhex"},

	/* not hex: a token stays, other text is quoted */
	{"\"uui\":{\"data\":\"abc\",\"encoding\":\"text\"}",
	 "User-to-User=abc%3Bencoding%3Dtext"},
	{"\"uui\":{\"data\":\"a \\\"b\\\", c;d\",\"encoding\":\"text\"}",
	 "User-to-User=%22a%20%5C%22b%5C%22%2C%20c%3Bd%22%3Bencoding%3Dtext"},

	/* beside others */
	{"\"targetHeaders\":{\"X-Ticket\":17},\"uui\":{\"data\":\"4869\"}",
	 "X-Ticket=17&User-to-User=4869%3Bencoding%3Dhex"},
	{"\"targetHeaders\":{\"User-to-User\":null},"
	 "\"uui\":{\"data\":\"4869\"}",
	 "User-to-User=4869%3Bencoding%3Dhex"},

	/* as session:new has them */
	{"\"uui\":[{\"data\":\"01\"},{\"data\":\"02\",\"purpose\":\"x\"}]",
	 "User-to-User=01%3Bencoding%3Dhex%2C%20"
	 "02%3Bencoding%3Dhex%3Bpurpose%3Dx"},
};


static void test_good(void **state)
{
	struct error error;
	struct sipverb *verb;
	char text[512], addr[512];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)re_snprintf(text, sizeof(text), REFER "%s}",
				  good[i].fields);
		(void)re_snprintf(addr, sizeof(addr), "<sip:b@a.example?%s>",
				  good[i].hdrs);
		if (decode(&verb, text, &error))
			fail_msg("%s: %s", text, error.text);
		assert_string_equal(verb->refer_to.addr, addr);
		mem_deref(verb);
	}
}


/* To the far end of another call; an empty value counts as no field */
static void test_other_targets(void **state)
{
	static const char *const nothing[] = {"null", "\"\"", "[]"};
	struct error error;
	struct sipverb *verb;
	char text[256];
	size_t i;
	(void)state;

	assert_int_equal(decode(&verb,
				"{\"verb\":\"sip:refer\",\"replaces\":\"s\","
				"\"uui\":{\"data\":\"4869\"}}",
				&error),
			 0);
	assert_string_equal(verb->target_hdrs,
			    "User-to-User=4869%3Bencoding%3Dhex");
	mem_deref(verb);

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		(void)re_snprintf(text, sizeof(text), REFER "\"uui\":%s}",
				  nothing[i]);
		assert_int_equal(decode(&verb, text, &error), 0);
		assert_string_equal(verb->refer_to.addr, "<sip:b@a.example>");
		mem_deref(verb);
	}
}


static const struct {
	const char *text;
	const char *error; /* begins with the field */
} bad[] = {
	{REFER "\"uui\":\"4869\"}",
	 "uui must be an object, or an array of at most 8 objects"},
	{REFER "\"uui\":[1,2,3,4,5,6,7,8,9]}",
	 "uui must be an object, or an array of at most 8 objects"},
	{REFER "\"uui\":[{\"data\":\"01\"},2]}", "uui[1] must be an object"},
	{REFER "\"uui\":{}}", "uui.data is required"},
	{REFER "\"uui\":{\"data\":4869}}", "uui.data must be a string"},
	{REFER "\"uui\":{\"data\":\"486\"}}",
	 "uui.data must be hex digits, two for each octet, if encoding is "
	 "hex"},
	{REFER "\"uui\":[{\"data\":\"486g\",\"encoding\":\"HEX\"}]}",
	 "uui[0].data must be hex digits, two for each octet, if encoding is "
	 "hex"},
	{REFER "\"uui\":{\"data\":\"a\\r\\nb\",\"encoding\":\"text\"}}",
	 "uui.data must be UTF-8 without control characters"},
	{REFER "\"uui\":{\"data\":\"01\",\"encoding\":\"a b\"}}",
	 "uui.encoding must be a SIP token of at most 128 bytes"},
	{REFER "\"uui\":{\"data\":\"01\",\"purpose\":\"a;b=c\"}}",
	 "uui.purpose must be a SIP token of at most 128 bytes"},
	{REFER "\"uui\":{\"data\":\"01\",\"content\":7}}",
	 "uui.content must be a string"},
	{REFER "\"uui\":{\"data\":\"01\",\"encodng\":\"hex\"}}",
	 "uui must have only the members data, encoding, purpose and content"},
	{REFER "\"targetHeaders\":{\"USER-TO-USER\":\"01\"},"
	       "\"uui\":{\"data\":\"01\"}}",
	 "uui must not be given with another User-to-User in targetHeaders or "
	 "referTo"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"sip:b@a?User-t%6F-User=01\","
	 "\"uui\":{\"data\":\"01\"}}",
	 "uui must not be given with another User-to-User in targetHeaders or "
	 "referTo"},
	{"{\"verb\":\"sip:refer\",\"replaces\":\"s\","
	 "\"targetHeaders\":{\"User-to-User\":\"01\"},"
	 "\"uui\":{\"data\":\"01\"}}",
	 "uui must not be given with another User-to-User in targetHeaders or "
	 "referTo"},
	{"{\"verb\":\"sip:refer\",\"referTo\":\"tel:+49\","
	 "\"uui\":{\"data\":\"01\"}}",
	 TEL},
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
		assert_int_equal(
			strncmp(error.text, error.field, strlen(error.field)),
			0);
		assert_null(verb);
	}
}


/* Data of some octets, with more members behind it */
static int decode_long(struct error *error, size_t octets, const char *more)
{
	struct sipverb *verb;
	char text[8192];
	size_t i, n;
	int err;

	n = (size_t)re_snprintf(text, sizeof(text),
				REFER "\"uui\":{\"data\":\"");
	for (i = 0; i < 2 * octets; i++)
		text[n++] = '0';
	(void)re_snprintf(text + n, sizeof(text) - n, "\"%s}}", more);
	err = decode(&verb, text, error);
	mem_deref(verb);

	return err;
}


/* One octet is the protocol discriminator, 128 are the user's: RFC 7434 */
static void test_length(void **state)
{
	static const char too_long[] =
		"uui.data must have at most 129 octets, not 130, if purpose "
		"is isdn-uui (the default)";
	struct error error;
	(void)state;

	assert_int_equal(decode_long(&error, 129, ""), 0);
	assert_int_equal(decode_long(&error, 130, ""), EBADMSG);
	assert_string_equal(error.text, too_long);
	assert_int_equal(decode_long(&error, 130, ",\"purpose\":\"ISDN-UUI\""),
			 EBADMSG);
	assert_string_equal(error.text, too_long);

	assert_int_equal(decode_long(&error, 900, ",\"purpose\":\"x\""), 0);
	assert_int_equal(decode_long(&error, 1100, ",\"purpose\":\"x\""),
			 EBADMSG);
	assert_string_equal(
		error.text,
		"uui must have at most 2048 bytes in all as a header field");
}


static char *told(const char *fields)
{
	char hdrs[4096] = "";
	struct sip_msg *msg;
	char *str;

	if (*fields)
		(void)re_snprintf(hdrs, sizeof(hdrs), "%s\r\n", fields);
	msg = ann_invite(hdrs);
	str = uui_json(msg);
	mem_deref(msg);

	return str;
}


#define UUI "User-to-User: "

static const struct {
	const char *fields;
	const char *json;
} header[] = {
	{UUI "4869;encoding=hex",
	 "[{\"data\":\"4869\",\"encoding\":\"hex\"}]"},
	{UUI "4869", "[{\"data\":\"4869\"}]"},
	{"USER-TO-USER:00Ff ; Encoding = hex;purpose=\"isdn-uui\";CONTENT=x",
	 "[{\"data\":\"00Ff\",\"encoding\":\"hex\",\"purpose\":\"isdn-uui\","
	 "\"content\":\"x\"}]"},
	{UUI "4869\r\n\t;encoding=hex\r\n ;purpose=x",
	 "[{\"data\":\"4869\",\"encoding\":\"hex\",\"purpose\":\"x\"}]"},

	/* quoted-strings, which older drafts had for hex as well */
	{UUI "\"4869\";encoding=hex",
	 "[{\"data\":\"4869\",\"encoding\":\"hex\"}]"},
	{UUI "\"a, \\\"b\\\";c\";encoding=text",
	 "[{\"data\":\"a, \\\"b\\\";c\",\"encoding\":\"text\"}]"},

	/* several values, several fields */
	{UUI "01;encoding=hex, 02;purpose=x\r\n" UUI "\"3\"",
	 "[{\"data\":\"01\",\"encoding\":\"hex\"},"
	 "{\"data\":\"02\",\"purpose\":\"x\"},{\"data\":\"3\"}]"},

	/* unknown parameters */
	{UUI "01;x;y=\"a;b,c\";h=[::1];encoding=hex",
	 "[{\"data\":\"01\",\"encoding\":\"hex\"}]"},

	/* an invalid value does not affect others */
	{UUI "0g;encoding=hex,02", "[{\"data\":\"02\"}]"},
	{UUI ",,02,", "[{\"data\":\"02\"}]"},
	{UUI "a b;encoding=text\r\n" UUI "02", "[{\"data\":\"02\"}]"},
	{UUI "012;encoding=hex", NULL},
	{UUI "\"\"", NULL},
	{UUI, NULL},
	{UUI ";encoding=hex", NULL},
	{UUI "01;encoding=hex;encoding=hex", NULL},
	{UUI "01;encoding", NULL},
	{UUI "01;=x", NULL},
	{UUI "01;;purpose=x", NULL},
	{UUI "\"01", NULL},
	{UUI "\"01\\", NULL},
	{UUI "\"01\"x", NULL},
	{UUI "\"\xff\"", NULL},
	{UUI "\"?\xff\"", NULL},
	{UUI "\"?\"", "[{\"data\":\"?\"}]"},
	{"X-User-to-User: 01", NULL},
};


static void test_header(void **state)
{
	char *json;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		json = told(header[i].fields);
		if (!json != !header[i].json ||
		    (json && strcmp(json, header[i].json)))
			fail_msg("%s: %s", header[i].fields,
				 json ? json : "nothing");
		free(json);
	}
}


static void test_header_bounds(void **state)
{
	char text[4096] = UUI "01", *json;
	cJSON *list;
	size_t n;
	(void)state;

	for (n = 1; n < 12; n++)
		strcat(text, ",01");
	json = told(text);
	list = cJSON_Parse(json);
	assert_int_equal(cJSON_GetArraySize(list), UUI_MAX);
	cJSON_Delete(list);
	free(json);

	/* a value that is too long, and one that fits after it */
	strcpy(text, UUI);
	memset(text + strlen(UUI), '0', HDR_VAL_MAX + 2);
	strcpy(text + strlen(UUI) + HDR_VAL_MAX + 2, "\r\n" UUI "01");
	json = told(text);
	assert_string_equal(json, "[{\"data\":\"01\"}]");
	free(json);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_other_targets),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
