/**
 * @file origin.h  Position of reading for each member
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"

struct origin {
	char *name;
	char *boot;    /* of its last message, NULL if there was none */
	char *lost;    /* boot that was told to be lost last, NULL for none */
	uint64_t last; /* number at its own place of its last message, 0 if
			  nothing of it is known */
};

typedef void(origin_h)(struct origin *s, void *arg);

int origins_open(void);
void origins_close(void);
void origins_clear(void);
struct origin *origin_get(const char *name);
struct origin *origin_find(const char *name);
void origin_save(const struct origin *s);
void origins_each(origin_h *h, void *arg);
bool origin_load(const char *key, const struct cJSON *tree);

#endif
