/**
 * @file ctrl_capture.c  Tests of SIP messages as packets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capture/capture.h"


enum { FOUND_MAX = 8 };

/* Copies of the packets that were read */
static struct {
	struct packet v[FOUND_MAX];
	size_t count;
} found;


static void packet_handler(struct packet *p, void *arg)
{
	struct packet *copy = &found.v[found.count++];
	(void)arg;

	assert_true(found.count <= FOUND_MAX);
	*copy = *p;
	copy->data = malloc(p->len + 1);
	assert_non_null(copy->data);
	memcpy(copy->data, p->data, p->len + 1);
}


static void forget(void)
{
	while (found.count)
		free(found.v[--found.count].data);
}


static void take(const char *const *jsons, size_t count)
{
	struct packet_reader r = {.size = 0};

	forget();
	for (size_t i = 0; i < count; i++)
		packets_read(&r, jsons[i], packet_handler, NULL);
	packets_end(&r);
}


static void take_one(const char *json)
{
	take(&json, 1);
}


static void test_read(void **state)
{
	static const unsigned char addr[16] = {0xfd, [15] = 1};
	const struct packet *p = found.v;
	(void)state;

	take_one("[{\"us\":1732000000123456,\"sent\":true,"
		 "\"transport\":\"TLS\",\"from\":\"10.77.0.1:5061\","
		 "\"to\":\"[fd00::1]:40000\",\"step\":\"requested\","
		 "\"gap\":true,\"text\":\"A\\nB\"},{\"base64\":\"/"
		 "wAB\",\"last\":true}]");

	assert_int_equal(found.count, 2);
	assert_int_equal(p->us, INT64_C(1732000000123456));
	assert_true(p->sent);
	assert_string_equal(p->transport, "TLS");
	assert_int_equal(p->from.family, AF_INET);
	assert_memory_equal(p->from.addr, "\x0a\x4d\x00\x01", 4);
	assert_int_equal(p->from.port, 5061);
	assert_int_equal(p->to.family, AF_INET6);
	assert_memory_equal(p->to.addr, addr, sizeof(addr));
	assert_int_equal(p->to.port, 40000);
	assert_string_equal(p->step, "requested");
	assert_string_equal(p->data, "A\r\nB");
	assert_true(p->gap);
	assert_false(p->last);

	++p;
	assert_int_equal(p->len, 3);
	assert_memory_equal(p->data, "\xff\0\1", 3);
	assert_int_equal(p->from.family, AF_UNSPEC);
	assert_false(p->sent);
	assert_false(p->gap);
	assert_true(p->last);
}


/* The pieces of a message may stand in two reports */
static void test_pieces(void **state)
{
	static const char *const jsons[] = {
		"[{\"us\":1,\"more\":true,\"base64\":\"QUI=\"}]",
		"[{\"us\":1,\"more\":true,\"base64\":\"Qw==\"},"
		"{\"us\":1,\"base64\":\"REVG\"},{\"us\":2,\"text\":\"x\"}]"};
	(void)state;

	take(jsons, 2);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.v[0].data, "ABCDEF");
	assert_string_equal(found.v[1].data, "x");
}


/* A node may say anything */
static void test_rubbish(void **state)
{
	static const char *const jsons[] = {
		"",
		"{}",
		"[1,null,\"x\",[],{}]",
		"[{\"text\":7}]",
		"[{\"base64\":\"A*\"}]",
		"[{\"text\":\"\"}]",
		"[{\"more\":true,\"text\":\"never whole\"}]",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(jsons) / sizeof(*jsons); i++) {
		take_one(jsons[i]);
		assert_int_equal(found.count, 0);
	}

	take_one(
		"[{\"us\":-1,\"from\":\"x\",\"to\":\"1.2.3.4:99999\","
		"\"transport\":\"<script>\",\"step\":\"\\\"\",\"text\":\"x\"},"
		"{\"us\":1e300,\"from\":\":1\",\"to\":\"[::1\","
		"\"text\":\"y\"}]");
	assert_int_equal(found.count, 2);
	assert_int_equal(found.v[0].us, 0);
	assert_int_equal(found.v[0].from.family, AF_UNSPEC);
	assert_int_equal(found.v[0].to.port, 0);
	assert_string_equal(found.v[0].transport, "");
	assert_string_equal(found.v[0].step, "");
	assert_int_equal(found.v[1].us, 0);
	assert_int_equal(found.v[1].to.family, AF_UNSPEC);
}


