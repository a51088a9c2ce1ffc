/**
 * @file late.c  The final status that comes behind the end of a transfer
 *
 * Its outcome stays what it is.  What is known of it is in the archive only.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "late.h"
#include "latehook.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "transfer.h"
#include "transfers.h"


enum { KEY_SIZE = 80 }; /* "late ", and a transfer_id */

struct search {
	const char *id;
	struct transfer *t; /* NULL if it is not kept */
	int err;
};


static void read_handler(const char *call_sid, const char *data, void *arg)
{
	struct search *search = arg;
	cJSON *tree = cJSON_Parse(data);
	(void)call_sid;

	search->err = transfer_load(&search->t, search->id, tree);
	cJSON_Delete(tree);
}


/* True if a transfer of this call and baresip has ended without a final
   NOTIFY, and none came late */
static bool fits(const struct transfer *t, const struct report *r,
		 const char *instance)
{
	return t->outcome && !t->late_status &&
	       !strcmp(t->instance, instance) &&
	       !strcmp(t->call_sid, r->call_sid) &&
	       !(t->evidence && !strcmp(t->evidence, "notify"));
}


/* What is not in the archive was told lately, or never */
static bool is_new(const struct report *r)
{
	char key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "late %s", r->transfer_id);
	if (recent_has(key))
		return false;

	recent_add(key);

	return true;
}


/* EALREADY if it makes no sense */
static int find(struct transfer **tp, const struct report *r,
		const char *instance, const char *node,
		const struct call *call)
{
	struct search search = {.id = r->transfer_id};

	if (transfers_have(r->transfer_id))
		return EALREADY;

	if (archive_read(r->transfer_id, read_handler, &search))
		search.err = transfer_create(&search.t, r, instance, node,
					     call, NULL);
	else if (!search.err && !fits(search.t, r, instance))
		search.err = EALREADY;

	*tp = search.t;
	if (search.err)
		return search.err;

	return is_new(r) ? 0 : EALREADY;
}


/**
 * Take what a node says of a transfer that has ended, and tell it to the
 * clients, and to the eventHook
 *
 * @param r        Report of the node
 * @param instance Instance id of the node
 * @param node     Name of the node
 * @param call     Call that was transferred, may be NULL
 */
void late_report(const struct report *r, const char *instance,
		 const char *node, const struct call *call)
{
	struct transfer *t = NULL;
	int err;

	err = find(&t, r, instance, node, call);
	if (!err)
		err = transfer_late(t, r);

	if (err == EALREADY)
		transfer_warn(r, node);
	else if (err)
		log_error("late: %s: %s", r->transfer_id, strerror(err));
	else
		latehook_post(r, call);

	if (t)
		transfer_destroy(t);
}
