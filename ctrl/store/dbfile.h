/**
 * @file dbfile.h  The SQLite file: opened, and brought up to date
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DBFILE_H
#define DBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct db_rules;
struct sqlite3;

int dbfile_create(struct sqlite3 **dbp, const char *path, bool power);
int dbfile_connect(struct sqlite3 **dbp, const char *path, int time,
		   bool power);
int dbfile_open(struct sqlite3 **dbp, const char *dir,
		const struct db_rules *rules, const char *const *sql,
		unsigned count, bool power, uint64_t *turnp, uint64_t *keyp);
int dbfile_room(struct sqlite3 *db, size_t size);
int dbfile_mark(struct sqlite3 *db, uint64_t turn);
void dbfile_close(struct sqlite3 *db);

#endif
