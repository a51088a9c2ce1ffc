/**
 * @file block.h  Memory for many small things that go in the order they came
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stddef.h>


struct block;

void *block_room(struct block **fillp, size_t size, struct block **bp);
void block_release(struct block *b);

#endif
