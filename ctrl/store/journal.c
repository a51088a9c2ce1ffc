/**
 * @file journal.c  What was written, until it is in SQLite's file
 *
 * While that takes nothing, much comes together here, and for long: then each
 * write has its own memory, which is free when it is, and those of some time
 * ago are squeezed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"
#include "keyindex.h"
#include "write.h"


enum {
	WARM_MAX = 2048,    /* writes that are not squeezed */
	HEAP_SIZE = 2 * 16, /* bytes that malloc() needs for two */
};

static struct {
	struct write *head, *tail;
	struct write *next; /* that was not run yet */
	struct write *warm; /* the oldest that is not cold */
	size_t warmc;
	size_t size; /* bytes */
	size_t count;
	bool save; /* memory */
} journal;


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

	if (journal.next == w)
		journal.next = w->next;
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
		squeeze(w);
	}
}


static void append(struct write *w)
{
	w->prev = journal.tail;
	if (journal.tail)
		journal.tail->next = w;
	else
		journal.head = w;
	journal.tail = w;

	if (!journal.next)
		journal.next = w;
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
 *               forgets has the higher one
 * @param group  Of statements that replace each other for the same first
 *               value; 0 if this one replaces none
 * @param values What is bound to it, copied
 * @param count  Number of values
 *
 * @return 0 if success, or ENOMEM
 */
int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count)
{
	struct write *w = NULL;

	/* what was put can be put otherwise, or forgotten; what was forgotten
	   comes anew */
	if (group)
		w = keyindex_find(group, write_key(values, count));

	return w && !w->done && stmt >= w->stmt
		       ? set(w, stmt, values, count)
		       : add(stmt, group, values, count);
}


/**
 * Forget the newest write of a key: it needs not be run
 *
 * @param group Group of its statement
 * @param key   First value
 *
 * @return False if it was run already
 */
bool journal_remove(unsigned group, const char *key)
{
	struct write *w = keyindex_find(group, key);

	if (w && w->done)
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
 * Get the oldest write that was not run
 *
 * @param todo Set to it, until the next call
 *
 * @return True if there is one
 */
bool journal_next(struct todo *todo)
{
	/* what can't be read, for want of memory, is lost */
	while (journal.next && !write_read(todo, journal.next))
		journal_done();

	return journal.next != NULL;
}


/**
 * Take note that it was run
 */
void journal_done(void)
{
	journal.next->done = true;
	journal.next = journal.next->next;
}


/* What could not replace a write, as that was run, does so now */
static void merge(struct write *w)
{
	struct write *newest;
	struct todo todo;
	char *key;

	if (!write_read(&todo, w))
		return;

	key = strdup(write_key(todo.values, todo.count));
	if (!key)
		return;

	newest = keyindex_find(w->group, key);
	if (newest != w && newest->stmt >= w->stmt &&
	    keyindex_before(newest, key) == w && write_read(&todo, newest) &&
	    !set(w, todo.stmt, todo.values, todo.count))
		remove_write(newest);
	free(key);
}


/**
 * Take note that nothing was run
 */
void journal_undo(void)
{
	for (struct write *w = journal.head; w && w->done; w = w->next)
		w->done = false;

	for (struct write *w = journal.head, *next; w && w != journal.next;
	     w = next) {
		if (w->group)
			merge(w);
		next = w->next;
	}

	journal.next = journal.head;
}


/**
 * Drop the oldest writes of a statement, while there is too much
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
		if (w->stmt == stmt && !w->done)
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

	journal.head = journal.tail = journal.next = journal.warm = NULL;
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
 * @return How many there are
 */
size_t journal_count(void)
{
	return journal.count;
}
