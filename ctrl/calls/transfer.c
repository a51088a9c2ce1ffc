/**
 * @file transfer.c  The transfers: what the nodes say of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "transfer.h"


static struct table *running;
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


static void destroy(struct transfer *t)
{
	clean(t);
	free(t->id);
	free(t->call_sid);
	free(t->instance);
	free(t->node);
	free(t->from);
	free(t->to);
	free(t->verb_id);
	free(t->step);
	free(t->refer_to);
	free(t->referred_by);
	free(t->reason);
	free(t->outcome);
	free(t->evidence);
	free(t);
}


static int create(struct transfer **tp, const char *id, const char *call_sid,
		  const char *instance, const char *node)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = field_keep(&t->id, id);
	err |= field_keep(&t->call_sid, call_sid);
	err |= field_keep(&t->instance, instance);
	err |= field_keep(&t->node, node);
	if (!err)
		err = table_put(running, id, t);
	if (err) {
		destroy(t);
		return ENOMEM;
	}

	*tp = t;

	return 0;
}


static void print_status(struct json *j, const struct transfer *t)
{
	json_str(j, "transfer_id", t->id);
	json_str(j, "verb_id", t->verb_id);
	json_str(j, "step", t->step);
	json_str(j, "refer_to", t->refer_to);
	json_str(j, "referred_by", t->referred_by);
	if (t->refer_status)
		json_int(j, "refer_status", t->refer_status);
	if (t->call_status)
		json_int(j, "call_status", t->call_status);
	json_str(j, "reason", t->reason);
	json_str(j, "outcome", t->outcome);
	json_str(j, "evidence", t->evidence);
}


static void print_time(struct json *j, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (!ms)
		return;

	clock_text(text, ms);
	json_str(j, key, text);
}


/* What the transfer came to: a final NOTIFY, or a REFER that was refused */
static int final_code(const struct transfer *t)
{
	if (!t->outcome)
		return 0;

	if (t->call_status >= 200)
		return t->call_status;

	return t->refer_status >= 300 ? t->refer_status : 0;
}


static void print_whole(struct json *j, const struct transfer *t)
{
	json_open(j, NULL, '{');
	json_str(j, "call_sid", t->call_sid);
	json_str(j, "node", t->node);
	json_str(j, "boot", t->instance);
	if (t->from)
		call_party_print(j, "from", t->from);
	if (t->to)
		call_party_print(j, "to", t->to);
	json_str(j, "from_uri", t->from);
	json_str(j, "to_uri", t->to);
	print_status(j, t);
	print_time(j, "started", t->started);
	print_time(j, "ended", t->ended);
	if (final_code(t))
		json_int(j, "code", final_code(t));
	json_close(j, '}');
}


static void count(const char *outcome)
{
	static const struct {
		const char *outcome;
		enum counter counter;
	} counters[] = {
		{"transferred", COUNTER_TRANSFERRED},
		{"failed", COUNTER_FAILED},
		{"presumed", COUNTER_PRESUMED},
		{"unknown", COUNTER_UNKNOWN},
		{"cancelled", COUNTER_CANCELLED},
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		if (!strcmp(outcome, counters[i].outcome))
			counter_add(counters[i].counter);
	}
}


static uint64_t announce(const struct transfer *t, const struct report *r)
{
	struct json j;
	uint64_t seq;

	json_init(&j);
	json_open(&j, NULL, '{');
	print_status(&j, t);
	if (r->sip)
		json_raw(&j, "sip", r->sip);
	json_close(&j, '}');

	seq = emit(&(struct emission){.type = "transfer:status",
				      .call_sid = t->call_sid,
				      .data = json_done(&j),
				      .time = r->time});
	json_free(&j);

	if (t->outcome) {
		log_info("transfer: %s to %s: %s (%s), %d %d %s", t->id,
			 t->refer_to ? t->refer_to : "", t->outcome,
			 t->evidence ? t->evidence : "", t->refer_status,
			 t->call_status, t->reason ? t->reason : "");
		count(t->outcome);
	}

	return seq;
}


static void save(const struct transfer *t)
{
	struct archive_transfer row = {
		.id = t->id,
		.call_sid = t->call_sid,
		.node = t->node,
		.outcome = t->outcome,
		.started = t->started,
		.ended = t->ended,
		.code = final_code(t),
		.notified = t->evidence && !strcmp(t->evidence, "notify"),
		.seq = t->seq,
		.refer_to = t->refer_to,
		.words = {t->id, t->call_sid, t->verb_id, t->referred_by,
			  t->from, t->to},
	};
	struct json j;

	json_init(&j);
	print_whole(&j, t);
	row.data = json_done(&j);
	archive_put(&row);
	json_free(&j);
}


/* The list knows which message was the last about a transfer */
static void tell(struct transfer *t, const struct report *r)
{
	t->seq = announce(t, r);
	if (t->dirty)
		return;

	t->dirty = true;
	t->next_dirty = dirty;
	dirty = t;
}


static int apply(struct transfer *t, const struct report *r)
{
	int err = 0;

	err |= field_keep(&t->step, r->step);
	err |= field_keep(&t->refer_to, r->refer_to);
	err |= field_keep(&t->referred_by, r->referred_by);
	err |= field_keep(&t->reason, r->reason);
	err |= field_keep(&t->evidence, r->evidence);
	if (r->refer_status)
		t->refer_status = r->refer_status;
	if (r->call_status)
		t->call_status = r->call_status;

	if (!t->started)
		t->started = r->time;

	if (!strcmp(r->step, "ended")) {
		t->ended = r->time;
		err |= field_keep(&t->outcome,
				  r->outcome ? r->outcome : "unknown");
	}

	return err;
}


