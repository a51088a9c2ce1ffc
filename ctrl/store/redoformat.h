/**
 * @file redoformat.h  The format of the redo log, on disk and in memory
 *
 * It begins with the statements that its writes name by their number: another
 * release may have others.  One record for each turn follows, over what is
 * left of those before.  It is ours alone, in the byte order at hand.
 *
 * What is in memory begins with a key that the database has, too, since it was
 * opened: what stands there belongs to it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REDOFORMAT_H
#define REDOFORMAT_H

#include <stddef.h>
#include <stdint.h>


#define REDO_MAGIC "redo-1\n"
#define RING_MAGIC "ring-1\n"

/* In place of a text's length */
#define REDO_NULL   UINT32_MAX
#define REDO_NUMBER (UINT32_MAX - 1)

struct record {
	uint64_t sum; /* of all that follows */
	uint64_t turn;
	uint64_t size; /* bytes behind this */
};

/* One is filled while the other gets into the database */
enum { REDO_FILES = 2 };

void redo_path(char *path, size_t size, const char *dir, unsigned n);
uint64_t redo_sum(const char *p, size_t len);

#endif
