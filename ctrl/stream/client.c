/**
 * @file client.c  The WebSocket clients: their names, their input until
 * complete
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "delivery.h"
#include "base/base.h"
#include "client.h"
#include "feed.h"
#include "frame.h"
#include "net/net.h"
#include "source.h"
#include "store/store.h"
#include "stream.h"


/* Prefix of the names of observers, so that no observer can take the name of a
   controller and get its hooks */
static const char observer_mark = '~';

/* Begin the names of other senders, which a client can't have */
static const char *const reserved[] = {"http-", "app-", "fleet-"};

static struct table *clients;
static const struct clients_events *events;
static const struct clients_away *away; /* NULL without a fleet */


int clients_init(const struct clients_events *e)
{
	events = e;

	return table_create(&clients);
}


void clients_close(void)
{
	clients_fleet_close();
	table_destroy(clients);
	clients = NULL;
}


size_t clients_count(void)
{
	return table_count(clients);
}


/**
 * Queue a message.  It leaves with feeds_flush().
 *
 * @param name     Name of the client that it is for, NULL for all
 * @param call_sid Call of the message, may be NULL.  Of the applications only
 *                 that of the call gets messages to all.
 * @param jambonz  True if clients of the jambonz dialect get it, too
 * @param seq      Its number
 * @param text     JSON text
 */
void clients_post(const char *name, const char *call_sid, bool jambonz,
		  uint64_t seq, const char *text)
{
	const char *app = events->app(call_sid);
	struct client *c = table_get(clients, name ? name : app);
	struct frame *frame;

	if (name && !c) {
		if (away && client_name_valid(name))
			away->post(name, call_sid, seq, text);
		return;
	}

	if (c && c->feed.scope == SCOPE_FLEET) {
		feed_post_own(&c->feed, seq, text);
		return;
	}

	if (frame_create(&frame, seq, text)) {
		log_error("client: message %llu is not sent: out of memory",
			  (unsigned long long)seq);
		return;
	}

	frame->jambonz = jambonz;
	if (!name)
		cast_add(&sources[SCOPE_LOCAL].cast, frame);
	if (c)
		feed_post(&c->feed, frame);

	frame_release(frame);
}


bool client_name_valid(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		if (!strncmp(name, reserved[i], strlen(reserved[i])))
			return false;
	}

	return *name && strlen(name) < CLIENT_NAME_SIZE - 1 &&
	       strspn(name, ok) == strlen(name);
}


bool client_connected(const char *name)
{
	if (table_get(clients, name))
		return true;

	return away && client_name_valid(name) && away->connected(name);
}


const char *client_badge(const char *name)
{
	const struct client *c = table_get(clients, name);

	return c ? c->badge.name : NULL;
}


void clients_away(const struct clients_away *a)
{
	away = a;
}


/**
 * Send hello to a client.  For a new client, hello has a number of its own.
 * For a client that comes back it has the number that the client named, since
 * the missed messages follow with higher numbers.
 *
 * @param c       Client
 * @param resumes True if it has named a number
 */
void client_greet(struct client *c, bool resumes)
{
	char *text;

	if (c->dialect == DIALECT_JAMBONZ)
		return;

	/* a fleet has the same numbers at each of its referds */
	if (!resumes && c->feed.scope == SCOPE_LOCAL)
		c->feed.since = store_seq_next();

	text = events->hello(c->feed.scope,
			     c->name + (c->badge.role == ROLE_OBSERVER),
			     c->name, role_name(c->badge.role), c->feed.since);
	feed_say(&c->feed, 0, text);
	free(text);
}


/* A client that comes back before its old connection is known to be dead */
static void take_over(struct client *old)
{
	const char *name = old->name;

	(void)table_take(clients, name);
	client_leave(old);
	log_info("client: %s has come on another connection", name);
	events->down(name);
	feed_dismiss(&old->feed, CLOSE_REPLACED);
}


/* With 8 digits, two of 10,000 clients had the same one time in a hundred */
static void set_name(struct client *c, const char *name)
{
	char *p = c->name;

	if (c->badge.role == ROLE_OBSERVER)
		*p++ = observer_mark;

	strcpy(p, *name ? name : "c-");
	if (!*name)
		random_hex(p + 2, 17);
}


/* hello comes first, unless the client already knows a later message */
static void begin(struct client *c, uint64_t since)
{
	uint64_t own = since;

	if (c->feed.scope == SCOPE_FLEET) {
		client_begin_own(c);
		own = c->feed.own ? c->feed.own_had : UINT64_MAX;
	}

	if (c->early) {
		client_wait(c);
	}
	else {
		client_greet(c, since != UINT64_MAX);
		feed_resume(&c->feed);
	}
	events->up(c->name, own);
}


