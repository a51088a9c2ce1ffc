/**
 * @file module_notify.c  Tests of the NOTIFY reader
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include "unit.h"
#include <re.h>
#include "text/text.h"


static const char head[] = "NOTIFY sip:gw@10.0.0.1 SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\n"
			   "From: <sip:a@10.0.0.2>;tag=1\r\n"
			   "To: <sip:gw@10.0.0.1>;tag=2\r\n"
			   "Call-ID: 1\r\n"
			   "CSeq: 17 NOTIFY\r\n";


/* The result borrows from the message; the caller releases the message */
static struct sip_msg *message(const char *rest)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;

	assert_int_equal(mbuf_printf(mb, "%s%s", head, rest), 0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	mem_deref(mb);

	return msg;
}


static void test_event(void **state)
{
	static const struct {
		const char *hdr;
		int err;
		bool has_id;
		uint32_t id;
	} events[] = {
		{"Event: refer\r\n", 0, false, 0},
		{"Event: REFER\r\n", 0, false, 0},
		{"o: refer\r\n", 0, false, 0},
		{"Event: refer;id=93809823\r\n", 0, true, 93809823},
		{"Event: refer ; id=7\r\n", 0, true, 7},
		{"Event: refer;x=1\r\n", 0, false, 0},
		{"Event: refer\r\n ;id=7\r\n", 0, true, 7},
		{"Event:\r\n\trefer\r\n\t;\r\n id\r\n =\r\n 7\r\n", 0, true,
		 7},
		{"Event: refer\t;\tid\t=\t7\r\n", 0, true, 7},
		{"o: refer\r\n \r\n", 0, false, 0},
		{"Event: refer;x=\"a;id=9 \\\";id=8\";id=7\r\n", 0, true, 7},
		{"Event: refer;id=\"7\"\r\n", 0, true, 7},
		{"Event: refer;id=abc\r\n", 0, true, NOTIFY_ID_NONE},
		{"Event: presence\r\n", ENOENT, false, 0},
		{"Event: refers\r\n", ENOENT, false, 0},
		{"", ENOENT, false, 0},
		{"Content-Type: message/sipfrag\r\n", 0, false, 0},
		{"Content-Type: application/pidf+xml\r\n", ENOENT, false, 0},
	};
	struct notify notify;
	struct sip_msg *msg;
	char rest[128];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "%sContent-Length: 0\r\n\r\n",
				  events[i].hdr);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), events[i].err);
		if (!events[i].err) {
			assert_int_equal(notify.cseq, 17);
			assert_int_equal(notify.has_id, events[i].has_id);
			assert_int_equal(notify.id, events[i].id);
		}
		mem_deref(msg);
	}
}


/* Parameters that may be sent back, each for itself */
static void test_event_sent(void **state)
{
	static const struct {
		const char *event;
		bool sent;
	} events[] = {
		{"refer", true},
		{"Refer;id=7;x=\"a;b\"", true},
		{"refer;x=\xc3\xbc", true},
		{"refer;x=\xff", false},
		{"refer;x=\x01", false},
		{"refer\r\n ;id=7", false},
	};
	char rest[512], x[EVENT_MAX];
	struct notify notify;
	struct sip_msg *msg;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "Event: %s\r\nContent-Length: 0\r\n\r\n",
				  events[i].event);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), 0);
		assert_int_equal(
			pl_strcmp(&notify.event,
				  events[i].sent ? events[i].event : ""),
			0);
		mem_deref(msg);
	}

	memset(x, 'x', sizeof(x));
	for (i = EVENT_MAX - 7; i <= EVENT_MAX - 6; i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "Event: refer;%b\r\nContent-Length: 0\r\n"
				  "\r\n",
				  x, i + 1);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), 0);
		assert_int_equal(pl_isset(&notify.event),
				 i + 1 + strlen("refer;") <= EVENT_MAX);
		mem_deref(msg);
	}
}


