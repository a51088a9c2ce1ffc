/**
 * @file batch.c  Events that go into the stream in one message
 *
 * The first line has the member and the numbers of the messages.  Each further
 * line is one message, as clients get it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "batch.h"


enum {
	ROOM_MIN = 4096,
	PLACE_SIZE = 4,  /* of a number of three digits and a comma */
	HEAD_SIZE = 512, /* of the rest of the first line */
};


static int make_room(char **bufp, size_t *sizep, size_t need)
{
	size_t size = *sizep ? *sizep : ROOM_MIN;
	char *buf;

	if (need <= *sizep)
		return 0;

	while (size < need)
		size *= 2;
	buf = realloc(*bufp, size);
	if (!buf)
		return ENOMEM;

	*bufp = buf;
	*sizep = size;

	return 0;
}


/**
 * Begin a new batch
 *
 * @param b     Batch
 * @param after Number of the event that was published before, 0 for none
 * @param anew  Whether the numbers begin again, with another store
 */
void batch_begin(struct batch *b, uint64_t after, bool anew)
{
	b->after = after;
	b->anew = anew;
	b->first = 0;
	b->last = 0;
	b->count = 0;
	b->full = false;
	b->failed = false;
	b->jambonzc = 0;
	b->len = 0;
	b->textlen = 0;
}


/* The msgid, if there is one, follows type, seq and time; a message to clients
   of jambonz's dialect has one */
static bool has_msgid(const char *text)
{
	const char *time = strstr(text, "\"time\":\"");

	if (!time)
		return false;

	time += sizeof("\"time\":\"") - 1;
	time += strcspn(time, "\"");

	return !strncmp(time, "\",\"msgid\":", 10);
}


/**
 * Add an event, if it fits
 *
 * @param b    Batch
 * @param seq  Its number
 * @param text Its text
 */
void batch_add(struct batch *b, uint64_t seq, const char *text)
{
	const size_t len = strlen(text);

	if (b->full || b->failed)
		return;
	if (b->count == BATCH_MAX ||
	    (b->count && b->len + len + 1 > BATCH_SIZE)) {
		b->full = true;
		return;
	}
	if (make_room(&b->lines, &b->size, b->len + len + 1)) {
		b->failed = true;
		return;
	}

	memcpy(b->lines + b->len, text, len);
	b->lines[b->len + len] = '\n';
	b->len += len + 1;
	if (!b->count++)
		b->first = seq;
	b->last = seq;
	if (has_msgid(text))
		b->jambonz[b->jambonzc++] = (unsigned char)b->count;
}


/**
 * Make the text of a batch
 *
 * @param b      Batch, with one event at least
 * @param member Whose events they are
 * @param boot   Boot of that member
 *
 * @return 0, or ENOMEM
 */
int batch_finish(struct batch *b, const char *member, const char *boot)
{
	size_t n;

	if (b->failed ||
	    make_room(&b->text, &b->textsize,
		      HEAD_SIZE + (size_t)b->jambonzc * PLACE_SIZE + b->len))
		return ENOMEM;

	n = (size_t)snprintf(
		b->text, HEAD_SIZE,
		"{\"member\":\"%s\",\"boot\":\"%s\",\"first\":%" PRIu64
		",\"last\":%" PRIu64 ",\"after\":%" PRIu64
		",\"count\":%u%s,\"jambonz\":[",
		member, boot, b->first, b->last, b->after, b->count,
		b->anew ? ",\"anew\":true" : "");
	for (unsigned i = 0; i < b->jambonzc; i++)
		n += (size_t)snprintf(b->text + n, PLACE_SIZE + 1, "%s%u",
				      i ? "," : "", b->jambonz[i]);
	memcpy(b->text + n, "]}\n", 3);
	memcpy(b->text + n + 3, b->lines, b->len);
	b->textlen = n + 3 + b->len;

	return 0;
}


/**
 * Free the members of a batch
 *
 * @param b Batch
 */
void batch_free(struct batch *b)
{
	free(b->lines);
	free(b->text);
	memset(b, 0, sizeof(*b));
}
