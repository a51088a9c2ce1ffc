/**
 * @file viewtransfer.c  The transfers of all members, and how each has ended
 *
 * The first outcome in the stream counts, at every reader.  A message about a
 * transfer after its end needs the state of the transfer: it is in memory for
 * a while, and in the file later.  The first message about a transfer is
 * marked as such, and needs neither.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "json.h"
#include "store/store.h"
#include "viewtransfer.h"


/* More than one message of the stream brings: older ones are in the file */
enum { ENDED_MAX = 512 };

struct entry {
	struct transfer *t;
	char *member;
	uint64_t f; /* of the last message about it */
	bool dirty; /* not in the store as it is */
	struct entry *next_dirty;
};

static struct table *running;         /* by id */
static struct table *ended;           /* lately, by id */
static struct entry *ring[ENDED_MAX]; /* those, in the order of their ends */
static size_t ring_next;
static struct entry *dirty;
static char *absent; /* id that the file does not have */


int viewtransfers_open(void)
{
	return table_create(&running) | table_create(&ended);
}


static void save(struct entry *x)
{
	retold_row(x->t, x->member, x->f, fleetstore_transfer);
	x->dirty = false;
}


/**
 * Store the changes
 */
void viewtransfers_save(void)
{
	while (dirty) {
		struct entry *x = dirty;

		dirty = x->next_dirty;
		save(x);
	}
	free(absent);
	absent = NULL;
}


static void touch(struct entry *x, uint64_t f)
{
	x->f = f;
	if (x->dirty)
		return;

	x->dirty = true;
	x->next_dirty = dirty;
	dirty = x;
}


static void clean(const struct entry *x)
{
	struct entry **xp = &dirty;

	while (*xp && *xp != x)
		xp = &(*xp)->next_dirty;
	if (*xp)
		*xp = x->next_dirty;
}


static void destroy(struct entry *x)
{
	clean(x);
	if (x->t)
		retold_destroy(x->t);
	free(x->member);
	free(x);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)table_take(arg, key);
	destroy(value);

	return false;
}


/**
 * Forget all transfers
 */
void viewtransfers_clear(void)
{
	table_each(running, destroy_handler, running);
	table_each(ended, destroy_handler, ended);
	memset(ring, 0, sizeof(ring));
	ring_next = 0;
	free(absent);
	absent = NULL;
}


void viewtransfers_close(void)
{
	if (running && ended)
		viewtransfers_clear();
	table_destroy(running);
	table_destroy(ended);
	running = ended = NULL;
}


/* Takes the transfer over */
static struct entry *create(struct table *where, struct transfer *t,
			    const char *member)
{
	struct entry *x = calloc(1, sizeof(*x));

	if (!x) {
		retold_destroy(t);
		return NULL;
	}

	x->t = t;
	x->member = strdup(member);
	if (!x->member || table_put(where, retold_id(t), x)) {
		destroy(x);
		return NULL;
	}

	return x;
}


/* In place of the one that ended longest ago */
static void remember(struct entry *x)
{
	struct entry *old = ring[ring_next];

	if (old) {
		if (old->dirty)
			save(old);
		(void)table_take(ended, retold_id(old->t));
		destroy(old);
	}
	ring[ring_next] = x;
	ring_next = (ring_next + 1) % ENDED_MAX;
}


static void end(struct entry *x)
{
	(void)table_take(running, retold_id(x->t));
	if (table_put(ended, retold_id(x->t), x)) {
		save(x);
		destroy(x);
		return;
	}

	remember(x);
}


/**
 * Take up a transfer that was stored
 *
 * @param tree Stored state
 *
 * @return False if out of memory, or if it is not valid
 */
bool viewtransfers_load(cJSON *tree)
{
	const char *member = field_str(tree, "member");
	struct transfer *t;

	if (!member || retold_load(&t, tree))
		return false;

	return create(retold_ended(t) ? ended : running, t, member) != NULL;
}


/**
 * Take a transfer from the file, after VIEWSTEP_ASK
 *
 * @param id   Its id
 * @param data JSON text, NULL if the file does not have it
 */
void viewtransfer_found(const char *id, const char *data)
{
	cJSON *tree = data ? cJSON_Parse(data) : NULL;
	const char *member = field_str(tree, "member");
	struct transfer *t;
	struct entry *x = NULL;

	if (member && !retold_load(&t, tree))
		x = create(ended, t, member);
	if (x)
		remember(x);
	else
		(void)field_keep(&absent, id);

	cJSON_Delete(tree);
}


static enum viewstep take_new(const char *member, const char *id,
			      const char *call_sid, const cJSON *data,
			      int64_t time, uint64_t f)
{
	struct transfer *t;
	struct entry *x = NULL;

	if (!retold_create(&t, id, call_sid))
		x = create(running, t, member);
	if (!x || retold_take(x->t, data, time))
		log_error("view: transfer %s: out of memory", id);
	if (!x)
		return VIEWSTEP_TELL;

	touch(x, f);
	if (retold_ended(x->t))
		end(x);

	return VIEWSTEP_TELL;
}


