/**
 * @file source.h  Source of a client's messages: this referd, or a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdint.h>
#include "cast.h"
#include "store/store.h"

struct feed;

struct feeds {
	struct feed *head, **tail;
};

struct source {
	struct cast cast; /* what is told to all, from now on */

	/* Earlier messages, from the store: store_replay() and others */
	enum replay (*replay)(uint64_t *sincep, const struct listener *to,
			      unsigned limit, store_replay_h *h, void *arg);
	int (*fetch)(struct fetch **fp, uint64_t since,
		     const struct listener *to, store_replay_h *h,
		     store_fetched_h *done, void *arg);
	uint64_t (*last)(void);  /* number of the last message */
	uint64_t (*first)(void); /* ... of the first one that is kept */

	/* Clients that have read everything come after those that have not:
	   after a message, the search ends at the first of them */
	struct feeds ready;

	/* Clients whose pipe is full; none of them reads before this time */
	struct feeds waiting;
	uint64_t waiting_for;
};

extern struct source sources[SCOPES];

#endif
