/**
 * @file metrics.c  Counters, and their Prometheus text
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client.h"
#include "metrics.h"
#include "roster.h"
#include "session.h"
#include "store.h"


static const char *const names[METRICS] = {
	[METRIC_MESSAGES_SENT] = "referd_messages_sent_total",
	[METRIC_MESSAGES_RECEIVED] = "referd_messages_received_total",
	[METRIC_MESSAGES_REFUSED] = "referd_messages_refused_total",
	[METRIC_CLIENTS_DROPPED] = "referd_clients_dropped_total",
	[METRIC_HOOKS_ANSWERED] = "referd_hooks_total{fate=\"answered\"}",
	[METRIC_HOOKS_TIMEOUT] = "referd_hooks_total{fate=\"timeout\"}",
	[METRIC_HOOKS_FAILED] = "referd_hooks_total{fate=\"failed\"}",
};

static const char *const outcomes[] = {"transferred", "failed", "presumed",
				       "unknown", "cancelled"};

enum { OUTCOMES = sizeof(outcomes) / sizeof(*outcomes) };

static uint64_t counts[METRICS];
static uint64_t transfers[OUTCOMES];


/**
 * Count an event
 *
 * @param metric What happened
 */
void metrics_count(enum metric metric)
{
	++counts[metric];
}


/**
 * Count the end of a transfer
 *
 * @param outcome Its outcome
 */
void metrics_outcome(const char *outcome)
{
	for (int i = 0; i < OUTCOMES; i++) {
		if (!strcmp(outcome, outcomes[i]))
			++transfers[i];
	}
}


/* Counters that differ by label only share one line of type */
static void print_type(FILE *f, const char *name, const char *last)
{
	size_t len = strcspn(name, "{");

	if (!last || strcspn(last, "{") != len || strncmp(last, name, len))
		(void)fprintf(f, "# TYPE %.*s counter\n", (int)len, name);
}


static void print(FILE *f)
{
	for (int i = 0; i < METRICS; i++) {
		print_type(f, names[i], i ? names[i - 1] : NULL);
		(void)fprintf(f, "%s %" PRIu64 "\n", names[i], counts[i]);
	}

	print_type(f, "referd_transfers_total", NULL);
	for (int i = 0; i < OUTCOMES; i++)
		(void)fprintf(f,
			      "referd_transfers_total{outcome=\"%s\"} %" PRIu64
			      "\n",
			      outcomes[i], transfers[i]);

	(void)fprintf(f,
		      "# TYPE referd_calls gauge\nreferd_calls %zu\n"
		      "# TYPE referd_clients gauge\nreferd_clients %zu\n"
		      "# TYPE referd_nodes gauge\nreferd_nodes %u\n"
		      "# TYPE referd_store_writable gauge\n"
		      "referd_store_writable %d\n",
		      sessions_count(), clients_count(), roster_count(),
		      store_trouble() == NULL);
}


/**
 * Write all counters as Prometheus reads them
 *
 * @return Text, to be freed; NULL if memory ran out
 */
char *metrics_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;

	print(f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}

	return text;
}
