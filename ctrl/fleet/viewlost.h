/**
 * @file viewlost.h  The calls of a lost member
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEWLOST_H
#define VIEWLOST_H

#include <stdint.h>

void viewlost_take(uint64_t sseq, char *body);

#endif
