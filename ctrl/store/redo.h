/**
 * @file redo.h  The redo log: keeps the writes of a turn before messages leave
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REDO_H
#define REDO_H

#include <stdbool.h>
#include <stdint.h>


struct value;

void redo_open(const char *dir, uint64_t key, const char *const *sql,
	       unsigned count, bool power);
void redo_close(bool done);
bool redo_is_memory(void);
void redo_add(unsigned stmt, const struct value *values, unsigned count);
int redo_write(uint64_t turn);

void redo_taken(void);
void redo_settled(uint64_t turn);

int redo_bring(void);
int redo_sync(uint64_t *turnp);
void redo_turn(void);
void redo_brought(uint64_t turn);

#endif
