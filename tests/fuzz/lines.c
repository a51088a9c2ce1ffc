/**
 * @file lines.c  An input as lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include "fuzz.h"


/**
 * Take an input apart
 *
 * @param data Input
 * @param size Its length in bytes
 * @param h    Called with each line; its last argument tells whether a newline
 *             stands behind it
 */
void fuzz_lines(const uint8_t *data, size_t size, fuzz_line_h *h)
{
	const char *p = (const char *)data, *end = p + size, *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl)
			h(p, (size_t)(nl - p), true);
		else
			h(p, (size_t)((nl = end) - p), false);
	}
}
