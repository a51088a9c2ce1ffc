/**
 * @file slots.h  Limits of simultaneous requests: in all, and to one host
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>

struct slot_host;

typedef void(slot_h)(void *arg);

struct slot {
	struct slot *next, **link; /* of those of its host that wait */
	struct slot_host *host;    /* NULL: it has none, and waits for none */
	bool runs;
	slot_h *h;
	void *arg;
};

int slot_take(struct slot *s, const char *host, slot_h *h, void *arg);
void slot_leave(struct slot *s);

#endif
