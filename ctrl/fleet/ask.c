/**
 * @file ask.c  Requests to the engine and to members
 *
 * Each has a subject of its own for the answer.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ask.h"
#include "base/base.h"
#include "bus.h"


enum { NO_RESPONDERS = 503, KEY_SIZE = 24 };

struct bus_request {
	struct bus_request *next, **link;
	struct timer timer;
	bus_answer_h *h;
	void *arg;
	bool all;     /* more answers may come */
	bool calm;    /* nobody is to be woken for its answer */
	bool calling; /* its handler is under way */
	bool gone;    /* ... and has cancelled it */
	char key[KEY_SIZE];
};

static const char kind[] = "rq.", calm_kind[] = "rq.c";

static struct table *requests; /* by the end of the subject */
static struct bus_request *first;
static uint64_t count;
static unsigned calms;


static void destroy(struct bus_request *r)
{
	calms -= r->calm;
	timer_stop(&r->timer);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	(void)table_take(requests, r->key);
	free(r);
}


/* The last answer: the request is gone before its handler is called */
static void finish(struct bus_request *r, int err,
		   const struct fleetbus_news *n)
{
	bus_answer_h *h = r->h;
	void *arg = r->arg;

	destroy(r);
	h(err, n, arg);
}


static void timeout_handler(void *arg)
{
	finish(arg, ETIMEDOUT, NULL);
}


/**
 * Get ready for requests
 *
 * @return 0, or ENOMEM
 */
int asks_open(void)
{
	return table_create(&requests);
}


/**
 * Forget all requests; no handler is called
 */
void asks_close(void)
{
	while (first)
		destroy(first);

	table_destroy(requests);
	requests = NULL;
}


/**
 * Answer all requests that are under way
 *
 * @param err Reason why there is no answer
 */
void asks_fail(int err)
{
	struct bus_request *failed = first, *r;

	/* a handler may send a new request, or cancel another */
	first = NULL;
	if (failed)
		failed->link = &failed;
	while ((r = failed))
		finish(r, err, NULL);
}


static void one_of_many(struct bus_request *r, const struct fleetbus_news *n)
{
	r->calling = true;
	r->h(0, n, r->arg);
	r->calling = false;
	if (r->gone)
		destroy(r);
}


/**
 * Take a message for an answer
 *
 * @param rest Its subject, after our prefix
 * @param n    Message
 *
 * @return True if it was one, or comes too late
 */
bool ask_answered(const char *rest, const struct fleetbus_news *n)
{
	struct bus_request *r;

	if (strncmp(rest, kind, sizeof(kind) - 1))
		return false;

	r = table_get(requests, rest + sizeof(kind) - 1);
	if (!r)
		return true;

	if (n->status == NO_RESPONDERS)
		finish(r, EHOSTUNREACH, NULL);
	else if (!r->all)
		finish(r, 0, n);
	else if (!r->gone)
		one_of_many(r, n);

	return true;
}


static int create(struct bus_request **rp, bool calm, double timeout,
		  bus_answer_h *h, void *arg)
{
	struct bus_request *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;

	(void)snprintf(r->key, sizeof(r->key), "%s%llu", calm ? "c" : "",
		       (unsigned long long)++count);
	if (table_put(requests, r->key, r)) {
		free(r);
		return ENOMEM;
	}

	r->calm = calm;
	calms += calm;
	r->h = h;
	r->arg = arg;
	r->link = &first;
	r->next = first;
	if (first)
		first->link = &r->next;
	first = r;
	timer_init(&r->timer, timeout_handler, r);
	timer_start(&r->timer, timeout);
	*rp = r;

	return 0;
}


static int ask(struct bus_request **rp, bool calm, const char *subject,
	       const struct fleetbus_header *headers, unsigned n,
	       const char *data, size_t len, double timeout, bus_answer_h *h,
	       void *arg)
{
	char rest[KEY_SIZE + sizeof(kind)], reply[BUS_SUBJECT_SIZE];
	struct bus_request *r;
	int err = bus_is_up() ? create(&r, calm, timeout, h, arg) : ENOTCONN;

	if (err)
		return err;

	(void)snprintf(rest, sizeof(rest), "%s%s", kind, r->key);
	err = bus_send(subject, bus_inbox(reply, sizeof(reply), rest), headers,
		       n, data, len);
	if (err) {
		destroy(r);
		return err;
	}

	if (rp)
		*rp = r;

	return 0;
}


/**
 * Get the prefix of the subjects of answers that wake nothing
 *
 * @return The prefix, after our own
 */
const char *asks_calm(void)
{
	return calm_kind;
}


/**
 * Tell whether such an answer may come
 *
 * @return True if so
 */
bool asks_calm_open(void)
{
	return calms > 0;
}


/**
 * Ask something when this turn of the loop is on disk
 *
 * @param rp      Pointer to the request, which is gone when the handler is
 *                called; may be NULL
 * @param subject Subject
 * @param headers Headers
 * @param n       Number of them
 * @param data    Body
 * @param len     Its length in bytes
 * @param timeout Time limit of the answer [s]
 * @param h       Called once, with the answer
 * @param arg     Handler argument
 *
 * @return 0, ENOMEM, or ENOTCONN: then the handler is not called
 */
int bus_ask(struct bus_request **rp, const char *subject,
	    const struct fleetbus_header *headers, unsigned n,
	    const char *data, size_t len, double timeout, bus_answer_h *h,
	    void *arg)
{
	return ask(rp, false, subject, headers, n, data, len, timeout, h, arg);
}


/**
 * Ask something whose answer is handled in the next turn of the loop, and
 * makes none itself unless bus_hurry() was called, or none comes for 0.1 s
 *
 * @param rp      Pointer to the request, which is gone when the handler is
 *                called; may be NULL
 * @param subject Subject
 * @param headers Headers
 * @param n       Number of them
 * @param data    Body
 * @param len     Its length in bytes
 * @param timeout Time limit of the answer [s]
 * @param h       Called once, with the answer
 * @param arg     Handler argument
 *
 * @return 0, ENOMEM, or ENOTCONN: then the handler is not called
 */
int bus_ask_calmly(struct bus_request **rp, const char *subject,
		   const struct fleetbus_header *headers, unsigned n,
		   const char *data, size_t len, double timeout,
		   bus_answer_h *h, void *arg)
{
	return ask(rp, true, subject, headers, n, data, len, timeout, h, arg);
}


/**
 * Ask something that several may answer
 *
 * @param rp      Pointer to the request, which is gone when the handler is
 *                called with an error; may be NULL
 * @param subject Subject
 * @param data    Body
 * @param len     Its length in bytes
 * @param timeout After which no more answers come [s]
 * @param h       Called for each answer, and last with ETIMEDOUT or another
 *                error
 * @param arg     Handler argument
 *
 * @return 0, ENOMEM, or ENOTCONN: then the handler is not called
 */
int bus_ask_all(struct bus_request **rp, const char *subject, const char *data,
		size_t len, double timeout, bus_answer_h *h, void *arg)
{
	struct bus_request *r = NULL;
	int err = bus_ask(&r, subject, NULL, 0, data, len, timeout, h, arg);

	if (err)
		return err;

	r->all = true;
	if (rp)
		*rp = r;

	return 0;
}


/**
 * Have no handler called any more
 *
 * @param r Request that is under way, or NULL
 */
void bus_cancel(struct bus_request *r)
{
	if (!r)
		return;

	if (r->calling)
		r->gone = true;
	else
		destroy(r);
}
