/**
 * @file fakebus.c  A plugin whose engine is the test
 *
 * A test calls bus_use(fakebus()), then fleet_start(). fakebus_next() reads
 * the messages that referd publishes, in order; fakebus_message() and similar
 * functions pass incoming ones to referd. fakebus_turn() lets referd's loop
 * handle them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "fakebus.h"
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>


enum { SUBJECTS_MAX = 32, HEADER_ID_SIZE = 64 };

struct published {
	struct fakebus_message m;
	struct published *next;
};

struct come {
	struct fleetbus_news news; /* first: referd frees this */
	struct come *next;
	char *texts[5];
};

static struct {
	bool up, full;
	fleetbus_notify_h *h;
	void *arg;
	char *subjects[SUBJECTS_MAX];
	struct published *head, **tail;
	struct published *current; /* that was read last */
	struct come *in, **intail;
	char calm[128];     /* begin of subjects that can wait */
	bool told, hurried; /* of the events in it */
	unsigned woken;
} fake;


static void free_published(struct published *p)
{
	if (!p)
		return;

	free(p->m.subject);
	free(p->m.reply);
	free(p->m.id);
	free(p->m.expected);
	free(p->m.data);
	free(p);
}


static void fake_free(struct fleetbus_news *n)
{
	struct come *c = (struct come *)n;

	if (!c)
		return;

	for (size_t i = 0; i < 5; i++)
		free(c->texts[i]);
	free(c);
}


static int fake_open(struct fleetbus **bp, const struct fleetbus_config *c,
		     fleetbus_notify_h *h, void *arg)
{
	fakebus_reset();
	(void)snprintf(fake.calm, sizeof(fake.calm), "%s", c->calm);
	fake.h = h;
	fake.arg = arg;
	*bp = (struct fleetbus *)&fake;

	return 0;
}


static void fake_close(struct fleetbus *b)
{
	(void)b;

	fake.h = NULL;
}


static int fake_subscribe(struct fleetbus *b, const char *subject)
{
	(void)b;

	for (size_t i = 0; i < SUBJECTS_MAX; i++) {
		if (!fake.subjects[i]) {
			fake.subjects[i] = strdup(subject);
			return 0;
		}
	}

	return ENOMEM;
}


static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}


static int fake_publish(struct fleetbus *b, const char *subject,
			const char *reply,
			const struct fleetbus_header *headers, unsigned count,
			const void *data, size_t len)
{
	struct published *p;
	(void)b;

	if (!fake.up)
		return ENOTCONN;
	if (fake.full)
		return ENOBUFS;

	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->m.subject = strdup(subject);
	p->m.reply = copy(reply);
	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(headers[i].name, "Nats-Msg-Id"))
			p->m.id = strdup(headers[i].value);
		else if (!strcmp(headers[i].name,
				 "Nats-Expected-Last-Subject-Sequence"))
			p->m.expected = strdup(headers[i].value);
	}
	p->m.data = calloc(1, len + 1);
	assert_non_null(p->m.data);
	if (len)
		memcpy(p->m.data, data, len);
	p->m.len = len;
	*fake.tail = p;
	fake.tail = &p->next;

	return 0;
}


static struct fleetbus_news *fake_take(struct fleetbus *b)
{
	struct come *c = fake.in;
	(void)b;

	if (!c)
		return NULL;

	fake.told = fake.hurried = false;
	fake.in = c->next;
	if (!fake.in)
		fake.intail = &fake.in;

	return &c->news;
}


static void wake_referd(void)
{
	if (!fake.h || fake.told)
		return;

	fake.told = true;
	++fake.woken;
	fake.h(fake.arg);
}


static void fake_hurry(struct fleetbus *b)
{
	(void)b;

	fake.hurried = true;
	if (fake.in)
		wake_referd();
}


static const struct fleetbus_plugin plugin = {
	.version = FLEETBUS_VERSION,
	.open = fake_open,
	.close = fake_close,
	.subscribe = fake_subscribe,
	.publish = fake_publish,
	.take = fake_take,
	.free = fake_free,
	.hurry = fake_hurry,
};


/**
 * Get the plugin, for bus_use()
 *
 * @return Plugin
 */
const struct fleetbus_plugin *fakebus(void)
{
	return &plugin;
}


/**
 * Forget all that was published, and all that is to come
 */
