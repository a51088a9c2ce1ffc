/**
 * @file messages.h  The messages on disk, and those that get there
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

struct message_row;

typedef bool(message_h)(const struct message_row *m, void *arg);

bool message_is_for(const struct message_row *m, const struct listener *to);
int messages_fetch(struct fetch **fp, enum scope scope, uint64_t since,
		   uint64_t known, const struct listener *to,
		   store_replay_h *h, store_fetched_h *done, void *arg);
int messages_open(uint64_t seq);
void messages_close(void);
bool messages_each(uint64_t since, unsigned blocks, message_h *h, void *arg);

#endif
