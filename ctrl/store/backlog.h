/**
 * @file backlog.h  What was written and is not in SQLite's file yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct todo;
struct value;

void backlog_save(bool save);
int backlog_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count);
bool backlog_next(struct todo *todo);
void backlog_done(void);
void backlog_undo(void);
int64_t backlog_relieve(unsigned past);
void backlog_clear(void);
size_t backlog_size(void);
size_t backlog_count(void);

#endif
