/**
 * @file bus.c  Messages to and from the engine, in the loop
 *
 * Outgoing messages wait until the turn that caused them is on disk, like
 * those to clients.  Incoming ones are handled in slices, so that the loop is
 * not held up.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ask.h"
#include "base/base.h"
#include "bus.h"
#include "fleet.h"
#include "plugin.h"
#include "room.h"
#include "sendq.h"


enum {
	BOOT_SIZE = 17,
	SLICE_TIME = 2000, /* that the loop is held at once [us] */
	SAID_MAX = 64,     /* sentences that are remembered */
	INBOX_SIZE = 96,
	CALM_SIZE = INBOX_SIZE + 8,
};

struct listener {
	struct listener *next;
	bus_message_h *h; /* NULL: it listens no more */
	void *arg;
	char subject[];
};

struct watcher {
	struct watcher *next;
	bus_state_h *h;
	void *arg;
};

static const struct fleetbus_plugin *used; /* in place of the loaded one */

static struct {
	const struct fleetbus_plugin *plugin;
	struct fleetbus *fleetbus;
	struct wake wake;
	bool up;
	char boot[BOOT_SIZE];
	char inbox[INBOX_SIZE]; /* what our own subjects begin with */
	size_t inboxlen;
	char calm[CALM_SIZE]; /* ... and those of answers that can wait */
	struct listener *listeners;
	struct watcher *watchers;
	bus_message_h *stream_h; /* NULL: nobody reads the stream */
	void *stream_arg;
	struct table *said; /* sentences of the engine that are in the log */
} bus;


/**
 * Use a plugin in place of the one that is loaded
 *
 * @param p Plugin
 */
void bus_use(const struct fleetbus_plugin *p)
{
	used = p;
}


/**
 * Tell whether the engine is connected
 *
 * @return True if it is
 */
bool bus_is_up(void)
{
	return bus.up;
}


/**
 * Tell this run of referd from all others
 *
 * @return Digits
 */
const char *bus_boot(void)
{
	return bus.boot;
}


/**
 * Make a subject that is ours alone: bus_listen() needs no subscription for it
 *
 * @param buf  Buffer
 * @param size Its size in bytes
 * @param rest Rest of the subject, which does not begin with "rq."
 *
 * @return Subject, in the buffer
 */
const char *bus_inbox(char *buf, size_t size, const char *rest)
{
	(void)snprintf(buf, size, "%s%s", bus.inbox, rest);

	return buf;
}


/**
 * Make a subject of the fleet
 *
 * @param buf  Buffer
 * @param size Its size in bytes
 * @param kind Kind, as in "ev"
 * @param rest Rest of the subject, NULL for none
 *
 * @return Subject, in the buffer
 */
const char *bus_subject(char *buf, size_t size, const char *kind,
			const char *rest)
{
	(void)snprintf(buf, size, "%s.%s%s%s", fleet_name(), kind,
		       rest ? "." : "", rest ? rest : "");

	return buf;
}


/* As the engine has it: * is one part, > is all that follow */
static bool matches(const char *pattern, const char *subject)
{
	for (; *pattern; pattern++) {
		if (*pattern == '>')
			return *subject != '\0';
		if (*pattern == '*')
			subject += strcspn(subject, ".");
		else if (*pattern != *subject++)
			return false;
	}

	return !*subject;
}


static bool is_ours(const char *subject)
{
	return !strncmp(subject, bus.inbox, bus.inboxlen);
}


/* Once for each sentence, as the engine says it again and again */
static void say(const char *text)
{
	if (table_get(bus.said, text))
		return;

	log_warning("fleet: a NATS server reports: %s", text);
	if (table_count(bus.said) < SAID_MAX)
		(void)table_put(bus.said, text, &bus);
}