static void save_handler(void)
{
	while (dirty) {
		save(dirty);
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

	destroy(value);

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


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	struct transfer *t;
	int err = EBADMSG;
	(void)arg;

	if (!field_str(tree, "call_sid") || !field_str(tree, "boot") ||
	    !field_str(tree, "node"))
		goto out;

	err = create(&t, key, field_str(tree, "call_sid"),
		     field_str(tree, "boot"), field_str(tree, "node"));
	if (err)
		goto out;

	t->refer_status = (int)field_int(tree, "refer_status", 0);
	t->call_status = (int)field_int(tree, "call_status", 0);
	t->started = clock_parse(field_str(tree, "started"));

	err |= field_keep(&t->verb_id, field_str(tree, "verb_id"));
	err |= field_keep(&t->step, field_str(tree, "step"));
	err |= field_keep(&t->refer_to, field_str(tree, "refer_to"));
	err |= field_keep(&t->referred_by, field_str(tree, "referred_by"));
	err |= field_keep(&t->reason, field_str(tree, "reason"));
	err |= field_keep(&t->from, field_str(tree, "from_uri"));
	err |= field_keep(&t->to, field_str(tree, "to_uri"));

out:
	if (err)
		log_error("transfer: can't load %s: %s", key, strerror(err));
	cJSON_Delete(tree);
}


void transfers_load(void)
{
	archive_running(load_handler, NULL);
}


struct tally {
	const char *instance;
	unsigned count;
};


static bool of_handler(const char *key, void *value, void *arg)
{
	const struct transfer *t = value;
	struct tally *tally = arg;
	(void)key;

	tally->count += !strcmp(t->instance, tally->instance);

	return false;
}


size_t transfers_count(void)
{
	return table_count(running);
}


unsigned transfers_of(const char *instance)
{
	struct tally tally = {.instance = instance};

	table_each(running, of_handler, &tally);

	return tally.count;
}


static bool print_handler(const char *key, void *value, void *arg)
{
	(void)key;

	print_whole(arg, value);

	return false;
}


void transfers_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(running, print_handler, j);
	json_close(j, ']');
}


static bool has_ended(const char *id, const char *instance)
{
	const struct node *node = roster_find(instance);

	return recent_has(id) || (!(node && node->whole) && archive_ended(id));
}


/**
 * Take over what a node says of a transfer, and tell it to the clients
 *
 * @param tp      The transfer
 * @param r       Report of the node
 * @param instance    Instance id of the node
 * @param node    Name of the node
 * @param call    Call that is transferred, may be NULL
 * @param verb_id Id of the verb that asked for it, may be NULL
 *
 * @return 0 if success, EALREADY if it has ended before, or another errorcode
 */
int transfer_report(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const char *verb_id)
{
	struct transfer *t = table_get(running, r->transfer_id);
	int err;

	if (!t && has_ended(r->transfer_id, instance))
		return EALREADY;

	/* what is of another call or baresip is not what it says, and what is
	   known already is not requested now */
	if (t && (strcmp(t->instance, instance) ||
		  strcmp(t->call_sid, r->call_sid) ||
		  !strcmp(r->step, "requested"))) {
		log_warning("transfer: %s: a step that %s tells of makes no "
			    "sense",
			    r->transfer_id, node);
		return EALREADY;
	}

	if (!t) {
		err = create(&t, r->transfer_id, r->call_sid, instance, node);
		if (err)
			return err;

		err = field_keep(&t->verb_id, verb_id);
		if (call)
			err |= field_keep(&t->from, call_from(call)) |
			       field_keep(&t->to, call_to(call));
		if (err)
			return err;
	}

	err = apply(t, r);
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
		save(t);
	recent_add(t->id);
	(void)table_take(running, t->id);
	destroy(t);
}


/**
 * Take note of the transfers that a node knows
 *
 * @param sync     What it says
 * @param instance Instance id of the node
 */
void transfers_named(const struct report *sync, const char *instance)
{
	for (size_t i = 0; i < sync->transferc; i++) {
		const char *id = sync->transfers[i];
		struct transfer *t = table_get(running, id);

		if (t)
			t->named = true;
		else if (!has_ended(id, instance))
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


static bool unname_handler(const char *key, void *value, void *arg)
{
	struct transfer *t = value;
	(void)key;

	if (!strcmp(t->instance, arg))
		t->named = false;

	return false;
}


/**
 * Forget which transfers a node has said that it knows
 *
 * @param instance Instance id of the node
 */
void transfers_unnamed(const char *instance)
{
	table_each(running, unname_handler, (void *)instance);
	(void)table_take(strange, instance);
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


struct lost {
	const char *instance;
	bool but_named;
	const char *reason;
	transfer_h *h;
};


static bool lost_handler(const char *key, void *value, void *arg)
{
	const struct lost *lost = arg;
	struct transfer *t = value;
	struct report r = {
		.step = "ended",
		.outcome = "unknown",
		.evidence = "node",
		.reason = lost->reason,
		.time = clock_ms(),
	};

	if (strcmp(t->instance, lost->instance) ||
	    (lost->but_named && t->named))
		return false;

	if (apply(t, &r))
		log_error("transfer: %s: out of memory", key);

	tell(t, &r);
	lost->h(t);
	transfer_release(t);

	return false;
}


/**
 * End the transfers of which their node no longer knows
 *
 * @param instance      Instance id of the node
 * @param but_named True to leave those of transfers_named(), false if the node
 *                  is gone
 * @param reason    Why, as a sentence
 * @param h         Called for each
 */
void transfers_lost(const char *instance, bool but_named, const char *reason,
		    transfer_h *h)
{
	struct lost lost = {instance, but_named, reason, h};

	table_each(running, lost_handler, &lost);
}
