/**
 * @file latehook.c  The eventHooks that get the late status of a transfer
 *
 * A final NOTIFY may come after a transfer has ended without one.  Its verb is
 * gone by then, and perhaps its call.  The data of the hook is kept until
 * then.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "late.h"
#include "latehook.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "store/store.h"
#include "stream/stream.h"
#include "transfer.h"


enum { LATEHOOKS_MAX = 10000 };

/* Groups of fields, beside the one that all are in */
enum { ATTEMPT = 2 };

/* Seconds after the end of the call: twice as long as the module waits */
static const double wait_time = 64.;

struct latehook {
	struct latehook *prev, *next; /* in the order in which they came */
	struct latehook *other;       /* of the same call */
	char *transfer_id;
	char *call_sid;
	char *verb_id; /* may be NULL */
	char *trace;
	int attempt;  /* which of its verb, 0 if that has but one target */
	int attempts; /* that the verb can have */
	char *told;   /* of the verb and its call: JSON text of an object */
	struct hook hook;
	struct sender *client; /* NULL for nobody */
	enum dialect dialect;
	struct timer timer; /* runs from the end of the call on */
};

static const struct field fields[] = {
	FIELD("call_sid", TEXT, latehook, call_sid, 1),
	FIELD("verb_id", TEXT, latehook, verb_id, 1),
	FIELD("trace", TEXT, latehook, trace, 1),
	FIELD("attempt", STATUS, latehook, attempt, 1 | ATTEMPT),
	FIELD("attempts", STATUS, latehook, attempts, 1 | ATTEMPT),
	FIELD("told", JSON, latehook, told, 1),
	FIELDS_END,
};

static struct {
	struct table *calls; /* the first of each, by call_sid */
	struct latehook *head, *tail;
	size_t count;
} late;


static void destroy(struct latehook *l)
{
	timer_stop(&l->timer);
	hook_reset(&l->hook);
	fields_free(l, fields);
	free(l->transfer_id);
	free(l->client);
	free(l);
}


static void unlist(struct latehook *l)
{
	*(l->prev ? &l->prev->next : &late.head) = l->next;
	*(l->next ? &l->next->prev : &late.tail) = l->prev;
	--late.count;
}


static void leave_call(struct latehook *l)
{
	struct latehook *first = table_get(late.calls, l->call_sid);

	if (first != l) {
		while (first->other != l)
			first = first->other;
		first->other = l->other;
	}
	else if (l->other) {
		(void)table_put(late.calls, l->call_sid, l->other);
	}
	else {
		(void)table_take(late.calls, l->call_sid);
	}
}


/* Nothing will come, or it has come */
static void drop(struct latehook *l)
{
	store_forget(STORE_LATE, l->transfer_id);
	leave_call(l);
	unlist(l);
	destroy(l);
}


static void timer_handler(void *arg)
{
	drop(arg);
}


static int create(struct latehook **lp, const char *transfer_id)
{
	struct latehook *l = calloc(1, sizeof(*l));

	if (!l)
		return ENOMEM;

	timer_init(&l->timer, timer_handler, l);
	if (field_keep(&l->transfer_id, transfer_id)) {
		destroy(l);
		return ENOMEM;
	}

	*lp = l;

	return 0;
}


static int append(struct latehook *l)
{
	l->other = table_get(late.calls, l->call_sid);
	if (table_put(late.calls, l->call_sid, l))
		return ENOMEM;

	l->prev = late.tail;
	*(late.tail ? &late.tail->next : &late.head) = l;
	late.tail = l;
	++late.count;

	return 0;
}


static void save(const struct latehook *l)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, l, fields, FIELDS_ALL);
	fields_print(&j, &l->hook, hook_fields, FIELDS_ALL);
	sender_save(&j, "client", l->client);
	json_bool(&j, "jambonz", l->dialect == DIALECT_JAMBONZ);
	json_close(&j, '}');

	store_put(STORE_LATE, l->transfer_id, json_done(&j));
	json_free(&j);
}


static int set_told(struct latehook *l, const struct call *c)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	notice_print(&j, c, l->verb_id, false);
	json_close(&j, '}');

	free(l->told);
	l->told = json_take(&j);

	return l->told ? 0 : ENOMEM;
}


int latehooks_init(void)
{
	return table_create(&late.calls);
}


void latehooks_close(void)
{
	while (late.head) {
		struct latehook *l = late.head;

		unlist(l);
		destroy(l);
	}

	table_destroy(late.calls);
	memset(&late, 0, sizeof(late));
}


