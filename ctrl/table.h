/**
 * @file table.h  Hash table with string keys
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table;

typedef bool(table_each_h)(const char *key, void *value, void *arg);

int table_create(struct table **tp);
void table_destroy(struct table *t);
int table_put(struct table *t, const char *key, void *value);
void *table_get(const struct table *t, const char *key);
void *table_take(struct table *t, const char *key);
size_t table_count(const struct table *t);
void table_each(struct table *t, table_each_h *h, void *arg);

#endif
