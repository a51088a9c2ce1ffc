/**
 * @file module_sipmsg.c  Tests of the report of a SIP message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <re.h>
#include "text/text.h"


static const char *header(const cJSON *json, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(json, "headers"), name));
}


static cJSON *told(const char *text)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;
	char *str;
	cJSON *json;

	assert_int_equal(mbuf_write_str(mb, text), 0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	str = sipmsg_json(msg);
	json = cJSON_Parse(str);
	assert_non_null(json);
	free(str);
	mem_deref(msg);
	mem_deref(mb);

	return json;
}


/* Compact names, folded lines and tabs: RFC 3261 sections 7.3.1 and 7.3.3 */
static void test_headers(void **state)
{
	static const struct {
		const char *name;
		const char *val;
	} headers[] = {
		{"Via", "SIP/2.0/UDP 10.0.0.2 ;branch=z9hG4bK1"},
		{"From", "\"Ann B\" <sip:a@10.0.0.2>;tag=1"},
		{"To", "<sip:gw@10.0.0.1>"},
		{"Call-ID", "1"},
		{"Subject", "a b"},
		{"Supported", "replaces, timer"},
		{"Session-Expires", "1800"},
		{"Allow", "INVITE, ACK, BYE, REFER"},
		{"User-to-User", "4869 ;encoding=hex"},
		{"Content-Type", "text/plain"},
		{"z", "1"},
	};
	cJSON *json;
	size_t i;
	(void)state;

	json = told("INVITE sip:gw@10.0.0.1 SIP/2.0\r\n"
		    "v: SIP/2.0/UDP 10.0.0.2\r\n ;branch=z9hG4bK1\r\n"
		    "f: \"Ann\r\n B\"\t<sip:a@10.0.0.2>;tag=1\r\n"
		    "t: <sip:gw@10.0.0.1>\r\n"
		    "i: 1\r\n"
		    "CSeq: 1 INVITE\r\n"
		    "s: a\tb\r\n"
		    "k: replaces\r\n"
		    "Supported: timer\r\n"
		    "X: 1800\r\n"
		    "Allow: INVITE,\r\n ACK\r\n"
		    "Allow:\r\n BYE,\tREFER\r\n"
		    "User-to-User: 4869\r\n\t;encoding=hex\r\n"
		    "c: text/plain\r\n"
		    "z: 1\r\n"
		    "l: 3\r\n\r\na\tb");

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_string_equal(header(json, headers[i].name),
				    headers[i].val);

	assert_null(header(json, "k"));
	assert_null(header(json, "s"));
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(
				    cJSON_GetObjectItem(json, "body"), 0)),
			    "a b");
	cJSON_Delete(json);
}


static void test_start_line(void **state)
{
	cJSON *json;
	(void)state;

	json = told("SIP/2.0 202 Will\tdo\r\n"
		    "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\n"
		    "From: <sip:a@10.0.0.2>;tag=1\r\n"
		    "To: <sip:gw@10.0.0.1>;tag=2\r\n"
		    "Call-ID: 1\r\n"
		    "CSeq: 1 REFER\r\n\r\n");
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItem(json, "start")),
		"SIP/2.0 202 Will do");
	cJSON_Delete(json);
}


/* Our own messages are reported with the same names */
static void test_request(void **state)
{
	char *str = sipmsg_json_text("REFER sip:a@10.0.0.2 SIP/2.0\r\n"
				     "s: x\r\n"
				     "To: \"Ann\r\n B\"\r\n <sip:b@c>"
				     "\r\n"
				     "Refer-To: <sip:100@10.0.0.2>\r\n\r\n");
	cJSON *json = cJSON_Parse(str);
	(void)state;

	assert_string_equal(header(json, "Subject"), "x");
	assert_string_equal(header(json, "To"), "\"Ann B\" <sip:b@c>");
	assert_string_equal(header(json, "Refer-To"), "<sip:100@10.0.0.2>");
	cJSON_Delete(json);
	free(str);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_start_line),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
