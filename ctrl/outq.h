/**
 * @file outq.h  What a client is yet to read: bounded, each message shared
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OUTQ_H
#define OUTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame;

struct outq {
	struct frame **ring;
	unsigned size; /* of the ring */
	unsigned first, count;
	size_t bytes;
};

int frame_create(struct frame **fp, uint64_t seq, const char *text);
void frame_release(struct frame *f);
unsigned char *frame_text(struct frame *f, size_t *lenp);
uint64_t frame_seq(const struct frame *f);

int outq_push(struct outq *q, struct frame *f);
struct frame *outq_pop(struct outq *q);
bool outq_empty(const struct outq *q);
void outq_clear(struct outq *q);

#endif
