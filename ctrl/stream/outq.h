/**
 * @file outq.h  Messages to one client alone: bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OUTQ_H
#define OUTQ_H

#include <stdbool.h>
#include <stddef.h>


struct frame;

struct outq {
	struct frame **ring;
	unsigned size; /* of the ring */
	unsigned first, count;
	size_t bytes;
};

int outq_push(struct outq *q, struct frame *f);
struct frame *outq_head(const struct outq *q);
void outq_pop(struct outq *q);
bool outq_empty(const struct outq *q);
void outq_clear(struct outq *q);

#endif