static void test_substate(void **state)
{
	static const struct {
		const char *hdr;
		bool terminated;
		const char *reason;
		uint32_t expires;
	} substates[] = {
		{"", false, "", 0},
		{"Subscription-State: active\r\n", false, "", 0},
		{"Subscription-State: active;expires=60\r\n", false, "", 60},
		{"Subscription-State: ACTIVE ; expires = 60\r\n", false, "",
		 60},
		{"Subscription-State: pending;expires=x\r\n", false, "", 0},
		{"Subscription-State: terminated\r\n", true, "", 0},
		{"Subscription-State: Terminated;reason=noresource\r\n", true,
		 "noresource", 0},
		{"Subscription-State: terminated;reason=reason=noresource\r\n",
		 true, "noresource", 0},
		{"Subscription-State: terminated;reason=\r\n", true, "", 0},
		{"Subscription-State: terminated\r\n ;reason=noresource\r\n",
		 true, "noresource", 0},
		{"Subscription-State: terminated\t;\treason = timeout\r\n",
		 true, "timeout", 0},
		{"Subscription-State:\r\n active\r\n\t;expires\r\n =60\r\n",
		 false, "", 60},
		{"Subscription-State: terminated;reason=\"giveup\"\r\n", true,
		 "giveup", 0},
	};
	struct notify notify;
	struct sip_msg *msg;
	char rest[160];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(substates) / sizeof(substates[0]); i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "Event: refer\r\n%sContent-Length: 0\r\n"
				  "\r\n",
				  substates[i].hdr);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), 0);
		assert_int_equal(notify.terminated, substates[i].terminated);
		assert_int_equal(
			pl_strcmp(&notify.reason, substates[i].reason), 0);
		assert_int_equal(notify.expires, substates[i].expires);
		assert_int_equal(notify.body, BODY_NONE);
		mem_deref(msg);
	}
}


#define FRAG "message/sipfrag;version=2.0"

/* A status line is read at any place. A body without one is an empty sipfrag,
   or no sipfrag at all */
static void test_body(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		enum notify_body is;
		uint16_t scode;
	} bodies[] = {
		{NULL, "SIP/2.0 200 OK\n", BODY_FRAG, 200},
		{NULL, "foo", BODY_UNREADABLE, 0},
		{NULL, "", BODY_NONE, 0},
		{FRAG, "", BODY_NONE, 0},
		{FRAG, "SIP/2.0 180 Ringing\r\n", BODY_FRAG, 180},
		{FRAG, "To: <sip:100@10.0.0.9>\r\n", BODY_UNREADABLE, 0},
		{FRAG, "HTTP/1.1 200 OK", BODY_UNREADABLE, 0},
		{"Message/SIPFrag", "\r\n", BODY_UNREADABLE, 0},
		{"text/plain", "SIP/2.0 200 OK", BODY_FRAG, 200},
		{"text/plain", "ringing", BODY_FOREIGN, 0},
		{"application/sdp", "v=0\r\n", BODY_FOREIGN, 0},
		{"application/sdp", "", BODY_NONE, 0},
		{"message/sip", "HTTP/1.1 200 OK", BODY_FOREIGN, 0},
	};
	struct notify notify;
	struct sip_msg *msg;
	char rest[256];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "Event: refer\r\n%s%s%s"
				  "Content-Length: %zu\r\n\r\n%s",
				  bodies[i].type ? "Content-Type: " : "",
				  bodies[i].type ? bodies[i].type : "",
				  bodies[i].type ? "\r\n" : "",
				  strlen(bodies[i].body), bodies[i].body);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), 0);
		assert_int_equal(notify.body, bodies[i].is);
		assert_int_equal(notify.frag.scode, bodies[i].scode);
		mem_deref(msg);
	}
}


#define SDP   "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
#define OK    "--b\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\n"
#define MIXED "multipart/mixed;boundary=b"

