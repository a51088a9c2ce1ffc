/**
 * @file retention.h  How long the past is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RETENTION_H
#define RETENTION_H

#include <stdbool.h>

bool retention_step(void);

#endif
