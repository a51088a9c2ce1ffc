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
#include <cjson/cJSON.h>
#include <ev.h>
#include "client.h"
#include "clock.h"
#include "emit.h"
#include "hooks.h"
#include "json.h"
#include "log.h"
#include "metrics.h"
#include "queue.h"
#include "session.h"
#include "store.h"
#include "table.h"
#include "verb.h"


static const double answer_time = 5.; /* seconds */
static const double away_time = 60.;  /* that a client may be gone */

struct delivery {
	struct delivery *next;
	struct chain *chain;
	char id[HOOK_ID_SIZE]; /* the msgid that its ack names */
	char *url;
	char *client;
	char *transfer_id;
	char *verb_id; /* may be NULL */
	char *data;
	bool action;
	bool sent; /* and not answered yet */
	int attempt;
	uint64_t seq; /* of the message that carried it last */
	ev_timer timer;
};

/* The hooks of one call.  Only the first is on its way. */
struct chain {
	struct delivery *head;
	char sid[];
};

static struct table *chains; /* by call_sid */

static void pump(struct chain *c);


static void destroy(struct delivery *d)
{
	ev_timer_stop(EV_DEFAULT_ & d->timer);
	free(d->url);
	free(d->client);
	free(d->transfer_id);
	free(d->verb_id);
	free(d->data);
	free(d);
}


static void timer_start(struct delivery *d, double seconds)
{
	ev_timer_stop(EV_DEFAULT_ & d->timer);
	ev_timer_set(&d->timer, seconds, 0.);
	ev_timer_start(EV_DEFAULT_ & d->timer);
}


static void save(const struct delivery *d)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "call_sid", d->chain->sid);
	json_str(&j, "url", d->url);
	json_str(&j, "client", d->client);
	json_str(&j, "transfer_id", d->transfer_id);
	json_str(&j, "verb_id", d->verb_id);
	json_raw(&j, "data", d->data);
	json_bool(&j, "action", d->action);
	json_int(&j, "attempt", d->attempt);
	json_int(&j, "seq", (int64_t)d->seq);
	json_close(&j, '}');

	store_put(STORE_OUTBOX, d->id, json_done(&j));
	json_free(&j);
}


/* Clients of the default dialect see what becomes of each hook */
static void tell(const struct delivery *d, const char *event)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "hook", d->url);
	json_str(&j, "kind", d->action ? "action" : "event");
	json_str(&j, "msgid", d->id);
	json_str(&j, "transfer_id", d->transfer_id);
	json_str(&j, "verb_id", d->verb_id);
	json_str(&j, "event", event);
	json_int(&j, "attempt", d->attempt);
	json_str(&j, "client", d->client);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "hook:status",
				      .call_sid = d->chain->sid,
				      .data = json_done(&j)});
	json_free(&j);
}


static void send_hook(struct delivery *d)
{
	++d->attempt;
	d->sent = true;
	d->seq = emit(&(struct emission){.type = "verb:hook",
					 .client = d->client,
					 .call_sid = d->chain->sid,
					 .msgid = d->id,
					 .hook = d->url,
					 .data = d->data,
					 .jambonz = true});
	timer_start(d, answer_time);
	save(d);
	tell(d, "sent");
}


/* The first of a chain has met its fate; the next may go.  The chain may be
   gone afterwards. */
static void finish(struct delivery *d, const char *event)
{
	struct chain *c = d->chain;

	tell(d, event);
	store_forget(STORE_OUTBOX, d->id);
	c->head = d->next;
	destroy(d);
	pump(c);
}


static void release(const char *sid, const char *id)
{
	struct session *s = session_find(sid);

	if (s)
		queue_hook_done(s->queue, id);
}


