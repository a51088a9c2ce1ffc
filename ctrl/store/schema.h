/**
 * @file schema.h  The tables of the store, and the statements on them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "db.h"
#include "store.h"

struct db_rules;

struct sqlite3;

enum {
	STMT_COUNTERS,
	STMT_COUNT,
	STMT_MESSAGE,
	STMT_REPLAY,
	STMT_LAST,
	STMT_LAST_OF,
	STMT_CALL,
	STMT_SIZE,
	STMT_SHRINK,
	STMT_OLD_MESSAGES,
	STMT_OLD_TRANSFERS,
	STMT_FORGET_MESSAGE,
	STMT_FORGET_TRANSFER,
	STMT_TRANSFER,
	STMT_RUNNING,
	STMT_OUTCOME,
	STMT_PLACE,
	STMT_ONE,
	STMT_FIND_TIME,
	STMT_FIND_OUTCOME,
	STMT_FIND_CODE,
	STMT_FIND_SEQ,
	STMT_FIND_CALL,
	STMT_STARTS,
	STMT_ENDS,
	STMT_FINALS,
	STMT_FINAL,
	STMT_PUT,
	STMT_FORGET = STMT_PUT + STORE_TABLES,
	STMT_EACH = STMT_FORGET + STORE_TABLES,
	STMT_HAS = STMT_EACH + STORE_TABLES,
	STMTS = STMT_HAS + STORE_TABLES,
};

extern const char *const schema_sql[STMTS];
extern const struct db_rules schema_rules;

int schema_apply(struct sqlite3 *db);

#endif
