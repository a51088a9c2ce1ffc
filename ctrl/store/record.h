/**
 * @file record.h  Messages in a block, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value;


struct message_row {
	uint64_t seq;
	int64_t time;         /* ms since 1970 */
	bool jambonz;         /* for clients of that dialect, too */
	const char *client;   /* whom it is for, NULL if for all */
	const char *call_sid; /* may be NULL */
	const char *text;     /* JSON text */
};

/* The rest to be read */
struct records {
	const char *p;
	size_t left;
};

void record_of(struct message_row *m, const struct value *values);

size_t record_size(const struct message_row *m);
void record_write(char *p, const struct message_row *m);
bool record_next(struct message_row *m, struct records *r);

#endif
