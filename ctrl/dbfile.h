/**
 * @file dbfile.h  The SQLite file: opened, and brought up to date
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DBFILE_H
#define DBFILE_H

#include <stdint.h>

struct sqlite3;

typedef int(dbfile_schema_h)(struct sqlite3 *db);

/* Says which turn is the last one that is in the file */
extern const char dbfile_mark_sql[];

int dbfile_open(struct sqlite3 **dbp, const char *dir, dbfile_schema_h *schema,
		uint64_t *turnp);

#endif
