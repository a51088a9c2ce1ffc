/**
 * @file module_target.c  Tests of Refer-To and Referred-By
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <string.h>
#include <re.h>
#include "text/text.h"


static const struct farend peer = {
	.identity = "sip:+4940999@carrier.example:5070",
	.hostport = "carrier.example:5070",
	.rule = "identity",
};

/* Text of an application, and its form on the wire */
static const struct {
	const char *input;
	const char *addr;
} good[] = {
	/* numbers, with and without visual separators */
	{"+4930123456", "<sip:+4930123456@carrier.example:5070>"},
	{"+49 30 123456", "<sip:+4930123456@carrier.example:5070>"},
	{"+49-30-12.34.56", "<sip:+4930123456@carrier.example:5070>"},
	{"+1 (555) 010-9999", "<sip:+15550109999@carrier.example:5070>"},
	{"+49 (0)30 123456", "<sip:+4930123456@carrier.example:5070>"},
	{"030/123456", "<sip:030123456@carrier.example:5070>"},
	{"(030) 123456", "<sip:030123456@carrier.example:5070>"},
	{"100", "<sip:100@carrier.example:5070>"},
	{"0", "<sip:0@carrier.example:5070>"},
	{"*97", "<sip:*97@carrier.example:5070>"},
	{"*21*100#", "<sip:*21*100%23@carrier.example:5070>"},
	{"  100  ", "<sip:100@carrier.example:5070>"},
	{"00493012345", "<sip:00493012345@carrier.example:5070>"},

	/* users */
	{"bob", "<sip:bob@carrier.example:5070>"},
	{"bob.smith", "<sip:bob.smith@carrier.example:5070>"},
	{"bob smith", "<sip:bob%20smith@carrier.example:5070>"},
	{"bob#1", "<sip:bob%231@carrier.example:5070>"},
	{"sales/east", "<sip:sales/east@carrier.example:5070>"},
	{"100;phone-context=x",
	 "<sip:100;phone-context=x@carrier.example:5070>"},
	{"J\xc3\xbcrgen", "<sip:J%C3%BCrgen@carrier.example:5070>"},
	{"100%", "<sip:100%25@carrier.example:5070>"},
	{"100%2", "<sip:100%252@carrier.example:5070>"},
	{"*21%23", "<sip:*21%23@carrier.example:5070>"},
	{"bob%20smith", "<sip:bob%20smith@carrier.example:5070>"},
	{"+", "<sip:+@carrier.example:5070>"},

	/* user@host without a scheme */
	{"bob@example.com", "<sip:bob@example.com>"},
	{"+4930@10.0.0.1:5080", "<sip:+4930@10.0.0.1:5080>"},
	{"+49 (0)30 1-2@example.com", "<sip:+493012@example.com>"},
	{"*21#@example.com", "<sip:*21%23@example.com>"},
	{"*21%23@example.com", "<sip:*21%23@example.com>"},
	{"bob smith@example.com", "<sip:bob%20smith@example.com>"},
	{"bob%20smith@example.com", "<sip:bob%20smith@example.com>"},
	{"J\xc3\xbcrgen@example.com", "<sip:J%C3%BCrgen@example.com>"},
	{"100%@example.com", "<sip:100%25@example.com>"},
	{"b^o\"b@example.com", "<sip:b%5Eo%22b@example.com>"},
	{"bob@[2001:db8::1]:5080", "<sip:bob@[2001:db8::1]:5080>"},
	{"100;phone-context=x@example.com;user=phone",
	 "<sip:100;phone-context=x@example.com;user=phone>"},
	{"Bob <bob smith@example.com>",
	 "\"Bob\" <sip:bob%20smith@example.com>"},

	/* SIP URIs */
	{"sip:bob@example.com", "<sip:bob@example.com>"},
	{"SIP:bob@example.com", "<SIP:bob@example.com>"},
	{"sips:bob@example.com", "<sips:bob@example.com>"},
	{"sip:example.com", "<sip:example.com>"},
	{"sip:10.0.0.1", "<sip:10.0.0.1>"},
	{"sip:bob@example.com:5080", "<sip:bob@example.com:5080>"},
	{"sip:bob@example.com:65535", "<sip:bob@example.com:65535>"},
	{"sip:bob@example.com;transport=tcp",
	 "<sip:bob@example.com;transport=tcp>"},
	{"sip:bob@example.com:5080;user=phone?X-A=1&X-B=2",
	 "<sip:bob@example.com:5080;user=phone?X-A=1&X-B=2>"},
	{"sip:bob@example.com?Replaces=a%40b%3Bto-tag%3D1",
	 "<sip:bob@example.com?Replaces=a%40b%3Bto-tag%3D1>"},
	{"sip:bob:secret@example.com", "<sip:bob:secret@example.com>"},
	{"sip:bob@[2001:db8::1]", "<sip:bob@[2001:db8::1]>"},
	{"sip:bob@[2001:db8::1]:5080", "<sip:bob@[2001:db8::1]:5080>"},
	{"sip:bob@[2001:db8::1]:5080;transport=tls",
	 "<sip:bob@[2001:db8::1]:5080;transport=tls>"},
	{"sip:%62ob@example.com", "<sip:%62ob@example.com>"},
	{"sip:+49-30-1@example.com;user=phone",
	 "<sip:+49-30-1@example.com;user=phone>"},
	{"sip:bob@my_host", "<sip:bob@my_host>"},

	/* tel URIs, RFC 3966 */
	{"tel:+4930123456", "<tel:+4930123456>"},
	{"tel:+49-30-12(34)56", "<tel:+4930123456>"},
	{"tel:100;phone-context=example.com",
	 "<tel:100;phone-context=example.com>"},
	{"tel:+4930123456;ext=17", "<tel:+4930123456;ext=17>"},
	{"TEL:*97", "<tel:*97>"},
	{"tel:*21#", "<tel:*21%23>"},
	{"tel:*21%23", "<tel:*21%23>"},
	{"tel:%2B4930%20123", "<tel:+4930123>"},
	{"tel:12a*B#;phone-context=+49", "<tel:12a*B%23;phone-context=+49>"},

	/* name-addr */
	{"<sip:bob@example.com>", "<sip:bob@example.com>"},
	{"< sip:bob@example.com >", "<sip:bob@example.com>"},
	{"Bob <sip:bob@example.com>", "\"Bob\" <sip:bob@example.com>"},
	{"\"Bob\" <sip:bob@example.com>", "\"Bob\" <sip:bob@example.com>"},
	{"\"Bob\"<sip:bob@example.com>", "\"Bob\" <sip:bob@example.com>"},
	{"\"B \\\"x\\\" <y>\" <sip:bob@example.com>",
	 "\"B \\\"x\\\" <y>\" <sip:bob@example.com>"},
	{"\"J\xc3\xbcrgen\" <sip:j@example.com>",
	 "\"J\xc3\xbcrgen\" <sip:j@example.com>"},
	{"Bob Smith <tel:+49-30>", "\"Bob Smith\" <tel:+4930>"},
	{"\"\" <sip:bob@example.com>", "\"\" <sip:bob@example.com>"},
	{"<sip:bob@example.com>;x=1", "<sip:bob@example.com>;x=1"},
	{"<100>", "<sip:100@carrier.example:5070>"},
	{"Bob <+49 30>", "\"Bob\" <sip:+4930@carrier.example:5070>"},
};

