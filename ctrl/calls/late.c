/**
 * @file late.c  Final statuses that come after the end of their transfer
 *
 * The outcome of the transfer does not change.  An ended transfer is in the
 * archive only.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "json.h"
#include "late.h"
#include "latehook.h"
#include "linkreport.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "store/store.h"
#include "transfer.h"
#include "transfers.h"


enum { KEY_SIZE = 80 }; /* "late ", and a transfer_id */

/* A report of a transfer that is to be read from the file.  Until it is, the
   report is in the store, as its node does not repeat it. */
struct late {
	struct late *next, **link;
	struct job *job;
	struct report *r;
	char *instance, *node;
	char *data; /* that was found; NULL if it is not kept */
	int err;
	bool ran;
};

static struct late *lates;

struct search {
	const char *id;
	struct transfer *t;
	int err;
};


static int load(struct transfer **tp, const char *id, const char *data)
{
	cJSON *tree = cJSON_Parse(data);
	const int err = transfer_load(tp, id, tree);

	cJSON_Delete(tree);

	return err;
}


static void read_handler(const char *call_sid, const char *data, void *arg)
{
	struct search *search = arg;
	(void)call_sid;

	search->err = load(&search->t, search->id, data);
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


static void set_key(char *key, const struct report *r)
{
	(void)snprintf(key, KEY_SIZE, "late %s", r->transfer_id);
}


/* A report that is not in the archive is very recent, or was never stored */
static bool is_new(const struct report *r)
{
	char key[KEY_SIZE];

	set_key(key, r);
	if (recent_has(key))
		return false;

	recent_add(key);

	return true;
}


/* t is the stored transfer, freed; NULL if it is not stored */
static void take(struct transfer *t, const struct report *r,
		 const char *instance, const char *node)
{
	const struct session *s = session_find(r->call_sid);
	const struct call *call = s ? s->call : NULL;
	int err = 0;

	if (!t)
		err = transfer_create(&t, r, instance, node, call, NULL);
	else if (!fits(t, r, instance))
		err = EALREADY;
	if (!err && !is_new(r))
		err = EALREADY;
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


/* EAGAIN if it is to be read from the file */
static int take_written(const struct report *r, const char *instance,
			const char *node)
{
	struct search search = {.id = r->transfer_id};

	if (transfers_have(r->transfer_id)) {
		transfer_warn(r, node);
		return 0;
	}

	if (archive_written(r->transfer_id, read_handler, &search))
		return EAGAIN;
	if (search.err)
		return search.err;

	take(search.t, r, instance, node);

	return 0;
}


static void destroy(struct late *l)
{
	if (l->link) {
		*l->link = l->next;
		if (l->next)
			l->next->link = l->link;
	}
	free(l->r);
	free(l->instance);
	free(l->node);
	free(l->data);
	free(l);
}


static void found_handler(const char *call_sid, const char *data, void *arg)
{
	struct late *l = arg;
	(void)call_sid;

	l->data = strdup(data);
	l->err = l->data ? 0 : ENOMEM;
}


/* In the thread */
static void run_handler(void *arg)
{
	struct late *l = arg;

	l->ran = true;
	(void)archive_get(l->r->transfer_id, found_handler, l);
}


/* It may have been written again meanwhile */
static void done_handler(void *arg)
{
	struct late *l = arg;
	struct transfer *t = NULL;
	char key[KEY_SIZE];
	int err;

	if (!l->link || !l->ran) {
		destroy(l);
		return;
	}

	set_key(key, l->r);
	store_forget(STORE_LATE, key);

	notice_at(l->r->time);
	err = take_written(l->r, l->instance, l->node);
	if (err == EAGAIN) {
		err = l->err;
		if (!err && l->data)
			err = load(&t, l->r->transfer_id, l->data);
		if (!err)
			take(t, l->r, l->instance, l->node);
	}
	notice_at(0);
	if (err)
		log_error("late: %s: %s", l->r->transfer_id, strerror(err));

	destroy(l);
}


static void save(const struct late *l)
{
	char key[KEY_SIZE];
	struct json j, report;

	json_init(&report);
	report_print(&report, l->r);
	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "instance", l->instance);
	json_str(&j, "node", l->node);
	json_raw(&j, "report", json_done(&report));
	json_close(&j, '}');

	set_key(key, l->r);
	store_put(STORE_LATE, key, json_done(&j));
	json_free(&j);
	json_free(&report);
}


static int ask(struct late **lp, const struct report *r, const char *instance,
	       const char *node)
{
	struct late *l = calloc(1, sizeof(*l));
	size_t size;
	int err;

	if (!l)
		return ENOMEM;

	l->r = report_copy(r, &size);
	l->instance = strdup(instance);
	l->node = strdup(node);
	err = l->r && l->instance && l->node
		      ? reader_look(&l->job, run_handler, done_handler, l)
		      : ENOMEM;
	if (err) {
		destroy(l);
		return err;
	}

	l->next = lates;
	if (lates)
		lates->link = &l->next;
	l->link = &lates;
	lates = l;
	*lp = l;

	return 0;
}


/**
 * Take a report on a transfer that has ended, and tell the clients and the
 * eventHook
 *
 * @param r        Report of the node
 * @param instance Instance id of the node
 * @param node     Name of the node
 */
void late_report(const struct report *r, const char *instance,
		 const char *node)
{
	struct late *l = NULL;
	int err;

	err = take_written(r, instance, node);
	if (err == EAGAIN)
		err = ask(&l, r, instance, node);
	if (l)
		save(l);
	if (err)
		log_error("late: %s: %s", r->transfer_id, strerror(err));
}


/**
 * Take up a report that was stored before it was told
 *
 * @param tree Stored report
 *
 * @return False if it is not valid
 */
bool late_load(const cJSON *tree)
{
	const cJSON *obj = cJSON_GetObjectItemCaseSensitive(tree, "report");
	struct report r = {.kind = REPORT_TRANSFER};
	const char *instance = field_str(tree, "instance");
	const char *node = field_str(tree, "node");
	struct late *l;
	int err;

	err = obj ? fields_load(&r, report_fields, obj) : EBADMSG;
	if (!err)
		err = r.transfer_id && r.call_sid && instance && node
			      ? ask(&l, &r, instance, node)
			      : EBADMSG;
	if (obj && err)
		log_error("late: cannot load a report: %s", strerror(err));
	fields_free(&r, report_fields);

	return obj != NULL;
}


void late_close(void)
{
	while (lates) {
		struct late *l = lates;

		lates = l->next;
		l->link = NULL;
		reader_cancel(l->job);
	}
}
