/**
 * @file keyset.c  The keys that are in SQLite's file
 *
 * A key that is not in the file need not be removed from it, and most keys of
 * a call or a hook come and go before they get there.  The tables concerned
 * are small: they hold what lives.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "keyset.h"


enum { SIZE_MIN = 256 }; /* a power of 2 */

/* A hash table with open addressing; 0 is an empty place */
static struct {
	uint64_t *hashes;
	size_t size;
	size_t count;
	bool all; /* memory ran out: anything may be there */
} keyset;


static size_t next_of(size_t i)
{
	return (i + 1) & (keyset.size - 1);
}


/* The place of a key, or its free place */
static size_t place_of(uint64_t hash)
{
	size_t i = hash & (keyset.size - 1);

	while (keyset.hashes[i] && keyset.hashes[i] != hash)
		i = next_of(i);

	return i;
}


static bool grow(void)
{
	const size_t size = keyset.size;
	uint64_t *old = keyset.hashes, *hashes;

	if (2 * keyset.count < size)
		return true;

	hashes = calloc(size ? 2 * size : SIZE_MIN, sizeof(*hashes));
	if (!hashes)
		return false;

	keyset.hashes = hashes;
	keyset.size = size ? 2 * size : SIZE_MIN;
	for (size_t i = 0; i < size; i++) {
		if (old[i])
			hashes[place_of(old[i])] = old[i];
	}
	free(old);

	return true;
}


/**
 * Note a key
 *
 * @param hash Hash of group and key, see hash_text()
 */
void keyset_add(uint64_t hash)
{
	size_t i;

	if (!grow()) {
		keyset.all = true;
		return;
	}

	i = place_of(hash);
	keyset.count += hash && !keyset.hashes[i];
	keyset.hashes[i] = hash;
	keyset.all |= !hash;
}


/**
 * Forget a key
 *
 * @param hash Hash of group and key
 */
void keyset_remove(uint64_t hash)
{
	size_t i, j;

	if (!keyset.size || !hash)
		return;

	i = place_of(hash);
	if (!keyset.hashes[i])
		return;

	/* a later key that belongs here moves up */
	for (j = next_of(i); keyset.hashes[j]; j = next_of(j)) {
		const size_t home = keyset.hashes[j] & (keyset.size - 1);

		if (((j - home) & (keyset.size - 1)) >=
		    ((j - i) & (keyset.size - 1))) {
			keyset.hashes[i] = keyset.hashes[j];
			i = j;
		}
	}
	keyset.hashes[i] = 0;
	--keyset.count;
}


/**
 * Tell whether a key is known
 *
 * @param hash Hash of group and key
 *
 * @return False if it is not in the file for sure
 */
bool keyset_has(uint64_t hash)
{
	return keyset.all ||
	       (keyset.size && keyset.hashes[place_of(hash)] == hash && hash);
}


/**
 * Forget all keys
 */
void keyset_clear(void)
{
	free(keyset.hashes);
	memset(&keyset, 0, sizeof(keyset));
}
