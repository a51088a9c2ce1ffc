/**
 * @file journal.c  Writes until they are in SQLite's file
 *
 * A thread reads taken writes while it brings them into the file: they stay
 * unchanged until the result is known, and later writes come after them.
 *
 * While the file takes nothing, much comes together here, and for long: then
 * each write has its own memory, which is free when it is, and those of some
 * time ago are squeezed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "journal.h"
#include "keyindex.h"
#include "keyset.h"
#include "write.h"


enum {
	WARM_MAX = 2048,    /* writes that are not squeezed */
	HEAP_SIZE = 2 * 16, /* bytes that malloc() needs for two */
};

static struct {
	struct write *head, *tail;
	struct write *last; /* that was taken, NULL if none is */
	bool settled;       /* those are in the file */
	uint32_t round;     /* one more each time that some are taken */
	struct write *warm; /* the oldest that is not cold */
	size_t warmc;
	size_t size; /* bytes */
	size_t count;
	bool save; /* memory */
} journal;


static bool is_taken(const struct write *w)
{
	return journal.last && w->round != journal.round;
}


static int set(struct write *w, unsigned stmt, const struct value *values,
	       unsigned count)
{
	const size_t before = w->space;
	const int err = write_set(w, stmt, values, count, journal.save);

	journal.size += w->space;
	journal.size -= before;

	return err;
}


static void squeeze(struct write *w)
{
	const size_t before = w->space;

	write_squeeze(w);
	journal.size += w->space;
	journal.size -= before;
}


static void remove_write(struct write *w)
{
	if (w->group)
		keyindex_remove(w);
	if (w->prev)
		w->prev->next = w->next;
	else
		journal.head = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		journal.tail = w->prev;

	if (journal.last == w)
		journal.last = NULL;
	if (journal.warm == w)
		journal.warm = w->next;
	journal.warmc -= !w->cold;

	journal.size -= w->space + sizeof(*w) + HEAP_SIZE;
	--journal.count;
	write_destroy(w);
}


static void squeeze_old(void)
{
	while (journal.warmc > WARM_MAX && journal.warm) {
		struct write *w = journal.warm;

		journal.warm = w->next;
		w->cold = true;
		--journal.warmc;
		if (!is_taken(w))
			squeeze(w);
	}
}


static void append(struct write *w)
{
	w->round = journal.round;
	w->prev = journal.tail;
	if (journal.tail)
		journal.tail->next = w;
	else
		journal.head = w;
	journal.tail = w;

	if (!journal.warm)
		journal.warm = w;
	++journal.warmc;
	journal.size += sizeof(*w) + HEAP_SIZE;
	++journal.count;
}


static int add(unsigned stmt, unsigned group, const struct value *values,
	       unsigned count)
{
	struct write *w;

	if (keyindex_grow(journal.count, journal.head))
		return ENOMEM;

	w = write_create(journal.save);
	if (!w)
		return ENOMEM;

	w->group = group;
	if (set(w, stmt, values, count)) {
		write_destroy(w);
		return ENOMEM;
	}

	append(w);
	if (group)
		keyindex_add(w, write_key(values, count));
	if (journal.save)
		squeeze_old();

	return 0;
}


/**
 * Say whether much may come together, for long
 *
 * @param save True if it is to take as little memory as can be
 */
void journal_save(bool save)
{
	journal.save = save;
}


/**
 * Add a write
 *
 * @param stmt   Number of its statement; of two of a group, the one that
 *               forgets has the higher number
 * @param group  Statements that replace each other for the same first value; 0
 *               if this one replaces none
 * @param values Values bound to it, copied
 * @param count  Number of values
 *
 * @return 0 if success, or ENOMEM
 */
int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count)
{
	struct write *w = NULL;

	/* a put key can be put again or forgotten; a forgotten key can come
	   back */
	if (group)
		w = keyindex_find(group, write_key(values, count));

	return w && !is_taken(w) && stmt >= w->stmt
		       ? set(w, stmt, values, count)
		       : add(stmt, group, values, count);
}


/**
 * Forget the newest write of a key, unless it was taken
 *
 * @param group Group of its statement
 * @param key   First value
 *
 * @return True if the file does not have the key and will not get it:
 *         forgetting it needs no write
 */
