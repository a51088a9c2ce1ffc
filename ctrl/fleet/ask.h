/**
 * @file ask.h  Requests to the engine and to members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>

struct fleetbus_news;

int asks_open(void);
void asks_close(void);
void asks_fail(int err);
bool ask_answered(const char *rest, const struct fleetbus_news *n);
const char *asks_calm(void);
bool asks_calm_open(void);

#endif
