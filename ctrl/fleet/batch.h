/**
 * @file batch.h  Events that go into the stream in one message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BATCH_MAX = 200,    /* events of one */
	BATCH_SIZE = 65536, /* bytes, if it has more than one event */
};

struct batch {
	uint64_t after; /* number of the event before the first one, 0 */
	uint64_t first, last;
	unsigned count;
	bool anew;   /* our numbers begin again */
	bool full;   /* full: the message that did not fit is not in it */
	bool failed; /* memory ran out */
	unsigned char jambonz[BATCH_MAX]; /* places, from 1, of events that
					     clients of that dialect get */
	unsigned jambonzc;
	char *lines;
	size_t len, size;
	char *text; /* whole, with the line in front */
	size_t textlen, textsize;
};

void batch_begin(struct batch *b, uint64_t after, bool anew);
void batch_add(struct batch *b, uint64_t seq, const char *text);
int batch_finish(struct batch *b, const char *member, const char *boot);
void batch_free(struct batch *b);

#endif
