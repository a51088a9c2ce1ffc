/**
 * @file hooks.c  Delivery of hooks, in order per call, each until it is
 * answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "apart.h"
#include "base/base.h"
#include "chain.h"
#include "hooks.h"
#include "outbox.h"
#include "stream/stream.h"


static const struct hooks_events *events;


int hooks_init(const struct hooks_events *e)
{
	events = e;

	return chain_init(e) | apart_init();
}


void hooks_grace(unsigned seconds)
{
	chain_grace(seconds);
}


double hooks_grace_time(void)
{
	return chain_grace_time();
}


void hooks_close(void)
{
	outbox_close();
	apart_close();
}


static void load_handler(struct chain *c, void *arg)
{
	(void)arg;

	/* we were gone, too */
	for (struct posting *p = c->head; p; p = p->next) {
		p->old = true;
		if (!p->http)
			p->created = clock_ms();
	}

	chain_pump(c);
}


void hooks_load(void)
{
	outbox_load();
	outbox_each(load_handler, NULL);
}


bool hooks_post(const struct hook_post *post, char id[HOOK_ID_SIZE])
{
	struct posting *p, *head;
	int err;

	id[0] = '\0';

	err = outbox_full() ? ENOBUFS : outbox_add(&p, post);
	if (err) {
		log_error("hooks: a hook is lost: %s", strerror(err));
		counter_add(COUNTER_HOOKS_FAILED);
		return false;
	}

	strcpy(id, p->id);
	apart_date(p, post->begun);

	/* an eventHook that waits to be tried again makes room */
	head = p->chain->head;
	if (head != p && head->http && posting_passes(head) && !head->sent)
		chain_pump(chain_conclude(head, "failed", 0,
					  "the call has a later hook"));
	else
		chain_pump(p->chain);

	p = outbox_find(id);

	return p && !apart_held(p) &&
	       (p->http || (p->client && client_connected(p->client->name)));
}


/* It may be answered: it was sent */
static bool waits_for(const struct posting *p, const char *client)
{
	return p && !p->http && p->attempt && !strcmp(p->client->name, client);
}


bool hooks_await(const char *client, const char *id)
{
	return waits_for(outbox_find(id), client);
}


struct clients {
	hooks_client_h *h;
};


static void client_handler(struct chain *c, void *arg)
{
	const struct clients *clients = arg;

	for (const struct posting *p = c->head; p; p = p->next) {
		if (!p->http && p->client)
			clients->h(p->client->name);
	}
}


void hooks_clients(hooks_client_h *h)
{
	struct clients clients = {h};

	outbox_each(client_handler, &clients);
}


bool hooks_answered(const char *client, const char *id, char call_sid[64])
{
	struct posting *p = outbox_find(id);

	if (!waits_for(p, client))
		return false;

	(void)snprintf(call_sid, 64, "%s", p->chain->sid);
	chain_pump(chain_conclude(p, "answered", 0, NULL));

	return true;
}


struct presence {
	const char *client;
	uint64_t since;
};


static bool is_for(const struct posting *p, const struct presence *presence)
{
	return !p->http && p->client &&
	       !strcmp(p->client->name, presence->client);
}


static void up_handler(struct chain *c, void *arg)
{
	const struct presence *presence = arg;
	struct posting *p = c->head;

	if (p->sent || !is_for(p, presence) || apart_held(p))
		return;

	/* it may be on its way already, with the missed messages */
	if (p->seq > presence->since)
		posting_await_ack(p);
	else
		posting_send(p);
}


void hooks_client_up(const char *client, uint64_t since)
{
	struct presence presence = {client, since};

	outbox_each(up_handler, &presence);
}


static void down_handler(struct chain *c, void *arg)
{
	const struct presence *presence = arg;

	for (struct posting *p = c->head; p; p = p->next) {
		if (!is_for(p, presence))
			continue;

		p->created = clock_ms();
		if (p->sent)
			posting_wait(p);
		if (!posting_passes(p))
			events->done(c->sid, p->id);
	}
}


void hooks_client_down(const char *client)
{
	struct presence presence = {client, 0};

	outbox_each(down_handler, &presence);
}


void hooks_app_left(const struct sender *app)
{
	struct chain *c = outbox_chain(app->call_sid);
	struct presence presence = {app->name, 0};
	char sid[64], id[HOOK_ID_SIZE] = "";

	if (!c)
		return;

	(void)snprintf(sid, sizeof(sid), "%s", c->sid);
	for (const struct posting *p = c->head; p; p = p->next) {
		if (is_for(p, &presence) && !posting_passes(p))
			strcpy(id, p->id);
	}

	chain_pump(c);

	/* the call waits for the last of them, if for any */
	events->done(sid, id);
}
