/**
 * @file histogram.c  How long things take, as Prometheus counts it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base.h"


enum { BOUNDS_MAX = 14 };

/* Upper bounds [s], ended by 0 */
static const double waits[BOUNDS_MAX] = {.005, .01, .025, .05, .1, .25, .5,
					 1,    2.5, 5,    10,  30, 60,  120};
static const double turns[BOUNDS_MAX] = {.00005, .0001, .00025, .0005, .001,
					 .0025,  .005,  .01,    .025,  .05,
					 .1,     .25,   1};

static const double syncs[BOUNDS_MAX] = {.0001, .00025, .0005, .001, .0025,
					 .005,  .01,    .025,  .05,  .1,
					 .25,   .5,     1,     5};

/* help is that of all histograms of the name, and stands at the first */
static const struct {
	const char *name, *label, *help;
	const double *bounds;
} histograms[HISTOGRAMS] = {
	[HISTOGRAM_REFER] = {"referd_refer_answer_seconds", "",
			     "Time from the REFER to its answer.", waits},
	[HISTOGRAM_TRANSFERRED] =
		{"referd_transfer_seconds", "outcome=\"transferred\"",
		 "Time from the REFER to the end of the transfer.", waits},
	[HISTOGRAM_FAILED] = {"referd_transfer_seconds", "outcome=\"failed\"",
			      NULL, waits},
	[HISTOGRAM_PRESUMED] = {"referd_transfer_seconds",
				"outcome=\"presumed\"", NULL, waits},
	[HISTOGRAM_UNKNOWN] = {"referd_transfer_seconds",
			       "outcome=\"unknown\"", NULL, waits},
	[HISTOGRAM_CANCELLED] = {"referd_transfer_seconds",
				 "outcome=\"cancelled\"", NULL, waits},
	[HISTOGRAM_HOOK] = {"referd_hook_seconds", "",
			    "Time from the first step of a hook to its end.",
			    waits},
	[HISTOGRAM_TURN] = {"referd_loop_turn_seconds", "",
			    "Time of a turn of the event loop.", turns},
	[HISTOGRAM_SYNC] =
		{"referd_sync_seconds", "",
		 "Time of an fdatasync of the redo log (--sync power).",
		 syncs},
};

static struct {
	uint64_t buckets[BOUNDS_MAX + 1];
	uint64_t count;
	double sum;
} seen[HISTOGRAMS];


void histogram_add(enum histogram h, double seconds)
{
	const double *bounds = histograms[h].bounds;
	size_t i = 0;

	/* a clock may have been set back */
	if (seconds < 0)
		seconds = 0;

	while (i < BOUNDS_MAX && bounds[i] > 0 && seconds > bounds[i])
		++i;
	++seen[h].buckets[i];
	++seen[h].count;
	seen[h].sum += seconds;
}


static void print(FILE *f, size_t h)
{
	const char *name = histograms[h].name, *label = histograms[h].label;
	const char *comma = *label ? "," : "";
	const double *bounds = histograms[h].bounds;
	uint64_t count = 0;

	for (size_t i = 0; i < BOUNDS_MAX && bounds[i] > 0; i++) {
		count += seen[h].buckets[i];
		(void)fprintf(f, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n",
			      name, label, comma, bounds[i], count);
	}
	(void)fprintf(f, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name,
		      label, comma, seen[h].count);

	if (*label) {
		(void)fprintf(f,
			      "%s_sum{%s} %.6f\n"
			      "%s_count{%s} %" PRIu64 "\n",
			      name, label, seen[h].sum, name, label,
			      seen[h].count);
		return;
	}
	(void)fprintf(f, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name,
		      seen[h].sum, name, seen[h].count);
}


void histograms_print(FILE *f)
{
	for (size_t h = 0; h < HISTOGRAMS; h++) {
		if (histograms[h].help)
			metric_head(f, histograms[h].name, "histogram",
				    histograms[h].help);
		print(f, h);
	}
}
