/**
 * @file module_lines.c  Property: no text makes a line that ends the link
 *
 * Far ends, applications and referd send the longest and worst texts. Each
 * line of the module fits on the link, each begun transfer is reported, the
 * link stays, and another call is served as before.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "text/syntax.h"
#include "text/text.h"
#include "control.h"
#include "baresip.h"


enum {
	MESSAGE_MAX = 65536, /* of SIP over TCP, as libre takes it [bytes] */
	LARGE = 40000,
	LINK_MAX = 65536, /* docs/link.md */
};

/* Characters that take more room in JSON or in a URI, or no room at all */
static const char *const worst[] = {"\"",
				    "\\",
				    "\x01",
				    "\x7f",
				    "\xff",
				    "\xc3\xbc",
				    "\xf0\x9f\x93\x9e",
				    "\xf0\x9f",
				    "%",
				    "a"};

static const char *const fields[] = {"Call-ID", "From",    "name",
				     "X-Large", "Contact", "Reason"};

/* Results of the requests */
static struct {
	bool begun;
	char sid[2][64]; /* of the calls, as they came */
	unsigned calls;
	unsigned ok, refused;
	char error[512];
	unsigned requested, ended;
	char refer_to[LINK_MAX];
} told;


static void copy(char *to, size_t size, const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, name));

	if (text)
		str_ncpy(to, text, size);
}


static void line_handler(const cJSON *json)
{
	char type[16] = "", event[16] = "", step[16] = "";

	copy(type, sizeof(type), json, "type");
	copy(event, sizeof(event), json, "event");
	copy(step, sizeof(step), json, "step");

	if (!strcmp(event, "new") && told.calls < 2)
		copy(told.sid[told.calls++], sizeof(told.sid[0]),
		     cJSON_GetObjectItem(json, "call"), "sid");

	if (!strcmp(step, "requested")) {
		++told.requested;
		copy(told.refer_to, sizeof(told.refer_to), json, "refer_to");
	}
	else if (!strcmp(step, "ended")) {
		++told.ended;
	}

	if (strcmp(type, "result"))
		return;
	if (cJSON_IsTrue(cJSON_GetObjectItem(json, "ok"))) {
		++told.ok;
		return;
	}
	++told.refused;
	copy(told.error, sizeof(told.error), json, "error");
}


/* So many bytes of it, and no half of it */
static char *fill(const char *with, size_t size)
{
	const size_t len = strlen(with);
	char *text = malloc(size + 1);
	size_t n = 0;

	while (n + len <= size) {
		memcpy(text + n, with, len);
		n += len;
	}
	text[n] = '\0';

	return text;
}


static const char *if_is(const char *field, const char *name, const char *text)
{
	return strcmp(field, name) ? "" : text;
}


/* One field of it has the text */
static char *invite(const char *id, const char *field, const char *text)
{
	char *str, *quoted = NULL;

	/* inside of quotes a backslash goes before another character */
	if (!strcmp(field, "name"))
		(void)re_sdprintf(&quoted, "\"%s%s\" ", text,
				  strlen(text) % 2 ? "\\" : "");

	if (re_sdprintf(&str,
			"INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			"Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"
			"From: %s<sip:%s@10.0.0.1>;tag=a\r\n"
			"To: <sip:gw@10.0.0.2>\r\n"
			"Call-ID: %s%s\r\n"
			"CSeq: 1 INVITE\r\n"
			"Contact: <sip:ann%s@10.0.0.1:5070>\r\n"
			"X-Large: %s\r\n"
			"Allow: INVITE, BYE, NOTIFY, REFER\r\n"
			"Content-Length: 0\r\n\r\n",
			quoted ? quoted : "",
			str_isset(if_is(field, "From", text)) ? text : "ann",
			id, if_is(field, "Call-ID", text),
			if_is(field, "Contact", text),
			if_is(field, "X-Large", text)))
		abort();

	mem_deref(quoted);

	return str;
}


static struct call *call_in(const char *id, const char *field,
			    const char *text)
{
	char *str = invite(id, field, text);
	struct call *call = baresip_call(str);

	mem_deref(str);
	baresip_answered(call);
	time_passes(0);
	referd_read();

	return call;
}


