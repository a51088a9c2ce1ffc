/**
 * @file transfers.c  The transfers in progress
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "transfer.h"
#include "transfers.h"


static struct table *running;  /* by id */
static struct table *strange;  /* nodes that know others, by instance id */
static struct transfer *dirty; /* those to save */


static void clean(struct transfer *t)
{
	struct transfer **tp = &dirty;

	while (*tp && *tp != t)
		tp = &(*tp)->next_dirty;
	if (*tp)
		*tp = t->next_dirty;
	t->dirty = false;
}


/* The list knows which message was the last about a transfer */
static void tell(struct transfer *t, const struct report *r)
{
	transfer_announce(t, r);
	if (t->dirty)
		return;

	t->dirty = true;
	t->next_dirty = dirty;
	dirty = t;
}


static void save_handler(void)
{
	while (dirty) {
		transfer_save(dirty);
		clean(dirty);
	}
}


int transfers_init(void)
{
	store_saver_add(save_handler);

	return table_create(&running) | table_create(&strange);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	clean(value);
	transfer_destroy(value);

	return false;
}


void transfers_close(void)
{
	store_saver_remove(save_handler);
	table_each(running, destroy_handler, NULL);
	table_destroy(running);
	table_destroy(strange);
	running = strange = NULL;
	recent_close();
}


static int load(const char *id, const cJSON *tree)
{
	struct transfer *t;
	int err;

	err = transfer_load(&t, id, tree);
	if (err)
		return err;

	err = table_put(running, id, t);
	if (err)
		transfer_destroy(t);

	return err;
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	int err = load(key, tree);
	(void)arg;

	if (err)
		log_error("transfer: cannot load %s: %s", key, strerror(err));
	cJSON_Delete(tree);
}


void transfers_load(void)
{
	archive_running(load_handler, NULL);
	recent_load();
}


struct tally {
	const char *instance;
	bool unanswered; /* only those */
	unsigned count;
};


static bool of_handler(const char *key, void *value, void *arg)
{
	const struct transfer *t = value;
	struct tally *tally = arg;
	(void)key;

	tally->count += !strcmp(t->instance, tally->instance) &&
			!(tally->unanswered && t->refer_status);

	return false;
}


size_t transfers_count(void)
{
	return table_count(running);
}


/**
 * Tell whether a transfer is in progress
 *
 * @param id Its id
 *
 * @return True if it is
 */
bool transfers_have(const char *id)
{
	return table_get(running, id) != NULL;
}


unsigned transfers_of(const char *instance)
{
	struct tally tally = {.instance = instance};

	table_each(running, of_handler, &tally);

	return tally.count;
}


unsigned transfers_unanswered(const char *instance)
{
	struct tally tally = {.instance = instance, .unanswered = true};

	table_each(running, of_handler, &tally);

	return tally.count;
}


static bool print_handler(const char *key, void *value, void *arg)
{
	(void)key;

	transfer_print(arg, value);

	return false;
}


void transfers_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(running, print_handler, j);
	json_close(j, ']');
}


static int create(struct transfer **tp, const struct report *r,
		  const char *instance, const char *node,
		  const struct call *call, const struct verb *verb)
{
	int err;

	err = transfer_create(tp, r, instance, node, call, verb);
	if (err)
		return err;

	err = table_put(running, r->transfer_id, *tp);
	if (err)
		transfer_destroy(*tp);

	return err;
}


/**
 * Take over a report on a transfer, and tell the clients
 *
 * @param tp       The transfer
 * @param r        Report of the node
 * @param instance Instance id of the node
 * @param node     Name of the node
 * @param call     Call that is transferred, may be NULL
 * @param verb     Verb that asked for it, may be NULL
 *
 * @return 0, ENOMEM, or EALREADY if it has ended before, or the report is not
 *         valid
 */
