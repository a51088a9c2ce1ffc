/**
 * @file second.h  The second call of a transfer, and the first one
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SECOND_H
#define SECOND_H

#include <stdbool.h>


struct call;
struct error;

void second_changed(const struct call *c);
void second_digit(const struct call *c, const char *digit);
int second_refuse(const struct call *c, struct error *f);

#endif
