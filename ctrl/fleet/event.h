/**
 * @file event.h  One message of a member in the stream
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

struct json;

/* Texts live as long as `copy` */
struct event {
	const char *line;
	size_t head; /* length of what stands before the number */
	size_t tail; /* where it goes on behind it */
	char *copy;
	const char *type;
	const char *time;
	const char *call_sid; /* NULL if it belongs to no call */
	const char *data;     /* JSON text, NULL for none */
	uint64_t seq;         /* of its member */
};

int event_read(struct event *e, const char *line);
void event_free(struct event *e);
void event_print(struct json *j, const struct event *e, uint64_t f,
		 const char *member);
void event_begin(struct json *j, const char *type, uint64_t f,
		 const char *time, const char *msgid, const char *member,
		 const char *call_sid);

#endif