static int read_fields(struct latehook *l, const cJSON *obj)
{
	int err = fields_load(l, fields, obj);

	err |= fields_load(&l->hook, hook_fields, obj);
	if (!err)
		err = sender_load(&l->client, cJSON_GetObjectItemCaseSensitive(
						      obj, "client"));
	if (err)
		return err;

	l->dialect = field_bool(obj, "jambonz") ? DIALECT_JAMBONZ
						: DIALECT_DEFAULT;

	return l->call_sid && l->told && l->hook.url && l->hook.method
		       ? 0
		       : EBADMSG;
}


/* If the call has ended, the time starts again, since referd was away, too */
static void load_handler(const char *key, const char *text, void *arg)
{
	const struct session *s;
	cJSON *tree = cJSON_Parse(text);
	struct latehook *l = NULL;
	int err;
	(void)arg;

	if (late_load(tree)) {
		cJSON_Delete(tree);
		return;
	}

	err = create(&l, key);
	if (!err)
		err = read_fields(l, tree);
	if (!err)
		err = append(l);
	cJSON_Delete(tree);
	if (err) {
		log_error("latehook: cannot load %s: %s", key, strerror(err));
		if (l)
			destroy(l);
		return;
	}

	s = session_find(l->call_sid);
	if (!s || call_over(s->call))
		timer_start(&l->timer, wait_time);
}


void latehooks_load(void)
{
	store_each(STORE_LATE, load_handler, NULL);
}


/* A final NOTIFY has come, or none will: the REFER was refused, or not sent */
static bool is_final(const struct transfer *t)
{
	if (t->confidence && !strcmp(t->confidence, "high"))
		return true;

	return t->evidence && (!strcmp(t->evidence, "notify") ||
			       !strcmp(t->evidence, "response"));
}


/**
 * Keep the eventHook of a verb that is done, for a late status of its
 * transfer.  If there are too many, the oldest is dropped.
 *
 * @param c Call
 * @param v Verb
 * @param t Transfer, which has ended
 */
void latehook_add(const struct call *c, const struct verb *v,
		  const struct transfer *t)
{
	struct latehook *l = NULL;
	int err;

	if (!v->event.url || is_final(t))
		return;

	err = create(&l, t->id);
	if (err)
		goto out;

	l->dialect = v->dialect;
	l->attempt = t->attempt;
	l->attempts = t->attempts;
	err = field_keep(&l->call_sid, call_sid(c));
	err |= field_keep(&l->verb_id, v->id);
	err |= field_keep(&l->trace, v->trace);
	err |= hook_copy(&l->hook, &v->event);
	err |= set_told(l, c);
	if (v->owner)
		err |= sender_copy(&l->client, v->owner);
	if (!err)
		err = append(l);
	if (err)
		goto out;

	save(l);
	if (call_over(c))
		timer_start(&l->timer, wait_time);
	if (late.count > LATEHOOKS_MAX)
		drop(late.head);

out:
	if (err) {
		log_error("latehook: %s: %s", t->id, strerror(err));
		if (l)
			destroy(l);
	}
}


static struct latehook *find(const struct report *r)
{
	struct latehook *l = table_get(late.calls, r->call_sid);

	while (l && strcmp(l->transfer_id, r->transfer_id))
		l = l->other;

	return l;
}


/**
 * Post the eventHook for the late status of a transfer, if it has one
 *
 * @param r Report of the late status
 * @param c Call, NULL if it is not known any more
 */
void latehook_post(const struct report *r, const struct call *c)
{
	struct latehook *l = find(r);
	char id[HOOK_ID_SIZE];
	struct json j;

	if (!l)
		return;

	if (c && set_told(l, c))
		log_error("latehook: %s: out of memory", r->transfer_id);

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", "transfer-status");
	notice_code(&j, l->dialect, "call_status", r->call_status);
	json_bool(&j, "late", true);
	json_str(&j, "transfer_id", l->transfer_id);
	fields_print(&j, l, fields, ATTEMPT);
	json_members(&j, l->told);
	json_close(&j, '}');

	(void)hooks_post(&(struct hook_post){.kind = HOOK_EVENT,
					     .hook = &l->hook,
					     .client = l->client,
					     .dialect = l->dialect,
					     .call_sid = l->call_sid,
					     .transfer_id = l->transfer_id,
					     .verb_id = l->verb_id,
					     .trace = l->trace,
					     .data = json_done(&j)},
			 id);
	json_free(&j);
	drop(l);
}


/**
 * Limit the wait for late statuses of a call that has ended
 *
 * @param c Call, in the state that its hooks will report
 */
void latehooks_over(const struct call *c)
{
	struct latehook *l = table_get(late.calls, call_sid(c));

	for (; l; l = l->other) {
		if (set_told(l, c))
			log_error("latehook: %s: out of memory",
				  l->transfer_id);
		save(l);
		timer_start(&l->timer, wait_time);
	}
}
