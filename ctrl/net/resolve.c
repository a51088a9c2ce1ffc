/**
 * @file resolve.c  The addresses of a host, looked up beside the loop
 *
 * libwebsockets asks the name server while everybody waits.  The C library
 * has threads for that; they only wake the loop, which does all the rest.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/base.h"
#include "net.h"


struct resolve {
	struct resolve *next;
	struct gaicb cb; /* the threads have it until it is done */
	resolve_h *h;    /* NULL after the lookup was given up */
	void *arg;
};

static struct {
	struct resolve *first; /* lookups under way */
	struct wake wake;
	pthread_mutex_t lock; /* of open */
	bool open;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};


static void destroy(struct resolve *r)
{
	if (r->cb.ar_result)
		freeaddrinfo(r->cb.ar_result);
	free((char *)r->cb.ar_name);
	free(r);
}


static size_t print_all(char (*addresses)[ADDRESS_SIZE],
			const struct addrinfo *ai)
{
	size_t n = 0;

	for (; ai && n < RESOLVE_MAX; ai = ai->ai_next) {
		if (!address_allowed(ai->ai_addr))
			continue;

		if (!getnameinfo(ai->ai_addr, ai->ai_addrlen, addresses[n],
				 ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST))
			++n;
	}

	return n;
}


static void finish(struct resolve *r, int err)
{
	char addresses[RESOLVE_MAX][ADDRESS_SIZE];
	resolve_h *h = r->h;
	void *arg = r->arg;
	size_t n = err ? 0 : print_all(addresses, r->cb.ar_result);

	destroy(r);
	if (h)
		h(addresses, n,
		  n     ? NULL
		  : err ? gai_strerror(err)
			: "the host has no address",
		  arg);
}


/* Handlers may start lookups and cancel them: begin again after each */
static bool finish_one(void)
{
	for (struct resolve **rp = &resolver.first; *rp; rp = &(*rp)->next) {
		struct resolve *r = *rp;
		int err = gai_error(&r->cb);

		if (err == EAI_INPROGRESS)
			continue;

		*rp = r->next;
		finish(r, err);
		return true;
	}

	return false;
}


static void wake_handler(void *arg)
{
	(void)arg;

	while (finish_one())
		;
}


/* Runs in a thread of the C library */
static void done_handler(union sigval value)
{
	(void)value;

	(void)pthread_mutex_lock(&resolver.lock);
	if (resolver.open)
		wake_send(&resolver.wake);
	(void)pthread_mutex_unlock(&resolver.lock);
}


int resolve_init(void)
{
	const int err = wake_open(&resolver.wake, wake_handler, NULL);

	resolver.open = !err;

	return err;
}


void resolve_close(void)
{
	(void)pthread_mutex_lock(&resolver.lock);
	resolver.open = false;
	(void)pthread_mutex_unlock(&resolver.lock);

	while (finish_one())
		;
	wake_close(&resolver.wake);
}


int resolve(struct resolve **rp, const char *host, resolve_h *h, void *arg)
{
	struct sigevent done = {.sigev_notify = SIGEV_THREAD,
				.sigev_notify_function = done_handler};
	struct resolve *r = calloc(1, sizeof(*r));
	struct gaicb *list[1];
	int err;

	if (!r)
		return ENOMEM;

	r->cb.ar_name = strdup(host);
	r->cb.ar_request = &hints;
	if (!r->cb.ar_name) {
		free(r);
		return ENOMEM;
	}

	list[0] = &r->cb;
	err = getaddrinfo_a(GAI_NOWAIT, list, 1, &done);
	if (err) {
		destroy(r);
		return EAGAIN;
	}

	r->h = h;
	r->arg = arg;
	r->next = resolver.first;
	resolver.first = r;
	*rp = r;

	return 0;
}


struct resolve *resolve_cancel(struct resolve *r)
{
	if (r) {
		r->h = NULL;
		(void)gai_cancel(&r->cb);
	}

	return NULL;
}