static void set_state(bool up, const char *why)
{
	if (up)
		log_info("fleet: connected to %s", why);
	else if (bus.up || !table_get(bus.said, why))
		log_warning("fleet: no connection: %s", why);

	if (!up && table_count(bus.said) < SAID_MAX)
		(void)table_put(bus.said, why, &bus);

	bus.up = up;
	if (!up)
		asks_fail(ENOTCONN);

	for (struct watcher *w = bus.watchers; w; w = w->next)
		w->h(up, why, w->arg);
}


/* A consumer of ours delivers a message of the stream under the subject that
   it has there, whatever that is */
static bool is_of_stream(const struct fleetbus_news *n)
{
	return n->is_js && n->reply && !strncmp(n->reply, "$JS.ACK.", 8);
}


/* Heartbeats and requests come from members alone, never out of a stream */
static void dispatch(const struct fleetbus_news *n)
{
	const bool own = is_ours(n->text);

	if (is_of_stream(n)) {
		if (bus.stream_h)
			bus.stream_h(n, bus.stream_arg);
		return;
	}
	if (own && ask_answered(n->text + bus.inboxlen, n))
		return;
	if (n->is_js && !own)
		return;

	for (struct listener *l = bus.listeners; l; l = l->next) {
		if (l->h && matches(l->subject, n->text))
			l->h(n, l->arg);
	}
}


static void handle(const struct fleetbus_news *n)
{
	switch (n->kind) {

	case FLEETBUS_UP: set_state(true, n->text); break;
	case FLEETBUS_DOWN: set_state(false, n->text); break;
	case FLEETBUS_ERROR: say(n->text); break;
	case FLEETBUS_MESSAGE: dispatch(n); break;
	}
}


static void sweep(void)
{
	struct listener **lp = &bus.listeners, *l;

	while ((l = *lp)) {
		if (l->h) {
			lp = &l->next;
			continue;
		}
		*lp = l->next;
		free(l);
	}
}


static int64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void take_news(void)
{
	const int64_t end = now_us() + SLICE_TIME;
	struct fleetbus_news *n;

	while ((n = bus.plugin->take(bus.fleetbus))) {
		handle(n);
		bus.plugin->free(n);
		if (loop_late() || now_us() >= end) {
			wake_send(&bus.wake);
			break;
		}
	}

	sweep();
}


static void wake_handler(void *arg)
{
	(void)arg;

	take_news();
}


static void notify_handler(void *arg)
{
	wake_send(arg);
}


static int open_plugin(const struct fleet_config *c)
{
	const struct fleetbus_config config = {
		.urls = c->urls,
		.name = fleet_member(),
		.calm = bus_inbox(bus.calm, sizeof(bus.calm), asks_calm()),
		.creds = c->creds,
		.nkey = c->nkey,
		.ca = c->ca,
		.cert = c->cert,
		.key = c->key,
	};
	char inbox[BUS_SUBJECT_SIZE];
	int err;

	err = wake_open(&bus.wake, wake_handler, NULL);
	if (!err)
		err = bus.plugin->open(&bus.fleetbus, &config, notify_handler,
				       &bus.wake);
	if (err) {
		log_error("fleet: %s", strerror(err));
		return err;
	}

	/* For answers only: a consumer counts a subscription only to exactly
	   its subject, and a second one would get each message twice */
	bus_inbox(inbox, sizeof(inbox), "rq.*");

	return bus.plugin->subscribe(bus.fleetbus, inbox);
}


/**
 * Begin to connect to the engine.  Logs its errors.
 *
 * @param c Configuration, borrowed until bus_close()
 *
 * @return 0, ENOMEM, ELIBACC if the plugin is not installed, or its error
 */
int bus_open(const struct fleet_config *c)
{
	int err;

	random_hex(bus.boot, sizeof(bus.boot));
	bus.inboxlen = (size_t)snprintf(bus.inbox, sizeof(bus.inbox),
					"_INBOX.%s.%s.", fleet_member(),
					bus.boot);
	bus.plugin = used ? used : plugin_load();
	if (!bus.plugin)
		return ELIBACC;

	err = table_create(&bus.said);
	if (!err)
		err = asks_open();

	return err ? err : open_plugin(c);
}


