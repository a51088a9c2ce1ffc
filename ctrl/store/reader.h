/**
 * @file reader.h  Looks into the store that may take long, beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include "store.h"


struct job;

int reader_open(const char *path, const char *const *sql, unsigned count);
void reader_close(void);
int reader_ask(struct job **jp, job_h *run, job_h *done, void *arg);
void reader_start(void);
void reader_checkpoint(void);
bool reader_copies(void);

#endif