int transfer_report(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const struct verb *verb)
{
	struct transfer *t = table_get(running, r->transfer_id);
	int err;

	if (!t && recent_has(r->transfer_id))
		return EALREADY;

	/* a report on another call or baresip is not valid, and a known
	   transfer is not requested now */
	if (t && (strcmp(t->instance, instance) ||
		  strcmp(t->call_sid, r->call_sid) ||
		  !strcmp(r->step, "requested"))) {
		transfer_warn(r, node);
		return EALREADY;
	}

	if (!t) {
		err = create(&t, r, instance, node, call, verb);
		if (err)
			return err;
	}

	err = transfer_apply(t, r);
	if (err)
		return err;

	tell(t, r);
	*tp = t;

	return 0;
}


/**
 * Let go of a transfer: it is freed if it has ended
 *
 * @param t Transfer
 */
void transfer_release(struct transfer *t)
{
	if (!t->outcome)
		return;

	if (t->dirty)
		transfer_save(t);
	clean(t);
	recent_add(t->id);
	(void)table_take(running, t->id);
	transfer_destroy(t);
}


/**
 * Note the transfers that a node knows
 *
 * @param sync     The report
 * @param instance Instance id of the node
 */
void transfers_named(const struct report *sync, const char *instance)
{
	for (size_t i = 0; i < sync->transferc; i++) {
		const char *id = sync->transfers[i];
		struct transfer *t = table_get(running, id);

		if (t)
			t->named = true;
		else if (!recent_has(id))
			(void)table_put(strange, instance, &strange);
	}
}


/**
 * Tell whether a node has named a transfer that nothing is known of
 *
 * @param instance Instance id of the node
 *
 * @return True if so, since it connected
 */
bool transfers_strange(const char *instance)
{
	return table_get(strange, instance) != NULL;
}


struct each {
	const char *instance;
	transfer_h *h;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct each *each = arg;
	struct transfer *t = value;
	(void)key;

	if (!strcmp(t->instance, each->instance))
		each->h(t);

	return false;
}


/**
 * Call a handler for each transfer in progress on a node
 *
 * @param instance Its instance id
 * @param h        Handler
 */
void transfers_each(const char *instance, transfer_h *h)
{
	struct each each = {instance, h};

	table_each(running, each_handler, &each);
}


static void unname_handler(struct transfer *t)
{
	t->named = false;
}


/**
 * Forget which transfers a node has said that it knows
 *
 * @param instance Instance id of the node
 */
void transfers_unnamed(const char *instance)
{
	transfers_each(instance, unname_handler);
	(void)table_take(strange, instance);
}


struct lost {
	const char *instance;
	bool but_named;
	const char *reason;
	transfer_h *h;
};


static void lose(struct transfer *t, const char *reason, transfer_h *h)
{
	struct report r = {
		.step = "ended",
		.outcome = "unknown",
		.evidence = "node",
		.confidence = "low",
		.reason = reason,
		.time = clock_ms(),
	};

	if (transfer_apply(t, &r))
		log_error("transfer: %s: out of memory", t->id);

	tell(t, &r);
	h(t);
	transfer_release(t);
}


static bool lost_handler(const char *key, void *value, void *arg)
{
	const struct lost *lost = arg;
	struct transfer *t = value;
	(void)key;

	if (!strcmp(t->instance, lost->instance) &&
	    !(lost->but_named && t->named))
		lose(t, lost->reason, lost->h);

	return false;
}


/**
 * End the transfers of which their node no longer knows
 *
 * @param instance  Instance id of the node
 * @param but_named True to leave those of transfers_named(), false if the node
 *                  is gone
 * @param reason    Why, as a sentence
 * @param h         Called for each, which may be freed then
 */
void transfers_lost(const char *instance, bool but_named, const char *reason,
		    transfer_h *h)
{
	struct lost lost = {instance, but_named, reason, h};

	table_each(running, lost_handler, &lost);
}


/**
 * End a transfer that is given up
 *
 * @param id     Its id
 * @param reason Why, as a sentence
 * @param h      Called for it, if it is in progress; it may be freed then
 */
void transfer_lost(const char *id, const char *reason, transfer_h *h)
{
	struct transfer *t = table_get(running, id);

	if (t)
		lose(t, reason, h);
}
