/**
 * @file outbox.c  The hooks that are not delivered yet, as the store has them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "hooks.h"
#include "json.h"
#include "outbox.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	DELIVERIES_MAX = 10000,
	ID_SIZE = 15, /* with h- and the terminating zero */
};

static struct {
	struct table *chains; /* by call_sid */
	struct table *ids;    /* deliveries by id */
	outbox_timer_h *h;
} outbox;


static void destroy(struct posting *d)
{
	(void)table_take(outbox.ids, d->id);
	ev_timer_stop(EV_DEFAULT_ & d->timer);
	webhook_cancel(d->webhook);
	hook_reset(&d->hook);
	free(d->client);
	free(d->transfer_id);
	free(d->verb_id);
	free(d->data);
	free(d);
}


static char *copy(const char *s, int *errp)
{
	char *p = s ? strdup(s) : NULL;

	if (s && !p)
		*errp = ENOMEM;

	return p;
}


static int create(struct posting **dp, const struct hook_post *p,
		  const char *id)
{
	struct posting *d = calloc(1, sizeof(*d));
	int err = 0;

	if (!d)
		return ENOMEM;

	ev_timer_init(&d->timer, outbox.h, 0., 0.);
	d->timer.data = d;
	(void)snprintf(d->id, sizeof(d->id), "%s", id);
	d->created = clock_ms();
	d->dialect = p->dialect;
	d->kind = p->kind;
	d->http = !strncasecmp(p->hook->url, "http://", 7) ||
		  !strncasecmp(p->hook->url, "https://", 8);
	if (p->client)
		err |= sender_copy(&d->client, p->client);
	d->transfer_id = copy(p->transfer_id, &err);
	d->verb_id = copy(p->verb_id, &err);
	d->data = copy(p->data, &err);
	err |= hook_set(&d->hook, p->hook->url, p->hook->method,
			p->hook->username, p->hook->password);
	if (!err)
		err = table_put(outbox.ids, d->id, d);
	if (err)
		destroy(d);
	else
		*dp = d;

	return err;
}


static int chain_get(struct chain **cp, const char *sid)
{
	struct chain *c = table_get(outbox.chains, sid);
	size_t len = strlen(sid) + 1;
	int err;

	if (!c) {
		c = calloc(1, sizeof(*c) + len);
		if (!c)
			return ENOMEM;

		memcpy(c->sid, sid, len);
		err = table_put(outbox.chains, sid, c);
		if (err) {
			free(c);
			return err;
		}
	}

	*cp = c;

	return 0;
}


static int append(struct posting *d, const char *sid)
{
	struct posting **dp;
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
 * @param h Called when the timer of a delivery fires
 *
 * @return 0 if success, otherwise errorcode
 */
int outbox_init(outbox_timer_h *h)
{
	outbox.h = h;

	return table_create(&outbox.chains) | table_create(&outbox.ids);
}


static bool close_handler(const char *key, void *value, void *arg)
{
	struct chain *c = value;
	(void)key;
	(void)arg;

	while (c->head) {
		struct posting *d = c->head;

		c->head = d->next;
		destroy(d);
	}

	free(c);

	return false;
}


/**
 * Free all hooks; what is not delivered stays in the store
 */
void outbox_close(void)
{
	table_each(outbox.chains, close_handler, NULL);
	table_destroy(outbox.chains);
	table_destroy(outbox.ids);
	memset(&outbox, 0, sizeof(outbox));
}


static int load(const char *id, const cJSON *obj, const char *data)
{
	struct hook hook = {.url = (char *)field_str(obj, "url"),
			    .method = (char *)field_str(obj, "method"),
			    .username = (char *)field_str(obj, "username"),
			    .password = (char *)field_str(obj, "password")};
	struct hook_post p = {
		.hook = &hook,
		.dialect = field_bool(obj, "jambonz") ? DIALECT_JAMBONZ
						      : DIALECT_DEFAULT,
		.transfer_id = field_str(obj, "transfer_id"),
		.verb_id = field_str(obj, "verb_id"),
		.data = data,
		.kind = (enum hook_kind)field_int(obj, "kind", HOOK_ACTION),
	};
	struct sender *client = NULL;
	struct posting *d;
	int err;

	if (!hook.url || !data || !field_str(obj, "call_sid"))
		return EBADMSG;

	err = sender_load(&client,
			  cJSON_GetObjectItemCaseSensitive(obj, "client"));
	p.client = client;
	if (!err)
		err = create(&d, &p, id);
	free(client);
	if (err)
		return err;

	d->seq = (uint64_t)field_int(obj, "seq", 0);
	d->attempt = (int)field_int(obj, "attempt", 0);
	d->created = (int64_t)field_int(obj, "created", 0);

	err = append(d, field_str(obj, "call_sid"));
	if (err)
		destroy(d);

	return err;
}


static void load_handler(const char *key, const char *text, void *arg)
{
	cJSON *tree = cJSON_Parse(text);
	char *data = field_text(tree, "data");
	int err = load(key, tree, data);
	(void)arg;

	if (err)
		log_error("outbox: can't load %s: %s", key, strerror(err));

	free(data);
	cJSON_Delete(tree);
}


/**
 * Read the hooks that are not delivered from the store
 */
void outbox_load(void)
{
	store_each(STORE_OUTBOX, load_handler, NULL);
}


/**
 * Tell whether too many hooks wait
 *
 * @return True if there is no room for another
 */
bool outbox_full(void)
{
	return table_count(outbox.ids) >= DELIVERIES_MAX;
}


size_t outbox_count(void)
{
	return table_count(outbox.ids);
}


/* A hook on the outcome of a transfer has the same id whenever it is made:
   who gets it again after the worst, knows it.  Any other has a new one. */
static void name(char id[HOOK_ID_SIZE], const struct hook_post *p)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	memcpy(id, "h-", 3);

	if (p->kind == HOOK_ACTION && p->transfer_id) {
		for (const char *s = p->transfer_id; *s; s++)
			hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
		for (int i = 2; i < ID_SIZE - 1; i++, hash >>= 4)
			id[i] = digits[hash & 15];
		id[ID_SIZE - 1] = '\0';
	}

	if (!id[2] || table_get(outbox.ids, id))
		random_hex(id + 2, ID_SIZE - 2);
}


