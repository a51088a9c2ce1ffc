/**
 * @file client.c  The WebSocket clients: input until complete, bounded output
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "app.h"
#include "arrival.h"
#include "client.h"
#include "clock.h"
#include "command.h"
#include "hello.h"
#include "hooks.h"
#include "http.h"
#include "log.h"
#include "message.h"
#include "metrics.h"
#include "outq.h"
#include "queue.h"
#include "store.h"
#include "table.h"


enum {
	REPLAY_STEP = 64, /* messages read from the store at once */
	DRAIN_TIME = 10,  /* seconds to take the close frame */

	CLOSE_LAGGING = 4008,
	CLOSE_REPLACED = 4009,
};

struct client {
	struct client *next_pending;
	struct lws *wsi;
	char name[CLIENT_NAME_SIZE];
	const char *call_sid; /* the only call it hears of, NULL for all */
	enum dialect dialect;
	uint64_t since; /* seq of the last message that was queued */
	bool resumes;   /* said where it left off */
	bool behind;    /* gets its messages from the store as yet */
	bool held;      /* ... but not before client_resume() */
	bool pending;   /* has something to send at the end of this turn */
	int close_code; /* 0 while it is welcome */
	struct outq out;
	struct arrival arrival; /* of an application's messages */
	char *in;               /* of a message that is not complete */
	size_t inlen;
};

static struct table *clients;
static struct client *pending;


static void set_pending(struct client *c)
{
	if (c->pending)
		return;

	c->pending = true;
	c->next_pending = pending;
	pending = c;
}


static void clear_pending(struct client *c)
{
	struct client **cp = &pending;

	while (*cp && *cp != c)
		cp = &(*cp)->next_pending;
	if (*cp)
		*cp = c->next_pending;

	c->pending = false;
}


/* The close frame waits until the pipe has room; if it never has, lws ends
   the connection */
static void dismiss(struct client *c, int code)
{
	c->close_code = code;
	outq_clear(&c->out);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, DRAIN_TIME);
	(void)lws_callback_on_writable(c->wsi);
}


static void push(struct client *c, struct frame *f)
{
	if (c->close_code)
		return;

	if (outq_push(&c->out, f)) {
		log_warning("client: %s does not keep up", c->name);
		metrics_count(METRIC_CLIENTS_DROPPED);
		dismiss(c, CLOSE_LAGGING);
		return;
	}

	set_pending(c);
}


static void push_text(struct client *c, uint64_t seq, const char *text)
{
	struct frame *f = NULL;

	if (text && !frame_create(&f, seq, text))
		push(c, f);
	else
		dismiss(c, CLOSE_LAGGING);

	frame_release(f);
}


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct client *c = arg;

	c->since = seq;
	push_text(c, seq, text);
}


/* To an application we are the client, whose text is masked where it is
   (RFC 6455 section 5.3): others share it */
static int write_app(struct client *c, struct frame *f)
{
	size_t len;
	unsigned char *text = frame_text(f, &len);
	unsigned char *copy = malloc(LWS_PRE + len);
	int n;

	if (!copy)
		return -1;

	memcpy(copy + LWS_PRE, text, len);
	n = lws_write(c->wsi, copy + LWS_PRE, len, LWS_WRITE_TEXT);
	free(copy);

	if (n >= 0 && frame_seq(f))
		arrival_sent(&c->arrival, lws_get_socket_fd(c->wsi),
			     frame_seq(f),
			     lws_partial_buffered(c->wsi) ? len : 0);

	return n;
}


static int write_client(struct client *c, struct frame *f)
{
	size_t len;
	unsigned char *text = frame_text(f, &len);

	return lws_write(c->wsi, text, len, LWS_WRITE_TEXT);
}


static int write_first(struct client *c)
{
	struct frame *f = outq_pop(&c->out);
	int n = c->call_sid ? write_app(c, f) : write_client(c, f);

	frame_release(f);

	return n < 0 ? EPIPE : 0;
}


/* Send until the pipe is full or nothing is left.  A client that is behind
   reads from the store until that has nothing more for it. */
static int pump(struct client *c)
{
	int err;

	for (;;) {
		if (outq_empty(&c->out) && c->behind && !c->held) {
			store_replay(c->since, c->name, c->call_sid,
				     c->dialect == DIALECT_JAMBONZ,
				     REPLAY_STEP, replay_handler, c);
			c->behind = !outq_empty(&c->out);
		}

		if (outq_empty(&c->out))
			return 0;

		if (lws_send_pipe_choked(c->wsi)) {
			(void)lws_callback_on_writable(c->wsi);
			return 0;
		}

		err = write_first(c);
		if (err)
			return err;
	}
}