/* A packet beyond the maximum length is skipped, and the next one is read */
static void test_too_long(void **state)
{
	static char json[400000];
	size_t n;
	(void)state;

	n = (size_t)sprintf(json, "[{\"text\":\"");
	memset(json + n, 'x', 200000);
	strcpy(json + n + 200000, "\"},{\"text\":\"y\"}]");
	take_one(json);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.v[0].data, "y");
}


static uint32_t get32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));

	return value;
}


/* RFC 1071: with its checksum in it, a sum is 0xffff */
static uint16_t sum(uint32_t s, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);

	return (uint16_t)s;
}


/* Checks the layout of a block by the draft: type first, length at both
   ends */
static const unsigned char *block(const unsigned char **pp, uint32_t type)
{
	const unsigned char *p = *pp;
	const uint32_t len = get32(p + 4);

	assert_int_equal(get32(p), type);
	assert_int_equal(len % 4, 0);
	assert_int_equal(get32(p + len - 4), len);
	*pp = p + len;

	return p;
}


static void test_pcapng(void **state)
{
	struct packet p = {
		.us = INT64_C(0x123456789abcd),
		.sent = true,
		.transport = "UDP",
		.from = {AF_INET, {10, 77, 0, 1}, 5060},
		.to = {AF_INET, {10, 77, 0, 2}, 5062},
		.data = "odd",
		.len = 3,
	};
	struct bytes b = {.len = 0};
	const unsigned char *at, *e;
	(void)state;

	pcapng_begin(&b, "all");
	pcapng_add(&b, &p, "one");
	assert_false(b.failed);

	at = b.p;
	e = block(&at, 0x0a0d0d0a);
	assert_int_equal(get32(e + 8), 0x1a2b3c4d);
	assert_memory_equal(e + 12, "\1\0\0\0", 4);
	e = block(&at, 1);
	assert_memory_equal(e + 8, "\x65\0\0\0", 4);
	assert_int_equal(get32(e + 16) & 0xffff, 2);
	e = block(&at, 6);
	assert_ptr_equal(at, b.p + b.len);
	assert_int_equal(get32(e + 12), 0x12345);
	assert_int_equal(get32(e + 16), 0x6789abcd);
	assert_int_equal(get32(e + 20), 31);
	assert_int_equal(get32(e + 24), 31);

	e += 28;
	assert_int_equal(e[0], 0x45);
	assert_int_equal(e[3], 31);
	assert_int_equal(e[9], 17);
	assert_memory_equal(e + 12, "\x0a\x4d\0\1\x0a\x4d\0\2", 8);
	assert_int_equal(sum(0, e, 20), 0xffff);
	assert_memory_equal(e + 20, "\x13\xc4\x13\xc6\0\x0b", 6);
	assert_int_equal(sum(17 + 11 + sum(0, e + 12, 8), e + 20, 11), 0xffff);
	assert_memory_equal(e + 28, "odd", 3);
	assert_memory_equal(e + 32, "\2\0\4\0\2\0\0\0\1\0\3\0one\0\0\0\0\0",
			    20);
	bytes_free(&b);
}


static void test_pcapng_ipv6(void **state)
{
	static char data[70000];
	struct packet p = {
		.transport = "TCP",
		.from = {AF_INET6, {0xfd, [15] = 1}, 5060},
		.to = {AF_INET6, {0xfd, [15] = 2}, 5060},
		.data = data,
		.len = sizeof(data),
	};
	struct bytes b = {.len = 0};
	const unsigned char *e;
	(void)state;

	memset(data, 'x', sizeof(data));
	pcapng_add(&b, &p, "");
	assert_false(b.failed);
	assert_int_equal(get32(b.p + 20), 40 + 8 + UDP_PAYLOAD_MAX);

	e = b.p + 28;
	assert_int_equal(e[0], 0x60);
	assert_int_equal(e[6], 17);
	assert_memory_equal(e + 8, p.from.addr, 16);
	assert_memory_equal(e + 24, p.to.addr, 16);
	assert_int_equal(e[4] << 8 | e[5], 8 + UDP_PAYLOAD_MAX);
	assert_int_equal(sum(17 + 8 + UDP_PAYLOAD_MAX + sum(0, e + 8, 32),
			     e + 40, 8 + UDP_PAYLOAD_MAX),
			 0xffff);
	bytes_free(&b);
}


