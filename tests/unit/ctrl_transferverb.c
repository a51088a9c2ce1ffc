/**
 * @file ctrl_transferverb.c  Tests of verbs with several targets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/attempts.h"
#include "calls/calls.h"
#include "calls/disposition.h"
#include "calls/transferverb.h"
#include "calls/verb.h"
#include "json.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static int parse(struct verb **listp, const char *text, struct error *f)
{
	cJSON *tree = cJSON_Parse(text);
	int err;

	if (!tree)
		fail_msg("no JSON: %s", text);
	error_init(f);
	*listp = NULL;
	err = verbs_parse(listp, tree, f);
	cJSON_Delete(tree);

	return err;
}


static struct verb *parsed(const char *text)
{
	struct verb *v;
	struct error f;

	if (parse(&v, text, &f))
		fail_msg("%s", f.text);

	return v;
}


static void refused(const char *verb, const char *rest, const char *sentence)
{
	char text[2048], expected[512];
	struct verb *v;
	struct error f;

	(void)snprintf(text, sizeof(text), "{\"verb\":\"%s\",%s}", verb, rest);
	(void)snprintf(expected, sizeof(expected), "%s: %s", verb, sentence);
	assert_int_equal(parse(&v, text, &f), EBADMSG);
	assert_string_equal(f.text, expected);
}


#define WARM  "\"mode\":\"warm\"," TO
#define TO    "\"target\":[{\"type\":\"phone\",\"number\":\"+1\"}]"
#define BLIND "\"mode\":\"blind\","


static void test_list_is_several_refers(void **state)
{
	struct verb *v = parsed(
		"{\"verb\":\"sip:refer\",\"referTo\":[\"1\",\"sip:2@h\"],"
		"\"actionHook\":\"/a\",\"id\":\"v\",\"headers\":{\"X\":\"y\"},"
		"\"onUnknown\":\"next\"}");
	size_t which = 9;
	(void)state;

	assert_int_equal(verb_texts(v), 2);
	assert_string_equal(
		verb_text(v, 0),
		"{\"verb\":\"sip:refer\",\"headers\":{\"X\":\"y\"},"
		"\"referTo\":\"1\"}");
	assert_string_equal(
		verb_text(v, 1),
		"{\"verb\":\"sip:refer\",\"headers\":{\"X\":\"y\"},"
		"\"referTo\":\"sip:2@h\",\"force\":true}");
	assert_string_equal(verb_target(v), "1");
	assert_ptr_equal(verbs_sip_at(v, 1, &which), v);
	assert_int_equal(which, 1);
	assert_null(verbs_sip_at(v, 2, &which));
	verbs_free(v);

	v = parsed("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	assert_null(v->attempts);
	verbs_free(v);
}


static void test_list_refused(void **state)
{
	static const char v[] = "sip:refer";
	(void)state;

	refused(v, "\"referTo\":[]", "referTo must not be empty");
	refused(v, "\"referTo\":[1,2]", "referTo[0] must be a string");
	refused(v, "\"referTo\":[\"1\",\"\"]", "referTo[1] must not be empty");
	refused(v, "\"referTo\":[\"1\",null]", "referTo[1] must not be empty");
	refused(v,
		"\"referTo\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
		"\"8\",\"9\"]",
		"referTo must have at most 8 targets, not 9");
	refused(v, "\"referTo\":[\"1\"],\"onUnknown\":\"go\"",
		"onUnknown must be stop or next");
	refused(v, "\"referTo\":[\"1\"],\"replaces\":\"c2\"",
		"replaces must not be given with an array in referTo");
}


/* An error of the module for one target is reported for that target */
static void test_module_refuses(void **state)
{
	struct verb *v = parsed("{\"verb\":\"sip:refer\","
				"\"referTo\":[\"1\",\"2\"]}");
	struct error f;
	(void)state;

	error_init(&f);
	verb_refusal(v, 1, "referTo", "referTo must be a URI", &f);
	assert_string_equal(f.text, "sip:refer: referTo[1] must be a URI");
	assert_string_equal(f.field, "referTo[1]");

	error_init(&f);
	verb_refusal(v, 1, "headers.Via", "headers.Via is no", &f);
	assert_string_equal(f.text, "sip:refer: headers.Via is no");
	verbs_free(v);

	v = parsed("{\"verb\":\"transfer\"," BLIND "\"callerId\":\"x\","
		   "\"target\":[{\"type\":\"user\",\"name\":\"a\"},{"
		   "\"type\":\"sip\",\"sipUri\":\"sip:b@c\"}],"
		   "\"disposition\":{\"voicemailUrl\":\"sip:vm@c\"}}");
	error_init(&f);
	verb_refusal(v, 0, "referTo", "referTo is no", &f);
	assert_string_equal(f.text, "transfer: target[0].name is no");
	error_init(&f);
	verb_refusal(v, 1, "targetHeaders.Via", "targetHeaders.Via is no", &f);
	assert_string_equal(f.text, "transfer: target[1].headers.Via is no");
	error_init(&f);
	verb_refusal(v, 1, "referredBy", "referredBy is no", &f);
	assert_string_equal(f.text, "transfer: callerId is no");
	error_init(&f);
	verb_refusal(v, 2, "referTo", "referTo is no", &f);
	assert_string_equal(f.text,
			    "transfer: disposition.voicemailUrl is no");
	error_init(&f);
	verb_refusal(v, 0, "sip:refer", "sip:refer must wait", &f);
	assert_string_equal(f.text, "transfer must wait");
	assert_int_equal(f.status, 409);
	verbs_free(v);
}


