/**
 * @file cast.c  The messages to all clients: each is kept once
 *
 * Each client has a number of its own up to which it has read, so that a new
 * message costs the same with one client as with thousands.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "cast.h"
#include "frame.h"


enum {
	FRAMES_MAX = CAST_FRAMES,
	BYTES_MAX = 1 << 20,
};


static uint64_t start_of(const struct cast *cast, uint64_t n)
{
	return n < cast->end ? cast->starts[n % FRAMES_MAX] : cast->bytes;
}


/**
 * Add a message.  If there are too many, the first ones go.
 *
 * @param cast The messages to all clients
 * @param f    Frame, which is shared
 */
void cast_add(struct cast *cast, struct frame *f)
{
	while (cast->first < cast->end &&
	       (cast->end - cast->first == FRAMES_MAX ||
		cast->bytes + f->len - start_of(cast, cast->first) >
			BYTES_MAX))
		cast_forget(cast, cast->first + 1);

	cast->ring[cast->end % FRAMES_MAX] = frame_ref(f);
	cast->starts[cast->end % FRAMES_MAX] = cast->bytes;
	cast->bytes += f->len;
	++cast->end;
}


/**
 * Get the first message that is kept
 *
 * @param cast The messages to all clients
 *
 * @return Its number; with none, that of the next one to come
 */
uint64_t cast_first(const struct cast *cast)
{
	return cast->first;
}


/**
 * Get the end of the kept messages
 *
 * @param cast The messages to all clients
 *
 * @return Number of the next message to come
 */
uint64_t cast_end(const struct cast *cast)
{
	return cast->end;
}


/**
 * Get a message
 *
 * @param cast The messages to all clients
 * @param n    Its number, of one that is kept
 *
 * @return Frame
 */
struct frame *cast_at(const struct cast *cast, uint64_t n)
{
	return cast->ring[n % FRAMES_MAX];
}


/**
 * Get the end of the messages that may be sent
 *
 * @param cast The messages to all clients
 * @param kept Number of the last turn that is kept
 *
 * @return Number of the first message that must wait, or of the next one to
 *         come
 */
uint64_t cast_open(struct cast *cast, uint64_t kept)
{
	if (cast->open < cast->first)
		cast->open = cast->first;
	while (cast->open < cast->end &&
	       cast_at(cast, cast->open)->turn <= kept)
		++cast->open;

	return cast->open;
}


/**
 * Tell whether a reader must be served now, before messages that it has not
 * read are removed
 *
 * @param cast The messages to all clients
 * @param n    Number of the message that it reads next
 *
 * @return True if it is far behind
 */
bool cast_far(const struct cast *cast, uint64_t n)
{
	return cast->end - n > FRAMES_MAX / 4 ||
	       cast->bytes - start_of(cast, n) > BYTES_MAX / 4;
}


/**
 * Let go of messages
 *
 * @param cast The messages to all clients
 * @param n    Number of the first one that is still to be kept
 */
void cast_forget(struct cast *cast, uint64_t n)
{
	for (; cast->first < n; cast->first++)
		frame_release(cast->ring[cast->first % FRAMES_MAX]);
}