static void message(const char *fmt, ...)
{
	struct mbuf *mb = mbuf_alloc(MESSAGE_MAX);
	struct sip_msg *msg;
	va_list ap;

	va_start(ap, fmt);
	if (mbuf_vprintf(mb, fmt, ap))
		abort();
	va_end(ap);

	mb->pos = 0;
	if (!sip_msg_decode(&msg, mb)) {
		sip_receive(msg);
		mem_deref(msg);
	}
	mem_deref(mb);
	time_passes(10);
	referd_read();
}


static void say(const char *text)
{
	referd_say(text, strlen(text));
	time_passes(10);
	referd_read();
}


static void request(const char *sid, const cJSON *verb)
{
	cJSON *json = cJSON_CreateObject(), *verbs;
	char *text, *line;

	cJSON_AddStringToObject(json, "type", "verbs");
	cJSON_AddStringToObject(json, "ref", "r:1");
	cJSON_AddStringToObject(json, "call_sid", sid);
	cJSON_AddTrueToObject(json, "run");
	verbs = cJSON_AddArrayToObject(json, "verbs");
	cJSON_AddItemToArray(verbs, cJSON_Duplicate(verb, true));
	text = cJSON_PrintUnformatted(json);
	if (re_sdprintf(&line, "%s\n", text))
		abort();

	say(line);
	mem_deref(line);
	free(text);
	cJSON_Delete(json);
}


static cJSON *verb_refer(const char *target)
{
	cJSON *verb = cJSON_CreateObject();

	cJSON_AddStringToObject(verb, "verb", "sip:refer");
	cJSON_AddStringToObject(verb, "referTo", target);

	return verb;
}


/* Another call is still served */
static void other_serves(void)
{
	cJSON *verb = verb_refer("200");
	const unsigned ok = told.ok;

	cJSON_AddTrueToObject(verb, "dryRun");
	request(told.sid[0], verb);
	cJSON_Delete(verb);
	assert_int_equal(told.ok, ok + 1);
}


/* A failed test must not affect the next one */
static void begin(void)
{
	if (told.begun)
		skip();

	memset(&told, 0, sizeof(told));
	told.begun = true;
	referd_listener(line_handler);
	baresip_open(false);
	referd_welcome();
	(void)call_in("other", "", "");
	assert_int_equal(told.calls, 1);
	other_serves();
}


static void end(void)
{
	unsigned links;

	other_serves();
	assert_true(referd_longest(&links) <= LINK_MAX);
	assert_int_equal(links, 1);
	baresip_close();
	assert_int_equal(told.requested, told.ended);
	referd_listener(NULL);
	told.begun = false;
}


static void each_worst(void (*h)(const char *text))
{
	for (size_t i = 0; i < RE_ARRAY_SIZE(worst); i++) {
		char *text = fill(worst[i], LARGE);

		begin();
		h(text);
		end();
		free(text);
	}
}


static void invite_handler(const char *text)
{
	for (size_t i = 0; i < RE_ARRAY_SIZE(fields); i++) {
		struct call *call;

		told.calls = 1;
		call = call_in("c", fields[i], text);
		assert_int_equal(told.calls, 2);

		/* told again at each reconnection */
		baresip_closed(call, !strcmp(fields[i], "Reason") ? text : "");
		time_passes(0);
		referd_read();
		other_serves();
	}
}


static void test_invite(void **state)
{
	(void)state;

	each_worst(invite_handler);
}


/* Thousands of the shortest.  Not of any name: libre takes one for another if
   twelve bits of their hashes are the same. */
static void test_headers(void **state)
{
	static const char names[] = "0123456789-.!%*_+`'~xyzqwjgh";
	const size_t count = sizeof(names) - 1;
	struct mbuf *mb = mbuf_alloc(MESSAGE_MAX);
	char *text;
	(void)state;

	for (size_t i = 0; i < 8000; i++)
		(void)mbuf_printf(mb, "\r\n%c%c:1", names[i % count],
				  names[i / count % 2]);
	mb->pos = 0;
	if (mbuf_strdup(mb, &text, mb->end))
		abort();

	begin();
	(void)call_in("c", "X-Large", text);
	assert_int_equal(told.calls, 2);
	end();
	mem_deref(text);
	mem_deref(mb);
}


