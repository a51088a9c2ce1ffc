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

struct todo;
struct value;

struct sqlite3;

enum db_group {
	GROUP_NONE,  /* its writes are in nobody's place */
	GROUP_SPOOL, /* ... and each begins with a number above all before */
	GROUP_FIRST, /* from here on, writes of one group replace each other,
			if their first values are the same: journal_add() */
};

/* What is known of the statements, by their numbers */
struct db_rules {
	int (*schema)(struct sqlite3 *db); /* makes the tables */
	unsigned (*group)(unsigned n);

	/* The statement that finds the row which this one forgets, by the same
	   key; 0 if it forgets none */
	unsigned (*probe)(unsigned n);
	unsigned past; /* the one of what nobody needs but who asks for it */
};

int db_open(const char *dir, const struct db_rules *rules,
	    const char *const *sql, unsigned count);
void db_close(void);
int db_secure(void);
int db_commit(void);
bool db_pending(void);
bool db_busy(void);
bool db_is_near(size_t count);

void db_bind_text(unsigned n, int col, const char *text);
void db_bind_int(unsigned n, int col, int64_t value);
int64_t db_column_int(unsigned n, int col);
const char *db_column_text(unsigned n, int col);
int db_apply(void);
int db_begin(void);
void db_write(unsigned n);
int db_step(unsigned n);
void db_reset(unsigned n);
int64_t db_relieve(void);
bool db_written(struct todo *todo, unsigned n, const char *key);

#endif
