/**
 * @file recent.c  The transfers and calls that have ended lately
 *
 * A node repeats only the reports that it keeps, and names only live
 * transfers: none of them is about a transfer that ended before these, so that
 * the store need not be asked.  Each id is a number of 64 bits here; a
 * collision does not happen.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "block.h"
#include "db.h"
#include "schema.h"
#include "store.h"


enum {
	RECENT_MAX = 16384, /* four times the reports that a node keeps */
	LOADED_MAX = 8192,  /* of those that ended before we began */
};

static struct {
	uint64_t ring[RECENT_MAX];

	/* Lists of places in the ring, each 1 above it, so that 0 is none */
	uint16_t heads[RECENT_MAX];
	uint16_t next[RECENT_MAX];
	size_t count; /* that were added */
} recent;


static uint16_t *list_of(uint64_t id)
{
	return &recent.heads[(id ^ id >> 32) % RECENT_MAX];
}


static void drop(size_t place)
{
	uint16_t *p = list_of(recent.ring[place]);

	while (*p != place + 1)
		p = &recent.next[*p - 1];
	*p = recent.next[place];
}


void recent_add(const char *id)
{
	const size_t place = recent.count % RECENT_MAX;
	uint16_t *head;

	if (recent.count++ >= RECENT_MAX)
		drop(place);

	recent.ring[place] = (uint64_t)block_call(id);
	head = list_of(recent.ring[place]);
	recent.next[place] = *head;
	*head = (uint16_t)(place + 1);
}


bool recent_has(const char *id)
{
	const uint64_t key = (uint64_t)block_call(id);
	uint16_t place = *list_of(key);

	while (place && recent.ring[place - 1] != key)
		place = recent.next[place - 1];

	return place != 0;
}


void recent_load(void)
{
	(void)db_apply();
	db_bind_int(STMT_LATELY, 1, LOADED_MAX);
	while (!db_step(STMT_LATELY))
		recent_add(db_column_text(STMT_LATELY, 0));
}


void recent_close(void)
{
	memset(&recent, 0, sizeof(recent));
}
