/**
 * @file fuzz.h  Declarations shared by all fuzzers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's names: it calls this with each input, and so does main.c */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes a line; if it is whole, a newline stands behind it */
typedef void(fuzz_line_h)(const char *line, size_t len, bool whole);

void fuzz_lines(const uint8_t *data, size_t size, fuzz_line_h *h);


/* The code under test has its own check; this one is independent of it */
static inline bool has_controls(const char *str)
{
	for (; *str; str++) {
		if ((unsigned char)*str < ' ' || *str == 0x7f)
			return true;
	}

	return false;
}

#endif
