/**
 * @file sipmsg.c  The parts of a SIP message that a far end needs
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "sipmsg.h"


/**
 * Compare a part with a text
 */
bool part_is(const struct part *part, const char *text)
{
	return part->l == strlen(text) && !memcmp(part->p, text, part->l);
}


/**
 * Get the value of the first header field of a name, "" if absent
 */
struct part sipmsg_header(const char *message, const char *name)
{
	const size_t len = strlen(name);
	struct part value = {"", 0};
	const char *line = message;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncasecmp(line, name, len) && line[len] == ':') {
			value.p = line + len + 1;
			value.p += strspn(value.p, " ");
			value.l = strcspn(value.p, "\r");
			break;
		}
	}

	return value;
}


/**
 * Get the text between two marks
 *
 * @param value Of a header field
 * @param from  Begins behind this text
 * @param until Ends before any of these characters
 *
 * @return Part, "" if the first mark is absent
 */
struct part part_between(struct part value, const char *from,
			 const char *until)
{
	const char *start = memmem(value.p, value.l, from, strlen(from));
	struct part found = {"", 0};

	if (start) {
		const char *end = value.p + value.l;

		found.p = start + strlen(from);
		found.l = strcspn(found.p, until);
		if (found.p + found.l > end)
			found.l = (size_t)(end - found.p);
	}

	return found;
}


/**
 * Copy a part, as a string
 */
void part_copy(char *to, size_t size, const struct part *from)
{
	snprintf(to, size, "%.*s", (int)from->l, from->p);
}
