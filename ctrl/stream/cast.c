/**
 * @file cast.c  What goes to all clients: each message kept once
 *
 * Each client has a number of its own up to which it has read, so that a new
 * message costs the same with one client as with thousands.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "cast.h"
#include "frame.h"


enum {
	FRAMES_MAX = 4096,
	BYTES_MAX = 1 << 20,
};

static struct {
	struct frame *ring[FRAMES_MAX];
	uint64_t starts[FRAMES_MAX]; /* bytes of all frames before */
	uint64_t first, end;         /* numbers */
	uint64_t bytes;              /* of all frames that ever were */
} cast;


static uint64_t start_of(uint64_t n)
{
	return n < cast.end ? cast.starts[n % FRAMES_MAX] : cast.bytes;
}


/**
 * Add a message.  If there are too many, the first ones go.
 *
 * @param f Frame, which is shared
 */
void cast_add(struct frame *f)
{
	while (cast.first < cast.end &&
	       (cast.end - cast.first == FRAMES_MAX ||
		cast.bytes + f->len - start_of(cast.first) > BYTES_MAX))
		cast_forget(cast.first + 1);

	cast.ring[cast.end % FRAMES_MAX] = frame_ref(f);
	cast.starts[cast.end % FRAMES_MAX] = cast.bytes;
	cast.bytes += f->len;
	++cast.end;
}


/**
 * Get the first message that is kept
 *
 * @return Its number; with none, that of the next one to come
 */
uint64_t cast_first(void)
{
	return cast.first;
}


/**
 * Get the end of what is kept
 *
 * @return Number of the next message to come
 */
uint64_t cast_end(void)
{
	return cast.end;
}


/**
 * Get a message
 *
 * @param n Its number, of one that is kept
 *
 * @return Frame
 */
struct frame *cast_at(uint64_t n)
{
	return cast.ring[n % FRAMES_MAX];
}


/**
 * Tell whether a reader must not be kept waiting, lest what it has not read
 * goes
 *
 * @param n Number of the message that it reads next
 *
 * @return True if it is far behind
 */
bool cast_far(uint64_t n)
{
	return cast.end - n > FRAMES_MAX / 4 ||
	       cast.bytes - start_of(n) > BYTES_MAX / 4;
}


/**
 * Let go of messages
 *
 * @param n Number of the first one that is still to be kept
 */
void cast_forget(uint64_t n)
{
	for (; cast.first < n; cast.first++)
		frame_release(cast.ring[cast.first % FRAMES_MAX]);
}