static void test_blind(void **state)
{
	struct verb *v = parsed(
		"{\"verb\":\"transfer\"," BLIND "\"blindMethod\":\"refer\","
		"\"target\":[{\"type\":\"phone\",\"number\":\"+1508\","
		"\"headers\":{\"X-T\":\"1\"}},"
		"{\"type\":\"sip\",\"sipUri\":\"sip:b@c\",\"name\":\"B "
		"\\\"b\\\"\"},"
		"{\"type\":\"user\",\"name\":\"d@e\"},"
		"{\"type\":\"user\",\"name\":\"d\",\"vmail\":true}],"
		"\"callerId\":\"+49\",\"timeout\":12.5,"
		"\"uui\":{\"data\":\"4869\"},"
		"\"actionHook\":\"/a\",\"disposition\":{"
		"\"onNoAnswer\":\"voicemail\",\"onBusy\":\"hangup\","
		"\"voicemailUrl\":\"sip:vm@c\"}}");
	const struct attempts *a = v->attempts;
	(void)state;

	assert_int_equal(v->kind, VERB_TRANSFER);
	assert_false(v->transfer->warm);
	assert_true(verb_refers(v));
	assert_int_equal(a->count, 4);
	assert_int_equal(verb_texts(v), 5);
	assert_string_equal(
		verb_text(v, 0),
		"{\"timeouts\":{\"answer\":12.5,\"notify\":17.5,\"ringing\":"
		"17.5},\"verb\":\"sip:refer\",\"referredBy\":\"+49\","
		"\"uui\":{\"data\":\"4869\"},"
		"\"targetHeaders\":{\"X-T\":\"1\"},\"referTo\":\"+1508\"}");
	assert_string_equal(a->list[1].target, "\"B \\\"b\\\"\" <sip:b@c>");
	assert_non_null(strstr(verb_text(v, 1), "\"force\":true"));
	assert_string_equal(a->list[2].target, "sip:d@e");
	assert_string_equal(a->list[3].target, "d");
	assert_string_equal(a->list[4].target, "sip:vm@c");
	assert_int_equal(v->transfer->dispositions[FAILURE_NO_ANSWER],
			 DISPOSITION_VOICEMAIL);
	assert_int_equal(v->transfer->dispositions[FAILURE_BUSY],
			 DISPOSITION_HANGUP);
	assert_int_equal(v->transfer->dispositions[FAILURE_DECLINED],
			 DISPOSITION_RETURN);
	assert_int_equal(v->transfer->dispositions[FAILURE_ERROR],
			 DISPOSITION_RETURN);
	assert_null(v->transfer->voicemail.url);
	verbs_free(v);

	v = parsed("{\"verb\":\"transfer\"," BLIND TO ",\"disposition\":{"
		   "\"voicemailUrl\":\"https://h.example/v\"}}");
	assert_true(v->transfer->timeout > 29.9 &&
		    v->transfer->timeout < 30.1);
	assert_int_equal(verb_texts(v), 1);
	assert_string_equal(v->transfer->voicemail.url, "https://h.example/v");
	verbs_free(v);
}


