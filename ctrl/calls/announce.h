/**
 * @file announce.h  Messages to clients about a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include <stdint.h>


struct call;

void announce_call(const struct call *c, int64_t time);
void announce_state(const struct call *c, int64_t time);

#endif
