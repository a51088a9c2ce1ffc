/**
 * @file delivery.h  Which messages have arrived at the far end of a connection
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stddef.h>
#include <stdint.h>


struct delivery;

int delivery_create(struct delivery **dp, uint64_t seq);
void delivery_sent(struct delivery *d, int fd, uint64_t seq, size_t held);
uint64_t delivery_last(struct delivery *d, int fd);

#endif
