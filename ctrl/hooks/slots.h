/**
 * @file slots.h  So many requests at once, and so many to one host
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>
#include "hooks.h"

struct slot;

struct slot_host;

int slot_take(struct slot *s, const char *host, slot_h *h, void *arg);
void slot_leave(struct slot *s);

#endif
