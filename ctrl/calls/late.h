/**
 * @file late.h  The final status that comes behind the end of a transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LATE_H
#define LATE_H


struct call;
struct report;

void late_report(const struct report *r, const char *instance,
		 const char *node, const struct call *call);

#endif
