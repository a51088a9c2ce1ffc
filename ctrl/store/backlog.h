/**
 * @file backlog.h  Writes that are not in SQLite's file yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "journal.h"

struct spooled;
struct todo;
struct value;
struct write;

enum { REASON_SIZE = 128 };

/* A batch that goes into the file in one transaction: the writer reads it
   while it waits here */
struct batch {
	struct spooled *messages;
	size_t messagec;
	size_t at; /* the next of them */
	const struct write *write, *last;
	size_t room;   /* bytes that the disk is asked to have, or 0 */
	uint64_t turn; /* the last one that is in it */

	/* Result of the batch */
	int err;
	char reason[REASON_SIZE];  /* why it is not in the file */
	char refused[REASON_SIZE]; /* ... or something of it, what it is */
};

void backlog_save(bool save);
int backlog_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count);
int backlog_take(struct batch *batch);
bool batch_next(struct batch *batch, struct todo *todo);
void backlog_undo(struct batch *batch);
void backlog_settled(struct batch *batch, journal_kind_h *kind);
bool backlog_free(size_t count);
int64_t backlog_relieve(unsigned past);
void backlog_clear(void);
size_t backlog_size(void);
size_t backlog_count(void);

#endif
