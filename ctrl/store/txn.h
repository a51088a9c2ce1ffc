/**
 * @file txn.h  A transaction on SQLite's file: all that was taken, or nothing
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TXN_H
#define TXN_H

#include <stdbool.h>

struct batch;
struct db_rules;
struct sqlite3;

bool txn_refused(int rc);
void txn_settle(struct sqlite3 *file, const struct db_rules *rules,
		struct batch *batch);

#endif
