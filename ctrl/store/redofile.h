/**
 * @file redofile.h  The redo log on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REDOFILE_H
#define REDOFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


int redofiles_open(const char *dir, const char *header, size_t len, bool sync);
void redofiles_close(void);
int redofile_sync(void);
int redofile_append(const char *p, size_t len, uint64_t turn);
void redofile_turn(void);
void redofiles_settled(uint64_t turn);

#endif
