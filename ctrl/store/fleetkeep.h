/**
 * @file fleetkeep.h  How long the past of a fleet is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETKEEP_H
#define FLEETKEEP_H

#include <stdbool.h>
#include <stdint.h>

struct blocks;
struct fleetfile;
struct sqlite3;

struct fleetkeep {
	int64_t age;      /* in ms, 0 to keep all */
	int64_t size;     /* in bytes */
	int64_t message;  /* behind these the next step goes on */
	int64_t transfer; /* ... */
	int64_t free;     /* bytes of the file when it was shrunk */
};

int fleetkeep_step(struct fleetkeep *k, struct blocks *b, struct sqlite3 *db,
		   struct fleetfile *f, bool *morep);

#endif
