/**
 * @file arena.c  Memory for many small things that go in the order they came
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "arena.h"


enum { ARENA_SIZE = 1 << 16 };

/* Freed with the last object in it */
struct arena {
	unsigned refs; /* one more while it is filled */
	size_t used;
	size_t size;
	max_align_t data[];
};


/**
 * Let go of something that is in an arena, or of the arena that is filled
 *
 * @param a Arena, may be NULL
 */
void arena_release(struct arena *a)
{
	if (a && --a->refs == 0)
		free(a);
}


/**
 * Find room in the arena that is filled, or in a new one
 *
 * @param fillp Arena that is filled, NULL at first
 * @param size  Bytes
 * @param ap    Set to the arena that they are in, for arena_release()
 *
 * @return Room for anything, NULL if out of memory
 */
void *arena_alloc(struct arena **fillp, size_t size, struct arena **ap)
{
	const size_t align = sizeof(max_align_t);
	struct arena *a = *fillp;
	char *p;

	size = (size + align - 1) / align * align;
	if (!a || a->used + size > a->size) {
		const size_t all = size > ARENA_SIZE ? size : ARENA_SIZE;

		a = malloc(sizeof(*a) + all);
		if (!a)
			return NULL;

		*a = (struct arena){.refs = 1, .size = all};
		arena_release(*fillp);
		*fillp = a;
	}

	p = (char *)a->data + a->used;
	a->used += size;
	++a->refs;
	*ap = a;

	return p;
}
