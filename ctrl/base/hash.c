/**
 * @file hash.c  A number for a text
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base.h"


/* FNV-1a, see http://www.isthe.com/chongo/tech/comp/fnv */
uint64_t hash_text(unsigned salt, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325 + salt;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;

	return hash ^ hash >> 32;
}
