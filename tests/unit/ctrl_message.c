/**
 * @file ctrl_message.c  Tests of the messages of clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "calls/message.h"
#include "calls/verb.h"
#include "unit.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>


static int decode(struct message **mp, const char *text, struct error *f)
{
	char *copy = strdup(text);
	int err;

	error_init(f);
	*mp = NULL;
	err = message_decode(mp, copy, strlen(copy), f);
	free(copy);

	return err;
}


static struct message *decode_ok(const char *text)
{
	struct message *m;
	struct error f;

	if (decode(&m, text, &f))
		fail_msg("%s: %s", text, f.text);

	return m;
}


static void test_verbs(void **state)
{
	static const char *const texts[] = {
		"{\"verb\":\"hangup\",\"call_sid\":\"c1\",\"msgid\":\"m\"}",
		"[{\"verb\":\"hangup\",\"callSid\":\"c1\",\"msgid\":\"m\"}]",
		"{\"verbs\":[{\"verb\":\"hangup\"}],\"call_sid\":\"c1\","
		"\"msgid\":\"m\"}",
		"{\"type\":\"command\",\"command\":\"redirect\","
		"\"callSid\":\"c1\",\"msgid\":\"m\","
		"\"data\":[{\"verb\":\"hangup\"}]}",
		"{\"type\":\"command\",\"command\":\"redirect\","
		"\"callSid\":\"c1\",\"msgid\":\"m\","
		"\"data\":{\"verb\":\"hangup\"}}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct message *m = decode_ok(texts[i]);

		assert_int_equal(m->kind, MESSAGE_VERBS);
		assert_string_equal(m->call_sid, "c1");
		assert_string_equal(m->msgid, "m");
		assert_int_equal(verbs_count(m->verbs), 1);
		assert_int_equal(m->verbs->kind, VERB_HANGUP);
		assert_false(m->queue);
		message_free(m);
	}
}


static void test_queue_command(void **state)
{
	struct message *m;
	(void)state;

	m = decode_ok(
		"{\"type\":\"command\",\"command\":\"redirect\","
		"\"queueCommand\":true,\"data\":[{\"verb\":\"answer\"}]}");
	assert_true(m->queue);
	assert_null(m->call_sid);
	message_free(m);
}


static void test_ack(void **state)
{
	struct message *m;
	(void)state;

	m = decode_ok("{\"type\":\"ack\",\"msgid\":\"h-1\"}");
	assert_int_equal(m->kind, MESSAGE_ACK);
	assert_null(m->verbs);
	message_free(m);

	/* no verbs is no answer of verbs */
	m = decode_ok("{\"type\":\"ack\",\"msgid\":\"h-1\",\"data\":[]}");
	assert_null(m->verbs);
	message_free(m);

	m = decode_ok("{\"type\":\"ack\",\"msgid\":\"h-1\","
		      "\"data\":[{\"verb\":\"hangup\"}]}");
	assert_int_equal(verbs_count(m->verbs), 1);
	message_free(m);
}


static void test_dial(void **state)
{
	struct message *m;
	(void)state;

	m = decode_ok("{\"type\":\"command\",\"command\":\"dial\",\"data\":{"
		      "\"to\":\"sip:b@x\",\"from\":\"sip:a@x\","
		      "\"headers\":{\"X-A\":1},\"timeout\":30,\"tag\":1}}");
	assert_int_equal(m->kind, MESSAGE_DIAL);
	assert_string_equal(m->dial,
			    "{\"to\":\"sip:b@x\",\"from\":\"sip:a@x\","
			    "\"headers\":{\"X-A\":1},\"timeout\":30}");
	message_free(m);
}


