/**
 * @file module_sipfrag.c  Tests of the sipfrag reader
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <string.h>
#include <re.h>
#include "text/body.h"
#include "text/text.h"


static const struct {
	const char *body;
	uint16_t scode;
	const char *reason;
} good[] = {
	{"SIP/2.0 200 OK", 200, "OK"},
	{"SIP/2.0 200 OK\r\n", 200, "OK"},
	{"SIP/2.0 200 OK\n", 200, "OK"},
	{"\r\nSIP/2.0 100 Trying\r\n", 100, "Trying"},
	{"  SIP/2.0 180 Ringing", 180, "Ringing"},
	{"SIP/2.0 200", 200, ""},
	{"SIP/2.0 200 ", 200, ""},
	{"SIP/2.0 200\r\n", 200, ""},
	{"SIP/2.0 486 Busy Here\r\nTo: <sip:a@b>\r\n\r\n", 486, "Busy Here"},
	{"sip/2.0 603 Decline", 603, "Decline"},
	{"SIP/2.0  503\tService Unavailable", 503, "Service Unavailable"},
	{"SIP/2.0 699 x", 699, "x"},
	{"SIP/2.0 100 x", 100, "x"},
};

static const char *const bad[] = {
	"",
	" ",
	"\r\n",
	"SIP/2.0",
	"SIP/2.0 ",
	"SIP/2.0 20",
	"SIP/2.0 2",
	"SIP/2.0 20x OK",
	"SIP/2.0 2000 OK",
	"SIP/2.0 99999 Hm",
	"SIP/2.0 099 x",
	"SIP/2.0 700 x",
	"SIP/2.0200 OK",
	"SIP/3.0 200 OK",
	"HTTP/1.1 200 OK",
	"X SIP/2.0 200 OK",
	"200 OK",
	"SIP/2.0 -00 OK",
	"SIP/2.0 200OK",
};


static void test_good(void **state)
{
	struct sipfrag frag;
	struct pl body;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		pl_set_str(&body, good[i].body);
		assert_int_equal(sipfrag_decode(&frag, &body), 0);
		assert_int_equal(frag.scode, good[i].scode);
		assert_int_equal(pl_strcmp(&frag.reason, good[i].reason), 0);
	}
}


static void test_bad(void **state)
{
	struct sipfrag frag;
	struct pl body;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pl_set_str(&body, bad[i]);
		assert_int_equal(sipfrag_decode(&frag, &body), EBADMSG);
	}
}


/* The parser reads no byte after the end of the body */
static void test_borders(void **state)
{
	const char text[] = "SIP/2.0 200 OK";
	struct sipfrag frag;
	struct pl body = {.p = text, .l = 0};
	(void)state;

	for (body.l = 0; body.l < 11; body.l++)
		assert_int_equal(sipfrag_decode(&frag, &body), EBADMSG);

	for (; body.l <= strlen(text); body.l++)
		assert_int_equal(sipfrag_decode(&frag, &body), 0);

	assert_int_equal(sipfrag_decode(NULL, &body), EINVAL);
	assert_int_equal(sipfrag_decode(&frag, NULL), EINVAL);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
