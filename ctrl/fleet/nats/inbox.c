/**
 * @file inbox.c  News that wait for referd to take them
 *
 * Messages that do not fit are dropped: their sender gets no answer, and a
 * reader of the stream sees the gap.  Messages that can wait wake nothing.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"


enum { COUNT_MAX = 65536, SIZE_MAX_BYTES = 64 << 20 };

/* In one piece of memory, with all its texts */
struct item {
	struct fleetbus_news news; /* first: it is what referd has of this */
	struct item *next;
	size_t size;
	char room[];
};


/**
 * Make an empty queue
 *
 * @param in   Queue
 * @param calm Begin of the subjects that can wait, borrowed; NULL for none
 * @param h    Called when it is not empty any more
 * @param arg  Handler argument
 *
 * @return 0, or the error of making a lock
 */
int inbox_init(struct inbox *in, const char *calm, fleetbus_notify_h *h,
	       void *arg)
{
	in->tail = &in->head;
	in->calm = calm;
	in->calmlen = calm ? strlen(calm) : 0;
	in->h = h;
	in->arg = arg;

	return pthread_mutex_init(&in->lock, NULL);
}


/**
 * Call the handler no more
 *
 * @param in Queue
 */
void inbox_close(struct inbox *in)
{
	(void)pthread_mutex_lock(&in->lock);
	in->closed = true;
	(void)pthread_mutex_unlock(&in->lock);
}


static void free_list(struct item *list)
{
	while (list) {
		struct item *i = list;

		list = i->next;
		free(i);
	}
}


/**
 * Free the messages of a queue
 *
 * @param in Queue, which no thread uses any more
 */
void inbox_destroy(struct inbox *in)
{
	free_list(in->taken);
	free_list(in->head);
	(void)pthread_mutex_destroy(&in->lock);
}


static struct item *alloc(enum fleetbus_kind kind, size_t room)
{
	struct item *i = calloc(1, sizeof(*i) + room + 1);

	if (i) {
		i->news.kind = kind;
		i->news.data = "";
		i->size = sizeof(*i) + room;
	}

	return i;
}


static char *put(const char **textp, char *room, const char *text)
{
	if (!text)
		return room;

	*textp = room;

	return stpcpy(room, text) + 1;
}


static struct item *text_item(enum fleetbus_kind kind, const char *text)
{
	struct item *i = alloc(kind, strlen(text) + 1);

	if (i)
		(void)put(&i->news.text, i->room, text);

	return i;
}


/* Locked */
static void tell(struct inbox *in)
{
	if (in->told)
		return;

	in->told = true;
	in->h(in->arg);
}


static bool can_wait(const struct inbox *in, const struct item *i)
{
	return in->calmlen && i->news.kind == FLEETBUS_MESSAGE &&
	       !strncmp(i->news.text, in->calm, in->calmlen);
}


/* Locked */
static void append(struct inbox *in, struct item *i)
{
	*in->tail = i;
	in->tail = &i->next;
	++in->count;
	in->size += i->size;
	if (in->hurried || !can_wait(in, i))
		tell(in);
}


/* Locked */
static void tell_dropped(struct inbox *in)
{
	struct item *i;
	char text[80];

	(void)snprintf(text, sizeof(text),
		       "%" PRIu64
		       " messages came faster than referd reads them",
		       in->dropped);
	i = text_item(FLEETBUS_ERROR, text);
	if (i) {
		in->dropped = 0;
		append(in, i);
	}
}


static void push(struct inbox *in, struct item *i)
{
	(void)pthread_mutex_lock(&in->lock);
	if (!i || in->closed) {
		free(i);
	}
	else if (i->news.kind == FLEETBUS_MESSAGE &&
		 (in->count >= COUNT_MAX ||
		  in->size + i->size > SIZE_MAX_BYTES)) {
		++in->dropped;
		free(i);
	}
	else {
		if (in->dropped)
			tell_dropped(in);
		append(in, i);
	}
	(void)pthread_mutex_unlock(&in->lock);
}


