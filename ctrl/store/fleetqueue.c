/**
 * @file fleetqueue.c  Writes that wait for the fleet's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fleetqueue.h"
#include "journal.h"
#include "pack.h"


enum { STEP = 4096 }; /* bytes that are added, at least */

/* Before each write */
struct head {
	uint32_t size; /* bytes of its values */
	uint32_t stmt;
};


/**
 * Add a write
 *
 * @param c    Its chunk
 * @param todo Write, copied
 *
 * @return 0 if success, or ENOMEM
 */
int chunk_add(struct chunk *c, const struct todo *todo)
{
	struct head h = {
		.size = (uint32_t)pack_size(todo->values, todo->count),
		.stmt = todo->stmt};
	char *p;

	if (c->len + sizeof(h) + h.size > c->size) {
		const size_t size = 2 * c->size + sizeof(h) + h.size + STEP;

		p = realloc(c->p, size);
		if (!p)
			return ENOMEM;

		c->p = p;
		c->size = size;
	}

	p = c->p + c->len;
	memcpy(p, &h, sizeof(h));
	pack_write(p + sizeof(h), todo->values, todo->count);
	c->len += sizeof(h) + h.size;
	++c->count;

	return 0;
}


/**
 * Read the next write, in any thread
 *
 * @param c    Its chunk
 * @param atp  Place, 0 for the first one; set to that of the next one
 * @param todo Set to it; its texts stay where they are
 *
 * @return False if there is none
 */
bool chunk_next(const struct chunk *c, size_t *atp, struct todo *todo)
{
	struct head h;

	if (*atp >= c->len)
		return false;

	memcpy(&h, c->p + *atp, sizeof(h));
	todo->stmt = h.stmt;
	todo->count = pack_read(todo->values, c->p + *atp + sizeof(h));
	*atp += sizeof(h) + h.size;

	return true;
}


/**
 * Free it
 *
 * @param c Chunk, may be NULL
 */
void chunk_destroy(struct chunk *c)
{
	if (c)
		free(c->p);
	free(c);
}