/**
 * Get ready for clients
 *
 * @return 0 if success, otherwise errorcode
 */
int clients_init(void)
{
	return table_create(&clients);
}


/**
 * Clean up, when all clients are gone
 */
void clients_close(void)
{
	table_destroy(clients);
	clients = NULL;
}


/**
 * Count the clients
 *
 * @return How many are connected
 */
size_t clients_count(void)
{
	return table_count(clients);
}


struct post {
	struct frame *frame;
	const char *call_sid;
	bool all;
	bool jambonz;
	uint64_t seq;
};


/* An application hears of its own call, and its session:new is another */
static bool hears(const struct client *c, const struct post *p)
{
	return !c->call_sid || !p->all ||
	       (p->call_sid && !strcmp(c->call_sid, p->call_sid));
}


static void post_to(struct client *c, const struct post *p)
{
	if (!hears(c, p))
		return;

	if (c->behind || (c->dialect == DIALECT_JAMBONZ && !p->jambonz))
		return;

	c->since = p->seq;
	push(c, p->frame);
}


static bool post_handler(const char *key, void *value, void *arg)
{
	(void)key;

	post_to(value, arg);

	return false;
}


/**
 * Queue a message.  It leaves with clients_flush().
 *
 * @param name     Name of the client that it is for, NULL for all
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if clients of the jambonz dialect get it, too
 * @param seq      Its number
 * @param text     JSON text
 */
void clients_post(const char *name, const char *call_sid, bool jambonz,
		  uint64_t seq, const char *text)
{
	struct post p = {NULL, call_sid, !name, jambonz, seq};
	struct client *c = table_get(clients, name);

	if (name && !c)
		return;

	if (frame_create(&p.frame, seq, text)) {
		log_error("client: out of memory, message %llu is not sent",
			  (unsigned long long)seq);
		return;
	}

	if (c)
		post_to(c, &p);
	else
		table_each(clients, post_handler, &p);

	frame_release(p.frame);
}


/**
 * Send the clients what waits for them.  It must be on disk.
 */
void clients_flush(void)
{
	while (pending) {
		struct client *c = pending;

		clear_pending(c);
		if (!c->close_code && pump(c))
			lws_set_timeout(c->wsi,
					PENDING_TIMEOUT_USER_REASON_BASE,
					LWS_TO_KILL_ASYNC);
	}
}


/**
 * Check the name that a client gives itself
 *
 * @param name Name
 *
 * @return True if it can have that name
 */
bool client_name_valid(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *name && strlen(name) < CLIENT_NAME_SIZE && !http_owns(name) &&
	       !app_owns(name) && strspn(name, ok) == strlen(name);
}


/**
 * Tell whether a client is there
 *
 * @param name Its name
 *
 * @return True if it is connected
 */
bool client_connected(const char *name)
{
	return table_get(clients, name) != NULL;
}


/**
 * Tell which dialect a client speaks
 *
 * @param name Its name
 *
 * @return True if it is connected and speaks the jambonz dialect
 */
bool client_jambonz(const char *name)
{
	const struct client *c = table_get(clients, name);

	return c && c->dialect == DIALECT_JAMBONZ;
}


/* A client that begins now sees a hello with a number of its own.  One that
   comes back sees the number that it named, since what it has missed follows
   and must be behind it. */
static void greet(struct client *c)
{
	char *text;

	if (c->dialect == DIALECT_JAMBONZ)
		return;

	if (!c->resumes)
		c->since = store_seq_next();

	text = hello_text(c->name, c->since);
	push_text(c, 0, text);
	free(text);
}


/* A client that comes back before its old connection is known to be dead */
static void take_over(const char *name)
{
	struct client *old = table_take(clients, name);

	if (!old)
		return;

	log_info("client: %s has come on another connection", name);
	hooks_client_down(name);
	dismiss(old, CLOSE_REPLACED);
}


/**
 * Make a client of a connection
 *
 * @param cp      Pointer to the new client
 * @param wsi     Its connection
 * @param name    Name that it gave itself, "" if it gave none
 * @param dialect Dialect that it speaks
 * @param since   Last message that it knows, UINT64_MAX to begin with now
 *
 * @return 0 if success, otherwise errorcode
 */
int client_create(struct client **cp, struct lws *wsi, const char *name,
		  enum dialect dialect, uint64_t since)
{
	struct client *c = calloc(1, sizeof(*c));
	uint64_t last = store_seq();
	int err;

	if (!c)
		return ENOMEM;

	c->wsi = wsi;
	c->dialect = dialect;
	c->since = since < last ? since : last;
	c->resumes = since != UINT64_MAX;
	c->behind = since < last;
	strcpy(c->name, name);
	if (!*name) {
		strcpy(c->name, "c-");
		random_hex(c->name + 2, 9);
	}

