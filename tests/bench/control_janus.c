/**
 * @file control_janus.c  Transfers by the SIP plugin of Janus
 *
 * One session over Janus' WebSocket API, and in it a handle for each call. A
 * handle has a SIP stack of its own, on a port of its own choice: so it makes
 * the calls. The media it is offered are never sent.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
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
	HANDLES = 64,
};

static const char sdp[] =
	"v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"
	"a=group:BUNDLE 0\\r\\nm=audio 9 UDP/TLS/RTP/SAVPF 0\\r\\n"
	"c=IN IP4 0.0.0.0\\r\\na=mid:0\\r\\na=sendrecv\\r\\na=rtcp-mux\\r\\n"
	"a=ice-ufrag:abcd\\r\\na=ice-pwd:abcdefghijklmnopqrstuvwx\\r\\n"
	"a=ice-options:trickle\\r\\na=setup:actpass\\r\\n"
	"a=fingerprint:sha-256 "
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\\r\\n"
	"a=rtpmap:0 PCMU/8000\\r\\n";

struct handle {
	uint64_t id;
	bool registered;
	bool busy;
	struct leg *leg;
};

struct janus {
	struct ws *ws;
	uint64_t session;
	struct handle handles[HANDLES];
	unsigned count; /* handles so far */
	unsigned wanted;
	unsigned registered;
};


static bool has(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what)) != NULL;
}


/* A number, the first of its name */
static uint64_t number(const char *text, size_t len, const char *name)
{
	char key[32];
	const int n = snprintf(key, sizeof(key), "\"%s\":", name);
	const char *p = memmem(text, len, key, (size_t)n);

	return p ? strtoull(p + n, NULL, 10) : 0;
}


static int say(struct janus *j, const char *text, int len)
{
	return ws_send(j->ws, text, (size_t)len);
}


/* A handle of which the media have failed ends the next call, too: each call
   gets a new one */
static int attach(struct janus *j, const struct handle *h)
{
	char text[256];

	return say(j, text,
		   snprintf(text, sizeof(text),
			    "{\"janus\":\"attach\","
			    "\"transaction\":\"attach %td\","
			    "\"session_id\":%" PRIu64 ","
			    "\"plugin\":\"janus.plugin.sip\"}",
			    h - j->handles, j->session));
}


static int detach(struct janus *j, const struct handle *h)
{
	char text[256];

	return say(j, text,
		   snprintf(text, sizeof(text),
			    "{\"janus\":\"detach\",\"transaction\":\"d\","
			    "\"session_id\":%" PRIu64 ",\"handle_id\":%" PRIu64
			    "}",
			    j->session, h->id));
}


static int request(struct janus *j, const struct handle *h, const char *body,
		   const char *jsep)
{
	char text[2048];

	return say(j, text,
		   snprintf(text, sizeof(text),
			    "{\"janus\":\"message\",\"transaction\":\"m\","
			    "\"session_id\":%" PRIu64 ",\"handle_id\":%" PRIu64
			    ",\"body\":%s%s}",
			    j->session, h->id, body, jsep));
}


static struct handle *handle_find(struct janus *j, uint64_t id)
{
	for (unsigned i = 0; i < j->wanted; ++i) {
		if (j->handles[i].id == id)
			return &j->handles[i];
	}

	return NULL;
}


static void take_success(struct control *c, const char *text, size_t len)
{
	static const char key[] = "\"attach ";
	struct janus *j = c->data;
	const char *data = memmem(text, len, "\"data\":", 7);
	const size_t rest = data ? (size_t)(text + len - data) : 0;
	const char *attached = memmem(text, len, key, strlen(key));
	struct handle *h;
	char body[128];

	if (has(text, len, "\"create\"")) {
		j->session = number(data, rest, "id");
		for (unsigned i = 0; i < j->wanted; ++i)
			(void)attach(j, &j->handles[i]);
		return;
	}
	if (!attached)
		return;

	h = &j->handles[atoi(attached + strlen(key)) % HANDLES];
	h->id = number(data, rest, "id");
	snprintf(body, sizeof(body),
		 "{\"request\":\"register\",\"type\":\"guest\","
		 "\"username\":\"sip:janus%u@10.77.0.40\"}",
		 ++j->count);
	(void)request(j, h, body, "");
}


