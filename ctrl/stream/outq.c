/**
 * @file outq.c  Messages to one client alone: bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"
#include "outq.h"


enum {
	RING_MIN = 4,
	FRAMES_MAX = 4096,
	BYTES_MAX = 1 << 20, /* behind the first, which is to go next */
};


static int grow(struct outq *q)
{
	unsigned size = q->size ? q->size * 2 : RING_MIN;
	struct frame **ring = calloc(size, sizeof(*ring));

	if (!ring)
		return ENOMEM;

	for (unsigned i = 0; i < q->count; i++)
		ring[i] = q->ring[(q->first + i) % q->size];

	free(q->ring);
	q->ring = ring;
	q->size = size;
	q->first = 0;

	return 0;
}


/* A hello with many calls may be greater than all else that can wait */
static size_t bytes_behind(const struct outq *q)
{
	return q->bytes - q->ring[q->first]->len;
}


/**
 * Add a frame
 *
 * @param q Queue
 * @param f Frame, which is shared
 *
 * @return 0 if success, ENOBUFS if the queue is full, ENOMEM
 */
int outq_push(struct outq *q, struct frame *f)
{
	if (q->count == FRAMES_MAX ||
	    (q->count && bytes_behind(q) + f->len > BYTES_MAX))
		return ENOBUFS;

	if (q->count == q->size && grow(q))
		return ENOMEM;

	q->ring[(q->first + q->count++) % q->size] = frame_ref(f);
	q->bytes += f->len;

	return 0;
}


/**
 * Get the first frame
 *
 * @param q Queue
 *
 * @return Frame, NULL if the queue is empty
 */
struct frame *outq_head(const struct outq *q)
{
	return q->count ? q->ring[q->first] : NULL;
}


/**
 * Let go of the first frame
 *
 * @param q Queue, which has one.  With the last one it frees its memory: most
 *          clients get hardly anything that is for them alone.
 */
void outq_pop(struct outq *q)
{
	struct frame *f = q->ring[q->first];

	q->first = (q->first + 1) % q->size;
	q->bytes -= f->len;
	frame_release(f);

	if (--q->count == 0)
		outq_clear(q);
}


/**
 * Tell whether nothing is left to read
 *
 * @param q Queue
 *
 * @return True if it is empty
 */
bool outq_empty(const struct outq *q)
{
	return q->count == 0;
}


/**
 * Free all frames
 *
 * @param q Queue, which can be used again
 */
void outq_clear(struct outq *q)
{
	for (; q->count; q->count--)
		frame_release(q->ring[q->first++ % q->size]);

	free(q->ring);
	memset(q, 0, sizeof(*q));
}
