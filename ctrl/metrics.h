/**
 * @file metrics.h  Counters, and their Prometheus text
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef METRICS_H
#define METRICS_H

struct json;

enum metric {
	METRIC_MESSAGES_SENT,
	METRIC_MESSAGES_RECEIVED,
	METRIC_MESSAGES_REFUSED,
	METRIC_CLIENTS_DROPPED,
	METRIC_HOOKS_ANSWERED,
	METRIC_HOOKS_TIMEOUT,
	METRIC_HOOKS_FAILED,
	METRICS,
};

void metrics_count(enum metric metric);
void metrics_outcome(const char *outcome);
char *metrics_text(void);

#endif
