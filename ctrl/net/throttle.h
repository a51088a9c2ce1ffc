/**
 * @file throttle.h  How fast a client may send
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct bucket;

struct lws;

void bucket_fill(struct bucket *b);
bool bucket_take(struct bucket *b);
bool bucket_is_full(struct bucket *b);

#endif
