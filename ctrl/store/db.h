/**
 * @file db.h  The SQLite file: opened, locked, written now and then
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "journal.h"

struct todo;
struct value;

struct sqlite3;
struct sqlite3_blob;

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

	/* For the text of a statement of an earlier release, true if it must
	   not be run as it stands: `np` is set to the one that does the same,
	   or to the number of all if none need be run.  May be NULL */
	bool (*former)(unsigned *np, const char *sql);

	journal_kind_h *kind;

	/* Of one that forgets a row, the one that lists the keys that there
	   are; 0 of all others */
	unsigned (*keys)(unsigned n);
	unsigned past; /* the one of what nobody needs but who asks for it */

	/* Runs a write in a transaction on the file: SQLITE_DONE, or what
	   SQLite says.  What it holds back is in the file with `flush`, before
	   the commit, or comes again after `undo`, when nothing was run.  Who
	   writes has these, one thread at a time. */
	int (*run)(struct sqlite3 *file, const struct todo *todo);
	int (*flush)(struct sqlite3 *file);
	void (*undo)(void);
	void (*close)(void); /* before the file is closed */
};

int db_open(const char *dir, const struct db_rules *rules,
	    const char *const *sql, unsigned count);
void db_close(void);
int db_secure(void);
int db_commit(void);
bool db_pending(void);
void db_power(bool power);
uint64_t db_turn(void);
uint64_t db_kept(void);
void db_stuck(void);
bool db_busy(void);
double db_wait(void);
void db_hurry(void);
const char *db_trouble(void);

/* Of one row after the other, without the rest of it */
struct db_piece {
	const char *table;
	const char *column;
	struct sqlite3_blob *blob;
	char *p;
	size_t size;
};

const char *db_piece_read(struct db_piece *piece, int64_t row, size_t begin,
			  size_t len);
void db_piece_close(struct db_piece *piece);

void db_bind_text(unsigned n, int col, const char *text);
void db_bind_int(unsigned n, int col, int64_t value);
int64_t db_column_int(unsigned n, int col);
const char *db_column_text(unsigned n, int col);
const char *db_column_data(unsigned n, int col, size_t *lenp);
int db_apply(void);
void db_write(unsigned n);
int db_step(unsigned n);
void db_reset(unsigned n);
int64_t db_relieve(void);
bool db_written(struct todo *todo, unsigned n, const char *key);

#endif
