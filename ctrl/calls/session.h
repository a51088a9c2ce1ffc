/**
 * @file session.h  The calls that live, each with its queue of verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

struct call;
struct call_info;
struct json;
struct queue;
bool sessions_full(void);
struct session *session_only(void);
struct session **sessions_of(const char *instance);

void session_create(const struct call_info *info, const char *instance,
		    const char *node, int64_t time);
void session_update(struct session *s, const struct call_info *info,
		    int64_t time);
void session_end(struct session *s, const char *state, const char *reason);
void session_tag(struct session *s, const char *text);
void session_touch(struct session *s);
void session_release(struct session *s);

#endif
