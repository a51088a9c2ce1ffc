/**
 * @file lost.h  Members that are silent for too long
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LOST_H
#define LOST_H

#include <stdint.h>

struct fleet_config;
struct machine;

int lost_start(const struct fleet_config *c);
void lost_stop(void);
void lost_check(struct machine *m, int64_t passed);

#endif