static void free_lists(void)
{
	struct listener *l;
	struct watcher *w;

	while ((l = bus.listeners)) {
		bus.listeners = l->next;
		free(l);
	}
	while ((w = bus.watchers)) {
		bus.watchers = w->next;
		free(w);
	}
}


/**
 * End the connection.  No handler is called any more.
 */
void bus_close(void)
{
	bus_flush();
	if (bus.fleetbus)
		bus.plugin->close(bus.fleetbus);

	wake_close(&bus.wake);
	asks_close();
	sendq_clear();
	free_lists();
	table_destroy(bus.said);
	memset(&bus, 0, sizeof(bus));
}


/**
 * Have the messages of a subject
 *
 * @param subject Subject, which may have wildcards
 * @param h       Handler
 * @param arg     Handler argument
 *
 * @return 0, or ENOMEM
 */
int bus_listen(const char *subject, bus_message_h *h, void *arg)
{
	struct listener *l = malloc(sizeof(*l) + strlen(subject) + 1);
	struct listener **lp = &bus.listeners;

	if (!l)
		return ENOMEM;

	strcpy(l->subject, subject);
	l->h = h;
	l->arg = arg;
	l->next = NULL;
	while (*lp)
		lp = &(*lp)->next;
	*lp = l;

	return bus.plugin->subscribe(bus.fleetbus, subject);
}


/**
 * Have a handler called no more
 *
 * @param subject Subject, as it was given to bus_listen()
 * @param h       Handler
 * @param arg     Handler argument
 */
void bus_unlisten(const char *subject, bus_message_h *h, void *arg)
{
	for (struct listener *l = bus.listeners; l; l = l->next) {
		if (l->h == h && l->arg == arg && !strcmp(l->subject, subject))
			l->h = NULL;
	}
}


/**
 * Subscribe to the messages of this referd's consumers
 *
 * @param h   Handler
 * @param arg Handler argument
 *
 * @return 0
 */
int bus_stream(bus_message_h *h, void *arg)
{
	bus.stream_h = h;
	bus.stream_arg = arg;

	return 0;
}


/**
 * Hear of each connection, and of its end
 *
 * @param h   Handler
 * @param arg Handler argument
 *
 * @return 0, or ENOMEM
 */
int bus_watch(bus_state_h *h, void *arg)
{
	struct watcher *w = malloc(sizeof(*w));
	struct watcher **wp = &bus.watchers;

	if (!w)
		return ENOMEM;

	w->h = h;
	w->arg = arg;
	w->next = NULL;
	while (*wp)
		wp = &(*wp)->next;
	*wp = w;

	return 0;
}


/**
 * Send a message when this turn of the loop is on disk
 *
 * @param subject Subject
 * @param reply   Subject for the answer, NULL for none
 * @param headers Headers
 * @param count   Number of them
 * @param data    Body
 * @param len     Its length in bytes
 *
 * @return 0, ENOMEM, or ENOTCONN without a connection
 */
int bus_send(const char *subject, const char *reply,
	     const struct fleetbus_header *headers, unsigned count,
	     const char *data, size_t len)
{
	if (!bus.up)
		return ENOTCONN;

	return sendq_add(subject, reply, headers, count, data, len);
}


/**
 * Have the loop woken also for answers that could wait
 */
void bus_hurry(void)
{
	if (bus.fleetbus && asks_calm_open())
		bus.plugin->hurry(bus.fleetbus);
}


/**
 * Handle answers that woke nothing, before the turn of the loop is on disk
 */
void bus_gather(void)
{
	if (bus.fleetbus && asks_calm_open())
		take_news();
}


/**
 * Send the queued messages.  Those that cannot be sent are lost: their
 * requests fail with the connection, or time out.
 */
void bus_flush(void)
{
	if (bus.fleetbus)
		sendq_flush(bus.plugin, bus.fleetbus);
}
