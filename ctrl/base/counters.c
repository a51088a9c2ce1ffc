/**
 * @file counters.c  Events counted since the start
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base.h"


/* help is that of all counters of the name, and stands at the first */
static const struct {
	const char *name, *help;
} counters[COUNTERS] = {
	[COUNTER_MESSAGES_SENT] = {"referd_messages_sent_total",
				   "Messages sent to clients."},
	[COUNTER_MESSAGES_RECEIVED] = {"referd_messages_received_total",
				       "Messages received from clients."},
	[COUNTER_MESSAGES_REFUSED] =
		{"referd_messages_refused_total",
		 "Messages of clients that referd has refused."},
	[COUNTER_DROPPED_LAGGING] =
		{"referd_clients_dropped_total{reason=\"lagging\"}",
		 "Connections of clients that referd has closed, by reason."},
	[COUNTER_DROPPED_REPLACED] =
		{"referd_clients_dropped_total{reason=\"replaced\"}", NULL},
	[COUNTER_DROPPED_TOKEN] =
		{"referd_clients_dropped_total{reason=\"token\"}", NULL},
	[COUNTER_DROPPED_TOO_LARGE] =
		{"referd_clients_dropped_total{reason=\"too_large\"}", NULL},
	[COUNTER_DROPPED_FLEET] =
		{"referd_clients_dropped_total{reason=\"fleet\"}", NULL},
	[COUNTER_HOOKS_ANSWERED] = {"referd_hooks_total{fate=\"answered\"}",
				    "Hooks that have ended, by fate."},
	[COUNTER_HOOKS_TIMEOUT] = {"referd_hooks_total{fate=\"timeout\"}",
				   NULL},
	[COUNTER_HOOKS_FAILED] = {"referd_hooks_total{fate=\"failed\"}", NULL},
	[COUNTER_TRANSFERRED] =
		{"referd_transfers_total{outcome=\"transferred\"}",
		 "Transfers that have ended, by outcome."},
	[COUNTER_FAILED] = {"referd_transfers_total{outcome=\"failed\"}",
			    NULL},
	[COUNTER_PRESUMED] = {"referd_transfers_total{outcome=\"presumed\"}",
			      NULL},
	[COUNTER_UNKNOWN] = {"referd_transfers_total{outcome=\"unknown\"}",
			     NULL},
	[COUNTER_CANCELLED] = {"referd_transfers_total{outcome=\"cancelled\"}",
			       NULL},
	[COUNTER_LATE] = {"referd_transfers_late_total",
			  "Final NOTIFYs that came behind the end of their "
			  "transfer."},
	[COUNTER_STORE_WRITES] = {"referd_store_writes_total",
				  "Turns of the event loop that had something "
				  "to be stored."},
	[COUNTER_FLEET_READ] = {"referd_fleet_read_total",
				"Messages that were read from the stream of "
				"the fleet."},
	[COUNTER_FLEET_GAPS] = {"referd_fleet_gaps_total",
				"Gaps in the stream of the fleet."},
	[COUNTER_HEP_SENT] = {"referd_hep_packets_total{result=\"sent\"}",
			      "SIP messages for HOMER, by what has become of "
			      "them."},
	[COUNTER_HEP_DROPPED] =
		{"referd_hep_packets_total{result=\"dropped\"}", NULL},
};

static uint64_t counts[COUNTERS];


void counter_add(enum counter counter)
{
	++counts[counter];
}


uint64_t counter_value(enum counter counter)
{
	return counts[counter];
}


void metric_head(FILE *f, const char *name, const char *type, const char *help)
{
	const int len = (int)strcspn(name, "{");

	(void)fprintf(f, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help,
		      len, name, type);
}


void counters_print(FILE *f)
{
	for (size_t i = 0; i < COUNTERS; i++) {
		const char *name = counters[i].name;

		if (counters[i].help)
			metric_head(f, name, "counter", counters[i].help);
		(void)fprintf(f, "%s %" PRIu64 "\n", name, counts[i]);
	}
}
