/**
 * @file filter.h  The arguments of GET /transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>
#include "store/store.h"

struct archive_filter;
struct error;

enum { FILTER_TEXT_MAX = 1024 }; /* bytes of an argument */

/* The filter borrows from the texts */
struct filter {
	struct archive_filter f;
	char outcome[FILTER_TEXT_MAX + 1];
	char target[FILTER_TEXT_MAX + 1];
	char node[FILTER_TEXT_MAX + 1];
	char member[FILTER_TEXT_MAX + 1];
	char call_sid[FILTER_TEXT_MAX + 1];
	char q[FILTER_TEXT_MAX + 1];
	char before[FILTER_TEXT_MAX + 1];
};

void filter_init(struct filter *f, enum scope scope);
int filter_add(struct filter *f, const char *name, const char *value,
	       struct error *error);

#endif
