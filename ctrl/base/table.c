/**
 * @file table.c  Hash table with string keys
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base.h"


enum { SIZE_MIN = 8 }; /* most are small, and gone through each turn */

struct entry {
	struct entry *next;
	void *value;
	uint32_t hash;
	char key[];
};

struct table {
	struct entry **slots;
	size_t size; /* a power of two */
	size_t count;
};


static struct entry **find(const struct table *t, const char *key,
			   uint32_t hash)
{
	struct entry **ep = &t->slots[hash & (t->size - 1)];

	while (*ep && ((*ep)->hash != hash || strcmp((*ep)->key, key)))
		ep = &(*ep)->next;

	return ep;
}


/* A table that can't grow still works: only its chains get longer */
static void grow(struct table *t)
{
	size_t size = t->size * 2;
	struct entry **slots = calloc(size, sizeof(*slots));

	if (!slots)
		return;

	for (size_t i = 0; i < t->size; i++) {
		struct entry *e = t->slots[i];

		while (e) {
			struct entry *next = e->next;

			e->next = slots[e->hash & (size - 1)];
			slots[e->hash & (size - 1)] = e;
			e = next;
		}
	}

	free(t->slots);
	t->slots = slots;
	t->size = size;
}


int table_create(struct table **tp)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return ENOMEM;

	t->size = SIZE_MIN;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (!t->slots) {
		free(t);
		return ENOMEM;
	}

	*tp = t;

	return 0;
}


void table_destroy(struct table *t)
{
	if (!t)
		return;

	for (size_t i = 0; i < t->size; i++) {
		while (t->slots[i]) {
			struct entry *e = t->slots[i];

			t->slots[i] = e->next;
			free(e);
		}
	}

	free(t->slots);
	free(t);
}


int table_put(struct table *t, const char *key, void *value)
{
	uint32_t hash = (uint32_t)hash_text(0, key);
	struct entry **ep = find(t, key, hash);
	size_t len = strlen(key) + 1;
	struct entry *e = *ep;

	if (e) {
		e->value = value;
		return 0;
	}

	e = malloc(sizeof(*e) + len);
	if (!e)
		return ENOMEM;

	memcpy(e->key, key, len);
	e->hash = hash;
	e->value = value;
	e->next = NULL;
	*ep = e;

	if (++t->count > t->size)
		grow(t);

	return 0;
}


void *table_get(const struct table *t, const char *key)
{
	struct entry *e;

	if (!t || !key)
		return NULL;

	e = *find(t, key, (uint32_t)hash_text(0, key));

	return e ? e->value : NULL;
}


void *table_take(struct table *t, const char *key)
{
	struct entry **ep, *e;
	void *value;

	if (!t || !key)
		return NULL;

	ep = find(t, key, (uint32_t)hash_text(0, key));
	e = *ep;
	if (!e)
		return NULL;

	*ep = e->next;
	--t->count;
	value = e->value;
	free(e);

	return value;
}


size_t table_count(const struct table *t)
{
	return t ? t->count : 0;
}


void table_each(struct table *t, table_each_h *h, void *arg)
{
	if (!t)
		return;

	for (size_t i = 0; i < t->size; i++) {
		struct entry *e = t->slots[i];

		while (e) {
			struct entry *next = e->next;

			if (h(e->key, e->value, arg))
				return;

			e = next;
		}
	}
}
