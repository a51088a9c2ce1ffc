/**
 * @file frame.h  One message as it is sent: encoded once, for all its readers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct frame {
	unsigned refs;
	bool jambonz; /* for clients of the jambonz dialect, too */
	uint64_t seq; /* of the message, 0 if it has none */
	uint64_t own; /* ... of this referd, if it is for one client of a fleet
		       */
	uint64_t turn;  /* that must be kept before it is sent */
	uint64_t place; /* number of what goes to all behind it */
	size_t wirelen;
	size_t len;
	unsigned char *wire; /* header of RFC 6455, then the text */
	unsigned char *text;
	unsigned char buf[];
};

int frame_create(struct frame **fp, uint64_t seq, const char *text);
struct frame *frame_ref(struct frame *f);
int frame_create_own(struct frame **fp, uint64_t seq, uint64_t own,
		     const char *text);
void frame_release(struct frame *f);

#endif