/* null and "" count as left out */
static void test_left_out(void **state)
{
	static const char *const texts[] = {
		"{\"verb\":\"hangup\",\"call_sid\":null,\"callSid\":\"c1\","
		"\"msgid\":\"\",\"verbs\":null}",
		"{\"verbs\":[{\"verb\":\"hangup\"}],\"call_sid\":\"c1\","
		"\"queueCommand\":null,\"msgid\":null,\"verb\":\"\"}",
		"{\"type\":\"command\",\"command\":\"redirect\","
		"\"call_sid\":\"\",\"callSid\":\"c1\",\"queueCommand\":\"\","
		"\"data\":[{\"verb\":\"hangup\",\"id\":null}]}",
	};
	struct message *m;
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		m = decode_ok(texts[i]);
		assert_int_equal(m->kind, MESSAGE_VERBS);
		assert_string_equal(m->call_sid, "c1");
		assert_null(m->msgid);
		assert_false(m->queue);
		assert_int_equal(m->verbs->kind, VERB_HANGUP);
		message_free(m);
	}

	m = decode_ok("{\"type\":\"command\",\"command\":\"dial\",\"data\":{"
		      "\"to\":\"b\",\"from\":\"\",\"node\":null,"
		      "\"headers\":{\"X-A\":null,\"X-B\":\"\",\"X-C\":\"c\"},"
		      "\"timeout\":null,\"app\":null,\"call_hook\":\"\"}}");
	assert_string_equal(m->dial,
			    "{\"to\":\"b\",\"headers\":{\"X-C\":\"c\"}}");
	assert_null(m->app.url);
	assert_null(m->node);
	message_free(m);

	m = decode_ok("{\"type\":\"ack\",\"msgid\":\"h\",\"data\":\"\"}");
	assert_null(m->verbs);
	message_free(m);
}


/* The one-key form is valid at each place of a verb */
static void test_one_key(void **state)
{
	static const char *const texts[] = {
		"{\"sip:refer\":{\"referTo\":\"1\"},\"call_sid\":\"c1\","
		"\"msgid\":\"m\"}",
		"{\"sip:refer\":{\"referTo\":\"1\",\"callSid\":\"c1\","
		"\"msgid\":\"m\",\"verb\":\"hangup\"},\"verb\":null}",
		"[{\"sip:refer\":{\"referTo\":\"1\"},\"call_sid\":\"c1\","
		"\"msgid\":\"m\"}]",
		"{\"verbs\":[{\"sip:refer\":{\"referTo\":\"1\","
		"\"call_sid\":\"c1\"}}],\"msgid\":\"m\"}",
		"{\"type\":\"command\",\"command\":\"redirect\","
		"\"callSid\":\"c1\",\"msgid\":\"m\","
		"\"data\":{\"sip:refer\":{\"referTo\":\"1\"}}}",
		"{\"type\":\"ack\",\"msgid\":\"m\",\"call_sid\":\"c1\","
		"\"data\":[{\"sip:refer\":{\"referTo\":\"1\"}}]}",
		"{\"type\":\"ack\",\"msgid\":\"m\",\"call_sid\":\"c1\","
		"\"data\":{\"sip:refer\":{\"referTo\":\"1\"}}}",
	};
	struct message *m;
	struct error f;
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		m = decode_ok(texts[i]);
		assert_string_equal(m->call_sid, "c1");
		assert_string_equal(m->msgid, "m");
		assert_int_equal(m->verbs->kind, VERB_SIP_REFER);
		assert_non_null(
			strstr(m->verbs->text, "\"verb\":\"sip:refer\""));
		assert_non_null(strstr(m->verbs->text, "\"referTo\":\"1\""));
		assert_null(strstr(m->verbs->text, "hangup"));
		message_free(m);
	}

	/* the data of a tag may have the same form */
	m = decode_ok("{\"verb\":\"tag\",\"data\":{\"a\":{\"b\":1}}}");
	assert_string_equal(m->verbs->tag, "{\"a\":{\"b\":1}}");
	message_free(m);

	m = decode_ok("{\"type\":\"command\",\"command\":\"redirect\","
		      "\"data\":{\"call_hook\":{\"url\":\"/a\"}}}");
	assert_int_equal(m->verbs->kind, VERB_REDIRECT);
	message_free(m);

	assert_int_equal(decode(&m, "[{\"gather\":{\"say\":\"x\"}}]", &f),
			 EBADMSG);
	assert_string_equal(f.text,
			    "verbs[0]: gather is not a verb of this gateway");
	assert_int_equal(decode(&m, "[{\"hangup\":{},\"pause\":{}}]", &f),
			 EBADMSG);
	assert_string_equal(f.text, "verbs[0]: verb is required");
}