	c->call_sid = app_call(c->name);
	c->arrival.seq = c->since;
	take_over(c->name);
	err = table_put(clients, c->name, c);
	if (err) {
		free(c);
		return err;
	}

	log_info("client: %s has connected", c->name);
	*cp = c;
	if (c->call_sid) {
		c->behind = true;
		c->held = true;
		return 0;
	}

	greet(c);
	set_pending(c);
	hooks_client_up(c->name, since);

	return 0;
}


/**
 * Free a client: its connection has ended
 *
 * @param c Client, may be NULL
 */
void client_destroy(struct client *c)
{
	if (!c)
		return;

	log_info("client: %s has disconnected", c->name);

	clear_pending(c);
	if (table_get(clients, c->name) == c) {
		(void)table_take(clients, c->name);
		hooks_client_down(c->name);
	}

	outq_clear(&c->out);
	free(c->in);
	free(c);
}


static int close_with(struct client *c, int code, const char *why)
{
	lws_close_reason(c->wsi, (enum lws_close_status)code,
			 (unsigned char *)why, strlen(why));

	return EPIPE;
}


static int collect(struct client *c, const void *in, size_t len)
{
	char *p;

	if (c->inlen + len > MESSAGE_MAX)
		return close_with(c, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
				  "a message may have 65536 bytes");

	p = realloc(c->in, c->inlen + len + 1);
	if (!p)
		return ENOMEM;

	c->in = p;
	memcpy(c->in + c->inlen, in, len);
	c->inlen += len;

	return 0;
}


/**
 * Take what a client sends
 *
 * @param c      Client
 * @param in     A piece of a message
 * @param len    Its length in bytes
 * @param last   True if the message is complete with it
 * @param binary True if it is no text
 *
 * @return 0 if success, otherwise errorcode: the connection is to be closed
 */
int client_receive(struct client *c, const void *in, size_t len, bool last,
		   bool binary)
{
	struct sender sender = {.name = c->name, .dialect = c->dialect};
	int err;

	if (c->close_code)
		return 0;

	err = collect(c, in, len);
	if (err || !last)
		return err;

	if (binary)
		command_binary(&sender);
	else
		command(&sender, c->in, c->inlen);

	c->inlen = 0;
	free(c->in);
	c->in = NULL;

	return 0;
}


/**
 * Send a client what waits for it: its pipe has room.  It must be on disk.
 *
 * @param c Client
 *
 * @return 0 if success, otherwise errorcode: the connection is to be closed
 */
int client_writable(struct client *c)
{
	switch (c->close_code) {
	case 0: return pump(c);
	case CLOSE_LAGGING:
		return close_with(c, CLOSE_LAGGING,
				  "you do not keep up, come back with since");
	case CLOSE_REPLACED:
		return close_with(c, CLOSE_REPLACED,
				  "another connection has your name");
	default: return close_with(c, c->close_code, "");
	}
}


/**
 * Tell an application something before client_resume()
 *
 * @param c    Client
 * @param text JSON text, may be NULL
 */
void client_say(struct client *c, const char *text)
{
	push_text(c, 0, text);
}


/**
 * Let an application have what it has missed, and what comes
 *
 * @param c Client
 */
void client_resume(struct client *c)
{
	if (!c->held)
		return;

	c->held = false;
	set_pending(c);
	hooks_client_up(c->name, c->since);
}


/**
 * Close the connection of a client
 *
 * @param c    Client
 * @param code Why, as RFC 6455 numbers it
 */
void client_close(struct client *c, int code)
{
	dismiss(c, code);
}


/**
 * Tell whether a client has been sent all that there is
 *
 * @param c Client
 *
 * @return True if nothing waits
 */
bool client_drained(const struct client *c)
{
	return outq_empty(&c->out) && !c->behind;
}


/**
 * Tell how far a client has come
 *
 * @param c Client
 *
 * @return Number of the last message that was queued for it
 */
uint64_t client_since(const struct client *c)
{
	return c->since;
}


/**
 * Tell what has arrived at an application.  It may have got more if the
 * network was cut.
 *
 * @param c Client
 *
 * @return Number of the last message that has
 */
uint64_t client_arrived(struct client *c)
{
	return arrival_last(&c->arrival, lws_get_socket_fd(c->wsi));
}


/**
 * Tell whether a message is still on its way
 *
 * @param name Name of the client that it was sent to
 * @param seq  Its number
 *
 * @return True if it was sent to an application and is not known to have
 *         arrived
 */
bool client_awaits(const char *name, uint64_t seq)
{
	struct client *c = table_get(clients, name);

	return c && c->call_sid && client_arrived(c) < seq;
}