/**
 * Add a hook, behind those that the call has
 *
 * @param dp The hook
 * @param p  What to deliver to whom
 *
 * @return 0 if success, otherwise errorcode
 */
int outbox_add(struct posting **dp, const struct hook_post *p)
{
	char id[HOOK_ID_SIZE];
	struct posting *d;
	int err;

	name(id, p);
	err = create(&d, p, id);
	if (err)
		return err;

	err = append(d, p->call_sid);
	if (err) {
		destroy(d);
		return err;
	}

	outbox_save(d);
	*dp = d;

	return 0;
}


/**
 * Write a hook to the store
 *
 * @param d Hook
 */
void outbox_save(const struct posting *d)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "call_sid", d->chain->sid);
	json_str(&j, "url", d->hook.url);
	json_str(&j, "method", d->hook.method);
	json_str(&j, "username", d->hook.username);
	json_str(&j, "password", d->hook.password);
	sender_save(&j, "client", d->client);
	json_bool(&j, "jambonz", d->dialect == DIALECT_JAMBONZ);
	json_str(&j, "transfer_id", d->transfer_id);
	json_str(&j, "verb_id", d->verb_id);
	json_raw(&j, "data", d->data);
	json_int(&j, "kind", d->kind);
	json_int(&j, "attempt", d->attempt);
	json_int(&j, "seq", (int64_t)d->seq);
	json_int(&j, "created", d->created);
	json_close(&j, '}');

	store_put(STORE_OUTBOX, d->id, json_done(&j));
	json_free(&j);
}


/**
 * Remove the first hook of a call, and forget it
 *
 * @param d Hook, which is freed
 *
 * @return The hooks behind it, NULL if there are none
 */
struct chain *outbox_remove(struct posting *d)
{
	struct chain *c = d->chain;

	store_forget(STORE_OUTBOX, d->id);
	c->head = d->next;
	destroy(d);

	if (c->head)
		return c;

	(void)table_take(outbox.chains, c->sid);
	free(c);

	return NULL;
}


bool outbox_waits(const char *sid)
{
	return outbox_chain(sid) != NULL;
}


/**
 * Get the hooks of a call that are not delivered
 *
 * @param sid call_sid
 *
 * @return The hooks, NULL if there are none
 */
struct chain *outbox_chain(const char *sid)
{
	return table_get(outbox.chains, sid);
}


/**
 * Find a hook
 *
 * @param id Its id
 *
 * @return The hook, NULL if there is none
 */
struct posting *outbox_find(const char *id)
{
	return table_get(outbox.ids, id);
}


struct each {
	outbox_each_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct each *each = arg;
	(void)key;

	each->h(value, each->arg);

	return false;
}


/**
 * Call a handler for the hooks of each call
 *
 * @param h   Handler, which may remove those that it is called for
 * @param arg Handler argument
 */
void outbox_each(outbox_each_h *h, void *arg)
{
	struct each each = {h, arg};

	table_each(outbox.chains, each_handler, &each);
}
