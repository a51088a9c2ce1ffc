/**
 * @file attempt.c  An attempt to connect to an application, one address after
 * the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <libwebsockets.h>
#include "attempt.h"
#include "appws.h"
#include "base/base.h"
#include "net/net.h"


/*
 *  resolve() --> addresses --> connection to one --> handshake --> client
 *                     ^                |
 *                     '----------------'
 *                     it fails, or hesitates and is not the last
 */

/* Seconds */
static const double handshake_time = 1.5; /* as jambonz has it */
static const double next_time = .25;      /* RFC 8305 section 5 */


static void fail(struct appws *w)
{
	const struct appws_handlers *h = w->h;
	void *arg = w->arg;
	enum retry_cause cause = w->cause;
	char why[sizeof(w->why)];

	strcpy(why, w->why);
	appws_detach(w);

	h->failh(cause, why, arg);
}


/* It goes to the caller in a header field: libwebsockets ends some with \n */
static void set_why(struct appws *w, enum retry_cause cause, const char *why,
		    size_t len)
{
	w->cause = cause;
	(void)snprintf(w->why, sizeof(w->why), "%.*s", (int)len, why);
	w->why[strcspn(w->why, "\r\n")] = '\0';
}


static void limit_handler(void *arg)
{
	struct appws *w = arg;

	/* TCP may accept a connection that the busy application does not:
	   count this both as no connection and as no answer in time */
	set_why(w, w->reached ? RETRY_CONNECT | RETRY_TIMEOUT : RETRY_CONNECT,
		"no connection in time", 21);

	if (!w->reached || !w->h->lateh(w->cause, w->arg))
		fail(w);
}


/**
 * Go on with the next address, from the loop, since the caller may be inside
 * of lws
 *
 * @param w       Connection
 * @param seconds After which time, unless it is up before
 */
void attempt_next(struct appws *w, double seconds)
{
	timer_start(&w->next, seconds);
}


/* lws is left to end a connection by itself */
static void forget(struct appws *w)
{
	lws_set_opaque_user_data(w->wsi, NULL);
	w->wsi = NULL;
}


/**
 * Note that the connection to one address has failed
 *
 * @param w   Connection
 * @param wsi Connection of lws
 * @param in  Why, as lws says it; may be NULL
 * @param len Its length in bytes
 */
void attempt_failed(struct appws *w, struct lws *wsi, const char *in,
		    size_t len)
{
	unsigned status = lws_http_client_http_response(wsi);

	if (w->reached && status >= 300) {
		w->cause = retry_status((long)status);
		(void)snprintf(w->why, sizeof(w->why), "answered %u", status);
	}
	else {
		set_why(w, RETRY_CONNECT, in ? in : "no connection",
			in ? len : 13);
	}

	/* an application that has answered would answer the same at another
	   address */
	if (w->reached)
		w->tried = w->count;

	w->wsi = wsi;
	forget(w);
	attempt_next(w, 0.);
}


static bool is_connected(struct lws *wsi)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return !getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer,
			    &len);
}


static void try_address(struct appws *w, const char *address)
{
	if (appws_open(w, address))
		attempt_next(w, 0.);
	else if (w->tried < w->count)
		attempt_next(w, next_time);
}


static void next_handler(void *arg)
{
	struct appws *w = arg;
	struct lws *slow = w->wsi;

	if (slow && is_connected(slow))
		return;

	if (slow) {
		forget(w);
		lws_set_timeout(slow, PENDING_TIMEOUT_USER_REASON_BASE,
				LWS_TO_KILL_ASYNC);
	}

	if (w->tried < w->count)
		try_address(w, w->addresses[w->tried++]);
	else
		fail(w);
}


static void resolve_handler(char (*addresses)[ADDRESS_SIZE], size_t count,
			    const char *why, void *arg)
{
	struct appws *w = arg;

	w->lookup = NULL;
	w->count = count;
	memcpy(w->addresses, addresses, count * sizeof(*addresses));
	if (why)
		set_why(w, RETRY_CONNECT, why, strlen(why));
	attempt_next(w, 0.);
}


/**
 * Get ready for an attempt
 *
 * @param w Connection
 */
void attempt_init(struct appws *w)
{
	timer_init(&w->limit, limit_handler, w);
	timer_init(&w->next, next_handler, w);
	set_why(w, RETRY_CONNECT, "no connection", 13);
}


/**
 * Begin with an attempt
 *
 * @param w Connection, which has its URL
 *
 * @return 0, ENOMEM, or EAGAIN if no name can be looked up
 */
int attempt_start(struct appws *w)
{
	int err = resolve(&w->lookup, w->url.host, resolve_handler, w);

	if (!err)
		timer_start(&w->limit, handshake_time);

	return err;
}


/**
 * End an attempt, whatever its result
 *
 * @param w Connection
 */
void attempt_end(struct appws *w)
{
	w->lookup = resolve_cancel(w->lookup);
	timer_stop(&w->limit);
	timer_stop(&w->next);
}
