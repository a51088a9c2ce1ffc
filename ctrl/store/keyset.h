/**
 * @file keyset.h  The keys that are in SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEYSET_H
#define KEYSET_H

#include <stdbool.h>
#include <stdint.h>


void keyset_add(uint64_t hash);
void keyset_remove(uint64_t hash);
bool keyset_has(uint64_t hash);
void keyset_clear(void);

#endif
