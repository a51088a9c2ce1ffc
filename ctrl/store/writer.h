/**
 * @file writer.h  Writes to the disk, beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>

struct batch;
struct db_rules;

int writer_open(const char *path, const struct db_rules *rules,
		const char *const *sql, unsigned count, bool power);
void writer_close(void);
void writer_settle(struct batch *batch);
bool writer_settled(void);
void writer_await(void);
void writer_bring(void);
bool writer_lost(void);

#endif