/* Refused texts, and a part of the error message */
static const struct {
	const char *input;
	const char *why;
} bad[] = {
	{"", "must not be empty"},
	{"   ", "must not be empty"},
	{"<>", "must not be empty"},
	{"sip:bob@example.com\r\nX-Evil: 1", "without control characters"},
	{"100\n", "without control characters"},
	{"100\r", "without control characters"},
	{"100\t", "without control characters"},
	{"100\x7f", "without control characters"},
	{"100\x01", "without control characters"},
	{"100\xc2\x85", "without control characters"},
	{"J\xfcrgen", "must be UTF-8"},
	{"\xc0\xaf", "must be UTF-8"},
	{"\xed\xa0\x80", "must be UTF-8"},
	{"\xf5\x80\x80\x80", "must be UTF-8"},
	{"http://example.com", "must be a sip:, sips: or tel: URI"},
	{"mailto:bob@example.com", "must be a sip:, sips: or tel: URI"},
	{"urn:service:sos", "must be a sip:, sips: or tel: URI"},
	{"sip:", "must be a SIP URI with a valid host and port, such as "
		 "sip:user@host:5060"},
	{"sip:@", "must be a SIP URI with a valid host and port, such as "
		  "sip:user@host:5060"},
	{"sip:bob@", "must be a SIP URI with a valid host and port, such as "
		     "sip:user@host:5060"},
	{"sip:bob@exa mple.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob smith@example.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob@example.com>",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:b\"ob@example.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:J\xc3\xbcrgen@example.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob%2@example.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob%zz@example.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob@example.com%4",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:bob%00@example.com",
	 "must not contain the escaped control character %00"},
	{"sip:bob%0D@example.com",
	 "must not contain the escaped control character %0D"},
	{"sip:bob%0a@example.com",
	 "must not contain the escaped control character %0a"},
	{"sip:bob@example.com;x=%0A",
	 "must not contain the escaped control character %0A"},
	{"sip:bob@example.com?X=1%0d%0aX-Evil:%201",
	 "must not contain the escaped control character %0d"},
	{"sip:bob%7F@example.com",
	 "must not contain the escaped control character %7F"},
	{"<sip:bob@example.com>;x=%0D",
	 "must not contain the escaped control character %0D"},
	{"tel:100%0A", "must not contain the escaped control character %0A"},
	{"tel:100;ext=%00",
	 "must not contain the escaped control character %00"},
	{"100%0D%0A", "must not contain the escaped control character %0D"},
	{"bob%00", "must not contain the escaped control character %00"},
	{"bob%0D@example.com",
	 "must not contain the escaped control character %0D"},
	{"bob@example.com%0A",
	 "must not contain the escaped control character %0A"},
	{"bob@exa mple.com",
	 "must have each special character of its URI escaped as %XX"},
	{"sip:a@b@c", "must be a SIP URI with a valid host and port, such as "
		      "sip:user@host:5060"},
	{"sip:bob@[2001:db8::1]x", "must be a SIP URI with a valid host and "
				   "port, such as sip:user@host:5060"},
	{"sip:bob@[10.0.0.1]", "must be a SIP URI with a valid host and port, "
			       "such as sip:user@host:5060"},
	{"sip:bob@example.com:0", "must be a SIP URI with a valid host and "
				  "port, such as sip:user@host:5060"},
	{"sip:bob@example.com:65536", "must be a SIP URI with a valid host "
				      "and port, such as sip:user@host:5060"},
	{"sip:bob@example.com:99999", "must be a SIP URI with a valid host "
				      "and port, such as sip:user@host:5060"},
	{"sip:bob@example.com:123456", "must be a SIP URI with a valid host "
				       "and port, such as sip:user@host:5060"},
	{"sip:bob@example.com:5060x", "must be a SIP URI with a valid host "
				      "and port, such as sip:user@host:5060"},
	{"sip:bob@example.com:", "must be a SIP URI with a valid host and "
				 "port, such as sip:user@host:5060"},
	{"sip:bob@a@b", "must be a SIP URI with a valid host and port, such "
			"as sip:user@host:5060"},
	{"sip:bob@[2001:db8::1", "must be a SIP URI with a valid host and "
				 "port, such as sip:user@host:5060"},
	{"sip:bob@[::g]", "must be a SIP URI with a valid host and port, such "
			  "as sip:user@host:5060"},
	{"sip:bob@exa*mple.com", "must be a SIP URI with a valid host and "
				 "port, such as sip:user@host:5060"},
	{"a@b@c", "must be a SIP URI with a valid host and port, such as "
		  "sip:user@host:5060"},
	{"tel:", "must have a number in its tel: URI"},
	{"tel:abc", "must have a number in its tel: URI"},
	{"tel:+", "must have a number in its tel: URI"},
	{"tel:%2BB49;phone-context=x", "must have a number in its tel: URI"},
	{"tel:+49;ext=<1>",
	 "must have a display name that is quoted correctly"},
	{"tel:+49;ext=|1|", "must have a number in its tel: URI"},
	{"<sip:bob@example.com", "must end its URI with '>'"},
	{"\"Bob <sip:bob@example.com>",
	 "must have each special character of its URI escaped as %XX"},
	{"Bob\" <sip:bob@example.com>",
	 "must have each special character of its URI escaped as %XX"},
	{"\"a\"b\" <sip:bob@example.com>",
	 "must have each special character of its URI escaped as %XX"},
	{"\"a\" \"b\" <sip:bob@example.com>",
	 "must have a display name that is quoted correctly"},
	{"<sip:bob@example.com> x", "must have only parameters after its URI"},
	{"<sip:bob@example.com>;x=\"1\"",
	 "must have only parameters after its URI"},
	{"<sip:bob@example.com>, <sip:c@example.com>",
	 "must have only parameters after its URI"},
};


