/**
 * @file journal.c  What was written, until it is in SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"


enum {
	BUCKETS = 512,
	BLOCK_SIZE = 1 << 16,
};

/* Memory for many writes, freed with the last of them */
struct block {
	unsigned refs; /* of what is in it; one more while it is filled */
	size_t used;
	size_t size;
	max_align_t data[];
};

static struct {
	struct write *head;
	struct write *last; /* of any, if there is a head */
	size_t size;        /* bytes */
	size_t count;
	struct block *block; /* that is being filled */

	/* Those that may still be replaced, by group and key */
	struct write *buckets[BUCKETS];
} journal;


static void release(struct block *b)
{
	if (b && --b->refs == 0)
		free(b);
}


static void *room(size_t size, struct block **bp)
{
	const size_t align = sizeof(max_align_t);
	struct block *b = journal.block;
	char *p;

	size = (size + align - 1) / align * align;
	if (!b || b->used + size > b->size) {
		const size_t all = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = malloc(sizeof(*b) + all);
		if (!b)
			return NULL;

		*b = (struct block){.refs = 1, .size = all};
		release(journal.block);
		journal.block = b;
	}

	p = (char *)b->data + b->used;
	b->used += size;
	++b->refs;
	*bp = b;

	return p;
}


static void forget(struct write *w)
{
	journal.size -= w->size;
	--journal.count;
	release(w->values_block);
	release(w->block);
}


static size_t size_of(const struct value *values, unsigned count)
{
	size_t size = count * sizeof(*values);

	for (unsigned i = 0; i < count; i++)
		size += values[i].text ? values[i].len + 1 : 0;

	return size;
}


/* Where the values of a write go, in place of those it has */
static struct value *make_room(struct write *w, size_t size)
{
	struct block *block;
	struct value *v;

	if (size <= w->space)
		return w->values;

	v = room(size, &block);
	if (!v)
		return NULL;

	release(w->values_block);
	w->values_block = block;
	w->space = size;
	w->size += size;
	journal.size += size;

	return v;
}


/* The texts behind the values */
static int copy(struct write *w, const struct value *values, unsigned count)
{
	struct value *v = make_room(w, size_of(values, count));
	char *p;

	if (!v)
		return ENOMEM;

	p = (char *)&v[count];
	for (unsigned i = 0; i < count; i++) {
		v[i] = values[i];
		if (!v[i].text)
			continue;

		v[i].text = memcpy(p, values[i].text, v[i].len + 1);
		p += v[i].len + 1;
	}

	w->values = v;
	w->count = count;

	return 0;
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


static void append(struct write *w)
{
	if (w->group) {
		struct write **wp = bucket(w->group,
					   key_of(w->values, w->count));

		w->same_hash = *wp;
		*wp = w;
	}

	if (journal.head)
		journal.last->next = w;
	else
		journal.head = w;
	journal.last = w;
	journal.size += sizeof(*w);
	++journal.count;
}


static int add(unsigned stmt, unsigned group, const struct value *values,
	       unsigned count, uint64_t turn)
{
	struct block *block;
	struct write *w = room(sizeof(*w), &block);

	if (!w)
		return ENOMEM;

	*w = (struct write){.stmt = stmt,
			    .group = group,
			    .size = sizeof(*w),
			    .turn = turn,
			    .block = block};
	if (copy(w, values, count)) {
		release(block);
		return ENOMEM;
	}

	append(w);

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
	int err;

	/* what was put can be put otherwise, or forgotten; what was forgotten
	   comes anew */
	if (group)
		w = journal_find(group, key_of(values, count));
	if (!w || stmt < w->stmt)
		return add(stmt, group, values, count, turn);

	err = copy(w, values, count);
	if (!err)
		w->stmt = stmt;

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
	release(journal.block);
	journal.block = NULL;
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
