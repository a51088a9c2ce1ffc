/**
 * @file replayed.h  All messages that a client is to get, from memory and from
 * disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPLAYED_H
#define REPLAYED_H

#include <stdbool.h>
#include <stdint.h>
#include "store/store.h"

void replayed(uint64_t since, const char *client, const char *call_sid,
	      bool jambonz, store_replay_h *h, void *arg);

#endif
