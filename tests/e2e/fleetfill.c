/**
 * @file fleetfill.c  Writes the store of a referd that has read a stream
 *
 *     fleetfill STATE EPOCH FIRST COUNT
 *
 * Each message of the stream, from the FIRST on, becomes one call with a
 * transfer, of two members in turn. `c-N` has the number N * 256 + 1.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/base.h"
#include "store/store.h"


enum { PLACES = 256 };

static const int64_t begin = INT64_C(1738317600000); /* ms since 1970 */


static void put(uint64_t n)
{
	const uint64_t f = n * PLACES + 1;
	const char *member = n % 2 ? "gw1" : "gw2";
	char call_sid[32], id[32], text[512];

	(void)snprintf(call_sid, sizeof(call_sid), "c-%llu",
		       (unsigned long long)n);
	(void)snprintf(id, sizeof(id), "t-%llu", (unsigned long long)n);
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"call:status\",\"seq\":%llu,"
		       "\"member\":\"%s\",\"member_seq\":%llu,"
		       "\"time\":\"2025-01-31T10:00:00.000Z\","
		       "\"call_sid\":\"%s\","
		       "\"data\":{\"call_status\":\"completed\"}}",
		       (unsigned long long)f, member, (unsigned long long)n,
		       call_sid);
	fleetstore_message(f, call_sid, true, text);

	(void)snprintf(text, sizeof(text),
		       "{\"transfer_id\":\"%s\",\"call_sid\":\"%s\","
		       "\"member\":\"%s\",\"outcome\":\"transferred\"}",
		       id, call_sid, member);
	fleetstore_transfer(
		&(struct archive_transfer){.id = id,
					   .call_sid = call_sid,
					   .node = "n",
					   .member = member,
					   .outcome = "transferred",
					   .started = begin + (int64_t)n,
					   .ended = begin + (int64_t)n + 1,
					   .code = 200,
					   .seq = f,
					   .refer_to = "sip:100@10.0.0.1",
					   .data = text});
	fleetstore_mark(n);
}


int main(int argc, char *argv[])
{
	uint64_t first, count;
	char epoch[FLEET_EPOCH_SIZE];

	if (argc != 5 || loop_init())
		return 2;

	(void)mkdir(argv[1], 0700);
	if (store_open(argv[1]) || fleetstore_open(argv[1]))
		return 1;

	if (!fleetstore_cursor(epoch))
		fleetstore_begin(argv[2]);
	first = strtoull(argv[3], NULL, 10);
	count = strtoull(argv[4], NULL, 10);
	for (uint64_t n = first; n < first + count; n++)
		put(n);

	fleetstore_close();
	store_close();
	loop_close();

	return 0;
}
