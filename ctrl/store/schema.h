/**
 * @file schema.h  The tables of the store, and the statements on them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdbool.h>
#include "db.h"
#include "store.h"

struct blocks;
struct db_rules;

struct sqlite3;

enum {
	STMT_COUNTERS,
	STMT_COUNT,
	STMT_MESSAGE,
	STMT_BLOCKS,
	STMT_SHARED,
	STMT_CALL,
	STMT_SIZE,
	STMT_SHRINK,
	STMT_OLD_BLOCKS,
	STMT_OLD_TRANSFERS,
	STMT_FORGET_BLOCK,
	STMT_FORGET_TRANSFER,
	STMT_CAPTURE,
	STMT_PACKETS,
	STMT_FORGET_CAPTURE,
	STMT_TRANSFER,
	STMT_RUNNING,
	STMT_LATELY,
	STMT_PLACE,
	STMT_ONE,
	STMT_FIND_TIME,
	STMT_FIND_OUTCOME,
	STMT_FIND_CODE,
	STMT_FIND_SEQ,
	STMT_FIND_CALL,
	STMT_FIND_MEMBER,
	STMT_STARTS, /* behind each of these, the same of one member */
	STMT_ENDS = STMT_STARTS + 2,
	STMT_FINALS = STMT_ENDS + 2,
	STMT_FINAL = STMT_FINALS + 2,
	STMT_PUT = STMT_FINAL + 2,
	STMT_FORGET = STMT_PUT + STORE_TABLES,
	STMT_EACH = STMT_FORGET + STORE_TABLES,
	STMT_KEYS = STMT_EACH + STORE_TABLES,
	STMTS = STMT_KEYS + STORE_TABLES,
};

extern const char *const schema_sql[STMTS];
extern const struct db_rules schema_rules;

int schema_apply(struct sqlite3 *db);
bool schema_is_foreign(struct sqlite3 *db);
int schema_run(struct blocks *b, struct sqlite3 *file,
	       const struct todo *todo);

#endif
