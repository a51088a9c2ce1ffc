/**
 * @file cast.h  What goes to all clients: each message kept once
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CAST_H
#define CAST_H

#include <stdbool.h>
#include <stdint.h>


struct frame;

void cast_add(struct frame *f);
uint64_t cast_first(void);
uint64_t cast_end(void);
struct frame *cast_at(uint64_t n);
bool cast_far(uint64_t n);
void cast_forget(uint64_t n);

#endif
