/**
 * @file journal.h  What was written, until it is in SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL, if text is NULL and there is no number */
struct value {
	const char *text;
	size_t len; /* of the text, without its NUL */
	int64_t number;
	bool is_number;
};

struct block;

struct write {
	struct write *next;
	struct write *same_hash;
	unsigned stmt;
	unsigned group;
	unsigned count;
	size_t size;  /* bytes that it takes, with what was replaced */
	size_t space; /* of them, for its values */
	uint64_t turn;
	struct value *values;
	struct block *block;        /* that it is in itself */
	struct block *values_block; /* that its values are in */
};

int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count, uint64_t turn);
struct write *journal_find(unsigned group, const char *key);
void journal_seal(void);
void journal_merge(uint64_t turn);
struct write *journal_first(void);
void journal_drop_first(void);
void journal_drop_all(unsigned stmt);
void journal_clear(void);
size_t journal_size(void);
size_t journal_count(void);

#endif
