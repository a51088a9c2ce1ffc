/**
 * @file stats.c  The last hour in numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "fleet/fleet.h"
#include "json.h"
#include "nodes/nodes.h"
#include "past.h"
#include "scope.h"
#include "stats.h"
#include "store/store.h"


enum {
	MINUTES = 60,
	MINUTE = 60 * 1000,          /* in ms */
	OUTCOMES = ARCHIVE_OUTCOMES, /* the last one is `running` */
};

/* The last of them is not over yet */
struct hour {
	int64_t begin; /* ms since 1970 */
	int64_t started[MINUTES];
	int64_t outcomes[MINUTES][OUTCOMES];
};


/* State of the loop at the time of the request */
struct stats {
	int64_t now;
	char *nodes; /* JSON text */
	struct scope_wish wish;
};


/* A clock that was set back leaves transfers that have yet to begin */
static int64_t *count_of(int64_t *counts, size_t stride,
			 const struct hour *hour, int64_t minute)
{
	int64_t i = minute - hour->begin / MINUTE;

	return i >= 0 && i < MINUTES ? &counts[(size_t)i * stride] : NULL;
}


static void started_handler(int64_t minute, const char *outcome, int64_t count,
			    void *arg)
{
	struct hour *hour = arg;
	int64_t *n = count_of(hour->started, 1, hour, minute);
	(void)outcome;

	if (n)
		*n = count;
}


static void ended_handler(int64_t minute, const char *outcome, int64_t count,
			  void *arg)
{
	struct hour *hour = arg;
	int64_t *n = count_of(hour->outcomes[0], OUTCOMES, hour, minute);

	for (int i = 0; n && i < OUTCOMES; i++) {
		if (!strcmp(outcome, archive_outcomes[i]))
			n[i] = count;
	}
}


static void print_outcomes(struct json *j, const int64_t counts[OUTCOMES])
{
	json_open(j, "outcomes", '{');
	for (int i = 0; i < OUTCOMES - 1; i++)
		json_int(j, archive_outcomes[i], counts[i]);
	json_close(j, '}');
}


static void print_time(struct json *j, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, ms);
	json_str(j, key, text);
}


static void print_minutes(struct json *j, const struct hour *hour)
{
	json_open(j, "minutes", '[');
	for (int i = 0; i < MINUTES; i++) {
		json_open(j, NULL, '{');
		print_time(j, "time", hour->begin + (int64_t)i * MINUTE);
		json_int(j, "started", hour->started[i]);
		print_outcomes(j, hour->outcomes[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}


static void print_sum(struct json *j, const struct hour *hour)
{
	int64_t sum[OUTCOMES] = {0};

	for (int i = 0; i < MINUTES; i++) {
		for (int k = 0; k < OUTCOMES; k++)
			sum[k] += hour->outcomes[i][k];
	}

	print_outcomes(j, sum);
}


static void print_final(struct json *j, int64_t begin, const char *member)
{
	static const struct {
		const char *key;
		unsigned percent;
	} parts[] = {{"p50", 50}, {"p95", 95}};
	int64_t count = archive_finals(begin, member);

	json_open(j, "final_ms", '{');
	json_int(j, "count", count);
	for (size_t i = 0; count && i < sizeof(parts) / sizeof(*parts); i++)
		json_int(
			j, parts[i].key,
			archive_final(begin, member, count, parts[i].percent));
	json_close(j, '}');
}


static char *print(void *arg, struct error *error)
{
	const struct stats *stats = arg;
	const char *member = *stats->wish.member ? stats->wish.member : NULL;
	struct hour hour = {.begin = (stats->now / MINUTE - MINUTES + 1) *
				     MINUTE};
	struct json j;
	(void)error;

	archive_starts(hour.begin, member, started_handler, &hour);
	archive_ends(hour.begin, member, ended_handler, &hour);

	json_init(&j);
	json_open(&j, NULL, '{');
	print_time(&j, "now", stats->now);
	json_int(&j, "window", MINUTES * MINUTE / 1000);
	print_minutes(&j, &hour);
	print_sum(&j, &hour);
	print_final(&j, hour.begin, member);
	json_raw(&j, "nodes", stats->nodes);
	json_close(&j, '}');

	return json_take(&j);
}


static void destroy(void *arg)
{
	struct stats *stats = arg;

	if (stats)
		free(stats->nodes);
	free(stats);
}


/**
 * Get the numbers of the last hour by the minute, and the state of the nodes
 *
 * @param jp      Pointer to the job that is taken
 * @param wish    Whose
 * @param request Name of the request that is answered
 *
 * @return 0 if success, or ENOMEM
 */
int stats_ask(struct job **jp, const struct scope_wish *wish,
	      const char *request)
{
	struct stats *stats = calloc(1, sizeof(*stats));
	struct json j;

	if (!stats)
		return ENOMEM;

	json_init(&j);
	if (wish->scope != SCOPE_FLEET || !fleet_nodes_print(&j, NULL))
		roster_print(&j, NULL);
	stats->wish = *wish;
	stats->now = clock_ms();
	stats->nodes = json_take(&j);
	if (!stats->nodes) {
		destroy(stats);
		return ENOMEM;
	}

	return past_ask(jp, wish->scope, request, print, destroy, stats);
}
