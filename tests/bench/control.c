/**
 * @file control.c  What the controls have in common
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "control.h"


static const struct control_type *const types[] = {
	&control_referd,
	&control_tcp,
	&control_tcp_plain,
	&control_janus,
};


/**
 * Find a type of control
 *
 * @param name Its name
 *
 * @return The type, NULL if there is none
 */
const struct control_type *control_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
		if (!strcmp(types[i]->name, name))
			return types[i];
	}

	return NULL;
}


/**
 * Get a string member out of a JSON text. It is not decoded: a measurement
 * is to cost the same few instructions for each peer.
 *
 * @param text   JSON
 * @param len    Its length in bytes
 * @param name   Name of the member, the first one of that name
 * @param valuep Set to where its value begins
 * @param sizep  Set to the value's length in bytes
 *
 * @return 0, ENOENT if there is none
 */
int control_text(const char *text, size_t len, const char *name,
		 const char **valuep, size_t *sizep)
{
	char key[32];
	const int n = snprintf(key, sizeof(key), "\"%s\":", name);
	const char *p = memmem(text, len, key, (size_t)n);
	const char *end;

	if (!p)
		return ENOENT;

	p += n;
	p += strspn(p, " ");
	if (*p++ != '"')
		return ENOENT;

	end = memchr(p, '"', (size_t)(text + len - p));
	if (!end)
		return ENOENT;

	*valuep = p;
	*sizep = (size_t)(end - p);

	return 0;
}
