/**
 * @file losthook.c  The actionHooks of transfers that a member may lose
 *
 * Each member tells of the hook when a transfer begins.  If its machine goes
 * for good, another one tells the application how the transfer ended: the
 * hook has the same id as the lost member's would have.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "fleet.h"
#include "hooks/hooks.h"
#include "losthook.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	LOSTHOOKS_MAX = 20000,
	KEY_SIZE = CALL_SID_MAX + 8,
};

/* Seconds that hooks wait for it to be known which of them others have sent */
static const double hold_time = 60.;

/* What was told when the transfer began; NULL is what it has not */
struct losthook {
	char *transfer_id;
	char *call_sid;
	char *verb_id;
	char *trace;
	char *told;  /* of the verb and its call: JSON text of an object */
	char *tried; /* of the verb's targets, likewise */
	char *client;
	struct hook hook;
	bool jambonz;
};

/* By transfer_id; what has no transfer at the moment by its call: "call " and
   the call_sid */
static struct table *losthooks;
static struct timer hold;


static void destroy(struct losthook *l)
{
	hook_reset(&l->hook);
	free(l->transfer_id);
	free(l->call_sid);
	free(l->verb_id);
	free(l->trace);
	free(l->told);
	free(l->tried);
	free(l->client);
	free(l);
}


static bool is_http(const char *url)
{
	return !strncasecmp(url, "http://", 7) ||
	       !strncasecmp(url, "https://", 8);
}


/* A relative one needs a client that it can go to */
static int read(struct losthook *l, const cJSON *data, const char *call_sid)
{
	const cJSON *hook = cJSON_GetObjectItemCaseSensitive(data, "hook");
	const cJSON *told = cJSON_GetObjectItemCaseSensitive(data, "told");
	const char *url = field_str(hook, "url");
	const char *method = field_str(hook, "method");
	const char *client = field_str(data, "client");
	char trace[TRACE_SIZE];
	int err;

	if (!url || strlen(url) > HOOK_MAX || !call_sid ||
	    !(is_http(url) || (client && client_name_valid(client))))
		return EBADMSG;

	l->jambonz = field_bool(data, "jambonz");
	l->told = field_text(data, "told");
	l->tried = field_text(data, "tried");
	err = hook_set(&l->hook, url, method ? method : "POST", NULL, NULL);
	err |= field_keep(&l->transfer_id, field_str(data, "transfer_id"));
	err |= field_keep(&l->call_sid, call_sid);
	err |= field_keep(&l->client, client);
	err |= field_keep(&l->verb_id, field_str(told, "verb_id"));
	trace_load(trace, data);
	err |= field_keep(&l->trace, *trace ? trace : NULL);

	return err || !l->told ? ENOMEM : 0;
}


static int add(const char *key, const cJSON *data, const char *call_sid)
{
	struct losthook *l;
	int err;

	if (table_count(losthooks) >= LOSTHOOKS_MAX)
		return ENOBUFS;

	if (table_get(losthooks, key))
		return 0;

	l = calloc(1, sizeof(*l));
	if (!l)
		return ENOMEM;

	err = read(l, data, call_sid);
	if (!err)
		err = table_put(losthooks, key, l);
	if (err)
		destroy(l);

	return err;
}


static void save(const char *key, const char *text)
{
	if (fleetstore_is_open())
		fleetstore_put(STORE_OUTBOX, key, text);
}


static const char *call_key(char key[KEY_SIZE], const char *call_sid)
{
	(void)snprintf(key, KEY_SIZE, "call %s", call_sid);

	return key;
}


/**
 * Forget the hook of a transfer, which has ended
 *
 * @param transfer_id Id of the transfer
 */
void losthook_forget(const char *transfer_id)
{
	struct losthook *l = losthooks ? table_take(losthooks, transfer_id)
				       : NULL;

	if (!l)
		return;

	save(transfer_id, NULL);
	destroy(l);
}


/**
 * Take note of the hook of a transfer, or of a verb that has none at the
 * moment.  What its call had of the latter is of no use any more.
 *
 * @param member Name of the member that has it
 * @param text   What it says: a message of type fleet:hook
 */