static void take_registered(struct control *c, struct handle *h)
{
	struct janus *j = c->data;

	h->registered = true;
	if (++j->registered == j->wanted)
		c->handler(c, CONTROL_READY, NULL, c->arg);
}


static void take_event(struct control *c, const char *text, size_t len)
{
	struct janus *j = c->data;
	struct handle *h = handle_find(j, number(text, len, "sender"));
	const char *id;
	size_t size;

	if (!h)
		return;
	if (has(text, len, "\"registered\"")) {
		take_registered(c, h);
		return;
	}

	if (!control_text(text, len, "call_id", &id, &size) && !h->leg)
		h->leg = far_find(c->far, id, size);
	if (!h->leg)
		return;

	if (has(text, len, "\"accepted\"")) {
		c->handler(c, CONTROL_UP, h->leg, c->arg);
	}
	else if (has(text, len, "\"notify\"") &&
		 has(text, len, "SIP/2.0 200")) {
		c->handler(c, CONTROL_DONE, h->leg, c->arg);
	}
	else if (has(text, len, "\"hangup\"")) {
		(void)detach(j, h);
		*h = (struct handle){0};
		(void)attach(j, h);
	}
}


static void message_handler(const char *text, size_t len, void *arg)
{
	struct control *c = arg;

	if (has(text, len, "\"error\"") && !has(text, len, "\"errors\""))
		fprintf(stderr, "janus: %.*s\n", (int)len, text);
	if (has(text, len, "\"success\""))
		take_success(c, text, len);
	else if (has(text, len, "\"event\""))
		take_event(c, text, len);
}


static int janus_open(struct control *c)
{
	static const char create[] =
		"{\"janus\":\"create\",\"transaction\":\"create\"}";
	struct janus *j = calloc(1, sizeof(*j));
	int err;

	c->data = j;
	if (!j)
		return ENOMEM;

	/* some are still busy with the end of the call before */
	j->wanted = 2 * c->calls < HANDLES ? 2 * c->calls : HANDLES;
	err = ws_connect(&j->ws, &c->address, "/", "janus-protocol");

	return err ? err : ws_send(j->ws, create, strlen(create));
}


static int janus_fd(const struct control *c)
{
	const struct janus *j = c->data;

	return ws_fd(j->ws);
}


static int janus_read(struct control *c)
{
	struct janus *j = c->data;

	return ws_read(j->ws, message_handler, c);
}


static int janus_call(struct control *c, unsigned index)
{
	struct janus *j = c->data;
	char ip[INET_ADDRSTRLEN];
	char body[256];
	char jsep[1536];

	inet_ntop(AF_INET, &c->gateways[0].sin_addr, ip, sizeof(ip));
	snprintf(body, sizeof(body),
		 "{\"request\":\"call\",\"uri\":\"sip:far%u@%s\"}", index, ip);
	snprintf(jsep, sizeof(jsep),
		 ",\"jsep\":{\"type\":\"offer\",\"trickle\":true,"
		 "\"sdp\":\"%s\"}",
		 sdp);

	for (unsigned i = 0; i < j->wanted; ++i) {
		struct handle *h = &j->handles[i];

		if (h->registered && !h->busy) {
			h->busy = true;
			return request(j, h, body, jsep);
		}
	}

	return EBUSY;
}


static int janus_transfer(struct control *c, struct leg *leg)
{
	struct janus *j = c->data;

	for (unsigned i = 0; i < j->wanted; ++i) {
		if (j->handles[i].leg == leg)
			return request(j, &j->handles[i],
				       "{\"request\":\"transfer\","
				       "\"uri\":\"sip:bob@10.77.0.3\"}",
				       "");
	}

	return ENOENT;
}


static void janus_close(struct control *c)
{
	struct janus *j = c->data;

	if (j) {
		ws_close(j->ws);
		free(j);
	}
}


const struct control_type control_janus = {
	.name = "janus",
	.open = janus_open,
	.fd = janus_fd,
	.read = janus_read,
	.transfer = janus_transfer,
	.call = janus_call,
	.close = janus_close,
};
