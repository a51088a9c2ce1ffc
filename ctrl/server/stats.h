/**
 * @file stats.h  The last hour in numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STATS_H
#define STATS_H


struct job;
struct scope_wish;

int stats_ask(struct job **jp, const struct scope_wish *wish,
	      const char *request);

#endif
