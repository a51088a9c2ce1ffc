/**
 * @file clocktext.h  A time as text
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CLOCKTEXT_H
#define CLOCKTEXT_H

#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 32 };

void clock_text(char text[CLOCK_TEXT_SIZE], int64_t ms);

#endif
