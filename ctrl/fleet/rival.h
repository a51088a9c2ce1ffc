/**
 * @file rival.h  Another referd with our name
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RIVAL_H
#define RIVAL_H

#include <stdbool.h>

struct fleet_config;

int rival_start(const struct fleet_config *c);
void rival_stop(void);
bool rival_none(void);
void rival_ask(const char *boot);

#endif
