/**
 * @file losthook.h  The actionHooks of transfers that a member may lose
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LOSTHOOK_H
#define LOSTHOOK_H

#include <stdbool.h>

struct fleet_config;

int losthook_start(const struct fleet_config *c);
void losthook_stop(void);
void losthook_take(const char *member, const char *text);
void losthook_forget(const char *transfer_id);
void losthook_lose_call(const char *call_sid, const char *reason, bool ours);
void losthook_post(const char *transfer_id, int refer_status,
		   const char *reason);

#endif
