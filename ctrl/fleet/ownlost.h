/**
 * @file ownlost.h  Messages of others about us while we were away
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OWNLOST_H
#define OWNLOST_H

#include <stdint.h>

struct fleet_config;

int ownlost_start(const struct fleet_config *c);
void ownlost_stop(void);
void ownlost_take(uint64_t seq, char *text);

#endif
