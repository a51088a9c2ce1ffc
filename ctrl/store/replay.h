/**
 * @file replay.h  Reads the redo log that a crash has left
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdint.h>


struct value;

/* A write of a turn that was found; `sql` is its statement */
typedef int(redo_h)(uint64_t turn, unsigned stmt, const char *sql,
		    const struct value *values, unsigned count, void *arg);

int redo_replay(const char *dir, uint64_t key, uint64_t *turnp, redo_h *h,
		void *arg);

#endif
