/**
 * @file frame.c  One message as it is sent: encoded once, for all its readers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"
#include "store/store.h"


enum {
	HEADER_MAX = 10,
	NUMBER_MAX = 21, /* digits, and a NUL */
};


/* RFC 6455 section 5.2: FIN, text, not masked */
static size_t write_header(unsigned char *p, size_t len)
{
	const size_t bytes = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

	*p++ = 0x81;
	*p++ = (unsigned char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
	for (size_t i = bytes; i--; p++)
		*p = (unsigned char)((uint64_t)len >> 8 * i);

	return 2 + bytes;
}


/**
 * Make a frame
 *
 * @param fp   Pointer to the new frame, to be released
 * @param seq  Number of the message, 0 if it has none
 * @param text Text, copied
 *
 * @return 0, or ENOMEM
 */
int frame_create(struct frame **fp, uint64_t seq, const char *text)
{
	size_t len = strlen(text);
	struct frame *f = malloc(sizeof(*f) + HEADER_MAX + len);

	if (!f)
		return ENOMEM;

	memset(f, 0, sizeof(*f));
	f->refs = 1;
	f->turn = store_turn();
	f->seq = seq;
	f->len = len;
	f->wire = f->buf;
	f->text = f->buf + write_header(f->buf, len);
	f->wirelen = (size_t)(f->text - f->wire) + len;
	memcpy(f->text, text, len);
	*fp = f;

	return 0;
}


/**
 * Make a frame of a message that this referd has for one client of a fleet.
 * It has no number there: it gets the one of the last message before it.
 *
 * @param fp   Pointer to the new frame, to be released
 * @param seq  That number
 * @param own  Number of the message, of this referd
 * @param text Text, copied, with its own number
 *
 * @return 0, or ENOMEM
 */
int frame_create_own(struct frame **fp, uint64_t seq, uint64_t own,
		     const char *text)
{
	static const char key[] = "\"seq\":";
	const char *p = strstr(text, key);
	char *copy;
	int err;

	if (!p)
		return frame_create(fp, seq, text);

	p += sizeof(key) - 1;
	copy = malloc(strlen(text) + NUMBER_MAX);
	if (!copy)
		return ENOMEM;

	(void)sprintf(copy, "%.*s%" PRIu64 "%s", (int)(p - text), text, seq,
		      p + strspn(p, "0123456789"));
	err = frame_create(fp, seq, copy);
	if (!err)
		(*fp)->own = own;
	free(copy);

	return err;
}


/**
 * Hold a frame
 *
 * @param f Frame
 *
 * @return Frame, to be released once more
 */
struct frame *frame_ref(struct frame *f)
{
	++f->refs;

	return f;
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
