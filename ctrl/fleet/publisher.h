/**
 * @file publisher.h  Publishes the messages of this member to the fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PUBLISHER_H
#define PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

struct fleet_config;

int publisher_start(const struct fleet_config *c);
void publisher_stop(void);
void publisher_flush(void);
void publisher_hold(bool hold);
uint64_t publisher_lag(void);
uint64_t publisher_sent(void);

#endif
