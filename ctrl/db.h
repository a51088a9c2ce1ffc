/**
 * @file db.h  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DB_H
#define DB_H

#include <stdint.h>

struct sqlite3_stmt;

int db_open(const char *dir, const char *schema, const char *const *sql,
	    unsigned count);
void db_close(void);
int db_commit(void);

struct sqlite3_stmt *db_stmt(unsigned n);
int db_write(unsigned n);
int db_step(unsigned n);
void db_reset(unsigned n);

#endif
