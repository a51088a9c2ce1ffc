/**
 * @file journal.c  What was written, until it is in SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"


enum { BUCKETS = 512 };

static struct {
	struct write *head;
	struct write *last; /* of any, if there is a head */
	size_t size;        /* bytes */
	size_t count;

	/* Those that may still be replaced, by group and key */
	struct write *buckets[BUCKETS];
} journal;


static void forget(struct write *w)
{
	journal.size -= w->size;
	--journal.count;
	free(w->values);
	free(w);
}


/* In one block; the texts behind the values */
static struct value *copy(const struct value *values, unsigned count,
			  size_t *sizep)
{
	size_t size = count * sizeof(*values);
	struct value *v;
	char *p;

	for (unsigned i = 0; i < count; i++)
		size += values[i].text ? strlen(values[i].text) + 1 : 0;

	*sizep = sizeof(struct write) + size;
	v = malloc(size + 1);
	if (!v)
		return NULL;

	p = (char *)&v[count];
	for (unsigned i = 0; i < count; i++) {
		v[i] = values[i];
		if (!values[i].text)
			continue;

		v[i].text = p;
		p = stpcpy(p, values[i].text) + 1;
	}

	return v;
}


static const char *key_of(const struct value *values, unsigned count)
{
	return count && values[0].text ? values[0].text : "";
}


static struct write **bucket(unsigned group, const char *key)
{
	unsigned hash = group;

	while (*key)
		hash = 31 * hash + (unsigned char)*key++;

	return &journal.buckets[hash % BUCKETS];
}


/**
 * Find the newest write of a key among those that may still be replaced
 *
 * @param group Group of its statement
 * @param key   First value
 *
 * @return Write, NULL if there is none
 */
struct write *journal_find(unsigned group, const char *key)
{
	struct write *w = *bucket(group, key);

	while (w &&
	       (w->group != group || strcmp(key_of(w->values, w->count), key)))
		w = w->same_hash;

	return w;
}


static int append(unsigned stmt, unsigned group, struct value *values,
		  unsigned count, size_t size, uint64_t turn)
{
	struct write *w = malloc(sizeof(*w));

	if (!w)
		return ENOMEM;

	*w = (struct write){.stmt = stmt,
			    .group = group,
			    .count = count,
			    .size = size,
			    .turn = turn,
			    .values = values};
	if (group) {
		struct write **wp = bucket(group, key_of(values, count));

		w->same_hash = *wp;
		*wp = w;
	}

	if (journal.head)
		journal.last->next = w;
	else
		journal.head = w;
	journal.last = w;
	journal.size += size;
	++journal.count;

	return 0;
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
 * @param turn   Number of the turn that it belongs to
 *
 * @return 0 if success, otherwise errorcode
 */
int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count, uint64_t turn)
{
	struct write *w = NULL;
	struct value *v;
	size_t size;
	int err = 0;

	v = copy(values, count, &size);
	if (!v)
		return ENOMEM;

	/* what was put can be put otherwise, or forgotten; what was forgotten
	   comes anew */
	if (group)
		w = journal_find(group, key_of(values, count));
	if (w && stmt >= w->stmt) {
		journal.size += size - w->size;
		free(w->values);
		w->stmt = stmt;
		w->count = count;
		w->size = size;
		w->values = v;
	}
	else {
		err = append(stmt, group, v, count, size, turn);
		if (err)
			free(v);
	}

	return err;
}


/**
 * Have no write replaced from now on
 */
void journal_seal(void)
{
	memset(journal.buckets, 0, sizeof(journal.buckets));
}


/**
 * Have all writes belong to one turn: some were replaced by what came later
 *
 * @param turn Its number
 */
void journal_merge(uint64_t turn)
{
	journal_seal();
	for (struct write *w = journal.head; w; w = w->next)
		w->turn = turn;
}


/**
 * Get the oldest write
 *
 * @return Write, NULL if there is none
 */
struct write *journal_first(void)
{
	return journal.head;
}


/**
 * Forget the oldest write
 */
void journal_drop_first(void)
{
	struct write *w = journal.head;

	if (!w)
		return;

	journal.head = w->next;
	forget(w);
}


/**
 * Forget the writes of a statement
 *
 * @param stmt Its number
 */
void journal_drop_all(unsigned stmt)
{
	struct write **wp = &journal.head, *before = NULL;

	journal_seal();
	while (*wp) {
		struct write *w = *wp;

		if (w->stmt != stmt) {
			before = w;
			wp = &w->next;
			continue;
		}

		*wp = w->next;
		forget(w);
	}

	journal.last = before;
}


/**
 * Forget all writes
 */
void journal_clear(void)
{
	journal_seal();
	while (journal.head)
		journal_drop_first();
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
