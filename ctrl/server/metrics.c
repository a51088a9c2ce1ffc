/**
 * @file metrics.c  What Prometheus reads
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "metrics.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"


/* Counters that differ by label only share one line of type */
static void print_type(FILE *f, const char *name, const char *last)
{
	size_t len = strcspn(name, "{");

	if (!last || strcspn(last, "{") != len || strncmp(last, name, len))
		(void)fprintf(f, "# TYPE %.*s counter\n", (int)len, name);
}


static void print_gauge(FILE *f, const char *name, size_t value)
{
	(void)fprintf(f, "# TYPE %s gauge\n%s %zu\n", name, name, value);
}


static void print(FILE *f)
{
	for (int i = 0; i < COUNTERS; i++) {
		print_type(f, counter_name(i), i ? counter_name(i - 1) : NULL);
		(void)fprintf(f, "%s %" PRIu64 "\n", counter_name(i),
			      counter_value(i));
	}

	print_gauge(f, "referd_calls", sessions_count());
	print_gauge(f, "referd_clients", clients_count());
	print_gauge(f, "referd_nodes", roster_count());
	print_gauge(f, "referd_transfers_running", transfers_count());
	print_gauge(f, "referd_dials_waiting", dials_count());
	print_gauge(f, "referd_hooks_waiting", outbox_count());
	print_gauge(f, "referd_store_writable", !store_trouble());
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