static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	struct delivery *d = w->data;
	char sid[64], id[HOOK_ID_SIZE];
	(void)loop;
	(void)revents;

	(void)snprintf(sid, sizeof(sid), "%s", d->chain->sid);
	strcpy(id, d->id);

	log_info("hooks: %s to %s: %s", d->url, d->client,
		 d->sent ? "no answer" : "the client did not come back");
	metrics_count(d->sent ? METRIC_HOOKS_TIMEOUT : METRIC_HOOKS_FAILED);
	finish(d, d->sent ? "timeout" : "failed");
	release(sid, id);
}


static void pump(struct chain *c)
{
	struct delivery *d = c->head;

	if (!d) {
		(void)table_take(chains, c->sid);
		free(c);
		return;
	}

	if (d->sent)
		return;

	if (client_connected(d->client))
		send_hook(d);
	else if (!ev_is_active(&d->timer))
		timer_start(d, away_time);
}


static int chain_get(struct chain **cp, const char *sid)
{
	struct chain *c = table_get(chains, sid);
	size_t len = strlen(sid) + 1;
	int err;

	if (!c) {
		c = calloc(1, sizeof(*c) + len);
		if (!c)
			return ENOMEM;

		memcpy(c->sid, sid, len);
		err = table_put(chains, sid, c);
		if (err) {
			free(c);
			return err;
		}
	}

	*cp = c;

	return 0;
}


static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}


static int create(struct delivery **dp, const struct hook_post *p)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return ENOMEM;

	ev_timer_init(&d->timer, timer_handler, 0., 0.);
	d->timer.data = d;
	d->action = p->action;
	d->url = copy(p->hook->url);
	d->client = copy(p->client);
	d->transfer_id = copy(p->transfer_id);
	d->verb_id = copy(p->verb_id);
	d->data = copy(p->data);
	if (!d->url || !d->client || !d->transfer_id || !d->data ||
	    (p->verb_id && !d->verb_id)) {
		destroy(d);
		return ENOMEM;
	}

	*dp = d;

	return 0;
}


static int append(struct delivery *d, const char *sid)
{
	struct delivery **dp;
	int err;

	err = chain_get(&d->chain, sid);
	if (err)
		return err;

	for (dp = &d->chain->head; *dp;)
		dp = &(*dp)->next;
	*dp = d;

	return 0;
}


/**
 * Get ready for hooks
 *
 * @return 0 if success, otherwise errorcode
 */
int hooks_init(void)
{
	return table_create(&chains);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	struct chain *c = value;
	(void)key;
	(void)arg;

	while (c->head) {
		struct delivery *d = c->head;

		c->head = d->next;
		destroy(d);
	}

	free(c);

	return false;
}


/**
 * Free all hooks; what is not delivered stays in the store
 */
void hooks_close(void)
{
	table_each(chains, destroy_handler, NULL);
	table_destroy(chains);
	chains = NULL;
}


static const char *get(const cJSON *obj, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	const cJSON *seq = cJSON_GetObjectItemCaseSensitive(tree, "seq");
	const cJSON *attempt = cJSON_GetObjectItemCaseSensitive(tree,
								"attempt");
	char *text = cJSON_PrintUnformatted(
		cJSON_GetObjectItemCaseSensitive(tree, "data"));
	struct hook hook = {.url = (char *)get(tree, "url")};
	struct hook_post p = {
		.hook = &hook,
		.client = get(tree, "client"),
		.transfer_id = get(tree, "transfer_id"),
		.verb_id = get(tree, "verb_id"),
		.data = text,
		.action = cJSON_IsTrue(
			cJSON_GetObjectItemCaseSensitive(tree, "action")),
	};
	struct delivery *d = NULL;
	int err = EBADMSG;
	(void)arg;

	if (!get(tree, "call_sid"))
		goto out;

	err = create(&d, &p);
	if (err)
		goto out;

	(void)snprintf(d->id, sizeof(d->id), "%s", key);
	d->seq = cJSON_IsNumber(seq) ? (uint64_t)seq->valuedouble : 0;
	d->attempt = cJSON_IsNumber(attempt) ? attempt->valueint : 0;

	err = append(d, get(tree, "call_sid"));
	if (!err && d->chain->head == d)
		timer_start(d, away_time);

out:
	if (err) {
		log_error("hooks: can't load %s: %s", key, strerror(err));
		if (d)
			destroy(d);
	}
	cJSON_free(text);
	cJSON_Delete(tree);
}


