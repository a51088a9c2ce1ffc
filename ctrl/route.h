/**
 * @file route.h  Which application a call gets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>
#include "hook.h"

int routes_init(const char *url, const char *map, const char *status);
void routes_close(void);
bool route_find(struct hook *hook, const char *number);
const char *route_status(void);

#endif
