/**
 * @file fleetqueue.h  Writes that wait for the fleet's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETQUEUE_H
#define FLEETQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store.h"

struct todo;


/* Writes up to one mark, which never change again.  The loop owns them until
   the writer is done with them and no reader needs them in memory. */
struct chunk {
	struct chunk *next; /* of the loop's */
	struct chunk *todo; /* ... and of the writer's */
	uint64_t number;    /* rises by 1 */
	bool begins; /* all before is forgotten, as it is of that epoch */
	bool past;   /* ... it was: nobody reads it in memory any more */
	char epoch[FLEET_EPOCH_SIZE];
	uint64_t stream;    /* sequence of the stream */
	uint64_t last;      /* number of its last message, 0 if it has none */
	uint64_t forgotten; /* ... of the last one that is not kept, or 0 */

	/* Writes, one behind the other: see chunk_next() */
	char *p;
	size_t len, size;
	unsigned count;
};

int chunk_add(struct chunk *c, const struct todo *todo);
bool chunk_next(const struct chunk *c, size_t *atp, struct todo *todo);
void chunk_destroy(struct chunk *c);

uint64_t fleetstore_hurry(void);
void fleetstore_start_jobs(void);

#endif