void fakebus_reset(void)
{
	struct published *p;
	struct come *c;

	while ((p = fake.head)) {
		fake.head = p->next;
		free_published(p);
	}
	free_published(fake.current);
	while ((c = fake.in)) {
		fake.in = c->next;
		fake_free(&c->news);
	}
	for (size_t i = 0; i < SUBJECTS_MAX; i++)
		free(fake.subjects[i]);
	memset(&fake, 0, sizeof(fake));
	fake.tail = &fake.head;
	fake.intail = &fake.in;
}


static struct come *come(enum fleetbus_kind kind, const char *text,
			 const char *reply, const char *description,
			 const char *data)
{
	struct come *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->news.kind = kind;
	c->news.text = c->texts[0] = copy(text);
	c->news.reply = c->texts[1] = copy(reply);
	c->news.description = c->texts[2] = copy(description);
	c->texts[3] = copy(data ? data : "");
	c->news.data = c->texts[3];
	c->news.len = strlen(c->news.data);
	*fake.intail = c;
	fake.intail = &c->next;
	if (fake.hurried || kind != FLEETBUS_MESSAGE ||
	    strncmp(text, fake.calm, strlen(fake.calm)) != 0)
		wake_referd();

	return c;
}


/**
 * Report that the connection is up
 */
void fakebus_up(void)
{
	fake.up = true;
	(void)come(FLEETBUS_UP, "nats://test:4222", NULL, NULL, NULL);
}


/**
 * Report that the connection is lost
 *
 * @param why Reason that the plugin gives
 */
void fakebus_down(const char *why)
{
	fake.up = false;
	(void)come(FLEETBUS_DOWN, why, NULL, NULL, NULL);
}


/**
 * Report that the engine refused something
 *
 * @param text Error text of the engine
 */
void fakebus_error(const char *text)
{
	(void)come(FLEETBUS_ERROR, text, NULL, NULL, NULL);
}


/**
 * Pass a message to referd
 *
 * @param subject Subject
 * @param reply   Subject for the answer, NULL for none
 * @param data    Body
 */
void fakebus_message(const char *subject, const char *reply, const char *data)
{
	(void)come(FLEETBUS_MESSAGE, subject, reply, NULL, data);
}


/**
 * A message comes from JetStream
 *
 * @param subject Subject
 * @param reply   Subject, $JS.ACK...
 * @param data    Body
 */
void fakebus_js(const char *subject, const char *reply, const char *data)
{
	come(FLEETBUS_MESSAGE, subject, reply, NULL, data)->news.is_js = true;
}


/**
 * Pass a status message to referd
 *
 * @param subject     Subject
 * @param status      Status, as in 503
 * @param description Its meaning, may be NULL
 */
void fakebus_status(const char *subject, int status, const char *description)
{
	come(FLEETBUS_MESSAGE, subject, NULL, description, NULL)->news.status =
		status;
}


/**
 * Pass a flow control request of a JetStream consumer to referd
 *
 * @param subject Its subject
 * @param reply   Subject for the answer; NULL if it is a heartbeat
 * @param stalled Subject of the answer that it waits for; NULL for none
 */
void fakebus_flow(const char *subject, const char *reply, const char *stalled)
{
	struct come *c = come(FLEETBUS_MESSAGE, subject, reply,
			      reply ? "FlowControl Request" : "Idle Heartbeat",
			      NULL);

	c->news.status = 100;
	c->news.is_js = true;
	c->news.stalled = c->texts[4] = copy(stalled);
}


/**
 * Read the next message that referd has published
 *
 * @return Message, valid until the next call; NULL if none is left
 */
const struct fakebus_message *fakebus_next(void)
{
	struct published *p = fake.head;

	free_published(fake.current);
	fake.current = p;
	if (!p)
		return NULL;

	fake.head = p->next;
	if (!fake.head)
		fake.tail = &fake.head;

	return &p->m;
}


/**
 * Tell whether referd has asked for the messages of a subject
 *
 * @param subject Subject, as it was given
 *
 * @return True if it has
 */
bool fakebus_subscribed(const char *subject)
{
	for (size_t i = 0; i < SUBJECTS_MAX; i++) {
		if (fake.subjects[i] && !strcmp(fake.subjects[i], subject))
			return true;
	}

	return false;
}


/**
 * Refuse further messages because too many wait
 *
 * @param full True if so
 */
void fakebus_full(bool full)
{
	fake.full = full;
}


/**
 * Tell how often the plugin woke referd for incoming messages
 *
 * @return Number of times since the start
 */
unsigned fakebus_woken(void)
{
	return fake.woken;
}


/**
 * Let the loop handle incoming messages until it would wait
 */
void fakebus_turn(void)
{
	for (int i = 0; i < 4; i++)
		(void)ev_run(loop_ev(), EVRUN_NOWAIT);
}
