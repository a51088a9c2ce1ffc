/**
 * @file txn.h  Transactions on SQLite's file, and whether they succeed
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TXN_H
#define TXN_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;
struct todo;

void txn_open(struct sqlite3 *file);
void txn_close(void);
int txn_begin(void);
int txn_run(const struct todo *todo);
int txn_commit(uint64_t turn);
bool txn_begun(void);
const char *txn_trouble(void);
void txn_recovered(void);

#endif
