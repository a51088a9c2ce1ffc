/**
 * @file ctrl_jetstream.c  Tests of requests to JetStream and of its answers
 *
 * The answers are those of nats-server 2.9.10.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "jetstream.h"
#include "json.h"
#include "nkey.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO(config, rest)                                                    \
	"{\"type\":\"io.nats.jetstream.api.v1.stream_info_response\","        \
	"\"total\":0,\"config\":{\"name\":\"FLEET\",\"subjects\":"            \
	"[\"fleet.ev.*\",\"fleet.lost.*.*\"],\"retention\":\"limits\","       \
	"\"max_consumers\":-1,\"max_bytes\":1024,\"max_age\":86400000000000," \
	"\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":3,"        \
	"\"duplicate_window\":120000000000,\"deny_delete\":true,"             \
	"\"deny_purge\":true" config                                          \
	"},\"created\":\"2026-11-29T22:08:02.903559415Z\",\"state\":"         \
	"{\"messages\":4,\"bytes\":812,\"first_seq\":3,\"last_seq\":6}" rest  \
	"}"

/* How long each of the other servers has been silent [ns] */
#define REPLICAS(leader, one, other)                                          \
	",\"cluster\":{\"leader\":\"" leader "\",\"replicas\":["              \
	"{\"name\":\"s2\",\"current\":true,\"active\":" one "},"              \
	"{\"name\":\"s3\",\"current\":true,\"active\":" other "}]}"


static const char error_text[] =
	"{\"type\":\"x\",\"error\":{\"code\":404,\"err_code\":10037,"
	"\"description\":\"no message found\"}}";


static void test_ack(void **state)
{
	struct jetstream_ack a;
	struct jetstream_error e;
	(void)state;

	assert_int_equal(jetstream_ack_read(
				 &a, &e, "{\"stream\":\"FLEET\", \"seq\":12}"),
			 0);
	assert_int_equal(a.seq, 12);
	assert_false(a.duplicate);

	assert_int_equal(
		jetstream_ack_read(&a, &e,
				   "{\"stream\":\"FLEET\", \"seq\": 7,"
				   "\"duplicate\": true}"),
		0);
	assert_int_equal(a.seq, 7);
	assert_true(a.duplicate);

	assert_int_equal(jetstream_ack_read(
				 &a, &e,
				 "{\"error\":{\"code\":400,\"err_code\":10071,"
				 "\"description\":\"wrong last sequence: 5\"},"
				 "\"stream\":\"FLEET\",\"seq\":0}"),
			 EPROTO);
	assert_int_equal(e.err_code, JETSTREAM_WRONG_LAST);
	assert_string_equal(e.text, "wrong last sequence: 5");
}


static void test_no_ack(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"seq\":0}",
		"+OK",
		"{\"seq\":}",
		"{\"seq\":\"x\"}",
		"null",
		"{\"x\"",
		"{\"error\":1}",
	};
	struct jetstream_ack a;
	struct jetstream_error e;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(jetstream_ack_read(&a, &e, bad[i]), EBADMSG);
}


static void test_stream(void **state)
{
	struct jetstream_stream s;
	struct jetstream_error e;
	(void)state;

	assert_int_equal(
		jetstream_stream_read(
			&s, &e,
			INFO("", ",\"cluster\":{\"leader\":\"s2\","
				 "\"replicas\":[{\"name\":\"s1\","
				 "\"current\":true},{\"name\":\"s3\","
				 "\"current\":false,\"offline\":true}]}"),
			"fleet"),
		0);
	assert_string_equal(s.name, "FLEET");
	assert_string_equal(s.created, "2026-11-29T22:08:02.903559415Z");
	assert_string_equal(s.leader, "s2");
	assert_int_equal(s.first, 3);
	assert_int_equal(s.last, 6);
	assert_int_equal(s.messages, 4);
	assert_int_equal(s.replicas, 3);
	assert_int_equal(s.offline, 1);
	assert_int_equal(s.lagging, 0);
	assert_int_equal(s.max_bytes, 1024);
	assert_null(jetstream_stream_wrong(&s, 3));
}


