/**
 * @file livecalls.h  The calls that a member has just now
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LIVECALLS_H
#define LIVECALLS_H

struct fleet_config;

int livecalls_start(const struct fleet_config *c);
void livecalls_stop(void);
void livecalls_ask(const char *member);

#endif
