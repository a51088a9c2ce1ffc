/**
 * @file decode.h  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DECODE_H
#define DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

int report_decode(struct report **rp, char *line, size_t len,
		  const char **whyp);
bool report_check(struct report *r);
void report_free(struct report *r);

#endif
