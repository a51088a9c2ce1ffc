/**
 * @file recent.h  The transfers that have ended lately
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RECENT_H
#define RECENT_H

#include <stdbool.h>

void recent_add(const char *id);
bool recent_has(const char *id);
void recent_close(void);

#endif
