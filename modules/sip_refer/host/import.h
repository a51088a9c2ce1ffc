/**
 * @file import.h  Functions of ours in the place of those that baresip imports
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef IMPORT_H
#define IMPORT_H

#include <stddef.h>
#include <stdint.h>

int import_replace(const char *symbol, uintptr_t func, uintptr_t repl,
		   char *why, size_t size);
void import_restore(void);

#endif
