/**
 * @file status.h  How the fleet is, for clients and metrics
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stdint.h>

void status_start(void);
void status_bus(bool up, const char *why);
void status_changed(void);
void status_tick(void);
uint64_t status_lag(void);

#endif