void losthook_take(const char *member, const char *text)
{
	cJSON *tree = cJSON_Parse(text);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
	const char *sid = field_str(tree, "call_sid");
	const char *id = field_str(data, "transfer_id");
	char key[KEY_SIZE];
	int err = EBADMSG;

	if (!losthooks || !sid || strlen(sid) > CALL_SID_MAX)
		goto out;

	losthook_forget(call_key(key, sid));
	if (field_bool(data, "waiting"))
		id = key;
	if (!id || field_bool(data, "secret") || field_bool(data, "over"))
		goto out;

	err = add(id, data, sid);
	if (!err)
		save(id, text);
	else if (err != EBADMSG)
		log_error("fleet: the hook of transfer %s of member %s is not "
			  "stored: %s",
			  id, member, strerror(err));

out:
	cJSON_Delete(tree);
}


static void post(const struct losthook *l, int refer_status,
		 const char *reason)
{
	struct sender client = {.kind = SENDER_CLIENT};
	char id[HOOK_ID_SIZE];
	char *data;

	client.name = l->client;
	client.dialect = l->jambonz ? DIALECT_JAMBONZ : DIALECT_DEFAULT;
	data = keephook_text(client.dialect, l->transfer_id, refer_status,
			     reason, l->told, l->tried);
	if (!data) {
		log_error("fleet: the hook of call %s is lost: out of "
			  "memory",
			  l->call_sid);
		return;
	}

	(void)hooks_post(
		&(struct hook_post){.kind = HOOK_ACTION,
				    .hook = &l->hook,
				    .client = l->client ? &client : NULL,
				    .dialect = client.dialect,
				    .call_sid = l->call_sid,
				    .transfer_id = l->transfer_id,
				    .verb_id = l->verb_id,
				    .trace = l->trace,
				    .data = data},
		id);
	free(data);
}


/**
 * Send the hook of a transfer whose member is lost
 *
 * @param transfer_id  Id of the transfer
 * @param refer_status Answer to the REFER, 0 if none has come
 * @param reason       Why nothing is known of its end, as a sentence
 */
void losthook_post(const char *transfer_id, int refer_status,
		   const char *reason)
{
	const struct losthook *l = losthooks
					   ? table_get(losthooks, transfer_id)
					   : NULL;

	if (l)
		post(l, refer_status, reason);
}


/**
 * A call is lost with its member: if its verb has no transfer at the moment,
 * it will not have one any more
 *
 * @param call_sid The call
 * @param reason   Why nothing is known of it, as a sentence
 * @param ours     True if its hook is ours to send
 */
void losthook_lose_call(const char *call_sid, const char *reason, bool ours)
{
	const struct losthook *l;
	char key[KEY_SIZE];

	l = losthooks ? table_get(losthooks, call_key(key, call_sid)) : NULL;
	if (!l)
		return;

	if (ours)
		post(l, 0, reason);
	losthook_forget(key);
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	int err;
	(void)arg;

	err = add(key, cJSON_GetObjectItemCaseSensitive(tree, "data"),
		  field_str(tree, "call_sid"));
	if (err)
		log_error("fleet: the hook of transfer %s is not stored: %s",
			  key, strerror(err));
	cJSON_Delete(tree);
}


/* The engine is down: what another may have sent is sent again rather than
   never, with the same id */
static void hold_handler(void *arg)
{
	(void)arg;
	hooks_hold(false);
}


/**
 * Get ready for hooks of others.  Our own of transfers that began before wait.
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int losthook_start(const struct fleet_config *c)
{
	int err = table_create(&losthooks);
	(void)c;

	timer_init(&hold, hold_handler, NULL);
	timer_start(&hold, hold_time);
	if (!err && fleetstore_is_open())
		fleetstore_each(STORE_OUTBOX, load_handler, NULL);

	return err;
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	destroy(value);

	return false;
}


/**
 * Forget all
 */
void losthook_stop(void)
{
	timer_stop(&hold);
	if (losthooks)
		table_each(losthooks, destroy_handler, NULL);
	table_destroy(losthooks);
	losthooks = NULL;
}
