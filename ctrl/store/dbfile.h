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

int dbfile_open(struct sqlite3 **dbp, const char *dir, dbfile_schema_h *schema,
		uint64_t *turnp);
int dbfile_mark(struct sqlite3 *db, uint64_t turn);
void dbfile_close(struct sqlite3 *db);

#endif
