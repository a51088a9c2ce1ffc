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
#include "block.h"
#include "journal.h"
#include "pack.h"


enum {
	BUCKETS_MIN = 512,  /* a power of 2 */
	WARM_MAX = 2048,    /* writes that are not squeezed */
	SQUEEZE_MIN = 256,  /* bytes that are worth it */
	SAMPLES_MAX = 64,   /* statements that have one */
	HEAP_SIZE = 2 * 16, /* bytes that malloc() needs for two */
};

struct write {
	struct write *next, *prev;
	struct write *same_hash;
	char *values;        /* see pack.h */
	struct block *block; /* that it is in itself; NULL: it has its own */
	struct block *values_block;
	uint64_t hash; /* of group and key */
	uint32_t stmt;
	uint32_t group;
	uint32_t size;     /* bytes of the values */
	uint32_t squeezed; /* ... as they are here, 0 if they are as ever */
	uint32_t space;    /* that there is for them */
	bool cold;         /* may be squeezed */
	bool done;         /* was run, and is not in the file yet */
};

struct sample {
	char *p;
	size_t len;
};

static struct {
	struct write *head, *tail;
	struct write *next; /* that was not run yet */
	struct write *warm; /* the oldest that is not cold */
	size_t warmc;
	size_t size; /* bytes */
	size_t count;
	bool save;           /* memory */
	struct block *block; /* that is being filled */

	/* By group and key, the newest of each first */
	struct write **buckets;
	size_t bucketc;

	/* Of what each statement writes, to squeeze by */
	struct sample samples[SAMPLES_MAX];

	char *expanded; /* values that were squeezed, as they are read */
	size_t expanded_size;
} journal;


static void *room(size_t size, struct block **bp)
{
	*bp = NULL;

	return journal.save ? malloc(size)
			    : block_room(&journal.block, size, bp);
}


static void release(void *p, struct block *block)
{
	if (block)
		block_release(block);
	else
		free(p);
}


static uint64_t hash_of(unsigned group, const char *key)
{
	uint64_t hash = 0xcbf29ce484222325 + group;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3;

	return hash ^ hash >> 32;
}


static const char *key_of(const struct value *values, unsigned count)
{
	return count && values[0].text ? values[0].text : "";
}


static struct write **bucket(uint64_t hash)
{
	return &journal.buckets[hash & (journal.bucketc - 1)];
}


/* In the order of the list, so that the newest comes first */
static int make_buckets(size_t count)
{
	struct write **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return ENOMEM;

	free(journal.buckets);
	journal.buckets = buckets;
	journal.bucketc = count;

	for (struct write *w = journal.head; w; w = w->next) {
		if (!w->group)
			continue;

		w->same_hash = *bucket(w->hash);
		*bucket(w->hash) = w;
	}

	return 0;
}


static void hash_leave(struct write *w)
{
	struct write **wp = w->group ? bucket(w->hash) : NULL;

	while (wp && *wp && *wp != w)
		wp = &(*wp)->same_hash;
	if (wp && *wp)
		*wp = w->same_hash;
}


static const char *values_of(const struct write *w)
{
	const struct sample *s = &journal.samples[w->stmt % SAMPLES_MAX];
	char *p;

	if (!w->squeezed)
		return w->values;

	if (journal.expanded_size < w->size) {
		p = realloc(journal.expanded, w->size);
		if (!p)
			return NULL;

		journal.expanded = p;
		journal.expanded_size = w->size;
	}

	return pack_expand(journal.expanded, w->size, w->values, w->squeezed,
			   s->p, s->len)
		       ? NULL
		       : journal.expanded;
}


static bool read_values(struct todo *todo, const struct write *w)
{
	const char *p = values_of(w);

	todo->stmt = w->stmt;
	todo->count = p ? pack_read(todo->values, p) : 0;

	return p != NULL;
}


static bool has_key(const struct write *w, uint64_t hash, unsigned group,
		    const char *key)
{
	struct todo todo;

	return w->hash == hash && w->group == group && read_values(&todo, w) &&
	       !strcmp(key_of(todo.values, todo.count), key);
}


/* The newest write of a key, from one of its chain on */
static struct write *find_from(struct write *w, uint64_t hash, unsigned group,
			       const char *key)
{
	while (w && !has_key(w, hash, group, key))
		w = w->same_hash;

	return w;
}


static struct write *find(unsigned group, const char *key)
{
	const uint64_t hash = hash_of(group, key);

	return journal.bucketc ? find_from(*bucket(hash), hash, group, key)
			       : NULL;
}


static void resize(struct write *w, uint32_t space)
{
	journal.size += space;
	journal.size -= w->space;
	w->space = space;
}


