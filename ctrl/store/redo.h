/**
 * @file redo.h  The redo log: what a turn writes, on disk before it is sent
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REDO_H
#define REDO_H

#include <stdint.h>


struct value;

int redo_open(const char *dir, const char *const *sql, unsigned count);
void redo_close(void);
void redo_add(unsigned stmt, const struct value *values, unsigned count);
int redo_write(uint64_t turn);
void redo_clear(void);

#endif
