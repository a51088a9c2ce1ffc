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
	POSTINGS_MAX = 10000,
	ID_SIZE = 15, /* with h- and the terminating zero */
};

static struct {
	struct table *chains; /* by call_sid */
	struct table *ids;    /* postings by id */
	timer_h *h;
} outbox;


static const struct field posting_fields[] = {
	FIELD("transfer_id", TEXT, posting, transfer_id, 1),
	FIELD("verb_id", TEXT, posting, verb_id, 1),
	FIELD("trace", TEXT, posting, trace, 1),
	FIELD("data", JSON, posting, data, 1),
	FIELD("kind", INT, posting, kind, 1),
	FIELD("attempt", INT, posting, attempt, 1),
	FIELD("seq", INT, posting, seq, 1),
	FIELD("created", INT, posting, created, 1),
	FIELDS_END,
};

/* The sender of a hook keeps a part of this */
static const struct field post_fields[] = {
	FIELD("transfer_id", TEXT, hook_post, transfer_id, 1),
	FIELD("verb_id", TEXT, hook_post, verb_id, 1),
	FIELD("trace", TEXT, hook_post, trace, 1),
	FIELD("kind", INT, hook_post, kind, 1),
	FIELDS_END,
};


static void destroy(struct posting *p)
{
	(void)table_take(outbox.ids, p->id);
	timer_stop(&p->timer);
	webhook_cancel(p->webhook);
	hook_reset(&p->hook);
	fields_free(p, posting_fields);
	free(p->client);
	free(p);
}


static int create(struct posting **pp, const char *id)
{
	struct posting *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return ENOMEM;

	timer_init(&p->timer, outbox.h, p);
	(void)snprintf(p->id, sizeof(p->id), "%s", id);

	err = table_put(outbox.ids, p->id, p);
	if (err)
		destroy(p);
	else
		*pp = p;

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


static bool is_http(const char *url)
{
	return !strncasecmp(url, "http://", 7) ||
	       !strncasecmp(url, "https://", 8);
}


static int append(struct posting *p, const char *sid)
{
	struct posting **pp;
	int err;

	p->http = is_http(p->hook.url);
	err = chain_get(&p->chain, sid);
	if (err)
		return err;

	for (pp = &p->chain->head; *pp;)
		pp = &(*pp)->next;
	*pp = p;

	return 0;
}


/**
 * Get ready for hooks
 *
 * @param h Called when the timer of a posting fires
 *
 * @return 0, or ENOMEM
 */
int outbox_init(timer_h *h)
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
		struct posting *p = c->head;

		c->head = p->next;
		destroy(p);
	}

	free(c);

	return false;
}


/**
 * Free all hooks; undelivered ones stay in the store
 */
void outbox_close(void)
{
	table_each(outbox.chains, close_handler, NULL);
	table_destroy(outbox.chains);
	table_destroy(outbox.ids);
	memset(&outbox, 0, sizeof(outbox));
}


static int read_fields(struct posting *p, const cJSON *obj)
{
	int err = sender_load(&p->client,
			      cJSON_GetObjectItemCaseSensitive(obj, "client"));

	if (err)
		return err;

	p->kind = HOOK_ACTION;
	p->dialect = field_bool(obj, "jambonz") ? DIALECT_JAMBONZ
						: DIALECT_DEFAULT;

	err = fields_load(&p->hook, hook_fields, obj);
	if (!err)
		err = fields_load(p, posting_fields, obj);
	if (err)
		return err;

	return p->hook.url && p->hook.method && p->data &&
			       p->kind <= HOOK_STATUS
		       ? 0
		       : EBADMSG;
}


static void load_handler(const char *key, const char *text, void *arg)
{
	cJSON *tree = cJSON_Parse(text);
	const char *sid = field_str(tree, "call_sid");
	struct posting *p = NULL;
	int err;
	(void)arg;

	err = sid ? create(&p, key) : EBADMSG;
	if (!err)
		err = read_fields(p, tree);
	if (!err)
		err = append(p, sid);
	if (err) {
		log_error("outbox: cannot load %s: %s", key, strerror(err));
		if (p)
			destroy(p);
	}

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
 * @return True if no more fit
 */
bool outbox_full(void)
{
	return table_count(outbox.ids) >= POSTINGS_MAX;
}


size_t outbox_count(void)
{
	return table_count(outbox.ids);
}


/* A hook on the outcome of a transfer has the same id whenever it is made, so
   that a receiver recognises a repetition.  Other hooks have a new id. */
static void name(char id[HOOK_ID_SIZE], const struct hook_post *post)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	memcpy(id, "h-", 3);

	if (post->kind == HOOK_ACTION && post->transfer_id) {
		for (const char *s = post->transfer_id; *s; s++)
			hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
		for (int i = 2; i < ID_SIZE - 1; i++, hash >>= 4)
			id[i] = digits[hash & 15];
		id[ID_SIZE - 1] = '\0';
	}

	if (!id[2] || table_get(outbox.ids, id))
		random_hex(id + 2, ID_SIZE - 2);
}


/* The data of a hook, and its trace */
static int set_data(struct posting *p, const struct hook_post *post)
{
	struct json j;

	if (!post->trace)
		return field_keep(&p->data, post->data);

	json_init(&j);
	json_open(&j, NULL, '{');
	json_members(&j, post->data);
	trace_print(&j, post->trace);
	json_close(&j, '}');
	p->data = json_take(&j);

	return p->data ? 0 : ENOMEM;
}


/**
 * Add a hook, behind those that the call has
 *
 * @param pp   The hook
 * @param post Hook and receiver
 *
 * @return 0, or ENOMEM
 */
int outbox_add(struct posting **pp, const struct hook_post *post)
{
	char id[HOOK_ID_SIZE];
	struct posting *p;
	int err;

	name(id, post);
	err = create(&p, id);
	if (err)
		return err;

	p->created = clock_ms();
	p->dialect = post->dialect;
	err = fields_keep(p, posting_fields, FIELDS_ALL, post, post_fields);
	if (!err)
		err = set_data(p, post);
	if (!err)
		err = hook_copy(&p->hook, post->hook);
	if (!err && post->client)
		err = sender_copy(&p->client, post->client);
	if (!err)
		err = append(p, post->call_sid);
	if (err) {
		destroy(p);
		return err;
	}

	outbox_save(p);
	*pp = p;

	return 0;
}


/**
 * Write a hook to the store
 *
 * @param p Hook
 */
void outbox_save(const struct posting *p)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "call_sid", p->chain->sid);
	fields_print(&j, &p->hook, hook_fields, FIELDS_ALL);
	sender_save(&j, "client", p->client);
	json_bool(&j, "jambonz", p->dialect == DIALECT_JAMBONZ);
	fields_print(&j, p, posting_fields, FIELDS_ALL);
	json_close(&j, '}');

	store_put(STORE_OUTBOX, p->id, json_done(&j));
	json_free(&j);
}


/**
 * Remove the first hook of a call, and forget it
 *
 * @param p Hook, which is freed
 *
 * @return The hooks after it, NULL if there are none
 */
struct chain *outbox_remove(struct posting *p)
{
	struct chain *c = p->chain;

	store_forget(STORE_OUTBOX, p->id);
	c->head = p->next;
	destroy(p);

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
