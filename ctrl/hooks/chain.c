/**
 * @file chain.c  The hooks of one call: each is sent until it has its end, and
 * then the next
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apart.h"
#include "base/base.h"
#include "chain.h"
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


/**
 * Tell whether nothing waits for the result of a hook, so that it must not
 * delay others
 *
 * @param p Hook
 *
 * @return True if it is so
 */
bool posting_passes(const struct posting *p)
{
	return p->kind == HOOK_EVENT || p->kind == HOOK_STATUS;
}


/**
 * Count and tell the end of the first hook of a call, and forget it
 *
 * @param p      Hook, which is freed
 * @param event  Result, in the words of docs/protocol.md
 * @param status HTTP status, 0 for none
 * @param reason Why, as a sentence; may be NULL
 *
 * @return The hooks after it, NULL if there are none
 */
struct chain *chain_conclude(struct posting *p, const char *event, long status,
			     const char *reason)
{
	enum counter counter = COUNTER_HOOKS_FAILED;

	if (!strcmp(event, "answered"))
		counter = COUNTER_HOOKS_ANSWERED;
	else if (!strcmp(event, "timeout"))
		counter = COUNTER_HOOKS_TIMEOUT;

	counter_add(counter);
	histogram_add(HISTOGRAM_HOOK,
		      (double)(clock_ms() - p->created) / 1000);
	hook_status_tell(p, event, status, 0, reason);

	return outbox_remove(p);
}


static void finish(struct posting *p, const char *event, const char *reason)
{
	char sid[64], id[HOOK_ID_SIZE];

	(void)snprintf(sid, sizeof(sid), "%s", p->chain->sid);
	strcpy(id, p->id);

	chain_pump(chain_conclude(p, event, 0, reason));

	events->done(sid, id);
}


static double retry_delay(const struct posting *p)
{
	double delay = retry_first;

	for (int i = 1; i < p->attempt && delay < retry_max; i++)
		delay *= 2;
	if (delay > retry_max)
		delay = retry_max;

	/* so that hooks that failed together are not retried together */
	return delay * (.5 + .5 * random_unit());
}


/* Worth another attempt?  An eventHook is not if the call has more to tell:
   it must never hold up the actionHook. */
static bool can_retry(const struct posting *p, long status)
{
	if (clock_ms() - p->created > RETRY_AGE * 1000)
		return false;

	if (posting_passes(p) && p->next)
		return false;

	return status == 0 || status == 408 || status == 429 || status >= 500;
}


/* After the failure of an eventHook, the other eventHooks before the
   actionHook are not tried */
static struct chain *skip_events(struct chain *c, const char *url)
{
	while (c && c->head->next && posting_passes(c->head) &&
	       !strcmp(c->head->hook.url, url))
		c = chain_conclude(c->head, "failed", 0,
				   "the hook before it failed");

	return c;
}


static void fail(struct posting *p, long status, const char *error)
{
	char sid[64], id[HOOK_ID_SIZE], url[HOOK_MAX + 1], why[256];
	const char *reason = status ? NULL : why;
	double delay;

	(void)snprintf(sid, sizeof(sid), "%s", p->chain->sid);
	strcpy(id, p->id);
	(void)snprintf(why, sizeof(why), "%s", error);
	text_repair(why);
	webhook_public_url(url, sizeof(url), p->hook.url);
	log_info("hooks: %s: attempt %d failed: %ld %s", url, p->attempt,
		 status, error);

	p->sent = false;
	if (can_retry(p, status)) {
		delay = retry_delay(p);
		hook_status_tell(p, "failed", status, delay, reason);
		outbox_save(p);
		timer_start(&p->timer, delay);
	}
	else {
		(void)snprintf(url, sizeof(url), "%s", p->hook.url);
		chain_pump(skip_events(
			chain_conclude(p, "failed", status, reason), url));
	}

	events->done(sid, id);
}


static void answered(struct posting *p, long status, const char *body,
		     size_t len)
{
	struct sender *client = p->client, sender = {.kind = SENDER_NOBODY};
	char sid[64], id[HOOK_ID_SIZE];
	struct message *m = NULL;
	struct error f;
	int err;

	p->client = NULL;
	if (client)
		sender = *client;
	sender.dialect = p->dialect;
	sender.msgid = id;
	sender.quiet = true;

	(void)snprintf(sid, sizeof(sid), "%s", p->chain->sid);
	strcpy(id, p->id);

	error_init(&f);
	err = events->read(&m, body, len, &f);
	if (err && err != EBADMSG)
		err = error_set(&f, 500, NULL, "%s", strerror(err));
	if (err && !*f.trace)
		error_trace(&f, p->trace);

	chain_pump(chain_conclude(p, "answered", status, err ? f.text : NULL));

	events->answered(&sender, sid, m, &f);
	free(client);
}


