/**
 * @file sessions.h  The sessions, found by their call or their node
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stdbool.h>
#include "base/base.h"


struct session;

int sessions_open(unsigned most);
void sessions_drop(void);
int sessions_put(struct session *s);
void sessions_take(const struct session *s);
bool sessions_full(void);
void sessions_each(table_each_h *h, void *arg);
struct session *session_only(void);
struct session **sessions_of(const char *instance);

#endif
