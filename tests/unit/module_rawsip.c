/**
 * @file module_rawsip.c  Tests of the kind of a SIP message, by its bytes
 * alone
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <re.h>
#include "text/text.h"


static int take(struct rawsip *raw, const char *text)
{
	return rawsip_read(raw, text, strlen(text));
}


static void test_request(void **state)
{
	struct rawsip raw;
	(void)state;

	assert_int_equal(take(&raw, "INVITE sip:a@b SIP/2.0\r\n"
				    "Via: SIP/2.0/UDP c;branch=1;tag=2\r\n"
				    "To: <sip:a@b;tag=3>\r\n"
				    "Call-ID: x@y\r\n"
				    "CSeq: 7 INVITE\r\n\r\n"),
			 0);
	assert_int_equal(pl_strcmp(&raw.call_id, "x@y"), 0);
	assert_int_equal(pl_strcmp(&raw.met, "INVITE"), 0);
	assert_int_equal(raw.scode, 0);
	assert_false(raw.secret);
}


/* Compact names, space before the colon, line ends of one character */
static void test_response(void **state)
{
	struct rawsip raw;
	(void)state;

	assert_int_equal(take(&raw, "SIP/2.0 202 Accepted\n"
				    "i \t: x\n"
				    "t: <sip:a@b> ; tag = 1\n"
				    "cseq:\t8\tREFER \n"
				    "PROXY-Authorization: x\n\nCall-ID: z\n"),
			 0);
	assert_int_equal(pl_strcmp(&raw.call_id, "x"), 0);
	assert_int_equal(pl_strcmp(&raw.met, "REFER"), 0);
	assert_int_equal(raw.scode, 202);
	assert_true(raw.in_dialog);
	assert_true(raw.secret);
}


static void test_rubbish(void **state)
{
	static const char *const texts[] = {
		"",
		"\r\n\r\n",
		"SIP/2.0 ",
		"SIP/2.0 200",
		"a",
		"INVITE a SIP/2.0\r\nCall-ID: 1\r\n\r\n",
		"INVITE a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nCall-ID: 1\r\n",
		"INVITE a SIP/2.0\r\nCall-ID\r\nCSeq\r\nTo\r\ni\r\n\r\n",
	};
	struct rawsip raw;
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(take(&raw, texts[i]), EBADMSG);
	assert_int_equal(rawsip_read(&raw, NULL, 0), EINVAL);
}


static void assert_blanked(const char *text, const char *expected)
{
	char copy[512];

	(void)snprintf(copy, sizeof(copy),
		       "R a SIP/2.0\r\n%s\r\n\r\nresponse="
		       "\"body\"",
		       text);
	rawsip_blank(copy, strlen(copy));
	assert_memory_equal(copy + 13, expected, strlen(expected));
	assert_string_equal(strstr(copy, "\r\n\r\n"),
			    "\r\n\r\nresponse=\"body\"");
}


static void test_blank(void **state)
{
	(void)state;

	assert_blanked(
		"Authorization: Digest username=\"a\", response=\"ab12\""
		", nc=1",
		"Authorization: Digest username=\"a\", response=\"xxxx\""
		", nc=1");
	assert_blanked("proxy-authorization : DIGEST response=ab,x=\"y\"",
		       "proxy-authorization : DIGEST response=xx,x=\"y\"");
	assert_blanked("Authorization: Digest a=\"b\",\r\n response=\"cd\"",
		       "Authorization: Digest a=\"b\",\r\n response=\"xx\"");
	assert_blanked("Authorization: Basic YTpi",
		       "Authorization: Basic xxxx");
	assert_blanked("Authorization: Digest", "Authorization: Digest");
	assert_blanked("Authorization:", "Authorization:");
	assert_blanked("WWW-Authenticate: Digest response=\"a\"",
		       "WWW-Authenticate: Digest response=\"a\"");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
