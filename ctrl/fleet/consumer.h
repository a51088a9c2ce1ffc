/**
 * @file consumer.h  Reads the stream, in order
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONSUMER_H
#define CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether it reads, or why not; called at each change */
typedef void(consumer_h)(void);

int consumer_start(consumer_h *h);
void consumer_stop(void);
bool consumer_reads(void);
const char *consumer_trouble(void);
uint64_t consumer_lag(void);

#endif
