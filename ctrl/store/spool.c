/**
 * @file spool.c  What is only added to SQLite's file, until it is there
 *
 * Each begins with a number, which rises: one finds them by it.  The oldest
 * can be dropped, and their memory is free then.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "journal.h"
#include "pack.h"
#include "spool.h"


enum { ITEMS_MIN = 1024 };

struct item {
	int64_t number;
	char *values; /* see pack.h */
	struct arena *arena;
	unsigned stmt;
	unsigned size;
};

static struct {
	struct item *items; /* those from begin to end */
	size_t begin, end, size;
	size_t next; /* that was not run yet */
	size_t bytes;
	struct arena *arena; /* that is being filled */
} spool;


/* Those that are gone leave room in front */
static int make_room(void)
{
	struct item *items;
	size_t size;

	if (spool.end < spool.size)
		return 0;

	if (spool.begin > spool.size / 2) {
		spool.end -= spool.begin;
		spool.next -= spool.begin;
		memmove(spool.items, spool.items + spool.begin,
			spool.end * sizeof(*spool.items));
		spool.begin = 0;
		return 0;
	}

	size = spool.size ? 2 * spool.size : ITEMS_MIN;
	items = realloc(spool.items, size * sizeof(*items));
	if (!items)
		return ENOMEM;

	spool.items = items;
	spool.size = size;

	return 0;
}


/**
 * Add a write
 *
 * @param stmt   Number of its statement
 * @param values What is bound to it, copied; the first is a number, above all
 *               that there are
 * @param count  Number of values
 *
 * @return 0 if success, or ENOMEM
 */
int spool_add(unsigned stmt, const struct value *values, unsigned count)
{
	const size_t size = pack_size(values, count);
	struct item *item;

	if (make_room())
		return ENOMEM;

	item = &spool.items[spool.end];
	item->values = arena_alloc(&spool.arena, size, &item->arena);
	if (!item->values)
		return ENOMEM;

	pack_write(item->values, values, count);
	item->number = values[0].number;
	item->stmt = stmt;
	item->size = (unsigned)(size + sizeof(*item));
	spool.bytes += item->size;
	++spool.end;

	return 0;
}


/**
 * Get the oldest write that was not run
 *
 * @param todo Set to it, until the next call
 *
 * @return True if there is one
 */
bool spool_next(struct todo *todo)
{
	if (spool.next == spool.end)
		return false;

	todo->stmt = spool.items[spool.next].stmt;
	todo->count = pack_read(todo->values, spool.items[spool.next].values);

	return true;
}


/**
 * Take note that it was run
 */
void spool_done(void)
{
	++spool.next;
}


/**
 * Take note that nothing was run
 */
void spool_undo(void)
{
	spool.next = spool.begin;
}


/* The first that was not run and has a number above another */
static size_t find(int64_t after)
{
	size_t low = spool.next, high = spool.end;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (spool.items[middle].number > after)
			high = middle;
		else
			low = middle + 1;
	}

	return low;
}


/**
 * Go through what was not run, in order
 *
 * @param stmt  Number of a statement
 * @param after Number behind which to begin
 * @param h     Handler of the values, returns true to stop
 * @param arg   Handler argument
 */
void spool_each(unsigned stmt, int64_t after, spool_h *h, void *arg)
{
	struct value values[VALUES_MAX];

	for (size_t i = find(after); i < spool.end; i++) {
		if (spool.items[i].stmt != stmt)
			continue;

		(void)pack_read(values, spool.items[i].values);
		if (h(values, arg))
			return;
	}
}


static void drop_first(void)
{
	struct item *item = &spool.items[spool.begin++];

	spool.bytes -= item->size;
	arena_release(item->arena);
	if (spool.next < spool.begin)
		spool.next = spool.begin;
}


/**
 * Drop the older half of what there is, by its bytes
 *
 * @return Number of the last one that is gone, 0 if there was none
 */
int64_t spool_drop(void)
{
	const size_t half = spool.bytes / 2;
	int64_t number = 0;

	while (spool.begin < spool.end && spool.bytes > half) {
		number = spool.items[spool.begin].number;
		drop_first();
	}

	return number;
}


/**
 * Forget all writes
 */
void spool_clear(void)
{
	while (spool.begin < spool.end)
		drop_first();

	arena_release(spool.arena);
	spool.arena = NULL;
	spool.begin = spool.next = spool.end = 0;

	/* after a time in which much had to wait */
	if (spool.size > ITEMS_MIN) {
		free(spool.items);
		spool.items = NULL;
		spool.size = 0;
	}
}


/**
 * Tell how much memory the writes take
 *
 * @return Bytes
 */
size_t spool_size(void)
{
	return spool.bytes;
}


/**
 * Count the writes
 *
 * @return How many there are
 */
size_t spool_count(void)
{
	return spool.end - spool.begin;
}
