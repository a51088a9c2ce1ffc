/**
 * @file route.h  Which application a call gets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>

struct hook;
bool route_find(struct hook *hook, const char *number);
const char *route_status(void);

#endif
