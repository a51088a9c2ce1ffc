/**
 * @file told.h  Messages that referd has sent, read from its store
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef UNIT_TOLD_H
#define UNIT_TOLD_H

#include "store/store.h"

void told_begin(void);
void told_each(const char *client, const char *call_sid, store_replay_h *h,
	       void *arg);
unsigned told(const char *client, const char *a, const char *b);
const char *told_msgid(const char *client, const char *a, const char *b);

#endif
