/**
 * @file late.h  Final statuses that come after the end of their transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LATE_H
#define LATE_H

#include <stdbool.h>


struct cJSON;
struct report;

bool late_load(const struct cJSON *tree);
void late_report(const struct report *r, const char *instance,
		 const char *node);

#endif
