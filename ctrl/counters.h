/**
 * @file counters.h  What is counted from the start on
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

/* Those of one name, which differ by label, stand together */
enum counter {
	COUNTER_MESSAGES_SENT,
	COUNTER_MESSAGES_RECEIVED,
	COUNTER_MESSAGES_REFUSED,
	COUNTER_CLIENTS_DROPPED,
	COUNTER_HOOKS_ANSWERED,
	COUNTER_HOOKS_TIMEOUT,
	COUNTER_HOOKS_FAILED,
	COUNTER_TRANSFERRED,
	COUNTER_FAILED,
	COUNTER_PRESUMED,
	COUNTER_UNKNOWN,
	COUNTER_CANCELLED,
	COUNTERS,
};

void counter_add(enum counter counter);
uint64_t counter_value(enum counter counter);
const char *counter_name(enum counter counter);

#endif