/**
 * Read from the store the hooks that are not delivered
 */
void hooks_load(void)
{
	store_each(STORE_OUTBOX, load_handler, NULL);
}


/**
 * Deliver a hook, after those that the call has had before
 *
 * @param p  What to deliver to whom
 * @param id Id of the hook
 *
 * @return True if an answer may come; queue_hook_done() is called then when
 *         it is no longer waited for
 */
bool hooks_post(const struct hook_post *p, char id[HOOK_ID_SIZE])
{
	struct delivery *d;
	int err;

	id[0] = '\0';

	if (!p->client) {
		log_info("hooks: %s: nobody to send it to", p->hook->url);
		metrics_count(METRIC_HOOKS_FAILED);
		return false;
	}

	err = create(&d, p);
	if (err)
		goto out;

	strcpy(d->id, "h-");
	random_hex(d->id + 2, 13);
	strcpy(id, d->id);

	err = append(d, p->call_sid);
	if (err) {
		destroy(d);
		goto out;
	}

	save(d);
	if (d->chain->head == d)
		pump(d->chain);

out:
	if (err) {
		log_error("hooks: %s is lost: %s", p->hook->url,
			  strerror(err));
		return false;
	}

	return client_connected(p->client);
}


struct answer {
	const char *client;
	const char *id;
	struct delivery *found;
};


static bool find_handler(const char *key, void *value, void *arg)
{
	struct chain *c = value;
	struct answer *a = arg;
	(void)key;

	if (strcmp(c->head->id, a->id) || strcmp(c->head->client, a->client))
		return false;

	a->found = c->head;

	return true;
}


/**
 * Take the answer to a hook
 *
 * @param client   Name of the client that answers
 * @param id       Id of the hook
 * @param call_sid Call that the hook belongs to
 *
 * @return True if the hook waited for it
 */
bool hooks_answered(const char *client, const char *id, char call_sid[64])
{
	struct answer a = {.client = client, .id = id};

	table_each(chains, find_handler, &a);
	if (!a.found)
		return false;

	(void)snprintf(call_sid, 64, "%s", a.found->chain->sid);
	metrics_count(METRIC_HOOKS_ANSWERED);
	finish(a.found, "answered");

	return true;
}


struct presence {
	const char *client;
	uint64_t since;
};


static bool up_handler(const char *key, void *value, void *arg)
{
	struct chain *c = value;
	struct delivery *d = c->head;
	const struct presence *p = arg;
	(void)key;

	if (d->sent || strcmp(d->client, p->client))
		return false;

	if (d->seq > p->since) {
		/* on its way already, among what the client has missed */
		d->sent = true;
		timer_start(d, answer_time);
	}
	else {
		send_hook(d);
	}

	return false;
}


/**
 * Go on with the hooks of a client that has come
 *
 * @param client Name of the client
 * @param since  Behind which seq it gets what it has missed, UINT64_MAX if
 *               it does not
 */
void hooks_client_up(const char *client, uint64_t since)
{
	struct presence p = {.client = client, .since = since};

	table_each(chains, up_handler, &p);
}


static bool down_handler(const char *key, void *value, void *arg)
{
	struct chain *c = value;
	const struct presence *p = arg;

	if (c->head->sent && !strcmp(c->head->client, p->client)) {
		c->head->sent = false;
		timer_start(c->head, away_time);
	}

	for (struct delivery *d = c->head; d; d = d->next) {
		if (d->action && !strcmp(d->client, p->client))
			release(key, d->id);
	}

	return false;
}


/**
 * Keep the hooks of a client that has gone.  The calls do not wait for it.
 *
 * @param client Name of the client
 */
void hooks_client_down(const char *client)
{
	struct presence p = {.client = client};

	table_each(chains, down_handler, &p);
}
