/**
 * @file outbox.c  Messages that wait for the thread to send them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include "parts.h"


enum { COUNT_MAX = 4096, SIZE_MAX_BYTES = 16 << 20 };

struct out {
	struct out *next;
	natsMsg *msg;
	size_t size;
};


static natsStatus set_headers(natsMsg *msg,
			      const struct fleetbus_header *headers,
			      unsigned count)
{
	natsStatus s = NATS_OK;

	for (unsigned i = 0; s == NATS_OK && i < count; i++)
		s = natsMsgHeader_Set(msg, headers[i].name, headers[i].value);

	return s;
}


/**
 * Queue a message, which is copied
 *
 * @param o       Queue, locked
 * @param subject Subject
 * @param reply   Subject for the answer, NULL for none
 * @param headers Headers
 * @param count   Number of them
 * @param data    Body
 * @param len     Its length in bytes
 *
 * @return 0, ENOMEM, or ENOBUFS if it is full
 */
int outbox_add(struct outbox *o, const char *subject, const char *reply,
	       const struct fleetbus_header *headers, unsigned count,
	       const void *data, size_t len)
{
	struct out *out;

	if (o->count >= COUNT_MAX || o->size + len > SIZE_MAX_BYTES)
		return ENOBUFS;

	out = calloc(1, sizeof(*out));
	if (!out)
		return ENOMEM;

	out->size = len;
	if (natsMsg_Create(&out->msg, subject, reply, data, (int)len) !=
		    NATS_OK ||
	    set_headers(out->msg, headers, count) != NATS_OK) {
		outbox_free(out);
		return ENOMEM;
	}

	*o->tail = out;
	o->tail = &out->next;
	++o->count;
	o->size += len;

	return 0;
}


/**
 * Take all that is queued
 *
 * @param o Queue, locked
 *
 * @return List of messages
 */
struct out *outbox_take(struct outbox *o)
{
	struct out *list = o->head;

	o->head = NULL;
	o->tail = &o->head;
	o->count = 0;
	o->size = 0;

	return list;
}


/**
 * Send messages, which may block for some time.  Those that cannot be sent are
 * lost.
 *
 * @param nc    Connection
 * @param list  Messages, freed
 * @param spent Where messages of libnats go
 */
void outbox_send(natsConnection *nc, struct out *list, struct spent *spent)
{
	for (struct out *o = list; o; o = o->next) {
		(void)natsConnection_PublishMsg(nc, o->msg);
		spent_add(spent, o->msg);
		o->msg = NULL;
	}

	outbox_free(list);
}


/**
 * Free messages
 *
 * @param list Messages, may be NULL
 */
void outbox_free(struct out *list)
{
	while (list) {
		struct out *o = list;

		list = o->next;
		natsMsg_Destroy(o->msg);
		free(o);
	}
}
