/**
 * @file module_dtmf.c  Tests of the keys of a telephone
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <errno.h>
#include <string.h>
#include <re.h>
#include "text/text.h"


static int decode(char *key, const char *type, const char *body)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct sip_msg *msg;
	int err;

	assert_int_equal(
		mbuf_printf(mb,
			    "INFO sip:gw@10.0.0.2 SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			    "From: <sip:ann@10.0.0.1>;tag=a\r\n"
			    "To: <sip:gw@10.0.0.2>;tag=b\r\n"
			    "Call-ID: c\r\n"
			    "CSeq: 2 INFO\r\n"
			    "Content-Type: %s\r\n"
			    "Content-Length: %zu\r\n\r\n%s",
			    type, strlen(body), body),
		0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	err = dtmf_decode(key, msg);
	mem_deref(msg);
	mem_deref(mb);

	return err;
}


static void test_info(void **state)
{
	static const struct {
		const char *type, *body;
		char key;
	} good[] = {
		{"application/dtmf-relay", "Signal=1\r\nDuration=160\r\n",
		 '1'},
		{"application/dtmf-relay", "Signal= 5\r\nDuration= 160", '5'},
		{"application/dtmf-relay", "Duration=90\nSignal=0", '0'},
		{"Application/DTMF-Relay", "signal = d", 'D'},
		{"application/dtmf-relay; charset=utf-8", "Signal=#\r\n", '#'},
		{"application/dtmf-relay", "Signal=*", '*'},
		{"application/dtmf-relay", "Signal=10", '*'},
		{"application/dtmf-relay", "Signal=11", '#'},
		{"application/dtmf-relay", "Signal=15", 'D'},
		{"application/dtmf-relay", "Signal=16", '\0'},
		{"application/dtmf-relay", "Signal=!", '\0'},
		{"application/dtmf", "7", '7'},
		{"application/dtmf", " b\r\n", 'B'},
		{"application/dtmf", "11", '#'},
		{"application/dtmf", "Signal=9\r\nDuration=1\r\n", '9'},
	};
	char key = 'x';
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(decode(&key, good[i].type, good[i].body), 0);
		if (key != good[i].key)
			fail_msg("%s: %c", good[i].body, key);
	}
}


static void test_no_info(void **state)
{
	static const char *const bad[] = {
		"",           "\r\n",       "Signal=",      "Signal=\r\n1",
		"Duration=1", "Signal=123", "Signal=1,2,3", "Signal=ab",
		"=1",         "\n=\n==1",
	};
	char key;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (decode(&key, "application/dtmf-relay", bad[i]) != EBADMSG)
			fail_msg("%s is taken", bad[i]);
	}
	assert_int_equal(decode(&key, "application/dtmf", ""), EBADMSG);
	assert_int_equal(decode(&key, "application/dtmf", "123"), EBADMSG);
	assert_int_equal(decode(&key, "application/dtmf", "ab"), EBADMSG);
	assert_int_equal(decode(&key, "application/json", "1"), ENOENT);
	assert_int_equal(decode(&key, "text/dtmf", "1"), ENOENT);
}


static void test_event(void **state)
{
	(void)state;

	assert_int_equal(dtmf_event("1"), '1');
	assert_int_equal(dtmf_event("a"), 'A');
	assert_int_equal(dtmf_event("#"), '#');
	assert_int_equal(dtmf_event("!"), 0);
	assert_int_equal(dtmf_event("10"), 0);
	assert_int_equal(dtmf_event(""), 0);
	assert_int_equal(dtmf_event(NULL), 0);
}


/* A key by RTP is in upper case, one by INFO stands in brackets; `count` holds
   the keys that count. A digit after "+" is a pause in seconds. */
static void assert_keys(const char *come, const char *count)
{
	struct dtmf dtmf = {0};
	char out[128] = "";
	uint64_t now = 1;
	bool info = false;

	for (; *come; ++come) {
		if (*come == '(' || *come == ')')
			info = *come == '(';
		else if (*come == '+')
			now += (uint64_t)(*++come - '0') * 1000;
		else if (dtmf_is_new(&dtmf, *come, info, now))
			(void)strncat(out, come, 1);
	}
	assert_string_equal(out, count);
}


static void test_both_ways(void **state)
{
	(void)state;

	assert_keys("1123", "1123");
	assert_keys("(1123)", "1123");
	assert_keys("1(1)1(1)2(2)", "112");
	assert_keys("(1)1(1)1(2)2", "112");
	assert_keys("112(112)", "112");
	assert_keys("(112)112", "112");

	/* some come one way only */
	assert_keys("12(2)3(3)", "123");
	assert_keys("12(2)1(1)", "121");
	assert_keys("(1)2(2)", "12");

	/* the other way is late, and is too late to be the same */
	assert_keys("1+4(1)", "1");
	assert_keys("1+6(1)", "11");

	/* more than are remembered */
	assert_keys("1234567890123456789(4567890123456789)",
		    "1234567890123456789");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_no_info),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
