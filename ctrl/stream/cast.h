/**
 * @file cast.h  The messages to all clients: each is kept once
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CAST_H
#define CAST_H

#include <stdbool.h>
#include <stdint.h>


struct frame;

enum { CAST_FRAMES = 4096 };

struct cast {
	struct frame *ring[CAST_FRAMES];
	uint64_t starts[CAST_FRAMES]; /* bytes of all frames before */
	uint64_t first, end;          /* numbers */
	uint64_t open;                /* ... of the first that must wait */
	uint64_t bytes;               /* of all frames that ever were */
};

void cast_add(struct cast *cast, struct frame *f);
uint64_t cast_first(const struct cast *cast);
uint64_t cast_end(const struct cast *cast);
uint64_t cast_open(struct cast *cast, uint64_t kept);
struct frame *cast_at(const struct cast *cast, uint64_t n);
bool cast_far(const struct cast *cast, uint64_t n);
void cast_forget(struct cast *cast, uint64_t n);

#endif
