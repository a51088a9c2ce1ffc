/**
 * @file metrics.c  Metrics for Prometheus
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "calls/calls.h"
#include "fleet/fleet.h"
#include "hooks/hooks.h"
#include "metrics.h"
#include "nodes/nodes.h"
#include "procstat.h"
#include "store/store.h"
#include "stream/stream.h"


static void print_gauge(FILE *f, const char *name, double value,
			const char *help)
{
	metric_head(f, name, "gauge", help);
	(void)fprintf(f, "%s %.15g\n", name, value);
}


/* As Prometheus wants the value of a label */
static void print_label(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			(void)fputs("\\n", f);
			continue;
		}
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', f);
		(void)fputc(*text, f);
	}
}


static void print_fleet(FILE *f)
{
	struct fleet_figures fleet;

	fleet_figures(&fleet);
	if (!fleet.on)
		return;

	print_gauge(f, "referd_fleet_up", fleet.up,
		    "1 if the servers of the fleet can be reached.");
	print_gauge(
		f, "referd_fleet_lag", (double)fleet.lag,
		"Messages of the stream that this referd has not read yet.");
	print_gauge(f, "referd_fleet_members", fleet.members,
		    "Members of the fleet that can be reached.");
	metric_head(f, "referd_fleet_published_total", "counter",
		    "Messages of this referd that are in the stream.");
	(void)fprintf(f, "referd_fleet_published_total %" PRIu64 "\n",
		      fleet.published);
}


enum node_gauge { NODE_UP, NODE_CALLS, NODE_TRANSFERS, NODE_REFERS };

static const struct {
	const char *name, *help;
} node_gauges[] = {
	[NODE_UP] = {"referd_node_up", "1 if the baresip is connected."},
	[NODE_CALLS] = {"referd_node_calls", "Calls of the baresip."},
	[NODE_TRANSFERS] = {"referd_node_transfers_running",
			    "Transfers of the baresip in progress."},
	[NODE_REFERS] = {"referd_node_refers_waiting",
			 "REFERs of the baresip without an answer."},
};

struct nodes {
	FILE *f;
	size_t gauge;
};


static void node_handler(const struct node_figures *n, void *arg)
{
	const struct nodes *nodes = arg;
	const unsigned values[] = {
		[NODE_UP] = n->connected,
		[NODE_CALLS] = n->calls,
		[NODE_TRANSFERS] = n->transfers,
		[NODE_REFERS] = n->refers,
	};

	(void)fprintf(nodes->f, "%s{node=\"", node_gauges[nodes->gauge].name);
	print_label(nodes->f, n->name);
	(void)fprintf(nodes->f, "\"} %u\n", values[nodes->gauge]);
}


static void print_nodes(FILE *f)
{
	struct nodes nodes = {.f = f};
	const size_t count = sizeof(node_gauges) / sizeof(*node_gauges);

	for (; nodes.gauge < count; nodes.gauge++) {
		metric_head(f, node_gauges[nodes.gauge].name, "gauge",
			    node_gauges[nodes.gauge].help);
		roster_figures(node_handler, &nodes);
	}
}


enum member_gauge { REACHABLE, CALLS, TRANSFERS, LAG, MEMBER_GAUGES };

static const struct {
	const char *name, *help;
} member_gauges[MEMBER_GAUGES] = {
	[REACHABLE] = {"referd_fleet_member_reachable",
		       "1 if the member can be reached."},
	[CALLS] = {"referd_fleet_member_calls", "Calls of the member."},
	[TRANSFERS] = {"referd_fleet_member_transfers_running",
		       "Transfers of the member in progress."},
	[LAG] = {"referd_fleet_member_lag",
		 "Messages of the stream that the member has not read yet."},
};

struct members {
	FILE *f;
	enum member_gauge gauge;
};


/* A name has nothing that a label could not have */
static void member_handler(const struct member_figures *m, void *arg)
{
	const struct members *members = arg;
	const uint64_t values[MEMBER_GAUGES] = {
		[REACHABLE] = m->reachable,
		[CALLS] = m->calls,
		[TRANSFERS] = m->transfers,
		[LAG] = m->lag,
	};

	(void)fprintf(members->f, "%s{member=\"%s\"} %" PRIu64 "\n",
		      member_gauges[members->gauge].name, m->name,
		      values[members->gauge]);
}


static void print_members(FILE *f)
{
	struct members members = {.f = f};

	for (unsigned i = 0; i < MEMBER_GAUGES; i++) {
		members.gauge = (enum member_gauge)i;
		metric_head(f, member_gauges[i].name, "gauge",
			    member_gauges[i].help);
		fleet_members(member_handler, &members);
	}
}


static void print_store(FILE *f)
{
	struct store_figures store;

	store_figures(&store);
	print_gauge(f, "referd_store_writable", !store_trouble(),
		    "1 if what happens can be kept.");
	print_gauge(f, "referd_store_bytes", (double)store.bytes,
		    "Size of the history.");
	print_gauge(f, "referd_store_oldest_message_timestamp_seconds",
		    (double)store.oldest / 1000,
		    "Time of the oldest message that is kept, since 1970.");
}


static void print(FILE *f)
{
	metric_head(f, "referd_build_info", "gauge",
		    "1, with the version of referd.");
	(void)fputs("referd_build_info{version=\"" PROJECT_VERSION "\"} 1\n",
		    f);

	counters_print(f);
	histograms_print(f);

	print_gauge(f, "referd_calls", (double)sessions_count(),
		    "Calls of all baresips.");
	print_gauge(f, "referd_clients", (double)clients_count(),
		    "Connected clients.");
	print_gauge(f, "referd_nodes", roster_count(), "Connected baresips.");
	print_gauge(f, "referd_transfers_running", (double)transfers_count(),
		    "Transfers in progress.");
	print_gauge(f, "referd_dials_waiting", (double)dials_count(),
		    "Dials that no baresip has answered yet.");
	print_gauge(f, "referd_hooks_waiting", (double)outbox_count(),
		    "Hooks that are not delivered yet.");
	print_nodes(f);
	print_store(f);
	print_fleet(f);
	procstat_print(f);
}


/**
 * Write all counters as Prometheus reads them
 *
 * @param scope Whether to add each member of the fleet
 *
 * @return Text, to be freed; NULL if out of memory
 */
char *metrics_text(enum scope scope)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;

	print(f);
	if (scope == SCOPE_FLEET)
		print_members(f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}

	return text;
}
