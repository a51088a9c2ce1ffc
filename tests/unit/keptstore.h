/**
 * @file keptstore.h  A store with entries replaced by key, and numbers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEPTSTORE_H
#define KEPTSTORE_H

#include <sqlite3.h>
#include "plainrules.h"
#include "store/db.h"
#include "unit.h"
#include <string.h>


enum { PUT, FORGET, ADD, READ, COUNT, KEYS, STMTS };

static const char *const sql[STMTS] = {
	[PUT] = "INSERT INTO kept(key, data) VALUES(?, ?)"
		" ON CONFLICT(key) DO UPDATE SET data = excluded.data",
	[FORGET] = "DELETE FROM kept WHERE key = ?",
	[ADD] = "INSERT INTO numbers VALUES(?)",
	[READ] = "SELECT key || '=' || data FROM kept ORDER BY id",
	[COUNT] = "SELECT count(*) FROM numbers",
	[KEYS] = "SELECT key FROM kept",
};


static inline int schema(sqlite3 *db)
{
	return sqlite3_exec(db,
			    "CREATE TABLE IF NOT EXISTS kept("
			    " id INTEGER PRIMARY KEY,"
			    " key TEXT UNIQUE NOT NULL, data TEXT);"
			    "CREATE TABLE IF NOT EXISTS numbers(n INTEGER)",
			    NULL, NULL, NULL);
}


static inline unsigned group(unsigned n)
{
	return n == PUT || n == FORGET ? GROUP_FIRST : GROUP_NONE;
}


static inline enum write_kind kind(unsigned n)
{
	return n == PUT      ? WRITE_PUTS
	       : n == FORGET ? WRITE_FORGETS
			     : WRITE_OTHER;
}


static inline unsigned keys(unsigned n)
{
	return n == FORGET ? KEYS : 0;
}


static const struct db_rules rules = {
	.schema = schema,
	.group = group,
	.kind = kind,
	.keys = keys,
	.past = STMTS,
	PLAIN_RULES,
};


static inline void put(const char *key, const char *data)
{
	db_bind_text(PUT, 1, key);
	db_bind_text(PUT, 2, data);
	db_write(PUT);
}


static inline void forget(const char *key)
{
	db_bind_text(FORGET, 1, key);
	db_write(FORGET);
}


/* Checks the entries in the file, and those that read as if they were in it */
static inline void assert_kept(unsigned n, const char *expected)
{
	char text[256] = "";

	assert_int_equal(db_apply(), 0);
	while (!db_step(n)) {
		strcat(text, db_column_text(n, 0));
		strcat(text, ";");
	}
	assert_string_equal(text, expected);
}

#endif
