/**
 * @file intray.c  Messages of the stream that are not read yet
 *
 * The engine sends only a limited amount ahead of our answers to its flow
 * control.  An answer waits here after the messages before it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "bus.h"
#include "intray.h"
#include "store/store.h"
#include "view.h"


enum { SLICE = 4 }; /* ms that the loop is held at once */

/* Seconds after which a store that was full is looked at again */
static const double full_time = .02;

struct item {
	struct item *next;
	uint64_t sseq; /* 0: an answer to be sent */
	size_t len;
	const char *data;
	char subject[]; /* and data */
};

static struct {
	struct item *head, **tail;
	size_t count; /* of messages */
	bool reading; /* the view is not done with the last one */
	struct timer again;
} intray;


static void read_all(void);


static void again_handler(void *arg)
{
	(void)arg;

	read_all();
}


static void read_handler(void)
{
	intray.reading = false;
	--intray.count;
	timer_start(&intray.again, 0);
}


static void drop_head(void)
{
	struct item *i = intray.head;

	intray.head = i->next;
	if (!intray.head)
		intray.tail = &intray.head;
	free(i);
}


static void read_head(void)
{
	const struct item *i = intray.head;

	if (!i->sseq) {
		(void)bus_send(i->subject, NULL, NULL, 0, "", 0);
	}
	else if (view_take(i->sseq, i->subject, i->data, i->len,
			   read_handler)) {
		--intray.count;
	}
	else {
		intray.reading = true;
	}
	drop_head();
}


static void read_all(void)
{
	const int64_t end = clock_steady_ms() + SLICE;

	while (intray.head && !intray.reading) {
		if (fleetstore_full()) {
			timer_start(&intray.again, full_time);
			return;
		}
		read_head();
		if (loop_late() || clock_steady_ms() >= end) {
			timer_start(&intray.again, 0);
			return;
		}
	}
}


static int add(uint64_t sseq, const char *subject, const char *data,
	       size_t len)
{
	const size_t size = strlen(subject) + 1;
	struct item *i = malloc(sizeof(*i) + size + len);

	if (!i)
		return ENOMEM;

	i->next = NULL;
	i->sseq = sseq;
	i->len = len;
	memcpy(i->subject, subject, size);
	if (len)
		memcpy(i->subject + size, data, len);
	i->data = i->subject + size;
	*intray.tail = i;
	intray.tail = &i->next;
	intray.count += sseq != 0;

	if (!timer_runs(&intray.again))
		read_all();

	return 0;
}


/**
 * Get ready
 */
void intray_open(void)
{
	memset(&intray, 0, sizeof(intray));
	intray.tail = &intray.head;
	timer_init(&intray.again, again_handler, NULL);
}


/**
 * Drop the unread messages.  The view must begin again then.
 */
void intray_clear(void)
{
	while (intray.head)
		drop_head();
	intray.count = 0;
	intray.reading = false;
}


/**
 * Read no more
 */
void intray_close(void)
{
	if (intray.tail)
		intray_clear();
	timer_stop(&intray.again);
}


/**
 * Have a message of the stream read
 *
 * @param sseq    Its sequence
 * @param subject Its subject
 * @param data    Its body
 * @param len     Length of that in bytes
 *
 * @return 0, or ENOMEM
 */
int intray_add(uint64_t sseq, const char *subject, const char *data,
	       size_t len)
{
	return add(sseq, subject, data, len);
}


/**
 * Have the engine told, when all that came before is read, that more may come
 *
 * @param subject Subject of the answer
 *
 * @return 0, or ENOMEM
 */
int intray_answer(const char *subject)
{
	return add(0, subject, NULL, 0);
}


/**
 * Count the unread messages
 *
 * @return Messages of the stream
 */
size_t intray_count(void)
{
	return intray.count;
}
