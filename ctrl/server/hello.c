/**
 * @file hello.c  What a client sees first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "calls/calls.h"
#include "json.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "server.h"
#include "store/store.h"


char *hello_text(const char *client, const char *name, const char *role,
		 uint64_t seq)
{
	char time[CLOCK_TEXT_SIZE];
	struct json j;

	clock_text(time, clock_ms());

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "hello");
	json_int(&j, "seq", (int64_t)seq);
	json_str(&j, "time", time);
	json_open(&j, "data", '{');
	json_str(&j, "version", PROJECT_VERSION);
	json_str(&j, "client", client);
	json_str(&j, "role", role);
	json_int(&j, "last_seq", (int64_t)store_last(name));
	json_int(&j, "first_seq", (int64_t)store_first());
	roster_print(&j, "nodes");
	sessions_print(&j, "calls");
	transfers_print(&j, "transfers");
	json_close(&j, '}');
	json_close(&j, '}');

	return json_take(&j);
}
