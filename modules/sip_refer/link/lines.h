/**
 * @file lines.h  Lines received on the link
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "linkreport.h"

/* Received bytes, from the begin of a line */
struct lines {
	char buf[LINK_LINE_MAX + 1]; /* with the end of the line */
	size_t len;
	bool skipping; /* the rest of a line that is too long */
};

/* Handles a line; returns true to go on with the next one */
typedef bool(lines_h)(const char *line, size_t len);

void lines_reset(struct lines *l);
ssize_t lines_recv(struct lines *l, int fd);
bool lines_split(struct lines *l, lines_h *h);

#endif
