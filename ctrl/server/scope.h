/**
 * @file scope.h  Whether this referd is asked for, or its fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SCOPE_H
#define SCOPE_H

#include "store/store.h"

struct error;
struct lws;

enum { SCOPE_MEMBER_MAX = 64 }; /* characters in the name of a member */

struct scope_wish {
	enum scope scope;
	char member[SCOPE_MEMBER_MAX + 1]; /* "" for all */
};

int scope_read(struct scope_wish *wish, struct lws *wsi, struct error *error);

#endif
