/**
 * @file keep.h  How long the past is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>

bool keep_step(void);

#endif
