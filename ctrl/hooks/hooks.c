/**
 * @file hooks.c  Delivery of hooks, in order per call, each until it is
 * answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "hook_status.h"
#include "hooks.h"
#include "outbox.h"
#include "stream/stream.h"
#include "textcheck.h"


enum { RETRY_AGE = 3600 }; /* seconds after which HTTP is given up */

/* Seconds */
static const double answer_time = 5.; /* for an ack */
static const double retry_first = .5; /* and twice that each time */
static const double retry_max = 60.;
static double grace_time = 60.; /* that a client may be gone */

static const struct hooks_events *events;

static void pump(struct chain *c);


/* What nobody waits for, and what must not hold up the others */
static bool passes(const struct posting *d)
{
	return d->kind == HOOK_EVENT || d->kind == HOOK_STATUS;
}


static void timer_start(struct posting *d, double seconds)
{
	ev_timer_stop(EV_DEFAULT_ & d->timer);
	ev_timer_set(&d->timer, seconds, 0.);
	ev_timer_start(EV_DEFAULT_ & d->timer);
}


/* A hook has its end */
static struct chain *conclude(struct posting *d, const char *event,
			      long status, const char *reason)
{
	enum counter counter = COUNTER_HOOKS_FAILED;

	if (!strcmp(event, "answered"))
		counter = COUNTER_HOOKS_ANSWERED;
	else if (!strcmp(event, "timeout"))
		counter = COUNTER_HOOKS_TIMEOUT;

	counter_add(counter);
	hook_status_tell(d, event, status, 0, reason);

	return outbox_remove(d);
}


static void finish(struct posting *d, const char *event, const char *reason)
{
	char sid[64], id[HOOK_ID_SIZE];

	(void)snprintf(sid, sizeof(sid), "%s", d->chain->sid);
	strcpy(id, d->id);

	pump(conclude(d, event, 0, reason));

	events->done(sid, id);
}


static double retry_delay(const struct posting *d)
{
	double delay = retry_first;

	for (int i = 1; i < d->attempt && delay < retry_max; i++)
		delay *= 2;
	if (delay > retry_max)
		delay = retry_max;

	/* so that those who failed together do not come again together */
	return delay * (.5 + .5 * random_unit());
}


/* Worth another attempt?  An eventHook is not if the call has more to tell:
   it must never hold up the actionHook. */
static bool can_retry(const struct posting *d, long status)
{
	if (clock_ms() - d->created > RETRY_AGE * 1000)
		return false;

	if (passes(d) && d->next)
		return false;

	return status == 0 || status == 408 || status == 429 || status >= 500;
}


/* What failed once for an eventHook, the others before the actionHook need
   not find out again */
static struct chain *skip_events(struct chain *c, const char *url)
{
	while (c && c->head->next && passes(c->head) &&
	       !strcmp(c->head->hook.url, url))
		c = conclude(c->head, "failed", 0, "the one before failed");

	return c;
}


static void fail(struct posting *d, long status, const char *error)
{
	char sid[64], id[HOOK_ID_SIZE], url[HOOK_MAX + 1], why[256];
	const char *reason = status ? NULL : why;
	double delay;

	(void)snprintf(sid, sizeof(sid), "%s", d->chain->sid);
	strcpy(id, d->id);
	(void)snprintf(why, sizeof(why), "%s", error);
	text_repair(why);
	webhook_public_url(url, sizeof(url), d->hook.url);
	log_info("hooks: %s: attempt %d failed: %ld %s", url, d->attempt,
		 status, error);

	d->sent = false;
	if (can_retry(d, status)) {
		delay = retry_delay(d);
		hook_status_tell(d, "failed", status, delay, reason);
		outbox_save(d);
		timer_start(d, delay);
	}
	else {
		(void)snprintf(url, sizeof(url), "%s", d->hook.url);
		pump(skip_events(conclude(d, "failed", status, reason), url));
	}

	events->done(sid, id);
}