static void assert_comment(const struct packet *given, char *data,
			   const char *expected)
{
	struct packet p = *given;
	char text[512];

	p.data = data;
	p.len = strlen(data);
	packet_comment(text, sizeof(text), &p);
	assert_string_equal(text, expected);
}


static void test_comment(void **state)
{
	const struct packet udp = {.transport = "UDP",
				   .from.family = AF_INET,
				   .to.family = AF_INET};
	struct packet p = udp;
	(void)state;

	assert_comment(&p, "OPTIONS sip:a SIP/2.0\r\n\r\n",
		       "OPTIONS received");
	p.sent = true;
	strcpy(p.transport, "TLS");
	assert_comment(&p, "BYE sip:a SIP/2.0\r\n\r\n", "BYE sent; over TLS");
	p = udp;
	strcpy(p.step, "accepted");
	assert_comment(&p, "SIP/2.0 202 Accepted\r\nCSeq: 2 REFER\r\n\r\n",
		       "transfer:status accepted: REFER answered 202");
	strcpy(p.step, "progress");
	assert_comment(&p,
		       "NOTIFY sip:a SIP/2.0\r\nX: y\r\n\r\n"
		       "SIP/2.0 180 \x01Ringing\r\n",
		       "transfer:status progress: NOTIFY received: "
		       "180 ?Ringing");
	p = udp;
	p.gap = true;
	assert_comment(&p, "REFER sip:a SIP/2.0\r\n\r\n",
		       "REFER received; messages of the call before it are "
		       "missing");
	p = udp;
	p.to.family = AF_UNSPEC;
	p.last = true;
	assert_comment(&p, "x",
		       "x received; an address is unknown; the capture ends "
		       "here, as no more is kept of one transfer");
}


static void assert_masked(const char *text, const char *expected)
{
	char copy[256];
	struct packet p = {.data = copy};

	strcpy(copy, text);
	p.len = strlen(copy);
	packet_mask(&p);
	assert_string_equal(copy, expected);
}


