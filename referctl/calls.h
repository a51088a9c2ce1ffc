/**
 * @file calls.h  The call that a command names
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include "settings.h"

enum { SID_SIZE = 128 };

enum status call_find(char sid[SID_SIZE], bool *herep,
		      const struct settings *s, const char *name);

#endif
