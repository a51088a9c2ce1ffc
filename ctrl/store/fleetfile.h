/**
 * @file fleetfile.h  The file of the fleet: opened, and moved aside
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETFILE_H
#define FLEETFILE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

struct sqlite3;

/* Its state when it was opened */
struct fleetfile {
	char epoch[FLEET_EPOCH_SIZE]; /* "" for none */
	uint64_t stream;              /* sequence of the stream */
	uint64_t last;                /* number of the last message */
	uint64_t forgotten;           /* ... that is not kept */
};

int fleetfile_open(struct sqlite3 **dbp, const char *dir, struct fleetfile *f);
int fleetfile_write(struct sqlite3 *db, const struct fleetfile *f);
int fleetfile_empty(struct sqlite3 *db);
void fleetfile_failed(int rc);
bool fleetfile_is_damaged(struct sqlite3 *db);

#endif
