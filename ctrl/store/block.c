/**
 * @file block.c  Memory for many small things that go in the order they came
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "block.h"


enum { BLOCK_SIZE = 1 << 16 };

/* Freed with the last of what is in it */
struct block {
	unsigned refs; /* one more while it is filled */
	size_t used;
	size_t size;
	max_align_t data[];
};


/**
 * Let go of something that is in a block, or of the block that is filled
 *
 * @param b Block, may be NULL
 */
void block_release(struct block *b)
{
	if (b && --b->refs == 0)
		free(b);
}


/**
 * Find room in the block that is filled, or in a new one
 *
 * @param fillp Block that is filled, NULL at first
 * @param size  Bytes
 * @param bp    Set to the block that they are in, for block_release()
 *
 * @return Room for anything, NULL if memory ran out
 */
void *block_room(struct block **fillp, size_t size, struct block **bp)
{
	const size_t align = sizeof(max_align_t);
	struct block *b = *fillp;
	char *p;

	size = (size + align - 1) / align * align;
	if (!b || b->used + size > b->size) {
		const size_t all = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = malloc(sizeof(*b) + all);
		if (!b)
			return NULL;

		*b = (struct block){.refs = 1, .size = all};
		block_release(*fillp);
		*fillp = b;
	}

	p = (char *)b->data + b->used;
	b->used += size;
	++b->refs;
	*bp = b;

	return p;
}
