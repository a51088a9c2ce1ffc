/**
 * @file arrival.h  Which messages have arrived at the far end of a connection
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARRIVAL_H
#define ARRIVAL_H

#include <stddef.h>
#include <stdint.h>


struct arrival;

int arrival_create(struct arrival **ap, uint64_t seq);
void arrival_sent(struct arrival *a, int fd, uint64_t seq, size_t held);
uint64_t arrival_last(struct arrival *a, int fd);

#endif
