/**
 * @file ctrl_fleetrequest.c  Lines as requests of another member of the fleet
 *
 * Marks may stand before one: '?' it goes to all members, '=' it is the answer
 * to the last request of referd, '+' the heartbeat of gw2, '<' a frame of a
 * client here, '#' the body of a POST to /calls/c9/verbs, '@' a message of the
 * stream about a hook, '!' all timers fire first, '*' the client leaves, '%'
 * gw2 becomes unreachable. This member has two live calls, the others have
 * none.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "calls/calls.h"
#include "fleet/bus.h"
#include "fleet/deliver.h"
#include "fleet/event.h"
#include "fleet/fleet.h"
#include "fleet/losthook.h"
#include "fleetbus.h"
#include "fuzz.h"
#include "referd.h"
#include "stream/stream.h"


enum { REPLY_SIZE = 128 };

/* Frees messages that arrived and were not read */
struct come {
	struct fleetbus_news news;
	struct come *next;
	char text[];
};

static const struct fleet_config config = {
	.urls = "nats://127.0.0.1:1",
	.name = "fleet",
	.node = "gw1",
	.labels = "berlin",
	.creds = "",
	.nkey = "",
	.ca = "",
	.cert = "",
	.key = "",
	.dead = 60,
};

static struct {
	fleetbus_notify_h *h;
	void *arg;
	struct come *head;
	char asked[REPLY_SIZE]; /* where the answer goes */
} fake;


static const char inbox[] = "_INBOX.gw2.rq.1"; /* of the requesting member */


static void come(enum fleetbus_kind kind, const char *subject,
		 const char *reply, const char *data, size_t len)
{
	struct come *c = calloc(1, sizeof(*c) + len + 1), **tail = &fake.head;

	if (!c)
		abort();

	memcpy(c->text, data, len);
	c->news = (struct fleetbus_news){.kind = kind,
					 .text = subject,
					 .reply = reply,
					 .data = c->text,
					 .len = len};
	while (*tail)
		tail = &(*tail)->next;
	*tail = c;
	fake.h(fake.arg);
}


static int fake_open(struct fleetbus **bp, const struct fleetbus_config *c,
		     fleetbus_notify_h *h, void *arg)
{
	(void)c;
	fake.h = h;
	fake.arg = arg;
	*bp = (struct fleetbus *)(void *)&fake;

	return 0;
}


static void fake_free(struct fleetbus_news *n)
{
	free(n);
}


static struct fleetbus_news *fake_take(struct fleetbus *b)
{
	struct come *c = fake.head;
	(void)b;

	if (!c)
		return NULL;

	fake.head = c->next;

	return &c->news;
}


static void fake_close(struct fleetbus *b)
{
	struct fleetbus_news *n;

	while ((n = fake_take(b)))
		fake_free(n);
}


static int fake_subscribe(struct fleetbus *b, const char *subject)
{
	(void)b;
	(void)subject;

	return 0;
}


/* Messages to members are JSON objects */
static int fake_publish(struct fleetbus *b, const char *subject,
			const char *reply,
			const struct fleetbus_header *headers, unsigned count,
			const void *data, size_t len)
{
	cJSON *tree;
	(void)b;
	(void)headers;
	(void)count;

	if (strncmp(subject, "fleet.rq.", 9) &&
	    strcmp(subject, "fleet.find") && strcmp(subject, inbox))
		return 0;

	tree = cJSON_ParseWithLength(data, len);
	if (!cJSON_IsObject(tree))
		abort();
	cJSON_Delete(tree);

	if (reply && strlen(reply) < sizeof(fake.asked))
		strcpy(fake.asked, reply);

	return 0;
}


static void fake_hurry(struct fleetbus *b)
{
	(void)b;
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


static void hear(const char *line, size_t len)
{
	char *text = strndup(line, len);
	cJSON *tree = cJSON_Parse(text);

	if (tree)
		deliver_heard("gw2", tree);
	cJSON_Delete(tree);
	free(text);
}


static void take_hook(const char *line, size_t len)
{
	char *text = strndup(line, len);
	struct event e;

	if (!event_read(&e, text))
		losthook_take("gw2", e.line);
	losthook_post("t1", 202, "gw2 is lost");
	event_free(&e);
	free(text);
}


static void post(const char *line, size_t len)
{
	const struct sender sender = {.kind = SENDER_HTTP, .name = "http-1"};
	char *text = strndup(line, len);

	command_verbs(&sender, "c9", text, strlen(text));
	free(text);
}


static void say(const char *line, size_t len, bool whole)
{
	(void)whole;

	while (len && strchr("!*%", *line) && *line) {
		if (*line == '!')
			referd_time_passes();
		else if (*line == '*')
			bot_leave();
		else
			deliver_member("gw2", false);
		++line;
		--len;
	}

	switch (len ? *line : '\0') {
	case '?':
		come(FLEETBUS_MESSAGE, "fleet.find", inbox, line + 1, len - 1);
		break;
	case '=':
		come(FLEETBUS_MESSAGE, fake.asked, NULL, line + 1, len - 1);
		break;
	case '+': hear(line + 1, len - 1); break;
	case '<': bot_say(line + 1, len - 1, true, false); break;
	case '#': post(line + 1, len - 1); break;
	case '@': take_hook(line + 1, len - 1); break;
	default:
		come(FLEETBUS_MESSAGE, "fleet.rq.gw1", inbox, line, len);
		break;
	}

	referd_turns();
	gateway_answer(false);
	(void)hook_answer(200, "", 0);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	referd_open("");
	bus_use(&plugin);
	if (fleet_start(&config))
		abort();
	come(FLEETBUS_UP, "nats://127.0.0.1:1", NULL, "", 0);
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "in-progress");
	gateway_call("new", "c2", "ringing");
	bot_connect(false);
	fuzz_lines(data, size, say);
	fleet_stop();
	bus_use(NULL);
	referd_close();

	return 0;
}
