/**
 * @file journal.h  Writes until they are in SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


enum { VALUES_MAX = 24 }; /* of a write */

/* NULL, if text is NULL and there is no number */
struct value {
	const char *text;
	size_t len; /* of the text, without its NUL */
	int64_t number;
	bool is_number;
};

/* A write that is to be run */
struct todo {
	unsigned stmt;
	unsigned count;
	struct value values[VALUES_MAX];
};

enum write_kind {
	WRITE_OTHER,
	WRITE_PUTS,    /* a row of its key */
	WRITE_FORGETS, /* ... that there is no more */
};

typedef enum write_kind(journal_kind_h)(unsigned stmt);

struct write;

void journal_save(bool save);
int journal_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count);
bool journal_remove(unsigned group, const char *key);
bool journal_find(struct todo *todo, unsigned group, const char *key);
const struct write *journal_take(void);
const struct write *journal_last(void);
bool journal_read(struct todo *todo, const struct write **wp,
		  const struct write *last);
void journal_undo(void);
void journal_settled(journal_kind_h *kind);
bool journal_free(size_t count);
bool journal_drop(unsigned stmt, size_t size);
void journal_clear(void);
size_t journal_size(void);
size_t journal_count(void);

#endif
