/**
 * @file arena.h  Memory for many small things that go in the order they came
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>


struct arena;

void *arena_alloc(struct arena **fillp, size_t size, struct arena **ap);
void arena_release(struct arena *a);

#endif
