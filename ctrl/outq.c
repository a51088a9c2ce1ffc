/**
 * @file outq.c  What a client is yet to read: bounded, each message shared
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "outq.h"


enum {
	RING_MIN = 16,
	FRAMES_MAX = 4096,
	BYTES_MAX = 1 << 20,
};

/* One message, encoded once, in the queues of many clients */
struct frame {
	unsigned refs;
	uint64_t seq;
	size_t len;
	unsigned char buf[]; /* LWS_PRE bytes of room, then the text */
};


/**
 * Make a frame
 *
 * @param fp   Pointer to the new frame, to be released
 * @param seq  Number of the message, 0 if it has none
 * @param text Text, copied
 *
 * @return 0 if success, otherwise errorcode
 */
int frame_create(struct frame **fp, uint64_t seq, const char *text)
{
	size_t len = strlen(text);
	struct frame *f = malloc(sizeof(*f) + LWS_PRE + len);

	if (!f)
		return ENOMEM;

	f->refs = 1;
	f->seq = seq;
	f->len = len;
	memcpy(f->buf + LWS_PRE, text, len);
	*fp = f;

	return 0;
}


/**
 * Let go of a frame
 *
 * @param f Frame, may be NULL
 */
void frame_release(struct frame *f)
{
	if (f && --f->refs == 0)
		free(f);
}


/**
 * Get the text of a frame, with room before it for what lws_write() puts there
 *
 * @param f    Frame
 * @param lenp Length of the text in bytes
 *
 * @return Text
 */
unsigned char *frame_text(struct frame *f, size_t *lenp)
{
	*lenp = f->len;

	return f->buf + LWS_PRE;
}


/**
 * Get the number of a frame
 *
 * @param f Frame
 *
 * @return Number of its message, 0 if it has none
 */
uint64_t frame_seq(const struct frame *f)
{
	return f->seq;
}


/* Most clients read at once and need no more than the least ring */
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
	if (q->count == FRAMES_MAX || q->bytes + f->len > BYTES_MAX)
		return ENOBUFS;

	if (q->count == q->size && grow(q))
		return ENOMEM;

	q->ring[(q->first + q->count++) % q->size] = f;
	q->bytes += f->len;
	++f->refs;

	return 0;
}


/**
 * Take the first frame
 *
 * @param q Queue
 *
 * @return Frame, to be released; NULL if there is none
 */
struct frame *outq_pop(struct outq *q)
{
	struct frame *f;

	if (!q->count)
		return NULL;

	f = q->ring[q->first];
	q->first = (q->first + 1) % q->size;
	--q->count;
	q->bytes -= f->len;

	return f;
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
	while (q->count)
		frame_release(outq_pop(q));

	free(q->ring);
	memset(q, 0, sizeof(*q));
}