static void answered(struct posting *d, long status, const char *body,
		     size_t len)
{
	struct sender *client = d->client, sender = {.kind = SENDER_NOBODY};
	char sid[64], id[HOOK_ID_SIZE];
	struct message *m = NULL;
	struct error f;
	int err;

	d->client = NULL;
	if (client)
		sender = *client;
	sender.dialect = d->dialect;
	sender.msgid = id;
	sender.quiet = true;

	(void)snprintf(sid, sizeof(sid), "%s", d->chain->sid);
	strcpy(id, d->id);

	error_init(&f);
	err = events->read(&m, body, len, &f);
	if (err && err != EBADMSG)
		err = error_set(&f, 500, NULL, "%s", strerror(err));

	pump(conclude(d, "answered", status, err ? f.text : NULL));

	events->answered(&sender, sid, m, &f);
	free(client);
}


static void webhook_handler(long status, const char *error, const char *body,
			    size_t len, void *arg)
{
	struct posting *d = arg;

	d->webhook = NULL;

	if (status >= 200 && status < 300)
		answered(d, status, body, len);
	else
		fail(d, status, error);
}


static int send_http(struct posting *d)
{
	struct webhook_request r = {.id = d->id,
				    .url = d->hook.url,
				    .method = d->hook.method,
				    .username = d->hook.username,
				    .password = d->hook.password,
				    .data = d->data};

	return webhook_send(&d->webhook, &r, webhook_handler, d);
}


static void send_ws(struct posting *d)
{
	bool redirect = d->kind == HOOK_REDIRECT;

	d->seq = emit(&(struct emission){.type = redirect ? "session:redirect"
							  : "verb:hook",
					 .client = d->client->name,
					 .call_sid = d->chain->sid,
					 .msgid = d->id,
					 .hook = d->hook.url,
					 .data = d->data,
					 .jambonz = true});
	timer_start(d, answer_time);
}


/* Its time begins when the client goes, or when it is made for one that is
   gone */
static void wait_for_client(struct posting *d)
{
	double left = grace_time - (double)(clock_ms() - d->created) / 1000.;

	d->sent = false;
	if (left < 0.)
		left = 0.;
	timer_start(d, left < grace_time ? left : grace_time);
}


/* Who comes too late finds it among what was missed */
static void give_up(struct posting *d)
{
	if (!d->seq)
		send_ws(d);

	finish(d, "failed", "the client did not come back");
}


static void send_hook(struct posting *d)
{
	int err = 0;

	++d->attempt;
	d->sent = true;
	if (d->http)
		err = send_http(d);
	else
		send_ws(d);

	outbox_save(d);
	hook_status_tell(d, "sent", 0, 0, NULL);

	/* told in the loop, since what posts it is not done */
	if (err)
		timer_start(d, 0.);
}


/* Why a hook can never be delivered: what came over HTTP has no client, and an
   application that has said goodbye will not be back.  NULL if it can. */
static const char *dead_end(const struct posting *d)
{
	if (d->http)
		return NULL;

	return d->client ? events->left(d->client)
			 : "the verb came over HTTP, from no client";
}


/* Send the first of a call's hooks, if there is one and it is not on its
   way */
static void pump(struct chain *c)
{
	const char *reason;
	struct posting *d;

	while (c && (reason = dead_end(c->head)))
		c = conclude(c->head, "failed", 0, reason);

	d = c ? c->head : NULL;
	if (!d || d->sent || ev_is_active(&d->timer))
		return;

	if (d->http || client_connected(d->client->name))
		send_hook(d);
	else
		wait_for_client(d);
}


/* The network keeps it, and may lose it with the connection: the call does not
   wait any longer, but it is not given up */
static void linger(struct posting *d)
{
	d->created = clock_ms();
	wait_for_client(d);
	events->done(d->chain->sid, d->id);
}


