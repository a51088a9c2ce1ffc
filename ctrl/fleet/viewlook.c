/**
 * @file viewlook.c  Looks up a transfer in the file of the fleet
 *
 * One at a time: the reader of the stream waits for it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "store/store.h"
#include "viewlook.h"


/* Seconds after which it is tried again */
static const double again_time = 1;

struct look {
	char *id;
	char *data;
	viewlook_h *h; /* NULL: nobody waits any more */
	struct job *job;
	bool ran;
	struct timer again;
};

static struct look *current;


static void ask(struct look *l);


static void destroy(struct look *l)
{
	if (current == l)
		current = NULL;
	timer_stop(&l->again);
	free(l->id);
	free(l->data);
	free(l);
}


static void again_handler(void *arg)
{
	ask(arg);
}


static void found_handler(const char *call_sid, const char *data, void *arg)
{
	struct look *l = arg;
	(void)call_sid;

	l->data = strdup(data);
}


/* In the thread */
static void run_handler(void *arg)
{
	struct look *l = arg;

	l->ran = true;
	(void)archive_get(l->id, found_handler, l);
}


static void done_handler(void *arg)
{
	struct look *l = arg;
	viewlook_h *h = l->h;

	l->job = NULL;
	if (!h) {
		destroy(l);
		return;
	}
	if (!l->ran) {
		timer_start(&l->again, again_time);
		return;
	}

	current = NULL;
	h(l->id, l->data);
	destroy(l);
}


static void ask(struct look *l)
{
	if (db_ask(&l->job, SCOPE_FLEET, run_handler, done_handler, l))
		timer_start(&l->again, again_time);
}


/**
 * Look up a transfer
 *
 * @param id Its id
 * @param h  Called in the loop, later, but not after viewlook_cancel()
 *
 * @return 0, or ENOMEM
 */
int viewlook(const char *id, viewlook_h *h)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l)
		return ENOMEM;

	timer_init(&l->again, again_handler, l);
	l->h = h;
	l->id = strdup(id);
	if (!l->id) {
		destroy(l);
		return ENOMEM;
	}

	current = l;
	ask(l);

	return 0;
}


/**
 * Drop the callback of a lookup
 */
void viewlook_cancel(void)
{
	struct look *l = current;

	if (!l)
		return;

	current = NULL;
	l->h = NULL;
	if (l->job)
		reader_cancel(l->job);
	else
		destroy(l);
}
