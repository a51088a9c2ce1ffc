/**
 * @file heartbeat.h  The message that a member sends each second about itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct fleet_config;
struct machine;

int heartbeat_start(const struct fleet_config *c);
void heartbeat_stop(void);
void heartbeat_send(void);
bool heartbeat_changed(void);
const struct machine *heartbeat_own(void);
int heartbeat_read(struct machine *m, const struct cJSON *tree);
int64_t heartbeat_age(void);

#endif
