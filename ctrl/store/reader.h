/**
 * @file reader.h  Looks into the store that may take long, beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"


struct job;

int reader_open(const char *path, const char *const *sql, unsigned count);
void reader_close(void);
void reader_fleet(const char *path);
int reader_ask(struct job **jp, enum scope scope, job_h *run, job_h *done,
	       void *arg, uint64_t turn);
int reader_look_at(struct job **jp, enum scope scope, job_h *run, job_h *done,
		   void *arg);
void reader_start(enum scope scope, uint64_t turn);

#endif
