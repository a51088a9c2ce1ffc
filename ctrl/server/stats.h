/**
 * @file stats.h  The last hour in numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STATS_H
#define STATS_H


struct look;

int stats_ask(struct look **lp, const char *request);

#endif
