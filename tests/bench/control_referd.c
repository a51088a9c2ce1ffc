/**
 * @file control_referd.c  Transfers by referd, over its WebSocket
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control.h"
#include "far.h"
#include "ws.h"


enum {
	SID_SIZE = 40,
	VERB_SIZE = 1024,
};

struct referd {
	struct ws *ws;
	char (*sids)[SID_SIZE]; /* of each call, by its index */
	const char *hook;       /* URL, NULL for none */
};


static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(text, with, strlen(with));
}


static struct leg *find(struct control *c, const char *text, size_t len,
			const char *name)
{
	const char *id;
	size_t size;

	if (control_text(text, len, name, &id, &size))
		return NULL;

	return far_find(c->far, id, size);
}


static void take_call(struct control *c, const char *text, size_t len)
{
	struct referd *r = c->data;
	struct leg *leg = find(c, text, len, "call_id");
	const char *value;
	size_t size;

	if (!leg || control_text(text, len, "call_sid", &value, &size))
		return;

	snprintf(r->sids[leg->index], SID_SIZE, "%.*s", (int)size, value);
	if (!control_text(text, len, "call_status", &value, &size) &&
	    size == strlen("in-progress") &&
	    !memcmp(value, "in-progress", size))
		c->handler(c, CONTROL_UP, leg, c->arg);
}


static void take_transfer(struct control *c, const char *text, size_t len)
{
	struct leg *leg;

	if (!memmem(text, len, "\"step\":\"ended\"", 14))
		return;

	leg = find(c, text, len, "verb_id");
	if (leg)
		c->handler(c,
			   memmem(text, len, "\"transferred\"", 13)
				   ? CONTROL_DONE
				   : CONTROL_FAILED,
			   leg, c->arg);
}


static void answer_hook(struct control *c, const char *text, size_t len)
{
	struct referd *r = c->data;
	const char *id;
	size_t size;
	char ack[256];

	if (control_text(text, len, "msgid", &id, &size))
		return;

	(void)ws_send(r->ws, ack,
		      (size_t)snprintf(ack, sizeof(ack),
				       "{\"type\":\"ack\",\"msgid\":\"%.*s\"}",
				       (int)size, id));
}


static void message_handler(const char *text, size_t len, void *arg)
{
	struct control *c = arg;

	if (begins(text, len, "{\"type\":\"transfer:status\""))
		take_transfer(c, text, len);
	else if (begins(text, len, "{\"type\":\"verb:hook\""))
		answer_hook(c, text, len);
	else if (begins(text, len, "{\"type\":\"session:new\"") ||
		 begins(text, len, "{\"type\":\"call:status\""))
		take_call(c, text, len);
	else if (begins(text, len, "{\"type\":\"hello\""))
		c->handler(c, CONTROL_READY, NULL, c->arg);
	else if (begins(text, len, "{\"type\":\"jambonz:error\""))
		fprintf(stderr, "%.*s\n", (int)len, text);
}


static int referd_open(struct control *c)
{
	struct referd *r = calloc(1, sizeof(*r));

	c->data = r;
	if (!r)
		return ENOMEM;

	r->hook = getenv("BENCH_HOOK");
	r->sids = calloc(c->legs, sizeof(*r->sids));
	if (!r->sids)
		return ENOMEM;

	return ws_connect(&r->ws, &c->address, "/ws?client=bench", NULL);
}


static int referd_fd(const struct control *c)
{
	const struct referd *r = c->data;

	return ws_fd(r->ws);
}


static int referd_read(struct control *c)
{
	struct referd *r = c->data;

	return ws_read(r->ws, message_handler, c);
}


static int referd_transfer(struct control *c, struct leg *leg)
{
	struct referd *r = c->data;
	char verb[VERB_SIZE];
	int n = snprintf(verb, sizeof(verb),
			 "{\"verb\":\"sip:refer\",\"call_sid\":\"%s\","
			 "\"id\":\"%s\",\"referTo\":"
			 "\"sip:bob@10.77.0.3\"",
			 r->sids[leg->index], leg->call_id);

	if (r->hook)
		n += snprintf(verb + n, sizeof(verb) - (size_t)n,
			      ",\"actionHook\":\"%s\",\"eventHook\":\"%s\"",
			      r->hook, r->hook);
	n += snprintf(verb + n, sizeof(verb) - (size_t)n, "}");

	return ws_send(r->ws, verb, (size_t)n);
}


static void referd_close(struct control *c)
{
	struct referd *r = c->data;

	if (r) {
		ws_close(r->ws);
		free(r->sids);
		free(r);
	}
}


const struct control_type control_referd = {
	.name = "referd",
	.open = referd_open,
	.fd = referd_fd,
	.read = referd_read,
	.transfer = referd_transfer,
	.close = referd_close,
};

/* In the process of its baresip */
const struct control_type control_embedded = {
	.name = "embedded",
	.open = referd_open,
	.fd = referd_fd,
	.read = referd_read,
	.transfer = referd_transfer,
	.close = referd_close,
};
