/**
 * @file drain.h  The orderly shutdown
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DRAIN_H
#define DRAIN_H

#include <stdbool.h>

typedef void(drain_done_h)(void);

void drain_start(bool works, drain_done_h *h);
void drain_stop(void);

#endif