static enum viewstep take_running(struct entry *x, const cJSON *data,
				  int64_t time, uint64_t f)
{
	if (retold_take(x->t, data, time))
		log_error("view: transfer %s: out of memory", retold_id(x->t));
	touch(x, f);
	if (retold_ended(x->t))
		end(x);

	return VIEWSTEP_TELL;
}


/* Only a final status is new */
static enum viewstep take_ended(struct entry *x, const char *step,
				const cJSON *data, uint64_t f)
{
	const bool late = !strcmp(step, "late");

	if (!late && strcmp(step, "ended"))
		return VIEWSTEP_DROP;

	if (retold_late(x->t, data))
		return VIEWSTEP_DROP;

	touch(x, f);

	return late ? VIEWSTEP_TELL : VIEWSTEP_LATE;
}


/* The first message about a transfer names the start of its baresip */
static bool is_first(const cJSON *data)
{
	return field_str(data, "boot") != NULL;
}


/**
 * Take a member's message about a transfer
 *
 * @param member   The member
 * @param call_sid Call that the message is about, may be NULL
 * @param data     Data of the message
 * @param time     When it came about, in ms since 1970
 * @param f        Its number in the fleet
 *
 * @return What to do with the message
 */
enum viewstep viewtransfer_take(const char *member, const char *call_sid,
				const cJSON *data, int64_t time, uint64_t f)
{
	const char *id = field_str(data, "transfer_id");
	const char *step = field_str(data, "step");
	struct entry *x;

	if (!id || !step || !call_sid)
		return VIEWSTEP_TELL;

	x = table_get(running, id);
	if (!x)
		x = table_get(ended, id);
	if (x && strcmp(x->member, member)) {
		log_warning("view: a message of %s on transfer %s of %s is "
			    "not valid",
			    member, id, x->member);
		return VIEWSTEP_DROP;
	}

	if (x && retold_ended(x->t))
		return take_ended(x, step, data, f);
	if (x)
		return !strcmp(step, "late") ? VIEWSTEP_TELL
					     : take_running(x, data, time, f);

	if (!is_first(data) && !(absent && !strcmp(absent, id)))
		return VIEWSTEP_ASK;
	if (!strcmp(step, "late"))
		return VIEWSTEP_TELL;

	return take_new(member, id, call_sid, data, time, f);
}


/**
 * Write the data of a message that became VIEWSTEP_LATE
 *
 * @param j   Text, in an open object
 * @param id  Id of the transfer
 * @param sip SIP message that had it, as JSON text; NULL for none
 */
void viewtransfer_print_late(struct json *j, const char *id, const char *sip)
{
	const struct entry *x = table_get(ended, id);

	if (x)
		retold_print_late(j, x->t, sip);
}


/**
 * Tell whether a transfer of a member is in progress
 *
 * @param member The member
 * @param id     Id of the transfer
 *
 * @return True if it is
 */
bool viewtransfer_runs(const char *member, const char *id)
{
	const struct entry *x = table_get(running, id);

	return x && !strcmp(x->member, member);
}


/**
 * End a transfer whose member is lost
 *
 * @param member The member
 * @param id     Id of the transfer
 * @param reason Why, as a sentence
 * @param time   When, in ms since 1970
 * @param f      Number of the message that tells it
 *
 * @return The transfer as it has ended, NULL if it was not in progress
 */
const struct transfer *viewtransfer_lose(const char *member, const char *id,
					 const char *reason, int64_t time,
					 uint64_t f)
{
	struct entry *x = table_get(running, id);

	if (!x || strcmp(x->member, member))
		return NULL;

	if (retold_lose(x->t, reason, time))
		log_error("view: transfer %s: out of memory", id);
	touch(x, f);
	end(x);
	x = table_get(ended, id);

	return x ? x->t : NULL;
}


struct each {
	const char *member;
	viewtransfer_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct entry *x = value;
	const struct each *each = arg;
	(void)key;

	if (!strcmp(x->member, each->member))
		each->h(x->t, each->arg);

	return false;
}


/**
 * Call a handler for each transfer of a member that is in progress
 *
 * @param member The member
 * @param h      Handler
 * @param arg    Handler argument
 */
void viewtransfers_each(const char *member, viewtransfer_h *h, void *arg)
{
	struct each each = {member, h, arg};

	table_each(running, each_handler, &each);
}


size_t viewtransfers_count(void)
{
	return table_count(running);
}


static bool print_handler(const char *key, void *value, void *arg)
{
	const struct entry *x = value;
	(void)key;

	retold_print(arg, x->t, x->member);

	return false;
}


/**
 * Write the transfers of all members that are in progress
 *
 * @param j   Text
 * @param key Name of the array
 */
void viewtransfers_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(running, print_handler, j);
	json_close(j, ']');
}
