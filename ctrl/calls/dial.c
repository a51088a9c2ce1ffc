/**
 * @file dial.c  Calls that a client asked for and no node has made yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "dial.h"
#include "json.h"
#include "nodes/nodes.h"
#include "sessions.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	DIALS_MAX = 1024,
	AGE_MAX = 60000, /* then nobody expects it to ring any more [ms] */
};

struct dial {
	char sid[UUID_SIZE];
	char ref[UUID_SIZE + 2];
	char *instance;
	struct sender *sender; /* NULL if nobody waits for the answer */
	char *fields; /* JSON text of an object: what the node is asked */
	int64_t time; /* ms since 1970 */
};

static struct table *dials; /* by ref */


static void destroy(struct dial *d)
{
	free(d->instance);
	free(d->sender);
	free(d->fields);
	free(d);
}


static int create(struct dial **dp, const char *sid, const char *instance,
		  const struct sender *sender, const char *fields)
{
	struct dial *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ENOMEM;

	(void)snprintf(d->sid, sizeof(d->sid), "%s", sid);
	(void)snprintf(d->ref, sizeof(d->ref), "%s:d", d->sid);
	err = field_keep(&d->instance, instance);
	err |= sender_copy(&d->sender, sender);
	err |= field_keep(&d->fields, fields);
	if (!err)
		err = table_put(dials, d->ref, d);
	if (err)
		destroy(d);
	else
		*dp = d;

	return err;
}


static void save(const struct dial *d)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "boot", d->instance);
	sender_save(&j, "sender", d->sender);
	json_raw(&j, "fields", d->fields);
	json_int(&j, "time", d->time);
	json_close(&j, '}');
	store_put(STORE_DIALS, d->sid, json_done(&j));
	json_free(&j);
}


/* It is over, one way or the other */
static void drop(struct dial *d)
{
	store_forget(STORE_DIALS, d->sid);
	(void)table_take(dials, d->ref);
	destroy(d);
}


static void ask(const struct dial *d)
{
	node_send(d->instance, &(struct node_request){
				       .type = "dial",
				       .ref = d->ref,
				       .call_sid = d->sid,
				       .dial = d->fields,
			       });
}


static void refuse(const struct dial *d, int status, const char *field,
		   const char *error)
{
	struct error f;

	error_init(&f);
	error_set_node(&f, status, field, error);
	if (d->sender && d->sender->msgid)
		(void)snprintf(f.ref, sizeof(f.ref), "%s", d->sender->msgid);

	reply_error(d->sender, &f, NULL);
	calls_events()->dropped(d->sid);
}


int dials_init(void)
{
	return table_create(&dials);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


void dials_close(void)
{
	table_each(dials, destroy_handler, NULL);
	table_destroy(dials);
	dials = NULL;
}


size_t dials_count(void)
{
	return table_count(dials);
}


/**
 * Have a node make a call.  The sender gets the result by reply_ack() or
 * reply_error(), unless the call is refused right away.
 *
 * @param m      Message of kind dial
 * @param sender Sender of the message
 * @param f      Set if the dial is refused
 *
 * @return 0, ENOMEM, or EBADMSG with the error set: no suitable baresip is
 *         connected, or there are too many calls
 */
int dial(const struct message *m, const struct sender *sender, struct error *f)
{
	const char *instance = roster_pick(m->node);
	char sid[UUID_SIZE];
	struct dial *d;
	int err;

	if (!instance)
		return error_set(f, 503, m->node ? "node" : NULL,
				 m->node ? "must name a connected baresip"
					 : "No baresip is connected");

	if (table_count(dials) >= DIALS_MAX || sessions_full())
		return error_set(f, 503, NULL, "Too many calls are live");

	random_uuid(sid);
	err = create(&d, sid, instance, sender, m->dial);
	if (err)
		return err;

	if (m->app.url) {
		err = calls_events()->dialled(d->sid, &m->app);
		if (err) {
			drop(d);
			return err;
		}
	}

	d->time = clock_ms();
	save(d);
	ask(d);

	return 0;
}


/* Only the node that was asked can answer */
static struct dial *find(const char *ref, const char *instance)
{
	struct dial *d = ref ? table_get(dials, ref) : NULL;

	return d && !strcmp(d->instance, instance) ? d : NULL;
}


static void accept(struct dial *d)
{
	reply_ack(d->sender, d->sid, NULL);
	drop(d);
}


static void give_up(struct dial *d, int status, const char *field,
		    const char *error)
{
	refuse(d, status, field, error);
	drop(d);
}


/**
 * Take the answer of a node to a dial
 *
 * @param r    Result
 * @param instance Instance id of the node
 *
 * @return True if it belongs to a dial
 */
bool dial_result(const struct report *r, const char *instance)
{
	const bool known = table_get(dials, r->ref) != NULL;
	struct dial *d = find(r->ref, instance);

	if (d && r->ok)
		accept(d);
	else if (d)
		give_up(d, 400, r->field, r->error);

	return known;
}


/**
 * Note that a node has a call: if it was dialled, that was done, even if the
 * answer is lost
 *
 * @param ref  Reference of the call, may be NULL
 * @param instance Instance id of the node
 */
void dial_made(const char *ref, const char *instance)
{
	struct dial *d = find(ref, instance);

	if (d)
		accept(d);
}


static bool resume_handler(const char *key, void *value, void *arg)
{
	struct dial *d = value;
	(void)key;

	if (strcmp(d->instance, arg))
		return false;

	/* a clock that was set back makes none old */
	if (clock_ms() - d->time > AGE_MAX)
		give_up(d, 503, NULL, "baresip was away for a minute");
	else
		ask(d);

	return false;
}


/**
 * Repeat the dials that a node has not answered: it is back, and has sent its
 * waiting reports
 *
 * @param instance Its instance id
 */
void dials_resume(const char *instance)
{
	table_each(dials, resume_handler, (void *)instance);
}


static bool gone_handler(const char *key, void *value, void *arg)
{
	struct dial *d = value;
	(void)key;

	if (!strcmp(d->instance, arg))
		give_up(d, 503, NULL, "baresip is gone");

	return false;
}


/**
 * Give up the dials of a node that is gone
 *
 * @param instance Its instance id
 */
void dials_gone(const char *instance)
{
	table_each(dials, gone_handler, (void *)instance);
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	const struct sender nobody = {.kind = SENDER_NOBODY};
	struct sender *sender = NULL;
	const char *instance = field_str(tree, "boot");
	char *fields = field_text(tree, "fields");
	struct dial *d;
	(void)arg;

	if (!instance || !fields || strlen(key) >= UUID_SIZE ||
	    sender_load(&sender,
			cJSON_GetObjectItemCaseSensitive(tree, "sender")) ||
	    create(&d, key, instance, sender ? sender : &nobody, fields))
		log_error("dial: cannot load %s", key);
	else
		d->time = field_int(tree, "time", 0);

	free(sender);
	free(fields);
	cJSON_Delete(tree);
}


static bool orphan_handler(const char *key, void *value, void *arg)
{
	struct dial *d = value;
	(void)key;
	(void)arg;

	if (!roster_find(d->instance))
		give_up(d, 503, NULL, "baresip is gone");

	return false;
}


void dials_load(void)
{
	store_each(STORE_DIALS, load_handler, NULL);
	table_each(dials, orphan_handler, NULL);
}
