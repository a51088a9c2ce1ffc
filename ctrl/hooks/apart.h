/**
 * @file apart.h  The actionHooks that another member of a fleet may have sent
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APART_H
#define APART_H

#include <stdbool.h>
#include <stdint.h>


struct posting;

int apart_init(void);
void apart_close(void);
bool apart_held(const struct posting *p);
bool apart_sent(const struct posting *p);
void apart_date(struct posting *p, int64_t begun);

#endif
