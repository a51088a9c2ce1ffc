/**
 * @file memo.h  Texts that are remembered for a while
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MEMO_H
#define MEMO_H

#include <stddef.h>

struct memo;

int memo_create(struct memo **mp, size_t max, double age);
void memo_destroy(struct memo *m);
void memo_put(struct memo *m, const char *key, const char *text);
const char *memo_get(const struct memo *m, const char *key);

#endif
