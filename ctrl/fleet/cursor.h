/**
 * @file cursor.h  How far we have published, as we know ourselves
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CURSOR_H
#define CURSOR_H

#include <stdint.h>

void cursor_open(void);
void cursor_close(void);
uint64_t cursor_of(const char *epoch);
void cursor_set(const char *epoch, uint64_t last);

#endif