static void test_multipart(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		enum notify_body is;
		uint16_t scode;
	} bodies[] = {
		{MIXED, SDP OK "--b--\r\n", BODY_FRAG, 200},
		{MIXED, OK SDP "--b--", BODY_FRAG, 200},
		{MIXED, "preamble\r\n\r\n" SDP OK, BODY_FRAG, 200},
		{MIXED, SDP OK "--b  \r\n", BODY_FRAG, 200},
		{MIXED, SDP "--b--\r\n", BODY_FOREIGN, 0},
		{MIXED, SDP "--b--\r\n" OK, BODY_FOREIGN, 0},
		{MIXED, "--b", BODY_FOREIGN, 0},
		{MIXED, "--bb\r\n\r\nSIP/2.0 200 OK\r\n", BODY_FOREIGN, 0},
		{MIXED, "--b\r\nContent-Type: message/sipfrag",
		 BODY_UNREADABLE, 0},
		{MIXED, "--b\r\nContent-Type: message/sipfrag\r\n\r\n--b--",
		 BODY_UNREADABLE, 0},
		{MIXED,
		 "--b\r\nc: message/sipfrag\r\n\r\nHTTP/1.1 200 OK\r\n--b--",
		 BODY_UNREADABLE, 0},
		{MIXED,
		 "--b\r\nX-A: 1\r\nContent-Type:\r\n\tmessage/sipfrag\r\n"
		 " ;version=2.0\r\nX-B: 2\r\n\r\nSIP/2.0 486 Busy\r\n--b--",
		 BODY_FRAG, 486},
		{MIXED, "--b\nc:message/sipfrag\n\nSIP/2.0 180 R\n--b--\n",
		 BODY_FRAG, 180},
		{"multipart/related ; boundary=\"x y;\"",
		 "--x y;\r\nc : message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\n"
		 "--x y;--",
		 BODY_FRAG, 200},
		{"multipart/mixed", OK, BODY_FOREIGN, 0},
		{"multipart/mixed;boundary=\"\"", OK, BODY_FOREIGN, 0},
		{"multipart/mixed;boundary=b", "SIP/2.0 200 OK", BODY_FRAG,
		 200},
	};
	struct notify notify;
	struct sip_msg *msg;
	char rest[512];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		(void)re_snprintf(rest, sizeof(rest),
				  "Event: refer\r\nContent-Type: %s\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
				  bodies[i].type, strlen(bodies[i].body),
				  bodies[i].body);
		msg = message(rest);
		assert_int_equal(notify_decode(&notify, msg), 0);
		assert_int_equal(notify.body, bodies[i].is);
		assert_int_equal(notify.frag.scode, bodies[i].scode);
		if (notify.body == BODY_FRAG)
			assert_null(pl_strchr(&notify.frag.reason, '-'));
		mem_deref(msg);
	}
}


/* Fields of a part that are longer than any that means something */
static void test_multipart_long(void **state)
{
	static char rest[4096];
	struct notify notify;
	struct sip_msg *msg;
	char junk[1000];
	(void)state;

	memset(junk, 'x', sizeof(junk));
	junk[sizeof(junk) - 1] = '\0';
	(void)re_snprintf(rest, sizeof(rest),
			  "Event: refer\r\nContent-Type: " MIXED "\r\n\r\n"
			  "--b\r\nX-%s: 1\r\n %s\r\n %s\r\n"
			  "Content-Type: message/sipfrag\r\n\r\n"
			  "SIP/2.0 200 OK\r\n--b--\r\n",
			  junk, junk, junk);
	msg = message(rest);
	assert_int_equal(notify_decode(&notify, msg), 0);
	assert_int_equal(notify.body, BODY_FRAG);
	assert_int_equal(notify.frag.scode, 200);
	mem_deref(msg);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_event_sent),
		cmocka_unit_test(test_substate),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_multipart_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