bool journal_remove(unsigned group, const char *key)
{
	struct write *w = keyindex_find(group, key);

	if ((w && is_taken(w)) || keyset_has(hash_text(group, key)))
		return false;

	/* of two, the older one was taken */
	if (w && journal.last && keyindex_before(w, key))
		return false;

	if (w)
		remove_write(w);

	return true;
}


/**
 * Find the newest write of a key
 *
 * @param todo  Set to it, until the next call
 * @param group Group of its statement
 * @param key   First value
 *
 * @return True if there is one
 */
bool journal_find(struct todo *todo, unsigned group, const char *key)
{
	const struct write *w = keyindex_find(group, key);

	return w && write_read(todo, w);
}


/**
 * Take all writes, for a thread that reads them with journal_next()
 *
 * @return The first write, NULL if there is none
 */
const struct write *journal_take(void)
{
	journal.last = journal.tail;
	journal.settled = false;
	if (journal.last)
		++journal.round;

	return journal.head;
}


/**
 * Tell up to where writes were taken
 *
 * @return The last one, NULL if none is
 */
const struct write *journal_last(void)
{
	return journal.last;
}


/**
 * Read a taken write; any thread may do so.  A write that cannot be read, out
 * of memory, is lost.
 *
 * @param todo Set to it, until the next call
 * @param wp   The write; set to the next one, NULL after the last
 * @param last The last one that was taken
 *
 * @return True if there is one
 */
bool journal_read(struct todo *todo, const struct write **wp,
		  const struct write *last)
{
	const struct write *w;
	bool found = false;

	while ((w = *wp) && !found) {
		found = write_read(todo, w);
		*wp = w == last ? NULL : w->next;
	}

	return found;
}


/* A write that could not replace a taken one does so now */
static struct write *merge(struct write *w)
{
	struct write *next = w->next, *older;
	struct todo todo;
	char *key;

	if (!w->group || !write_read(&todo, w))
		return next;

	key = strdup(write_key(todo.values, todo.count));
	if (!key)
		return next;

	older = keyindex_before(w, key);
	if (older && w->stmt >= older->stmt && write_read(&todo, w) &&
	    !set(older, todo.stmt, todo.values, todo.count))
		remove_write(w);
	free(key);

	return next;
}


/**
 * Note that no taken write is in the file
 */
void journal_undo(void)
{
	struct write *w = journal.last ? journal.last->next : NULL;

	journal.last = NULL;
	while (w)
		w = merge(w);
}


/**
 * Note that all that was taken is in the file
 *
 * @param kind Gets the properties of a statement
 */
void journal_settled(journal_kind_h *kind)
{
	const struct write *w = journal.last ? journal.head : NULL;

	journal.settled = w != NULL;
	for (bool more = w; more; w = w->next) {
		const enum write_kind k = kind(w->stmt);

		more = w != journal.last;
		if (k == WRITE_PUTS)
			keyset_add(w->hash);
		else if (k == WRITE_FORGETS)
			keyset_remove(w->hash);
	}
}


/**
 * Free some writes that are in the file
 *
 * @param count Number of writes
 *
 * @return True if more of them are left
 */
bool journal_free(size_t count)
{
	while (journal.settled && journal.last && count--)
		remove_write(journal.head);

	if (journal.settled && !journal.head)
		journal_clear();

	return journal.settled && journal.last;
}


/**
 * Drop the oldest writes of a statement, while there are too many
 *
 * @param stmt Its number
 * @param size Bytes that all writes together may take
 *
 * @return True if some are gone
 */
bool journal_drop(unsigned stmt, size_t size)
{
	const size_t before = journal.count;

	for (struct write *w = journal.head, *next; w && journal.size > size;
	     w = next) {
		next = w->next;
		if (w->stmt == stmt && !is_taken(w))
			remove_write(w);
	}

	return journal.count < before;
}


/**
 * Forget all writes
 */
void journal_clear(void)
{
	struct write *next;

	keyindex_clear(journal.head != NULL);
	for (struct write *w = journal.head; w; w = next) {
		next = w->next;
		write_destroy(w);
	}
	writes_clear();

	journal.head = journal.tail = journal.last = journal.warm = NULL;
	journal.settled = false;
	journal.warmc = journal.size = journal.count = 0;
}


/**
 * Tell how much memory the writes take
 *
 * @return Bytes
 */
size_t journal_size(void)
{
	return journal.size;
}


/**
 * Count the writes
 *
 * @return Their number
 */
size_t journal_count(void)
{
	return journal.count;
}
