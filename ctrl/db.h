/**
 * @file db.h  The SQLite file: opened, locked, written once in a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stdint.h>
#include "journal.h"

struct sqlite3;

typedef int(db_schema_h)(struct sqlite3 *db);

/* Writes of one group replace each other, if their first values are the same:
   0 for none, see journal_add() */
typedef unsigned(db_group_h)(unsigned n);
typedef bool(db_values_h)(const struct value *values, void *arg);

int db_open(const char *dir, db_schema_h *schema, db_group_h *group,
	    const char *const *sql, unsigned count);
void db_close(void);
int db_commit(void);
bool db_pending(void);

void db_bind_text(unsigned n, int col, const char *text);
void db_bind_int(unsigned n, int col, int64_t value);
int64_t db_column_int(unsigned n, int col);
const char *db_column_text(unsigned n, int col);
int db_apply(void);
int db_begin(void);
void db_write(unsigned n);
int db_step(unsigned n);
void db_reset(unsigned n);
const char *db_trouble(void);
void db_waiting(unsigned n, db_values_h *h, void *arg);
const struct value *db_written(unsigned n, const char *key);

#endif