static void test_quorum(void **state)
{
	static const struct {
		const char *cluster;
		bool quorum;
	} tries[] = {
		{"", true},
		{REPLICAS("s1", "1000000000", "2999999999"), true},
		{REPLICAS("s1", "1000000000", "3000000000"), true},
		{REPLICAS("s1", "3000000000", "3000000000"), false},
		{REPLICAS("s1", "9223372036854775807", "9223372036854775807"),
		 false},
		{REPLICAS("s1", "1,\"offline\":true", "1"), true},
		{REPLICAS("s1", "1,\"offline\":true", "1,\"offline\":true"),
		 false},
		{REPLICAS("", "1", "1"), false},
	};
	struct jetstream_stream s;
	struct jetstream_error e;
	char text[2048];
	(void)state;

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		(void)snprintf(text, sizeof(text), INFO("", "%s"),
			       tries[i].cluster);
		assert_int_equal(jetstream_stream_read(&s, &e, text, "fleet"),
				 0);
		assert_int_equal(s.quorum, tries[i].quorum);
	}
}


static void test_stream_refused(void **state)
{
	struct jetstream_stream s;
	struct jetstream_error e;
	(void)state;

	assert_int_equal(jetstream_stream_read(&s, &e, error_text, "fleet"),
			 EPROTO);
	assert_int_equal(e.code, 404);
	assert_int_equal(jetstream_stream_read(&s, &e, "{}", "fleet"),
			 EBADMSG);
	assert_int_equal(jetstream_stream_read(&s, &e, "x", "fleet"), EBADMSG);
	assert_int_equal(
		jetstream_stream_read(&s, &e, "{\"config\":{}}", "fleet"),
		EBADMSG);
}


static void assert_wrong(const char *change, const char *sentence)
{
	struct jetstream_stream s;
	struct jetstream_error e;
	char text[2048];
	const char *wrong;

	/* of two members with one name cJSON finds the first */
	(void)snprintf(text, sizeof(text), "{\"config\":{%s,%s", change,
		       strstr(INFO("", ""), "\"config\":{") + 10);
	assert_int_equal(jetstream_stream_read(&s, &e, text, "fleet"), 0);
	wrong = jetstream_stream_wrong(&s, 3);
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, sentence));
}


static void test_wrong(void **state)
{
	(void)state;

	assert_wrong("\"subjects\":[\"other.ev.*\"]", "ev.*");
	assert_wrong("\"subjects\":[\"fleet.ev.*\"]", "lost.*.*");
	assert_wrong("\"retention\":\"workqueue\"", "limits");
	assert_wrong("\"discard\":\"new\"", "drop the oldest");
	assert_wrong("\"storage\":\"memory\"", "on disk");
	assert_wrong("\"num_replicas\":1", "3 replicas");
	assert_wrong("\"deny_delete\":false", "refuse to delete");
	assert_wrong("\"deny_purge\":false", "refuse to delete");
}


static void test_message(void **state)
{
	struct jetstream_message m;
	struct jetstream_error e;
	(void)state;

	assert_int_equal(
		jetstream_message_read(
			&m, &e,
			"{\"message\":{\"subject\":\"fleet.ev.gw1\",\"seq\":9,"
			"\"hdrs\":\"TkFUUy8xLjANCg==\",\"data\":"
			"\"eyJhIjoxfQp+/w==\",\"time\":"
			"\"2026-11-30T07:13:55.42125472Z\"}}"),
		0);
	assert_int_equal(m.seq, 9);
	assert_int_equal(m.len, 10);
	assert_memory_equal(m.data, "{\"a\":1}\n~\xff", 11);
	free(m.data);

	assert_int_equal(jetstream_message_read(&m, &e, error_text), EPROTO);
	assert_int_equal(e.err_code, JETSTREAM_NO_MESSAGE);
	assert_null(m.data);
	assert_int_equal(jetstream_message_read(&m, &e,
						"{\"message\":{\"seq\":1,"
						"\"data\":\"a-b\"}}"),
			 EBADMSG);
	assert_null(m.data);
	assert_int_equal(jetstream_message_read(
				 &m, &e, "{\"message\":{\"data\":\"\"}}"),
			 EBADMSG);
	assert_null(m.data);
}


