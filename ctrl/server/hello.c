/**
 * @file hello.c  The first message to a client
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "calls/calls.h"
#include "fleet/fleet.h"
#include "json.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "server.h"
#include "store/store.h"


static void print_local(struct json *j, const char *name)
{
	json_int(j, "last_seq", (int64_t)store_last(name));
	json_int(j, "first_seq", (int64_t)store_first());
	fleet_print(j, "fleet");
	roster_print(j, "nodes");
	sessions_print(j, "calls");
	transfers_print(j, "transfers");
}


static void print_fleet(struct json *j)
{
	json_str(j, "scope", "fleet");
	json_str(j, "fleet", fleetstore_epoch());
	json_int(j, "last_seq", (int64_t)fleetstore_last());
	json_int(j, "first_seq", (int64_t)fleetstore_first());
	fleet_print(j, "status");
	(void)fleet_nodes_print(j, "nodes");
	(void)fleet_calls_print(j, "calls", NULL);
	(void)fleet_transfers_print(j, "transfers");
}


char *hello_text(enum scope scope, const char *client, const char *name,
		 const char *role, uint64_t seq)
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
	if (scope == SCOPE_FLEET)
		print_fleet(&j);
	else
		print_local(&j, name);
	json_close(&j, '}');
	json_close(&j, '}');

	return json_take(&j);
}