static void test_transfer_refused(void **state)
{
	static const struct {
		const char *rest;
		const char *sentence;
	} cases[] = {
		{TO, "mode is required"},
		{"\"mode\":\"cold\"", "mode must be blind or warm"},
		{BLIND TO ",\"blindMethod\":\"dial\"",
		 "blindMethod must be refer: dial would keep the call at this "
		 "gateway"},
		{BLIND TO ",\"blindMethod\":1", "blindMethod must be refer"},
		{WARM ",\"confirm\":{}", "confirm.prompt is required"},
		{WARM ",\"confirm\":{\"prompt\":\"Press one\"}",
		 "confirm.prompt must be the name of a WAV file below "
		 "baresip's audio_path: this gateway has no text-to-speech "
		 "and fetches no URL"},
		{WARM ",\"confirm\":{\"prompt\":\"a.wav\"}",
		 "confirm.digit is required"},
		{WARM ",\"confirm\":{\"prompt\":\"a.wav\",\"digit\":\"12\"}",
		 "confirm.digit must be one DTMF key: 0 to 9, *, # or A to D"},
		{WARM ",\"brief\":{\"text\":\"Hello\"}",
		 "brief.text must be given with brief.url, the name of a WAV "
		 "file below baresip's audio_path: this gateway has no "
		 "text-to-speech"},
		{WARM ",\"callerPresent\":true",
		 "callerPresent must be false: this gateway has no "
		 "conference, and the caller waits on hold while the target "
		 "hears brief.url and confirm.prompt"},
		{WARM ",\"amd\":{}",
		 "amd must be left out: this gateway detects no answering "
		 "machines; use confirm, since no machine presses its digit"},
		{BLIND TO ",\"confirm\":{}", "confirm must be left out of a "
					     "blind transfer; use mode warm"},
		{BLIND TO ",\"amd\":{}",
		 "amd must be left out of a blind transfer; use mode warm"},
		{BLIND TO ",\"timeout\":\"9\"",
		 "timeout must be a number of seconds from 0.1 to 3600"},
		{BLIND TO ",\"timeout\":0",
		 "timeout must be a number of seconds from 0.1 to 3600"},
		{BLIND TO ",\"timeout\":3601",
		 "timeout must be a number of seconds from 0.1 to 3600"},
		{BLIND TO ",\"callerId\":1", "callerId must be a string"},
		{"\"mode\":\"warm\"," TO ",\"uui\":{\"data\":\"01\"}",
		 "uui must be left out of a warm transfer; give User-to-User "
		 "in the headers of a target"},
		{"\"mode\":\"blind\"", "target is required"},
		{BLIND "\"target\":[]",
		 "target must be an array of one or more targets"},
		{BLIND "\"target\":{}",
		 "target must be an array of one or more targets"},
		{BLIND "\"target\":[1,2,3,4,5,6,7,8,9]",
		 "target must have at most 8 targets, not 9"},
		{BLIND "\"target\":[1]", "target[0] must be an object"},
		{BLIND "\"target\":[{}]",
		 "target[0].type must be phone, sip or user"},
		{BLIND "\"target\":[{\"type\":\"teams\"}]",
		 "target[0].type must not be teams: use type sip with the SIP "
		 "URI of the user's number"},
		{BLIND "\"target\":[{\"type\":\"phone\"}]",
		 "target[0].number is required"},
		{BLIND "\"target\":[{\"type\":\"sip\"}]",
		 "target[0].sipUri is required"},
		{BLIND "\"target\":[{\"type\":\"user\"}]",
		 "target[0].name is required"},
		{BLIND "\"target\":[{\"type\":\"phone\",\"number\":1}]",
		 "target[0].number must be a string"},
		{BLIND "\"target\":[{\"type\":\"phone\",\"number\":\"1\\n\"}]",
		 "target[0].number must not contain control characters"},
		{BLIND TO ",\"disposition\":1",
		 "disposition must be an object"},
		{BLIND TO ",\"disposition\":{\"onBsy\":\"return\"}",
		 "disposition must have only the members onNoAnswer, onBusy, "
		 "onDecline, onFailure and voicemailUrl"},
		{BLIND TO ",\"disposition\":{\"onBusy\":\"ring\"}",
		 "disposition.onBusy must be return, voicemail or hangup"},
		{BLIND TO ",\"disposition\":{\"onBusy\":\"voicemail\"}",
		 "disposition.voicemailUrl is required if a disposition is "
		 "voicemail"},
		{BLIND TO ",\"disposition\":{\"voicemailUrl\":\"/v\"}",
		 "disposition.voicemailUrl must be a SIP URI or an HTTP URL"},
	};
	static const char host[] =
		"name a host that leads there in a target of type sip";
	static const struct {
		const char *key;
		const char *advice;
	} keys[] = {
		{"trunk", host},
		{"confirmHook", "use mode warm with confirm"},
		{"auth", "leave it out, since the far end calls with its own "
			 "credentials"},
		{"from", "use callerId, which becomes Referred-By"},
		{"proxy", host},
		{"overrideTo", "write the URI to be called into sipUri"},
	};
	struct verb *v;
	struct error f;
	char text[256];
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused("transfer", cases[i].rest, cases[i].sentence);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		(void)snprintf(text, sizeof(text),
			       "{\"verb\":\"transfer\"," BLIND
			       "\"target\":[{\"type\":\"phone\",\"number\":"
			       "\"1\",\"%s\":{\"x\":1}}]}",
			       keys[i].key);
		assert_int_equal(parse(&v, text, &f), EBADMSG);
		(void)snprintf(text, sizeof(text),
			       "transfer: target[0].%s cannot be carried out "
			       "by a REFER: %s",
			       keys[i].key, keys[i].advice);
		assert_string_equal(f.text, text);
	}
}


