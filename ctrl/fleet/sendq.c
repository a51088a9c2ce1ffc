/**
 * @file sendq.c  What waits for the end of a turn to be sent
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fleetbus.h"
#include "sendq.h"
#include "store/store.h"


enum { HEADERS_MAX = 4 };

/* In one piece of memory */
struct out {
	struct out *next;
	uint64_t turn; /* that must be kept before it is sent */
	const char *subject, *reply, *data;
	size_t len;
	struct fleetbus_header headers[HEADERS_MAX];
	unsigned count;
	char room[];
};

static struct out *head, **tail = &head;


static const char *put(char **roomp, const char *text)
{
	char *copy = *roomp;

	if (!text)
		return NULL;

	*roomp = stpcpy(copy, text) + 1;

	return copy;
}


static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}


/**
 * Queue a message
 *
 * @param subject Subject
 * @param reply   Subject for the answer, NULL for none
 * @param headers Headers
 * @param count   Number of them, 4 at most
 * @param data    Body
 * @param len     Its length in bytes
 *
 * @return 0, EINVAL, or ENOMEM
 */
int sendq_add(const char *subject, const char *reply,
	      const struct fleetbus_header *headers, unsigned count,
	      const char *data, size_t len)
{
	size_t size = room_for(subject) + room_for(reply) + len;
	struct out *o;
	char *room;

	if (count > HEADERS_MAX)
		return EINVAL;

	for (unsigned i = 0; i < count; i++)
		size += room_for(headers[i].name) + room_for(headers[i].value);

	o = malloc(sizeof(*o) + size);
	if (!o)
		return ENOMEM;

	room = o->room;
	o->next = NULL;
	o->turn = store_turn();
	o->subject = put(&room, subject);
	o->reply = put(&room, reply);
	o->count = count;
	for (unsigned i = 0; i < count; i++) {
		o->headers[i].name = put(&room, headers[i].name);
		o->headers[i].value = put(&room, headers[i].value);
	}
	o->data = room;
	o->len = len;
	if (len)
		memcpy(room, data, len);

	*tail = o;
	tail = &o->next;

	return 0;
}


static void remove_head(void)
{
	struct out *o = head;

	head = o->next;
	if (!head)
		tail = &head;
	free(o);
}


/**
 * Send all that is queued and need not wait for the disk; what can't be sent
 * is lost
 *
 * @param p Plugin
 * @param b Its client
 */
void sendq_flush(const struct fleetbus_plugin *p, struct fleetbus *b)
{
	struct out *o;

	while ((o = head) && o->turn <= store_kept()) {
		(void)p->publish(b, o->subject, o->reply, o->headers, o->count,
				 o->data, o->len);
		remove_head();
	}
}


/**
 * Forget what is queued
 */
void sendq_clear(void)
{
	while (head)
		remove_head();
}