int client_create(struct client **cp, struct lws *wsi, enum scope scope,
		  const char *name, const char *call_sid, enum dialect dialect,
		  uint64_t since, const struct badge *badge)
{
	struct client *c = calloc(1, sizeof(*c)), *old;
	uint64_t last = sources[scope].last();
	int err = EACCES;

	if (!c)
		return ENOMEM;

	c->early = scope == SCOPE_FLEET && since != UINT64_MAX && since > last;
	if (c->early)
		last = since;
	c->dialect = dialect;
	c->badge = *badge;
	set_name(c, name);
	old = table_get(clients, c->name);
	if (old && strcmp(old->badge.name, badge->name))
		goto out;

	if (call_sid) {
		c->call_sid = strdup(call_sid);
		if (!c->call_sid) {
			err = ENOMEM;
			goto out;
		}
	}
	c->feed = (struct feed){.wsi = wsi,
				.scope = scope,
				.name = c->name,
				.call_sid = c->call_sid,
				.jambonz = dialect == DIALECT_JAMBONZ,
				.since = since < last ? since : last,
				.behind = since < last || call_sid || c->early,
				.held = call_sid || c->early};
	err = call_sid ? delivery_create(&c->feed.delivery, c->feed.since) : 0;
	if (err)
		goto out;

	if (old)
		take_over(old);
	err = table_put(clients, c->name, c);
	if (err)
		goto out;

	feed_start(&c->feed);
	log_info("client: %s has connected", c->name);
	*cp = c;
	if (call_sid)
		return 0;

	begin(c, since);

	return 0;

out:
	feed_reset(&c->feed);
	free(c->call_sid);
	free(c);

	return err;
}


void client_destroy(struct client *c)
{
	if (!c)
		return;

	log_info("client: %s has disconnected", c->name);

	if (table_get(clients, c->name) == c) {
		(void)table_take(clients, c->name);
		client_leave(c);
		feed_reset(&c->feed);
		events->down(c->name);
	}
	feed_reset(&c->feed);

	free(c->call_sid);
	free(c->in);
	free(c);
}


static int collect(struct client *c, const void *in, size_t len)
{
	char *p;

	if (c->inlen + len > MESSAGE_MAX) {
		counter_add(COUNTER_DROPPED_TOO_LARGE);
		c->feed.close_code = CLOSE_TOO_LARGE;
		return feed_writable(&c->feed);
	}

	p = realloc(c->in, c->inlen + len + 1);
	if (!p)
		return ENOMEM;

	c->in = p;
	memcpy(c->in + c->inlen, in, len);
	c->inlen += len;

	return 0;
}


int client_receive(struct client *c, const void *in, size_t len, bool last,
		   bool binary)
{
	struct sender sender = {.kind = c->feed.call_sid ? SENDER_APP
							 : SENDER_CLIENT,
				.name = c->name,
				.call_sid = c->feed.call_sid,
				.dialect = c->dialect,
				.badge = c->badge.name,
				.observes = c->badge.role == ROLE_OBSERVER};
	int err;

	if (c->feed.close_code)
		return 0;

	err = collect(c, in, len);
	if (err || !last)
		return err;

	if (binary)
		events->binary(&sender);
	else
		events->message(&sender, c->in, c->inlen);

	c->inlen = 0;
	free(c->in);
	c->in = NULL;

	return 0;
}


int client_writable(struct client *c)
{
	return feed_writable(&c->feed);
}


void client_say(struct client *c, const char *text)
{
	feed_say(&c->feed, 0, text);
}


void client_resume(struct client *c)
{
	if (!c->feed.held)
		return;

	feed_resume(&c->feed);
	events->up(c->name, c->feed.since);
}


void client_close(struct client *c, int code)
{
	feed_dismiss(&c->feed, code);
}


struct each {
	client_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct each *each = arg;
	(void)key;

	each->h(value, each->arg);

	return false;
}


/**
 * Go through the clients
 *
 * @param h   Handler, which may not free any
 * @param arg Handler argument
 */
void clients_each(client_h *h, void *arg)
{
	struct each each = {h, arg};

	table_each(clients, each_handler, &each);
}


static bool dismiss_handler(const char *key, void *value, void *arg)
{
	struct client *c = value;
	const int *code = arg;
	(void)key;

	if (*code == CLOSE_AWAY ||
	    !(c->feed.call_sid || auth_stands(&c->badge)))
		feed_dismiss(&c->feed, *code);

	return false;
}


void clients_check(void)
{
	int code = CLOSE_NO_TOKEN;

	table_each(clients, dismiss_handler, &code);
}


void clients_leave(void)
{
	int code = CLOSE_AWAY;

	table_each(clients, dismiss_handler, &code);
}


static bool waits_handler(const char *key, void *value, void *arg)
{
	bool *waits = arg;
	(void)key;

	*waits = !client_drained(value);

	return *waits;
}


bool clients_drained(void)
{
	bool waits = false;

	table_each(clients, waits_handler, &waits);

	return !waits;
}


bool client_drained(const struct client *c)
{
	return feed_empty(&c->feed);
}


uint64_t client_since(const struct client *c)
{
	return c->feed.since;
}


uint64_t client_arrived(struct client *c)
{
	return delivery_last(c->feed.delivery, lws_get_socket_fd(c->feed.wsi));
}


bool client_awaits(const char *name, uint64_t seq)
{
	struct client *c = table_get(clients, name);

	return c && c->feed.call_sid && client_arrived(c) < seq;
}