static void webhook_handler(long status, const char *error, const char *body,
			    size_t len, void *arg)
{
	struct posting *p = arg;

	p->webhook = NULL;

	if (status >= 200 && status < 300)
		answered(p, status, body, len);
	else
		fail(p, status, error);
}


static int send_http(struct posting *p)
{
	struct webhook_request r = {.id = p->id,
				    .url = p->hook.url,
				    .method = p->hook.method,
				    .username = p->hook.username,
				    .password = p->hook.password,
				    .trace = p->trace,
				    .data = p->data};

	return webhook_send(&p->webhook, &r, webhook_handler, p);
}


/**
 * Have a hook wait for the client's ack: it is on its way
 *
 * @param p Hook
 */
void posting_await_ack(struct posting *p)
{
	p->sent = true;
	timer_start(&p->timer, answer_time);
}


static void send_ws(struct posting *p)
{
	bool redirect = p->kind == HOOK_REDIRECT;

	p->seq = emit(&(struct emission){.type = redirect ? "session:redirect"
							  : "verb:hook",
					 .client = p->client->name,
					 .call_sid = p->chain->sid,
					 .msgid = p->id,
					 .hook = p->hook.url,
					 .data = p->data,
					 .jambonz = true});
	timer_start(&p->timer, answer_time);
}


/**
 * Have a hook wait for its client.  Its time begins when the client goes, or
 * when it is made for one that is gone.
 *
 * @param p Hook
 */
void posting_wait(struct posting *p)
{
	double left = grace_time - (double)(clock_ms() - p->created) / 1000.;

	p->sent = false;
	if (left < 0.)
		left = 0.;
	timer_start(&p->timer, left < grace_time ? left : grace_time);
}


/* A client that comes too late gets it with the missed messages */
static void give_up(struct posting *p)
{
	if (!p->seq)
		send_ws(p);

	finish(p, "failed", "the client did not come back");
}


/**
 * Send a hook
 *
 * @param p Hook, the first of its call
 */
void posting_send(struct posting *p)
{
	int err = 0;

	++p->attempt;
	p->sent = true;
	if (p->http)
		err = send_http(p);
	else
		send_ws(p);

	outbox_save(p);
	hook_status_tell(p, "sent", 0, 0, NULL);

	/* told in the loop, since what posts it is not done */
	if (err)
		timer_start(&p->timer, 0.);
}


/* Reason why a hook can never be delivered: a verb over HTTP has no client,
   and an application that has closed does not come back.  NULL if it can. */
static const char *dead_end(const struct posting *p)
{
	if (!p->sent && apart_sent(p))
		return "another member of the fleet has sent it";

	if (p->http)
		return NULL;

	return p->client ? events->left(p->client)
			 : "the verb came over HTTP and has no client";
}


/**
 * Send the first hook of a call, unless it is already on its way
 *
 * @param c Hooks of a call, may be NULL
 */
void chain_pump(struct chain *c)
{
	const char *reason;
	struct posting *p;

	while (c && (reason = dead_end(c->head)))
		c = chain_conclude(c->head, "failed", 0, reason);

	p = c ? c->head : NULL;
	if (!p || p->sent || timer_runs(&p->timer) || apart_held(p))
		return;

	if (p->http || client_connected(p->client->name))
		posting_send(p);
	else
		posting_wait(p);
}


/* The network keeps it, and may lose it with the connection: the call does not
   wait any longer, but it is not given up */
static void linger(struct posting *p)
{
	p->created = clock_ms();
	posting_wait(p);
	events->done(p->chain->sid, p->id);
}


static void timer_handler(void *arg)
{
	struct posting *p = arg;

	if (p->http && p->sent)
		fail(p, 0, "the request cannot be made");
	else if (p->http)
		posting_send(p);
	else if (p->sent && client_awaits(p->client->name, p->seq))
		linger(p);
	else if (p->sent)
		finish(p, "timeout", NULL);
	else
		give_up(p);
}


/**
 * Get ready for hooks
 *
 * @param e Handlers of the results
 *
 * @return 0, or ENOMEM
 */
int chain_init(const struct hooks_events *e)
{
	events = e;

	return outbox_init(timer_handler);
}


/**
 * Set how long a hook waits for a client that is gone
 *
 * @param seconds Time
 */
void chain_grace(unsigned seconds)
{
	grace_time = seconds;
}


/**
 * Get how long a hook waits for a client that is gone
 *
 * @return Time in seconds
 */
double chain_grace_time(void)
{
	return grace_time;
}
