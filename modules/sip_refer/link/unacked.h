/**
 * @file unacked.h  Reports that referd has not acknowledged
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef UNACKED_H
#define UNACKED_H

#include <stdbool.h>
#include <stdint.h>

struct direct_service;
struct report;

int unacked_add(const struct report *r, bool passing, bool direct);
void unacked_forget(uint64_t n);
uint64_t unacked_first(void);
uint64_t unacked_next(void);
void unacked_rewind(void);
int unacked_write(int fd, int flags);
bool unacked_hand(const struct direct_service *const *servicep);
void unacked_close(void);

#endif