static void test_saved_and_loaded(void **state)
{
	struct verb *v = parsed("{\"verb\":\"sip:refer\","
				"\"referTo\":[\"1\",\"2\",\"3\"]}");
	struct verb *again;
	struct json j;
	cJSON *tree;
	(void)state;

	v->attempts->now = 1;
	v->attempts->begun = v->attempts->stopped = true;
	json_init(&j);
	json_open(&j, NULL, '{');
	verbs_print(&j, "verbs", v);
	json_close(&j, '}');
	tree = cJSON_Parse(json_done(&j));
	json_free(&j);
	assert_int_equal(
		verbs_load(&again, cJSON_GetObjectItem(tree, "verbs")), 0);
	assert_string_equal(verb_target(again), "2");
	assert_true(again->attempts->begun);
	assert_true(again->attempts->stopped);
	assert_string_equal(verb_text(again, 2), verb_text(v, 2));
	verbs_free(again);
	cJSON_Delete(tree);
	verbs_free(v);
}


/* The table of docs/protocol.md */
static void test_failures(void **state)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{408, "no-answer"}, {480, "no-answer"}, {487, "no-answer"},
		{486, "busy"},      {600, "busy"},      {603, "declined"},
		{607, "declined"},  {404, "error"},     {604, "error"},
		{302, "error"},     {400, "error"},     {403, "error"},
		{405, "error"},     {410, "error"},     {481, "error"},
		{484, "error"},     {488, "error"},     {491, "error"},
		{500, "error"},     {501, "error"},     {503, "error"},
		{504, "error"},     {606, "error"},     {608, "error"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(
			failure_reason(failure_of_status(rows[i].status)),
			rows[i].reason);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_is_several_refers),
		cmocka_unit_test(test_list_refused),
		cmocka_unit_test(test_module_refuses),
		cmocka_unit_test(test_blind),
		cmocka_unit_test(test_transfer_refused),
		cmocka_unit_test(test_saved_and_loaded),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
