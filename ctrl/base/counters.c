/**
 * @file counters.c  What is counted from the start on
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base.h"


static const char *const names[COUNTERS] = {
	[COUNTER_MESSAGES_SENT] = "referd_messages_sent_total",
	[COUNTER_MESSAGES_RECEIVED] = "referd_messages_received_total",
	[COUNTER_MESSAGES_REFUSED] = "referd_messages_refused_total",
	[COUNTER_CLIENTS_DROPPED] = "referd_clients_dropped_total",
	[COUNTER_HOOKS_ANSWERED] = "referd_hooks_total{fate=\"answered\"}",
	[COUNTER_HOOKS_TIMEOUT] = "referd_hooks_total{fate=\"timeout\"}",
	[COUNTER_HOOKS_FAILED] = "referd_hooks_total{fate=\"failed\"}",
	[COUNTER_TRANSFERRED] =
		"referd_transfers_total{outcome=\"transferred\"}",
	[COUNTER_FAILED] = "referd_transfers_total{outcome=\"failed\"}",
	[COUNTER_PRESUMED] = "referd_transfers_total{outcome=\"presumed\"}",
	[COUNTER_UNKNOWN] = "referd_transfers_total{outcome=\"unknown\"}",
	[COUNTER_CANCELLED] = "referd_transfers_total{outcome=\"cancelled\"}",
	[COUNTER_LATE] = "referd_transfers_late_total",
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


const char *counter_name(enum counter counter)
{
	return names[counter];
}