static void test_good(void **state)
{
	struct target target = {.rule = NULL};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {

		struct error error = {.index = -1};

		if (target_encode(&target, "referTo", good[i].input, NULL,
				  NULL, &peer, &error))
			fail_msg("'%s': %s", good[i].input, error.text);
		assert_string_equal(target.addr, good[i].addr);
		assert_non_null(strstr(target.addr, target.uri));
		assert_string_equal(target.rule,
				    strstr(good[i].addr, "carrier")
					    ? "identity"
					    : "given");
		target_reset(&target);
	}
}


static void test_bad(void **state)
{
	struct target target = {.rule = NULL};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

		struct error error = {.index = -1};

		if (target_encode(&target, "referTo", bad[i].input, NULL, NULL,
				  &peer, &error) != EBADMSG)
			fail_msg("'%s' was taken as %s", bad[i].input,
				 target.addr);

		if (strncmp(error.text, "referTo ", 8) ||
		    !strstr(error.text, bad[i].why))
			fail_msg("'%s': %s", bad[i].input, error.text);

		assert_string_equal(error.field, "referTo");
		assert_null(target.addr);
		assert_null(target.uri);
	}
}


static void test_display_name(void **state)
{
	struct error error = {.index = -1};
	struct target target = {.rule = NULL};
	(void)state;

	assert_int_equal(target_encode(&target, "referredBy", "Old <sip:a@b>",
				       "New \"x\" \\ \xc3\xbc", NULL, &peer,
				       &error),
			 0);
	assert_string_equal(target.addr,
			    "\"New \\\"x\\\" \\\\ \xc3\xbc\" <sip:a@b>");
	target_reset(&target);
}


