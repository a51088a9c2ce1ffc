/**
 * @file write.h  A write that waits, in as few bytes as may be
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WRITE_H
#define WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct todo;
struct value;


/* Writes of the journal are listed and found by it and by keyindex.c */
struct write {
	struct write *next, *prev;
	struct write *same_hash;
	char *values;        /* see pack.h */
	struct arena *arena; /* that it is in itself; NULL: it has its own */
	struct arena *values_arena;
	uint64_t hash; /* of group and key */
	uint32_t stmt;
	uint32_t group;
	uint32_t size;     /* bytes of the values */
	uint32_t squeezed; /* ... as they are here, 0 if they are as ever */
	uint32_t space;    /* that there is for them */
	uint32_t round;    /* of the journal in which it came */
	bool cold;         /* may be squeezed */
};

const char *write_key(const struct value *values, unsigned count);
struct write *write_create(bool own);
void write_destroy(struct write *w);
int write_set(struct write *w, unsigned stmt, const struct value *values,
	      unsigned count, bool own);
bool write_read(struct todo *todo, const struct write *w);
void write_squeeze(struct write *w);
void writes_forget(void);
void writes_clear(void);

#endif
