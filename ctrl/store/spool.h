/**
 * @file spool.h  What is only added to SQLite's file, until it is there
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "journal.h"

struct todo;
struct value;

typedef bool(spool_h)(const struct value *values, void *arg);

int spool_add(unsigned stmt, const struct value *values, unsigned count);
bool spool_next(struct todo *todo);
void spool_done(void);
void spool_undo(void);
void spool_each(unsigned stmt, int64_t after, spool_h *h, void *arg);
int64_t spool_drop(void);
void spool_clear(void);
size_t spool_size(void);
size_t spool_count(void);

#endif
