/**
 * @file dbstmt.h  The statements of the store: what is bound, and read
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DBSTMT_H
#define DBSTMT_H

struct sqlite3;
struct value;
struct write;

int dbstmts_prepare(struct sqlite3 *file, const char *const *sql,
		    unsigned count);
void dbstmts_finalize(void);
const struct value *dbstmt_values(unsigned n, unsigned *countp);
void dbstmt_bind_again(const struct write *w);
int dbstmt_run(unsigned n);

#endif
