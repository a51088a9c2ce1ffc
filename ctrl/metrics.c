/**
 * @file metrics.c  What Prometheus reads
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client.h"
#include "counters.h"
#include "metrics.h"
#include "roster.h"
#include "session.h"
#include "store.h"


/* Counters that differ by label only share one line of type */
static void print_type(FILE *f, const char *name, const char *last)
{
	size_t len = strcspn(name, "{");

	if (!last || strcspn(last, "{") != len || strncmp(last, name, len))
		(void)fprintf(f, "# TYPE %.*s counter\n", (int)len, name);
}


static void print(FILE *f)
{
	for (int i = 0; i < COUNTERS; i++) {
		print_type(f, counter_name(i), i ? counter_name(i - 1) : NULL);
		(void)fprintf(f, "%s %" PRIu64 "\n", counter_name(i),
			      counter_value(i));
	}

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
