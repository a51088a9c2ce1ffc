/**
 * @file returns.h  Positions of clients of a fleet when they left
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RETURNS_H
#define RETURNS_H

#include <stdint.h>

void returns_add(const char *name, uint64_t seq);
uint64_t returns_take(const char *name);
void returns_close(void);

#endif
