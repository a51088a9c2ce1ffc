/**
 * @file overrule.c  A transfer that has ended, but not for the others
 *
 * A fleet that gave this machine up was told that its transfers are lost.  The
 * first outcome counts for all members: a better one that this machine knows
 * is late for it, too.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "overrule.h"
#include "store/store.h"
#include "transfer.h"


/* A transfer that is to be read from the file */
struct overrule {
	struct overrule *next, **link; /* no link: nobody waits any more */
	struct job *job;
	char *id, *reason;
	char *data; /* that was found; NULL if it is not kept */
};

static struct overrule *overrules;


static void overrule_destroy(struct overrule *o)
{
	if (o->link) {
		*o->link = o->next;
		if (o->next)
			o->next->link = o->link;
	}
	free(o->id);
	free(o->reason);
	free(o->data);
	free(o);
}


static void take(const char *id, const char *data, const char *reason)
{
	cJSON *tree = cJSON_Parse(data);
	struct transfer *t = NULL;
	int err;

	err = transfer_load(&t, id, tree);
	if (!err && t->outcome)
		err = transfer_overrule(t, reason);
	if (err && err != EALREADY)
		log_error("overrule: %s: %s", id, strerror(err));
	if (t)
		transfer_destroy(t);
	cJSON_Delete(tree);
}


static void found_handler(const char *call_sid, const char *data, void *arg)
{
	struct overrule *o = arg;
	(void)call_sid;

	free(o->data);
	o->data = strdup(data);
}


/* In the thread */
static void run_handler(void *arg)
{
	struct overrule *o = arg;

	(void)archive_get(o->id, found_handler, o);
}


/* It may have been written again meanwhile */
static void done_handler(void *arg)
{
	struct overrule *o = arg;

	if (o->link) {
		(void)archive_written(o->id, found_handler, o);
		if (o->data)
			take(o->id, o->data, o->reason);
	}
	overrule_destroy(o);
}


/**
 * Let the outcome that others were told first be that of a transfer that has
 * ended.  Nothing happens if none of that id is kept.
 *
 * @param id     Its transfer_id
 * @param reason Why, as a sentence
 */
void overrule(const char *id, const char *reason)
{
	struct overrule *o = calloc(1, sizeof(*o));
	int err = ENOMEM;

	if (o) {
		o->id = strdup(id);
		o->reason = strdup(reason);
	}
	if (o && o->id && o->reason)
		err = reader_look(&o->job, run_handler, done_handler, o);
	if (err) {
		log_error("overrule: %s: %s", id, strerror(err));
		if (o)
			overrule_destroy(o);
		return;
	}

	o->next = overrules;
	if (overrules)
		overrules->link = &o->next;
	o->link = &overrules;
	overrules = o;
}


/**
 * Drop the callbacks of reads in progress
 */
void overrules_close(void)
{
	while (overrules) {
		struct overrule *o = overrules;

		overrules = o->next;
		o->link = NULL;
		reader_cancel(o->job);
	}
}
