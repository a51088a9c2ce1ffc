/**
 * @file throttle.h  How fast a client may send
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct credit;

struct lws;

void credit_start(struct credit *c);
bool credit_take(struct credit *c);
bool credit_full(struct credit *c);

#endif
