/**
 * @file arrival.h  Which messages have arrived at the far end of a connection
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARRIVAL_H
#define ARRIVAL_H

#include <stddef.h>
#include <stdint.h>

enum {
	ARRIVAL_MARKS = 64,
};

struct arrival {
	struct {
		uint64_t seq;
		uint64_t end; /* bytes of the connection, up to its last */
	} marks[ARRIVAL_MARKS];
	size_t count;
	uint64_t seq; /* last message that is known to have arrived */
};

void arrival_sent(struct arrival *a, int fd, uint64_t seq, size_t held);
uint64_t arrival_last(struct arrival *a, int fd);

#endif
