/**
 * @file keep.h  How long the past is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>

/* True if what was said of a call must stay */
typedef bool(keep_busy_h)(const char *call_sid);

void keep_start(unsigned days, unsigned mb, keep_busy_h *h);
void keep_stop(void);
bool keep_step(void);

#endif
