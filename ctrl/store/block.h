/**
 * @file block.h  Many messages in one row of SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdint.h>

struct blocks;
struct sqlite3;
struct value;

struct blocks *blocks_create(void);
void blocks_destroy(struct blocks *b);
int block_add(struct blocks *b, struct sqlite3 *file,
	      const struct value *values);
int block_forget(struct blocks *b, struct sqlite3 *file,
		 const struct value *values);
int block_flush(struct blocks *b, struct sqlite3 *file);
void block_undo(struct blocks *b);
int64_t block_call(const char *call_sid);

#endif
