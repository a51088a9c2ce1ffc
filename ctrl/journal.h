/**
 * @file journal.h  What was written, until it is on disk
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
	int64_t number;
	bool is_number;
};

struct write {
	struct write *next;
	unsigned stmt;
	unsigned count;
	size_t size;
	bool ends_turn; /* with it, what is on disk is sound */
	struct value values[];
};

int journal_add(unsigned stmt, const struct value *values, unsigned count);
void journal_end_turn(void);
struct write *journal_first(void);
void journal_drop_first(void);
void journal_drop_all(unsigned stmt);
void journal_clear(void);
size_t journal_size(void);
size_t journal_count(void);

#endif
