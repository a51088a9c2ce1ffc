/**
 * @file keyindex.c  Finds the writes that wait by their keys
 *
 * A hash table by group and key, the newest of each first.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "journal.h"
#include "keyindex.h"
#include "write.h"


enum { BUCKETS_MIN = 512 }; /* a power of 2 */

static struct {
	struct write **buckets;
	size_t count;
} keyindex;


static struct write **bucket(uint64_t hash)
{
	return &keyindex.buckets[hash & (keyindex.count - 1)];
}


static void insert(struct write *w)
{
	w->same_hash = *bucket(w->hash);
	*bucket(w->hash) = w;
}


/* In the order of the list, so that the newest comes first */
static int resize(size_t count, struct write *first)
{
	struct write **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return ENOMEM;

	free(keyindex.buckets);
	keyindex.buckets = buckets;
	keyindex.count = count;

	for (struct write *w = first; w; w = w->next) {
		if (w->group)
			insert(w);
	}

	return 0;
}


/**
 * Make room for another write; growing slowly is not a failure
 *
 * @param count Number of writes
 * @param first The oldest of them
 *
 * @return 0 if success, ENOMEM if no write fits
 */
int keyindex_grow(size_t count, struct write *first)
{
	if (!keyindex.count)
		return resize(BUCKETS_MIN, first);

	if (count > 2 * keyindex.count)
		(void)resize(4 * keyindex.count, first);

	return 0;
}


/**
 * Add a write, for which there is room
 *
 * @param w   Write of a group, newer than all others
 * @param key Its key
 */
void keyindex_add(struct write *w, const char *key)
{
	w->hash = hash_text(w->group, key);
	insert(w);
}


/**
 * Remove a write
 *
 * @param w Write of a group
 */
void keyindex_remove(struct write *w)
{
	struct write **wp = bucket(w->hash);

	while (*wp && *wp != w)
		wp = &(*wp)->same_hash;
	if (*wp)
		*wp = w->same_hash;
}


static bool has_key(const struct write *w, uint64_t hash, unsigned group,
		    const char *key)
{
	struct todo todo;

	return w->hash == hash && w->group == group && write_read(&todo, w) &&
	       !strcmp(write_key(todo.values, todo.count), key);
}


/* The newest write of a key, from one of its chain on */
static struct write *find_from(struct write *w, uint64_t hash, unsigned group,
			       const char *key)
{
	while (w && !has_key(w, hash, group, key))
		w = w->same_hash;

	return w;
}


/**
 * Find the newest write of a key
 *
 * @param group Its group
 * @param key   Key
 *
 * @return Write, NULL if there is none
 */
struct write *keyindex_find(unsigned group, const char *key)
{
	const uint64_t hash = hash_text(group, key);

	return keyindex.count ? find_from(*bucket(hash), hash, group, key)
			      : NULL;
}


/**
 * Find the previous write of the same key
 *
 * @param w   Write
 * @param key Its key
 *
 * @return Write, NULL if there is none
 */
struct write *keyindex_before(const struct write *w, const char *key)
{
	return find_from(w->same_hash, w->hash, w->group, key);
}


/**
 * Forget all writes
 *
 * @param keep True to keep the room for a few
 */
void keyindex_clear(bool keep)
{
	if (!keep || keyindex.count > BUCKETS_MIN) {
		free(keyindex.buckets);
		memset(&keyindex, 0, sizeof(keyindex));
	}
	else if (keyindex.count) {
		memset(keyindex.buckets, 0,
		       keyindex.count * sizeof(*keyindex.buckets));
	}
}
