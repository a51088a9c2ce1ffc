/**
 * @file pack.h  Values in as few bytes as they need
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PACK_H
#define PACK_H

#include <stddef.h>
#include "journal.h"

struct value;

enum {
	PACK_SAMPLE_MAX = 4096, /* bytes that a sample is of use with */
};

size_t pack_size(const struct value *values, unsigned count);
void pack_write(char *p, const struct value *values, unsigned count);
unsigned pack_read(struct value *values, const char *p);

size_t pack_squeeze(char *out, size_t size, const char *p, size_t len,
		    const char *sample, size_t samplelen);
int pack_expand(char *out, size_t len, const char *p, size_t size,
		const char *sample, size_t samplelen);
void pack_close(void);

#endif
