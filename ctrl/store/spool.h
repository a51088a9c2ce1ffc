/**
 * @file spool.h  Rows that are only added to SQLite's file, until they are
 *                there
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

/* A write that was taken */
struct spooled {
	unsigned stmt;
	const char *p;
};

typedef bool(spool_h)(const struct value *values, void *arg);

void spool_begin(int64_t gone);
int spool_add(unsigned stmt, const struct value *values, unsigned count);
int spool_take(struct spooled **listp, size_t *countp);
void spool_read(struct todo *todo, const struct spooled *s);
void spool_undo(void);
void spool_settled(void);
bool spool_free(size_t count);
void spool_each(unsigned stmt, int64_t after, spool_h *h, void *arg);
int64_t spool_gone(void);
int64_t spool_drop(void);
void spool_clear(void);
size_t spool_size(void);
size_t spool_count(void);

#endif