static void test_length(void **state)
{
	struct error error = {.index = -1};
	char input[URI_MAX + 2];
	struct target target = {.rule = NULL};
	(void)state;

	memset(input, 'a', sizeof(input));
	input[URI_MAX + 1] = '\0';
	assert_int_equal(target_encode(&target, "referTo", input, NULL, NULL,
				       &peer, &error),
			 EBADMSG);
	assert_string_equal(error.text,
			    "referTo must have at most 2048 bytes");

	input[URI_MAX] = '\0';
	assert_int_equal(target_encode(&target, "referTo", input, NULL, NULL,
				       &peer, &error),
			 0);
	target_reset(&target);
}


/* sips: stays sips:, RFC 5630; without a host, a URI must have it */
static void test_peer(void **state)
{
	struct target target = {.rule = NULL};
	struct farend far = peer;
	struct error error = {.index = -1};
	(void)state;

	far.sips = true;
	assert_int_equal(target_encode(&target, "referTo", "100", NULL, NULL,
				       &far, &error),
			 0);
	assert_string_equal(target.addr, "<sips:100@carrier.example:5070>");
	target_reset(&target);

	far.hostport = NULL;
	assert_int_equal(target_encode(&target, "referTo", "a@b", NULL, NULL,
				       &far, &error),
			 0);
	assert_string_equal(target.addr, "<sip:a@b>");
	target_reset(&target);
	assert_int_equal(target_encode(&target, "referTo", "100", NULL, NULL,
				       &far, &error),
			 EBADMSG);
	assert_string_equal(
		error.text,
		"referTo must be a URI: the far end of the call has no host");
}


/* Header fields go into the URI, behind those that it has */
static void test_headers(void **state)
{
	static const struct {
		const char *input;
		const char *addr;
	} targets[] = {
		{"sip:bob@example.com", "<sip:bob@example.com?X-A=1&X-B=2>"},
		{"sip:bob@example.com?X-C=3",
		 "<sip:bob@example.com?X-C=3&X-A=1&X-B=2>"},
		{"100", "<sip:100@carrier.example:5070?X-A=1&X-B=2>"},
	};
	struct error error = {.index = -1};
	struct target target = {.rule = NULL};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		assert_int_equal(target_encode(&target, "referTo",
					       targets[i].input, NULL,
					       "X-A=1&X-B=2", &peer, &error),
				 0);
		assert_string_equal(target.addr, targets[i].addr);
		target_reset(&target);
	}

	assert_int_equal(target_encode(&target, "referTo", "tel:+4930", NULL,
				       "X-A=1", &peer, &error),
			 EBADMSG);
	assert_string_equal(error.text, "referTo must be a SIP URI, not a "
					"tel: URI, to carry header fields");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_display_name),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
