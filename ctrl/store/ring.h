/**
 * @file ring.h  The redo log in memory that outlives referd, until on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


void ring_try(const char *const *dirs);
unsigned ring_places(void);
int ring_find(const char *dir, unsigned place);

int ring_open(const char *dir, const char *header, size_t len);
int ring_open_own(const char *header, size_t len);
bool ring_is_open(void);
void ring_close(bool done);
int ring_put(const char *p, size_t len);

bool ring_waits(void);
const char *ring_next(size_t *lenp, uint64_t *turnp);
void ring_taken(size_t len);
void ring_skip(uint64_t turn);

#endif
