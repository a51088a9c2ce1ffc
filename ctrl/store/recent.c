/**
 * @file recent.c  The transfers and calls that have ended lately
 *
 * A node repeats no more than the reports that it keeps: of one that has told
 * us all since it began, none can be about a transfer that ended before these,
 * and the store need not be asked.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>
#include <stdio.h>
#include "base/base.h"
#include "store.h"


enum {
	RECENT_MAX = 4096, /* reports that a node keeps */
	ID_SIZE = 80,      /* of a transfer, and what stands before it */
};

static struct {
	struct table *ids;
	char ring[RECENT_MAX][ID_SIZE];
	size_t next;
} recent;


void recent_add(const char *id)
{
	char *slot = recent.ring[recent.next++ % RECENT_MAX];

	if (!recent.ids && table_create(&recent.ids))
		return;

	if (table_get(recent.ids, slot) == slot)
		(void)table_take(recent.ids, slot);
	(void)snprintf(slot, ID_SIZE, "%s", id);
	(void)table_put(recent.ids, slot, slot);
}


bool recent_has(const char *id)
{
	return table_get(recent.ids, id) != NULL;
}


void recent_close(void)
{
	table_destroy(recent.ids);
	recent.ids = NULL;
}
