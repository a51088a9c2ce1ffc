/**
 * @file dbstmt.h  The statements of the store: their bindings and results
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DBSTMT_H
#define DBSTMT_H

#include "store.h"

struct sqlite3;
struct todo;
struct value;

enum scope dbstmts_scope(enum scope scope);
int dbstmts_prepare(struct sqlite3 *file, const char *const *sql,
		    unsigned count);
void dbstmts_finalize(void);
struct sqlite3 *dbstmts_file(void);
const struct value *dbstmt_take(unsigned n, unsigned *countp);
int dbstmt_run(const struct todo *todo);

#endif
