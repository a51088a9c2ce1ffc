/**
 * @file session.h  The calls that live, each with its queue of verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdint.h>


struct call_info;
struct session;

void session_create(const struct call_info *info, const char *instance,
		    const char *node, int64_t time);
void session_update(struct session *s, const struct call_info *info,
		    int64_t time);
void session_end(struct session *s, const char *state, const char *reason);

#endif
