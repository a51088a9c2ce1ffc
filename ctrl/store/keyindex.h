/**
 * @file keyindex.h  Finds the writes that wait by their keys
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEYINDEX_H
#define KEYINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct write;

int keyindex_grow(size_t count, struct write *first);
void keyindex_add(struct write *w, const char *key);
void keyindex_remove(struct write *w);
struct write *keyindex_find(unsigned group, const char *key);
struct write *keyindex_before(const struct write *w, const char *key);
void keyindex_clear(bool keep);

#endif
