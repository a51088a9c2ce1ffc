/**
 * @file spool.c  Rows that are only added to SQLite's file, until they are
 *                there
 *
 * Each row begins with a rising number, which is its key.  The oldest rows can
 * be dropped, and their memory is free then.  Taken rows stay until it is
 * known whether they are in the file: a thread reads them.
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
	size_t taken;   /* up to here */
	size_t settled; /* up to here they are in the file */
	int64_t gone;   /* number of the last one that is not here any more */
	size_t bytes;
	struct arena *arena; /* that is being filled */
} spool;


/* Removed rows leave room at the front */
static int make_room(void)
{
	struct item *items;
	size_t size;

	if (spool.end < spool.size)
		return 0;

	if (spool.begin > spool.size / 2) {
		spool.end -= spool.begin;
		spool.taken -= spool.begin;
		spool.settled -= spool.begin;
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
 * Begin
 *
 * @param gone No number that has gone is higher
 */
void spool_begin(int64_t gone)
{
	spool.gone = gone;
}


/**
 * Add a write
 *
 * @param stmt   Number of its statement
 * @param values Values bound to it, copied; the first is a number above all
 *               others
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
 * Take all writes, for a thread that reads them with spool_read()
 *
 * @param listp  Set to the rows, to be freed; NULL if there are none
 * @param countp Set to their number
 *
 * @return 0 if success, or ENOMEM
 */
int spool_take(struct spooled **listp, size_t *countp)
{
	struct spooled *list;
	size_t count = 0;

	*listp = NULL;
	*countp = 0;
	if (spool.begin == spool.end)
		return 0;

	list = malloc((spool.end - spool.begin) * sizeof(*list));
	if (!list)
		return ENOMEM;

	for (size_t i = spool.begin; i < spool.end; i++) {
		const struct item *item = &spool.items[i];

		if (item->values)
			list[count++] = (struct spooled){.stmt = item->stmt,
							 .p = item->values};
	}
	spool.taken = spool.end;
	*listp = list;
	*countp = count;

	return 0;
}


/**
 * Read a write that was taken; any thread may do so
 *
 * @param todo Set to it, as long as it is not known to be in the file
 * @param s    Write
 */
void spool_read(struct todo *todo, const struct spooled *s)
{
	todo->stmt = s->stmt;
	todo->count = pack_read(todo->values, s->p);
}


/**
 * Note that no taken row is in the file
 */
void spool_undo(void)
{
	spool.taken = spool.begin;
}


/**
 * Note that all that was taken is in the file
 */
void spool_settled(void)
{
	spool.settled = spool.taken;
}


/* The first that has a number above another */
static size_t find(int64_t after)
{
	size_t low = spool.begin, high = spool.end;

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
 * Go through the rows in order; taken rows are visible to others only once
 * they are in the file
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
		if (spool.items[i].stmt != stmt || !spool.items[i].values)
			continue;

		(void)pack_read(values, spool.items[i].values);
		if (h(values, arg))
			return;
	}
}


static void drop(struct item *item)
{
	if (item->values)
		arena_release(item->arena);
	item->values = NULL;
	spool.bytes -= item->size;
	item->size = 0;
}


static void drop_first(void)
{
	spool.gone = spool.items[spool.begin].number;
	drop(&spool.items[spool.begin++]);
	if (spool.settled < spool.begin)
		spool.settled = spool.begin;
	if (spool.taken < spool.begin)
		spool.taken = spool.begin;
}


/**
 * Free some rows that are in the file
 *
 * @param count Number of writes
 *
 * @return True if more of them are left
 */
bool spool_free(size_t count)
{
	while (spool.begin < spool.settled && count--)
		drop_first();

	if (spool.begin == spool.end)
		spool_clear();

	return spool.begin < spool.settled;
}


/**
 * Drop the older half of the rows, by bytes, except taken ones
 *
 * @return Number of the last one that is gone, 0 if there was none
 */
int64_t spool_drop(void)
{
	int64_t number = 0;
	size_t half = 0;

	for (size_t i = spool.taken; i < spool.end; i++)
		half += spool.items[i].size;
	half = spool.bytes - half / 2;

	for (size_t i = spool.taken; i < spool.end && spool.bytes > half;
	     i++) {
		number = spool.items[i].number;
		drop(&spool.items[i]);
	}
	while (spool.begin < spool.end && !spool.items[spool.begin].values)
		drop_first();

	return number;
}


/**
 * Get the number up to which rows are gone: they are in the file, or lost
 *
 * @return Number of the last one
 */
int64_t spool_gone(void)
{
	return spool.gone;
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
	spool.begin = spool.taken = spool.settled = spool.end = 0;

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
 * @return Their number
 */
size_t spool_count(void)
{
	return spool.end - spool.begin;
}
