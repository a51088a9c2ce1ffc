/**
 * @file member.c  The gain by reading a report in place: the same line that
 * way, and by cJSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "clock.h"


static const char line[] =
	"{\"type\":\"transfer\",\"n\":1234567,\"time\":1732000000123,"
	"\"call_sid\":\"0d3a6a6e-8c5e-4a53-9f43-1d1d8f1f2b11\","
	"\"transfer_id\":\"5f0c6a3b9d1e4c7f\",\"ref\":\"v-12\","
	"\"step\":\"accepted\","
	"\"refer_to\":\"sip:+4930123456@sip.example.com\","
	"\"referred_by\":\"sip:anna@sip.example.com\","
	"\"refer_status\":202,\"reason\":\"Accepted\","
	"\"sip\":{\"start\":\"SIP/2.0 202 Accepted\",\"headers\":{"
	"\"Via\":\"SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1b2f5b1c\","
	"\"From\":\"<sip:gw@10.0.0.1:5060>;tag=b766e3ebbfcf92c0\","
	"\"To\":\"\\\"Anna\\\" <sip:anna@10.0.0.2:5060>;tag=3746\","
	"\"Call-ID\":\"5a9c3e7d1f0b4826@10.0.0.2\","
	"\"CSeq\":\"2487 REFER\",\"Contact\":\"<sip:anna@10.0.0.2>\","
	"\"Content-Length\":\"0\"}}}";

/* Members to read from the line */
struct told {
	char *step;
	char *refer_to;
	char *reason;
	char *sip;
	int64_t n;
	int refer_status;
};

static const struct field told_fields[] = {
	FIELD("step", TEXT, told, step, 0),
	FIELD("refer_to", TEXT, told, refer_to, 0),
	FIELD("reason", TEXT, told, reason, 0),
	FIELD("sip", JSON, told, sip, 0),
	FIELD("n", INT, told, n, 0),
	FIELD("refer_status", STATUS, told, refer_status, 0),
	FIELDS_END,
};


static void member_handler(const struct member *m, void *arg)
{
	fields_borrow(arg, told_fields, m);
}


static bool in_place(const char *text)
{
	char copy[sizeof(line)];
	struct told told = {0};

	memcpy(copy, text, sizeof(copy));

	return !members_read(copy, member_handler, &told) && told.sip &&
	       told.n == 1234567 && told.refer_status == 202;
}


static bool by_tree(const char *text)
{
	cJSON *tree = cJSON_ParseWithOpts(text, NULL, true);
	struct told told = {0};
	bool good = !fields_load(&told, told_fields, tree) && told.sip &&
		    told.n == 1234567 && told.refer_status == 202;

	fields_free(&told, told_fields);
	cJSON_Delete(tree);

	return good;
}


static const struct {
	const char *name;
	bool (*read)(const char *text);
} ways[] = {
	{"in place", in_place},
	{"cJSON", by_tree},
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };


static bool run(int way, unsigned count)
{
	const uint64_t begin = bench_cpu();
	bool good = true;

	for (unsigned i = 0; i < count; i++)
		good &= ways[way].read(line);

	(void)printf("%s,%.1f\n", ways[way].name,
		     (double)(bench_cpu() - begin) / count);

	return good;
}


/* LINES ROUNDS: prints each round as way and ns of the CPU for a line */
int main(int argc, char *argv[])
{
	const unsigned count = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
	const int rounds = argc == 3 ? atoi(argv[2]) : 0;
	bool good = true;

	if (!count || rounds < 1) {
		(void)fprintf(stderr, "usage: %s LINES ROUNDS\n", argv[0]);
		return 2;
	}

	for (int i = 0; i < rounds; i++) {
		for (int way = 0; way < WAYS; way++)
			good &= run(way, count);
	}

	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