static int answer(struct message **mp, const char *text, struct error *f)
{
	error_init(f);
	*mp = NULL;

	return message_decode_answer(mp, text, strlen(text), f);
}


static void test_answer(void **state)
{
	static const char *const nothings[] = {
		"",   " \r\n", "null",         "[]",
		"{}", "\"\"",  "\xef\xbb\xbf", "\xef\xbb\xbf[]"};
	static const char *const hangups[] = {
		"[{\"verb\":\"hangup\"}]",
		"\xef\xbb\xbf[{\"verb\":\"hangup\"}]", " [{\"hangup\":{}}]",
		"{\"verb\":\"hangup\"}", "{\"hangup\":{}}"};
	static const struct {
		const char *text;
		const char *sentence;
	} refused[] = {
		{"OK", "The answer must be an array of verbs"},
		{"<html></html>", "The answer must be an array of verbs"},
		{"[{\"verb\":\"hangup\"}",
		 "The answer must be an array of verbs"},
		{"{\"ok\":true}", "The answer must be an array of verbs"},
		{"true", "The answer must be an array of verbs"},
		{"[\"\xff\"]", "The answer must be UTF-8"},
		{"[{\"verb\":\"dance\"}]",
		 "verbs[0]: dance is not a verb of this gateway"},
	};
	struct message *m;
	struct error f;
	(void)state;

	for (size_t i = 0; i < sizeof(nothings) / sizeof(*nothings); i++) {
		assert_int_equal(answer(&m, nothings[i], &f), 0);
		assert_null(m->verbs);
		message_free(m);
	}

	for (size_t i = 0; i < sizeof(hangups) / sizeof(*hangups); i++) {
		assert_int_equal(answer(&m, hangups[i], &f), 0);
		assert_int_equal(m->verbs->kind, VERB_HANGUP);
		message_free(m);
	}

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		assert_int_equal(answer(&m, refused[i].text, &f), EBADMSG);
		assert_string_equal(f.text, refused[i].sentence);
		assert_null(m);
	}
}