/**
 * Queue news of the connection
 *
 * @param in   Queue
 * @param kind Kind of news
 * @param text URL, or why
 */
void inbox_tell(struct inbox *in, enum fleetbus_kind kind, const char *text)
{
	push(in, text_item(kind, text));
}


static const char *header(natsMsg *msg, const char *name)
{
	const char *value;

	return natsMsgHeader_Get(msg, name, &value) == NATS_OK ? value : NULL;
}


static bool has_js_header(natsMsg *msg)
{
	const char **names = NULL;
	bool found = false;
	int count = 0;

	if (natsMsgHeader_Keys(msg, &names, &count) != NATS_OK)
		return false;

	for (int i = 0; !found && i < count; i++)
		found = !strncasecmp(names[i], "Nats-", 5);
	free(names);

	return found;
}


/**
 * Queue a message
 *
 * @param in  Queue
 * @param msg Message, copied
 */
void inbox_message(struct inbox *in, natsMsg *msg)
{
	const char *subject = natsMsg_GetSubject(msg);
	const char *reply = natsMsg_GetReply(msg);
	const char *status = NULL, *description = NULL, *stalled = NULL;
	const char *last = NULL;
	const size_t len = (size_t)natsMsg_GetDataLength(msg);
	const bool js = reply && !strncmp(reply, "$JS.", 4);
	struct item *i;
	char *room;

	/* a message with a body is not a status */
	if (!len) {
		status = header(msg, "Status");
		description = header(msg, "Description");
		stalled = header(msg, "Nats-Consumer-Stalled");
		last = header(msg, "Nats-Last-Consumer");
	}

	i = alloc(FLEETBUS_MESSAGE,
		  strlen(subject) + 1 + (reply ? strlen(reply) + 1 : 0) +
			  (description ? strlen(description) + 1 : 0) +
			  (stalled ? strlen(stalled) + 1 : 0) + len);
	if (i) {
		room = put(&i->news.text, i->room, subject);
		room = put(&i->news.reply, room, reply);
		room = put(&i->news.description, room, description);
		room = put(&i->news.stalled, room, stalled);
		i->news.status = status ? atoi(status) : 0;
		i->news.last_consumer = last ? strtoull(last, NULL, 10) : 0;
		i->news.is_js = js || has_js_header(msg);
		i->news.data = room;
		i->news.len = len;
		if (len)
			memcpy(room, natsMsg_GetData(msg), len);
	}

	push(in, i);
}


/**
 * Take the news
 *
 * @param in Queue
 *
 * @return News, NULL if there are none
 */
struct fleetbus_news *inbox_take(struct inbox *in)
{
	struct item *i;

	if (!in->taken) {
		(void)pthread_mutex_lock(&in->lock);
		in->taken = in->head;
		in->head = NULL;
		in->tail = &in->head;
		in->count = 0;
		in->size = 0;
		in->told = false;
		in->hurried = in->hurried && !in->taken;
		(void)pthread_mutex_unlock(&in->lock);
	}

	i = in->taken;
	if (!i)
		return NULL;

	in->taken = i->next;

	return &i->news;
}


/**
 * Call the handler at once, or as soon as anything comes
 *
 * @param in Queue
 */
void inbox_hurry(struct inbox *in)
{
	(void)pthread_mutex_lock(&in->lock);
	in->hurried = true;
	if (in->head && !in->closed)
		tell(in);
	(void)pthread_mutex_unlock(&in->lock);
}


/**
 * Tell whether there are news that the handler was not told of
 *
 * @param in Queue
 *
 * @return True if so
 */
bool inbox_waits(struct inbox *in)
{
	bool waits;

	(void)pthread_mutex_lock(&in->lock);
	waits = in->head && !in->told;
	(void)pthread_mutex_unlock(&in->lock);

	return waits;
}


/**
 * Free news that were taken
 *
 * @param n News, may be NULL
 */
void inbox_free(struct fleetbus_news *n)
{
	free(n);
}
