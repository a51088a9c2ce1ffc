/**
 * @file report.h  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

int report_decode(struct report **rp, char *line, size_t len,
		  const char **whyp);
void report_free(struct report *r);

#endif