static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	struct posting *d = w->data;
	(void)loop;
	(void)revents;

	if (d->http && d->sent)
		fail(d, 0, "it can't be sent");
	else if (d->http)
		send_hook(d);
	else if (d->sent && client_awaits(d->client->name, d->seq))
		linger(d);
	else if (d->sent)
		finish(d, "timeout", NULL);
	else
		give_up(d);
}


int hooks_init(const struct hooks_events *e)
{
	events = e;

	return outbox_init(timer_handler);
}


void hooks_grace(unsigned seconds)
{
	grace_time = seconds;
}


void hooks_close(void)
{
	outbox_close();
}


static void load_handler(struct chain *c, void *arg)
{
	(void)arg;

	/* we were gone, too */
	for (struct posting *d = c->head; d; d = d->next) {
		if (!d->http)
			d->created = clock_ms();
	}

	pump(c);
}


void hooks_load(void)
{
	outbox_load();
	outbox_each(load_handler, NULL);
}


bool hooks_post(const struct hook_post *p, char id[HOOK_ID_SIZE])
{
	struct posting *d, *head;
	int err;

	id[0] = '\0';

	err = outbox_full() ? ENOBUFS : outbox_add(&d, p);
	if (err) {
		log_error("hooks: a hook is lost: %s", strerror(err));
		counter_add(COUNTER_HOOKS_FAILED);
		return false;
	}

	strcpy(id, d->id);

	/* an eventHook that waits to be tried again makes room */
	head = d->chain->head;
	if (head != d && head->http && passes(head) && !head->sent)
		pump(conclude(head, "failed", 0, "the call has more to tell"));
	else
		pump(d->chain);

	d = outbox_find(id);

	return d && (d->http || client_connected(d->client->name));
}


bool hooks_answered(const char *client, const char *id, char call_sid[64])
{
	struct posting *d = outbox_find(id);

	if (!d || d->http || !d->attempt || strcmp(d->client->name, client))
		return false;

	(void)snprintf(call_sid, 64, "%s", d->chain->sid);
	pump(conclude(d, "answered", 0, NULL));

	return true;
}


struct presence {
	const char *client;
	uint64_t since;
};


static bool is_for(const struct posting *d, const struct presence *p)
{
	return !d->http && d->client && !strcmp(d->client->name, p->client);
}


static void up_handler(struct chain *c, void *arg)
{
	const struct presence *p = arg;
	struct posting *d = c->head;

	if (d->sent || !is_for(d, p))
		return;

	if (d->seq > p->since) {
		/* on its way already, among what the client has missed */
		d->sent = true;
		timer_start(d, answer_time);
	}
	else {
		send_hook(d);
	}
}


void hooks_client_up(const char *client, uint64_t since)
{
	struct presence p = {client, since};

	outbox_each(up_handler, &p);
}


static void down_handler(struct chain *c, void *arg)
{
	const struct presence *p = arg;

	for (struct posting *d = c->head; d; d = d->next) {
		if (!is_for(d, p))
			continue;

		d->created = clock_ms();
		if (d->sent)
			wait_for_client(d);
		if (!passes(d))
			events->done(c->sid, d->id);
	}
}


void hooks_client_down(const char *client)
{
	struct presence p = {client, 0};

	outbox_each(down_handler, &p);
}


void hooks_app_left(const struct sender *app)
{
	struct chain *c = outbox_chain(app->call_sid);
	struct presence p = {app->name, 0};
	char sid[64], id[HOOK_ID_SIZE] = "";

	if (!c)
		return;

	(void)snprintf(sid, sizeof(sid), "%s", c->sid);
	for (const struct posting *d = c->head; d; d = d->next) {
		if (is_for(d, &p) && !passes(d))
			strcpy(id, d->id);
	}

	pump(c);

	/* the call waits for the last of them, if for any */
	events->done(sid, id);
}
