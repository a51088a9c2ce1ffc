/**
 * @file sipmsg.h  The parts of a SIP message that a far end needs
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stddef.h>

/* A part of a message */
struct part {
	const char *p;
	size_t l;
};

bool part_is(const struct part *part, const char *text);
void part_copy(char *to, size_t size, const struct part *from);
struct part part_between(struct part value, const char *from,
			 const char *until);
struct part sipmsg_header(const char *message, const char *name);
