/**
 * @file hook_status.h  The result of each hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOOK_STATUS_H
#define HOOK_STATUS_H


struct posting;

void hook_status_tell(const struct posting *p, const char *event, long status,
		      double retry, const char *reason);

#endif