static void test_print(void **state)
{
	struct json j;
	(void)state;

	json_init(&j);
	jetstream_print_last(&j, "fleet.ev.gw1");
	assert_string_equal(json_done(&j),
			    "{\"last_by_subj\":\"fleet.ev.gw1\"}");
	json_free(&j);

	json_init(&j);
	jetstream_print_get(&j, 5);
	assert_string_equal(json_done(&j), "{\"seq\":5}");
	json_free(&j);
}


static void test_nkey(void **state)
{
	char public[NKEY_PUBLIC_SIZE], again[NKEY_PUBLIC_SIZE];
	char made[NKEY_SEED_SIZE];
	unsigned char raw[NKEY_BYTES], sig[NKEY_SIGNATURE_SIZE];
	static const unsigned char secret[] = {
		0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
		0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
		0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
		0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
	static const unsigned char signature[] = {
		0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86,
		0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a, 0x84, 0x87, 0x7f, 0x1e,
		0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73, 0xe0, 0x65, 0x22, 0x49,
		0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b, 0xac,
		0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b, 0xd2, 0x5b,
		0xf5, 0xf0, 0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43,
		0x8e, 0x7a, 0x10, 0x0b};
	(void)state;

	/* a pair that others have made */
	assert_int_equal(nkey_public(public,
				     "SUAKPBYBQEWNK7CRSFWOCV3QLALQQAW3E"
				     "HYFCCLS2AUISZED5IC6BPSWQY"),
			 0);
	assert_string_equal(public, "UAEH66HJ325GNXAWU2CUMDLJEHFZIT7GRKIEQMPFZ"
				    "XWXWRRJL3GXYO23");

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)i;
	nkey_seed(made, raw);
	assert_int_equal(strlen(made), NKEY_SEED_SIZE - 1);
	assert_memory_equal(made, "SU", 2);
	assert_int_equal(nkey_public(public, made), 0);
	assert_int_equal(strlen(public), NKEY_PUBLIC_SIZE - 1);
	assert_int_equal(public[0], 'U');
	assert_int_equal(nkey_public(again, made), 0);
	assert_string_equal(public, again);

	/* RFC 8032, section 7.1, TEST 1 */
	nkey_seed(made, secret);
	assert_int_equal(nkey_sign(sig, made, ""), 0);
	assert_memory_equal(sig, signature, sizeof(sig));

	made[10] = made[10] == 'A' ? 'B' : 'A';
	assert_int_equal(nkey_sign(sig, made, ""), EINVAL);
	assert_int_equal(nkey_public(public, made), EINVAL);
	assert_int_equal(nkey_public(public, ""), EINVAL);
	assert_int_equal(nkey_public(public, "SU"), EINVAL);
	assert_int_equal(nkey_public(public, again), EINVAL);
}


static void test_consumer(void **state)
{
	struct jetstream_consumer c;
	struct jetstream_error e;
	(void)state;

	assert_int_equal(
		jetstream_consumer_read(&c, &e,
					"{\"name\":\"x1\",\"num_pending\":7}"),
		0);
	assert_string_equal(c.name, "x1");
	assert_true(c.pending == 7);
	assert_int_equal(jetstream_consumer_read(&c, &e, "{}"), EBADMSG);
	assert_int_equal(jetstream_consumer_read(&c, &e, ""), EBADMSG);
	assert_int_equal(jetstream_consumer_read(
				 &c, &e, "{\"error\":{\"err_code\":10059}}"),
			 EPROTO);
	assert_int_equal(e.err_code, JETSTREAM_NO_STREAM);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_no_ack),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_consumer),
		cmocka_unit_test(test_quorum),
		cmocka_unit_test(test_stream_refused),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_nkey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