static void remove_write(struct write *w)
{
	hash_leave(w);
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

	resize(w, 0);
	journal.size -= sizeof(*w) + HEAP_SIZE;
	--journal.count;
	release(w->values, w->values_block);
	release(w, w->block);
}


/* Those of some time ago in fewer bytes, by the help of one that the same
   statement has written: much of it is the same */
static void squeeze(struct write *w)
{
	struct sample *s = &journal.samples[w->stmt % SAMPLES_MAX];
	char out[PACK_SAMPLE_MAX], *p;
	size_t size;

	if (w->squeezed || w->done || w->size < SQUEEZE_MIN ||
	    w->size > sizeof(out) || w->stmt >= SAMPLES_MAX)
		return;

	if (!s->p) {
		s->p = malloc(w->size);
		if (s->p)
			memcpy(s->p, w->values, w->size);
		s->len = w->size;
	}

	size = s->p ? pack_squeeze(out, sizeof(out), w->values, w->size, s->p,
				   s->len)
		    : 0;
	p = size && size < w->size ? malloc(size) : NULL;
	if (!p)
		return;

	memcpy(p, out, size);
	release(w->values, w->values_block);
	w->values = p;
	w->values_block = NULL;
	w->squeezed = (uint32_t)size;
	resize(w, (uint32_t)size);
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


static int set_values(struct write *w, unsigned stmt,
		      const struct value *values, unsigned count)
{
	const size_t size = pack_size(values, count);
	struct block *block = w->values_block;
	char *p = w->values;

	if (w->squeezed || !p || size > w->space ||
	    (journal.save && size < w->space / 2)) {
		p = room(size, &block);
		if (!p)
			return ENOMEM;

		if (w->values)
			release(w->values, w->values_block);
		w->values = p;
		w->values_block = block;
		resize(w, (uint32_t)size);
	}

	pack_write(p, values, count);
	w->stmt = stmt;
	w->size = (uint32_t)size;
	w->squeezed = 0;
	if (w->cold)
		squeeze(w);

	return 0;
}


static void append(struct write *w)
{
	if (w->group) {
		w->same_hash = *bucket(w->hash);
		*bucket(w->hash) = w;
	}

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
	struct block *block;
	struct write *w;

	if (!journal.bucketc && make_buckets(BUCKETS_MIN))
		return ENOMEM;
	if (journal.count > 2 * journal.bucketc)
		(void)make_buckets(4 * journal.bucketc);

	w = room(sizeof(*w), &block);
	if (!w)
		return ENOMEM;

	*w = (struct write){.group = group, .block = block};
	w->hash = group ? hash_of(group, key_of(values, count)) : 0;
	if (set_values(w, stmt, values, count)) {
		release(w, block);
		return ENOMEM;
	}

	append(w);
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
 * @return 0 if success, otherwise errorcode
 */
int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count)
{
	struct write *w = NULL;

	/* what was put can be put otherwise, or forgotten; what was forgotten
	   comes anew */
	if (group)
		w = find(group, key_of(values, count));

	return w && !w->done && stmt >= w->stmt
		       ? set_values(w, stmt, values, count)
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
	struct write *w = find(group, key);

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
	const struct write *w = find(group, key);

	return w && read_values(todo, w);
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
	while (journal.next && !read_values(todo, journal.next))
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
	struct write *newest = *bucket(w->hash);
	struct todo todo;
	char *key;

	if (!read_values(&todo, w))
		return;

	key = strdup(key_of(todo.values, todo.count));
	if (!key)
		return;

	newest = find_from(newest, w->hash, w->group, key);
	if (newest != w && newest->stmt >= w->stmt &&
	    find_from(newest->same_hash, w->hash, w->group, key) == w &&
	    read_values(&todo, newest) &&
	    !set_values(w, todo.stmt, todo.values, todo.count))
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

	for (struct write *w = journal.head; w; w = next) {
		next = w->next;
		release(w->values, w->values_block);
		release(w, w->block);
	}

	for (size_t i = 0; i < SAMPLES_MAX; i++)
		free(journal.samples[i].p);
	memset(journal.samples, 0, sizeof(journal.samples));
	block_release(journal.block);
	free(journal.expanded);
	if (journal.bucketc > BUCKETS_MIN || !journal.head) {
		free(journal.buckets);
		journal.buckets = NULL;
		journal.bucketc = 0;
	}
	else {
		memset(journal.buckets, 0,
		       journal.bucketc * sizeof(*journal.buckets));
	}
	pack_close();

	journal.head = journal.tail = journal.next = journal.warm = NULL;
	journal.warmc = journal.size = journal.count = 0;
	journal.block = NULL;
	journal.expanded = NULL;
	journal.expanded_size = 0;
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