/* The page may hide numbers: it shows a * for each digit */
static void test_mask(void **state)
{
	static const char *const same[] = {
		"Via: SIP/2.0/UDP 10.77.0.1:5060;branch=z9hG4bK1234567890\r\n",
		"Call-ID: 1234567890\r\n",
		"CSeq: 1234567890 INVITE\r\n",
		"From: <sip:far@10.77.0.1>;tag=1234567890\r\n",
		"Contact: <sip:far@10.77.0.1:5060>\r\n",
		"Date: 2026-11-30\r\n",
		"X: a123456789\r\n",
		"\r\n\r\no=far 1234567890 1234567890 IN IP4 10.77.0.1\r\n"
		"t=3034423619 3042462419\r\na=ssrc:1234567890 x\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_masked(same[i], same[i]);

	assert_masked("INVITE sip:+49301234567@10.77.0.1 SIP/2.0\r\n",
		      "INVITE sip:+********567@10.77.0.1 SIP/2.0\r\n");
	assert_masked("To: <sip:100@a>\r\n", "To: <sip:*00@a>\r\n");
	assert_masked("To: \"(030) 123-45 67\" <tel:+4930123>\r\n",
		      "To: \"(***) ***-*5 67\" <tel:+****123>\r\n");
	assert_masked("P: sip:100;x=1\r\n", "P: sip:*00;x=1\r\n");
	assert_masked("\r\n\r\no=+4930123 1 1 IN IP4 10.77.0.1\r\n",
		      "\r\n\r\no=+****123 1 1 IN IP4 10.77.0.1\r\n");
	assert_masked("\r\n\r\nSIP/2.0 486 +49 30 1234567\r\n",
		      "\r\n\r\nSIP/2.0 486 +** ** ****567\r\n");
}


/* Of HOMER's published format: vendor, type, length, content */
static const unsigned char *chunk(const struct bytes *b, unsigned type,
				  size_t *lenp)
{
	for (size_t i = 6; i < b->len;) {
		const unsigned char *p = b->p + i;
		const size_t len = (size_t)(p[4] << 8 | p[5]);

		assert_memory_equal(p, "\0\0", 2);
		assert_true(len >= 6 && i + len <= b->len);
		if ((unsigned)(p[2] << 8 | p[3]) == type) {
			*lenp = len - 6;
			return p + 6;
		}
		i += len;
	}

	return NULL;
}


static void assert_chunk(const struct bytes *b, unsigned type,
			 const void *expected, size_t size)
{
	size_t len;
	const unsigned char *p = chunk(b, type, &len);

	assert_non_null(p);
	assert_int_equal(len, size);
	assert_memory_equal(p, expected, size);
}


static void test_hep(void **state)
{
	char text[] = "BYE sip:a SIP/2.0\r\ni : call@1 \r\n\r\n";
	struct packet p = {
		.us = 0x01020304 * INT64_C(1000000) + 0x0a0b0,
		.transport = "TCP",
		.from = {AF_INET, {10, 77, 0, 1}, 0x1234},
		.to = {AF_INET, {10, 77, 0, 2}, 5060},
		.data = text,
		.len = strlen(text),
	};
	struct bytes b = {.len = 0};
	size_t len;
	(void)state;

	hep_write(&b, &p, 2001);
	assert_false(b.failed);
	assert_memory_equal(b.p, "HEP3", 4);
	assert_int_equal(b.p[4] << 8 | b.p[5], b.len);
	assert_chunk(&b, 1, "\2", 1);
	assert_chunk(&b, 2, "\6", 1);
	assert_chunk(&b, 3, "\x0a\x4d\0\1", 4);
	assert_chunk(&b, 4, "\x0a\x4d\0\2", 4);
	assert_chunk(&b, 7, "\x12\x34", 2);
	assert_chunk(&b, 8, "\x13\xc4", 2);
	assert_chunk(&b, 9, "\1\2\3\4", 4);
	assert_chunk(&b, 10, "\0\0\xa0\xb0", 4);
	assert_chunk(&b, 11, "\1", 1);
	assert_chunk(&b, 12, "\0\0\x07\xd1", 4);
	assert_chunk(&b, 15, text, strlen(text));
	assert_chunk(&b, 17, "call@1", 6);
	assert_null(chunk(&b, 5, &len));
	bytes_free(&b);
}


/* All goes into one datagram */
static void test_hep_long(void **state)
{
	static char data[70000];
	struct packet p = {.transport = "UDP", .data = data};
	struct bytes b = {.len = 0};
	size_t len;
	(void)state;

	memset(data, 'x', sizeof(data) - 1);
	p.len = strlen(data);
	p.from.family = p.to.family = AF_INET6;
	hep_write(&b, &p, 1);
	assert_int_equal(b.len, UDP_PAYLOAD_MAX);
	assert_non_null(chunk(&b, 15, &len));
	assert_true(len > 65000);
	assert_chunk(&b, 1, "\x0a", 1);
	assert_chunk(&b, 5, p.from.addr, 16);
	assert_null(chunk(&b, 17, &len));
	bytes_free(&b);
}


static void test_hep_error(void **state)
{
	static const char *const good[] = {"", "homer:9060", "10.0.0.1:1",
					   "[::1]:65535"};
	static const char *const bad[] = {
		"homer",       "homer:",      ":9060",
		"homer:0",     "homer:65536", "homer:9060x",
		"::1:9060",    "[]:9060",     "udp://homer:9060",
		"ho mer:9060", "[::1:9060"};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_null(hep_error(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(hep_error(bad[i]),
				    "must be HOST:PORT, such as "
				    "homer.example.com:9060");
}


static int teardown(void **state)
{
	(void)state;
	forget();

	return 0;
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_pcapng_ipv6),
		cmocka_unit_test(test_comment),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_hep),
		cmocka_unit_test(test_hep_long),
		cmocka_unit_test(test_hep_error),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
