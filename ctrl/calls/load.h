/**
 * @file load.h  How many calls live, in all and on each baresip
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>


int load_init(void);
void load_close(void);
void load_more(const char *instance);
void load_less(const char *instance);
size_t load_all(void);

#endif