static const char answer[] = "SIP/2.0 %u %s\r\n"
			     "Via: SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK2\r\n"
			     "From: <sip:gw@10.0.0.2>;tag=7\r\n"
			     "To: <sip:ann@10.0.0.1>;tag=a\r\n"
			     "Call-ID: c\r\n"
			     "CSeq: 1 REFER\r\n"
			     "X-Large: %s\r\n"
			     "Content-Length: 0\r\n\r\n";

static const char notification[] =
	"NOTIFY sip:gw@10.0.0.2 SIP/2.0\r\n"
	"Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK%u\r\n"
	"From: <sip:ann@10.0.0.1>;tag=a\r\n"
	"To: <sip:gw@10.0.0.2>;tag=0000000000000007\r\n"
	"Call-ID: c\r\n"
	"CSeq: %u NOTIFY\r\n"
	"Event: refer\r\n"
	"X-Large: %s\r\n"
	"Subscription-State: active\r\n"
	"Content-Type: message/sipfrag\r\n"
	"Content-Length: %zu\r\n\r\n"
	"SIP/2.0 %u %s\r\n%s";


static void notify(unsigned cseq, unsigned status, const char *reason,
		   const char *header, const char *body)
{
	message(notification, cseq, cseq, header,
		strlen("SIP/2.0 180 \r\n") + strlen(reason) + strlen(body),
		status, reason, body);
}


static void steps_handler(const char *text)
{
	cJSON *verb = verb_refer("100");

	told.calls = 1;
	(void)call_in("c", "", "");
	assert_int_equal(told.calls, 2);

	request(told.sid[1], verb);
	assert_int_equal(told.requested, 1);
	message(answer, 202, text, "");
	notify(2, 180, text, "", "");
	notify(3, 180, "", text, "");
	notify(4, 180, "", "", text);
	notify(5, 486, text, "", "");
	assert_int_equal(told.ended, 1);

	request(told.sid[1], verb);
	assert_int_equal(told.requested, 2);
	message(answer, 603, text, "");
	assert_int_equal(told.ended, 2);

	request(told.sid[1], verb);
	assert_int_equal(told.requested, 3);
	message(answer, 603, "Decline", text);
	assert_int_equal(told.ended, 3);
	cJSON_Delete(verb);
}


static void test_steps(void **state)
{
	(void)state;

	each_worst(steps_handler);
}


/* Lines in the body of one letter each */
static void test_body(void **state)
{
	char *text = fill("\\\n", LARGE);
	(void)state;

	begin();
	steps_handler("");
	told.calls = 1;
	request(told.sid[1], NULL);
	notify(6, 180, "", "", text);
	end();
	free(text);
}


/* Either it is sent, or it is refused with a sentence that names a field */
static void verb_taken(const cJSON *verb)
{
	const unsigned ok = told.ok, refused = told.refused;
	const unsigned requested = told.requested;

	request(told.sid[1], verb);
	assert_int_equal(told.ok + told.refused, ok + refused + 1);
	if (told.requested > requested) {
		message(answer, 603, "Decline", "");
		assert_int_equal(told.ended, told.requested);
	}
	else if (told.refused > refused) {
		assert_true(strstr(told.error, " must ") != NULL ||
			    strstr(told.error, " is required"));
	}
}


static void add_headers(cJSON *verb, const char *name, const char *text,
			size_t count)
{
	cJSON *object = cJSON_AddObjectToObject(verb, name);
	char header[16];

	for (size_t i = 0; i < count; i++) {
		(void)re_snprintf(header, sizeof(header), "X-%zu", i);
		cJSON_AddStringToObject(object, header, text);
	}
}


