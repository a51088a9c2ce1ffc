/**
 * @file heartbeat.c  The message that a member sends each second about itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "calls/calls.h"
#include "deliver.h"
#include "fleet.h"
#include "heartbeat.h"
#include "json.h"
#include "members.h"
#include "nodes/nodes.h"
#include "status.h"
#include "store/store.h"


static struct {
	char *labels; /* JSON text of an array */
	int64_t started;
	size_t calls, transfers, nodes; /* as they were told last */
	struct machine own;             /* for heartbeat_own() */
} heartbeat;

static const struct field fields[] = {
	FIELD("boot", TEXT, machine, boot, 1),
	FIELD("age", INT, machine, age, 1),
	FIELD("version", TEXT, machine, version, 1),
	FIELD("view", BOOL, machine, view, 1),
	FIELD("seq", INT, machine, seq, 1),
	FIELD("lag", INT, machine, lag, 1),
	FIELD("calls", INT, machine, calls, 1),
	FIELD("transfers", INT, machine, transfers, 1),
	FIELDS_END,
};


static char *read_labels(const char *labels)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	for (const char *p = labels; *p; p += strspn(p, ", ")) {
		const size_t len = strcspn(p, ", ");

		if (len)
			json_strn(&j, NULL, p, len);
		p += len;
	}
	json_close(&j, ']');

	return json_take(&j);
}


/**
 * Get ready
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int heartbeat_start(const struct fleet_config *c)
{
	memset(&heartbeat, 0, sizeof(heartbeat));
	heartbeat.started = clock_steady_ms();
	heartbeat.labels = read_labels(c->labels);

	return heartbeat.labels ? 0 : ENOMEM;
}


void heartbeat_stop(void)
{
	free(heartbeat.labels);
	free(heartbeat.own.nodes);
	memset(&heartbeat, 0, sizeof(heartbeat));
}


/**
 * Tell how long we have been there
 *
 * @return Milliseconds
 */
int64_t heartbeat_age(void)
{
	return clock_steady_ms() - heartbeat.started;
}


/**
 * Tell whether others should hear of us at once
 *
 * @return True if a value that others depend on has changed
 */
bool heartbeat_changed(void)
{
	return heartbeat.calls != sessions_count() ||
	       heartbeat.transfers != transfers_count() ||
	       heartbeat.nodes != roster_count();
}


static void print(struct json *j)
{
	json_open(j, NULL, '{');
	json_str(j, "member", fleet_member());
	json_str(j, "boot", bus_boot());
	json_int(j, "age", heartbeat_age());
	json_str(j, "version", PROJECT_VERSION);
	json_bool(j, "view", fleet_views());
	json_int(j, "seq", (int64_t)store_seq());
	json_int(j, "lag", (int64_t)status_lag());
	json_int(j, "calls", (int64_t)sessions_count());
	json_int(j, "transfers", (int64_t)transfers_count());
	json_raw(j, "labels", heartbeat.labels);
	roster_print_brief(j, "nodes");
	deliver_print(j);
	json_close(j, '}');
}


/**
 * Send a heartbeat
 */
void heartbeat_send(void)
{
	char subject[BUS_SUBJECT_SIZE];
	struct json j;

	heartbeat.calls = sessions_count();
	heartbeat.transfers = transfers_count();
	heartbeat.nodes = roster_count();

	json_init(&j);
	print(&j);
	if (json_done(&j))
		(void)bus_send(bus_subject(subject, sizeof(subject), "hb",
					   fleet_member()),
			       NULL, NULL, 0, json_done(&j), j.len);
	json_free(&j);
}


static int keep_array(char **textp, const cJSON *tree, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);
	char *text = cJSON_IsArray(item) ? cJSON_PrintUnformatted(item) : NULL;
	const int err = field_keep(textp, text ? text : "[]");

	free(text);

	return err;
}


/**
 * Take the heartbeat of another member
 *
 * @param m    The member
 * @param tree Its heartbeat
 *
 * @return 0, or ENOMEM
 */
int heartbeat_read(struct machine *m, const cJSON *tree)
{
	return fields_load(m, fields, tree) |
	       keep_array(&m->labels, tree, "labels") |
	       keep_array(&m->nodes, tree, "nodes");
}


/**
 * Get the heartbeat of this member
 *
 * @return The heartbeat, until the next call
 */
const struct machine *heartbeat_own(void)
{
	static char version[] = PROJECT_VERSION;
	struct machine *m = &heartbeat.own;
	struct json j;

	json_init(&j);
	roster_print_brief(&j, NULL);
	free(m->nodes);
	m->nodes = json_take(&j);

	m->name = (char *)(uintptr_t)fleet_member();
	m->version = version;
	m->labels = heartbeat.labels;
	m->view = fleet_views();
	m->reachable = true;
	m->lag = status_lag();
	m->calls = (int)sessions_count();
	m->transfers = (int)transfers_count();
	m->seen = clock_ms();

	return m;
}
