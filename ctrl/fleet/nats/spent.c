/**
 * @file spent.c  Messages of libnats that are done with
 *
 * libnats frees each in a thread of its own, which natsMsg_Destroy() wakes,
 * and which then waits for a lock that its waker still has.  For many at once
 * that happens once.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "parts.h"


enum { SIZE_MAX_BYTES = 256 << 10 };


/**
 * Add a message
 *
 * @param s   Messages
 * @param msg Message, freed before long
 */
void spent_add(struct spent *s, natsMsg *msg)
{
	s->msgs[s->count++] = msg;
	s->size += (size_t)natsMsg_GetDataLength(msg);
	if (s->count == sizeof(s->msgs) / sizeof(*s->msgs) ||
	    s->size >= SIZE_MAX_BYTES)
		spent_free(s);
}


/**
 * Free all of them
 *
 * @param s Messages
 */
void spent_free(struct spent *s)
{
	for (unsigned i = 0; i < s->count; i++)
		natsMsg_Destroy(s->msgs[i]);

	s->count = 0;
	s->size = 0;
}
