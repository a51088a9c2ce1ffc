/**
 * @file bytes.c  Bytes in the making
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "capture.h"


void bytes_put(struct bytes *b, const void *p, size_t len)
{
	if (b->failed || !len)
		return;

	if (b->len + len > b->size) {
		const size_t size = 2 * (b->len + len);
		unsigned char *grown = realloc(b->p, size);

		if (!grown) {
			b->failed = true;
			return;
		}
		b->p = grown;
		b->size = size;
	}

	if (p)
		memcpy(b->p + b->len, p, len);
	else
		memset(b->p + b->len, 0, len);
	b->len += len;
}


void bytes_free(struct bytes *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}
