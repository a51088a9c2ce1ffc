/**
 * @file redoformat.c  The format of the redo log, on disk and in memory
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <string.h>
#include "redoformat.h"


static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x100000001b3;

	return sum ^ sum >> 32;
}


/**
 * Sum up a record: FNV-1a, eight bytes at a time
 *
 * @param p   Bytes behind its own sum
 * @param len How many there are
 *
 * @return The sum
 */
uint64_t redo_sum(const char *p, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325, word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = mix(sum, word);
	}

	if (!len)
		return sum;

	word = 0;
	memcpy(&word, p, len);

	return mix(sum, word);
}


/**
 * Tell where a file of the log is
 *
 * @param path Set to its path
 * @param size Room there, in bytes
 * @param dir  Directory of the store
 * @param n    Number of the file, below REDO_FILES
 */
void redo_path(char *path, size_t size, const char *dir, unsigned n)
{
	(void)snprintf(path, size, "%s/referd.redo%s", dir, n ? "2" : "");
}
