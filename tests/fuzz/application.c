/**
 * @file application.c  Applications at the other end of WebSockets that referd
 *                      opens
 *
 * Stands in for appws.c: a connection is made at once, in the next turn of
 * the loop.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "apps/appws.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "referd.h"
#include "stream/stream.h"


enum { CODE_ABNORMAL = 1006 };

struct appws {
	struct appws *next;
	struct client *client;
	const struct appws_handlers *h; /* NULL if it has no owner */
	void *arg;
	struct sender *app;
	uint64_t since;
};

static struct appws *connections;


int __wrap_appws_connect(struct appws **wp, const struct hook *hook,
			 const struct sender *app, uint64_t since,
			 const struct appws_handlers *h, void *arg);
void __wrap_appws_close(struct appws *w, int code);


int __wrap_appws_connect(struct appws **wp, const struct hook *hook,
			 const struct sender *app, uint64_t since,
			 const struct appws_handlers *h, void *arg)
{
	struct appws *w = calloc(1, sizeof(*w));
	struct weburl url;
	int err;

	err = weburl_parse(&url, hook->url);
	weburl_reset(&url);
	if (!w || err || sender_copy(&w->app, app)) {
		free(w);
		return EINVAL;
	}

	w->since = since;
	w->h = h;
	w->arg = arg;
	w->next = connections;
	connections = w;
	*wp = w;

	return 0;
}


/* Freed in the next turn, since a handler of its message may call this */
void __wrap_appws_close(struct appws *w, int code)
{
	if (!w)
		return;

	if (w->client)
		client_close(w->client, code);
	w->h = NULL;
}


static void unlink_free(struct appws *w)
{
	struct appws **wp = &connections;

	while (*wp != w)
		wp = &(*wp)->next;

	*wp = w->next;
	client_destroy(w->client);
	free(w->app);
	free(w);
}


static void closed(struct appws *w, int code)
{
	const struct appws_handlers *h = w->h;
	struct client *client = w->client;

	w->client = NULL;
	w->h = NULL;
	if (h)
		h->closeh(code, w->arg);

	w->client = client;
	unlink_free(w);
}


static void established(struct appws *w)
{
	static const struct badge badge = {.role = ROLE_CONTROLLER};
	static char wsi; /* it is only handed on */

	if (client_create(&w->client, (struct lws *)(void *)&wsi, SCOPE_LOCAL,
			  w->app->name, w->app->call_sid, DIALECT_JAMBONZ,
			  w->since, &badge))
		abort();

	w->h->openh(w->client, w->arg);
}


/**
 * Let new connections come up, and unwanted ones go down
 */
void apps_turn(void)
{
	struct appws *w = connections;

	while (w) {
		if (!w->h) {
			unlink_free(w);
			w = connections;
		}
		else if (!w->client) {
			established(w);
			w = connections;
		}
		else {
			w = w->next;
		}
	}
}


static struct appws *first_connected(void)
{
	struct appws *w = connections;

	while (w && (!w->client || !w->h))
		w = w->next;

	return w;
}


/**
 * Let an application send a frame, if one is connected
 *
 * @param frame  Payload
 * @param len    Length in bytes
 * @param last   True if the message is complete with it
 * @param binary True if the frame is binary
 */
void app_say(const void *frame, size_t len, bool last, bool binary)
{
	struct appws *w = first_connected();

	if (w && client_receive(w->client, frame, len, last, binary))
		closed(w, CODE_ABNORMAL);

	referd_turns();
}


/**
 * End all connections, as server_close() does
 */
void apps_leave(void)
{
	while (connections)
		closed(connections, CODE_ABNORMAL);
}


/**
 * Let an application end its connection
 *
 * @param code Code of its close frame, as RFC 6455 numbers it
 */
void app_leave(int code)
{
	struct appws *w = first_connected();

	if (w)
		closed(w, code);

	referd_turns();
}