static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{"",
		 "The message must be one JSON object or an array of verbs"},
		{"{",
		 "The message must be one JSON object or an array of verbs"},
		{"7",
		 "The message must be one JSON object or an array of verbs"},
		{"{\"a\":\"\xff\"}", "The message must be UTF-8"},
		{"{\"a\":\"\\u12\"}",
		 "The message must have four hexadecimal digits after \\u"},
		{"{\"type\":\"command\",\"command\":\"dial\",\"data\":{\"to\":"
		 "\"a\",\"headers\":[]}}",
		 "headers must be an object"},
		{"{\"type\":\"command\",\"command\":\"dial\",\"data\":{\"to\":"
		 "\"a\",\"app\":\"ftp://h\"}}",
		 "app must be a ws, wss, http or https URL"},
		{"{\"type\":\"command\",\"command\":\"dial\",\"data\":{\"to\":"
		 "\"a\",\"label\":\"l\",\"node\":\"n\"}}",
		 "label must not be given with node"},
		{"{}",
		 "type must be ack or command in a message without a verb"},
		{"{\"type\":5}", "type must be a string"},
		{"{\"type\":\"ack\"}", "msgid is required in an ack"},
		{"{\"type\":\"ack\",\"msgid\":1}", "msgid must be a string"},
		{"{\"type\":\"ack\",\"msgid\":\"h\",\"data\":7}",
		 "data must be an array of verbs"},
		{"{\"type\":\"command\"}", "command is required"},
		{"{\"type\":\"command\",\"command\":\"mute\"}",
		 "command must be redirect, call:status, dial or "
		 "transfer:cancel"},
		{"{\"type\":\"command\",\"command\":\"redirect\"}",
		 "data must be an array of verbs"},
		{"{\"type\":\"command\",\"command\":\"redirect\","
		 "\"queueCommand\":1,\"data\":[]}",
		 "queueCommand must be true or false"},
		{"{\"type\":\"command\",\"command\":\"dial\"}",
		 "data must be an object"},
		{"{\"type\":\"command\",\"command\":\"dial\",\"data\":{}}",
		 "to is required"},
		{"{\"type\":\"command\",\"command\":\"dial\","
		 "\"data\":{\"to\":\"a\\nb\"}}",
		 "to must not contain control characters"},
		{"{\"type\":\"command\",\"command\":\"dial\","
		 "\"data\":{\"to\":\"a\\u0000b\"}}",
		 "to must not contain control characters"},
		{"{\"type\":\"command\",\"command\":\"dial\","
		 "\"data\":{\"to\":\"a\",\"headers\":{\"X\":[]}}}",
		 "headers.X must be a string or a number"},
		{"{\"type\":\"command\",\"command\":\"dial\","
		 "\"data\":{\"to\":\"a\",\"timeout\":0}}",
		 "timeout must be a whole number of seconds from 1 to 600"},
		{"{\"type\":\"command\",\"command\":\"call:status\","
		 "\"data\":{\"call_status\":\"busy\"}}",
		 "call_status must be completed or no-answer"},
		{"[{\"verb\":\"answer\",\"call_sid\":\"a\"},"
		 "{\"verb\":\"hangup\",\"call_sid\":\"b\"}]",
		 "call_sid must have the same value in the whole message"},
		{"{\"verbs\":{}}", "verbs must be an array"},
		{"{\"verb\":\"hangup\",\"call_sid\":5}",
		 "call_sid must be a string"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct message *m;
		struct error f;

		assert_int_equal(decode(&m, cases[i].text, &f), EBADMSG);
		assert_string_equal(f.text, cases[i].sentence);
		assert_null(m);
	}
}


/* A second value in one message would otherwise be lost silently */
static void test_one_value(void **state)
{
	static const char *const texts[] = {
		"{\"verb\":\"hangup\"}{\"verb\":\"hangup\"}",
		"{\"verb\":\"hangup\"}\n[]",
		"[{\"verb\":\"hangup\"}] x",
	};
	struct message *m;
	struct error f;
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(decode(&m, texts[i], &f), EBADMSG);
		assert_string_equal(f.text, "The message must be one JSON "
					    "object or an array of verbs");
	}

	message_free(decode_ok("\t{\"verb\":\"hangup\"} \r\n"));
}


/* The sender is to know which of its messages was at fault */
static void test_ref(void **state)
{
	struct message *m;
	struct error f;
	(void)state;

	assert_int_equal(
		decode(&m, "{\"type\":\"command\",\"msgid\":\"m7\"}", &f),
		EBADMSG);
	assert_string_equal(f.ref, "m7");
}


/* It is asked in one line of the link */
static void test_dial_too_long(void **state)
{
	static const char begin[] = "{\"type\":\"command\",\"command\":"
				    "\"dial\",\"data\":{\"to\":\"1\","
				    "\"headers\":{\"X-A\":\"";
	char text[16384];
	struct message *m;
	struct error f;
	(void)state;

	strcpy(text, begin);
	memset(text + strlen(begin), 1, 12000);
	strcpy(text + strlen(begin) + 12000, "\"}}}");
	assert_int_equal(decode(&m, text, &f), EBADMSG);
	assert_string_equal(f.field, "headers");
	assert_null(m);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_queue_command),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_dial),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_one_key),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_one_value),
		cmocka_unit_test(test_ref),
		cmocka_unit_test(test_dial_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
