/**
 * @file history.h  The transfers of the past, over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "store/store.h"


struct filter;
struct job;

int history_list(struct job **jp, enum scope scope, const char *request,
		 struct filter *filter);
int history_one(struct job **jp, enum scope scope, const char *request,
		const char *id);

#endif