static void verb_handler(const char *text)
{
	static const char *const texts[] = {"referTo", "referredBy",
					    "referredByDisplayName"};
	static const size_t sizes[] = {URI_MAX, URI_MAX, DNAME_MAX};
	const size_t room = *text == 1 ? 10000 : 30000;
	char head[HDR_VAL_MAX + 1];

	told.calls = 1;
	(void)call_in("c", "", "");

	for (size_t i = 0; i < RE_ARRAY_SIZE(texts); i++) {
		cJSON *verb = verb_refer("100");
		struct pl pl = {.p = text, .l = strlen(text)};

		(void)text_cut(&pl, sizes[i]);
		(void)pl_strcpy(&pl, head, sizeof(head));
		cJSON_DeleteItemFromObject(verb, texts[i]);
		cJSON_AddStringToObject(verb, texts[i], head);
		verb_taken(verb);
		cJSON_Delete(verb);
	}

	for (size_t count = 1; count <= HDR_MAX; count++) {
		cJSON *verb = verb_refer("100");
		struct pl pl = {.p = text, .l = strlen(text)};

		/* as much as a line of a request can hold */
		(void)text_cut(&pl, min(room / count, HDR_VAL_MAX));
		(void)pl_strcpy(&pl, head, sizeof(head));
		add_headers(verb, "targetHeaders", head, count);
		verb_taken(verb);
		cJSON_AddTrueToObject(verb, "dryRun");
		verb_taken(verb);
		cJSON_DeleteItemFromObject(verb, "dryRun");
		cJSON_DeleteItemFromObject(verb, "targetHeaders");
		add_headers(verb, "headers", head, count);
		verb_taken(verb);
		cJSON_AddTrueToObject(verb, "dryRun");
		verb_taken(verb);
		cJSON_Delete(verb);
	}
}


static void test_verb(void **state)
{
	(void)state;

	each_worst(verb_handler);
}


/* 36,000 bytes as they would be sent */
static void test_overlong(void **state)
{
	char *text = fill("\xc3\xbc", 2000);
	cJSON *verb = verb_refer("100");
	(void)state;

	begin();
	told.calls = 1;
	(void)call_in("c", "", "");
	add_headers(verb, "targetHeaders", text, 6);
	request(told.sid[1], verb);
	assert_int_equal(told.refused, 1);
	assert_int_equal(told.requested, 0);
	assert_true(!strncmp(told.error, "targetHeaders must be shorter",
			     strlen("targetHeaders must be shorter")));
	cJSON_Delete(verb);

	/* a shorter one is reported in full */
	verb = verb_refer("100");
	add_headers(verb, "targetHeaders", text, 5);
	request(told.sid[1], verb);
	assert_int_equal(told.requested, 1);
	assert_true(strlen(told.refer_to) > 30000);
	cJSON_Delete(verb);
	end();
	free(text);
}


/* One line in the log, and the next one is read */
static void test_skip(void **state)
{
	char *text = fill("x", 3 * LINK_MAX);
	char *whole = fill(" ", LINK_MAX);
	(void)state;

	begin();
	say(text);
	say("\n");
	other_serves();
	say(text);
	say("\n{\"type\":\"cancel\",\"ref\":\"r\"}\n");
	assert_int_equal(told.refused, 1);

	/* the longest that is taken */
	memcpy(whole, "{\"type\":\"cancel\",\"ref\":\"r\"}", 27);
	say(whole);
	say("\n");
	assert_int_equal(told.refused, 2);
	end();
	free(text);
	free(whole);
}


/* Its answer was lost: the same call is meant */
static void test_dial_again(void **state)
{
	static const char dial[] = "{\"type\":\"dial\",\"ref\":\"d:d\","
				   "\"call_sid\":\"d\",\"to\":\"200\"}\n";
	unsigned ok;
	(void)state;

	begin();
	ok = told.ok;
	say(dial);
	assert_int_equal(told.ok, ok + 1);
	say(dial);
	assert_int_equal(told.ok, ok + 2);
	assert_int_equal(
		list_count(ua_calls(list_ledata(list_head(uag_list())))), 2);
	end();
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invite),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_verb),
		cmocka_unit_test(test_overlong),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_dial_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
