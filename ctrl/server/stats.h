/**
 * @file stats.h  The last hour in numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STATS_H
#define STATS_H


struct job;

int stats_ask(struct job **jp, const char *request);

#endif
