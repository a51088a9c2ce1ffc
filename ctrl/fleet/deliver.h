/**
 * @file deliver.h  Messages to clients at other members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DELIVER_H
#define DELIVER_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct fleet_config;
struct json;

int deliver_start(const struct fleet_config *c);
void deliver_stop(void);
bool deliver_seen(const char *member, const char *client, const char *badge);
const char *deliver_owner(const char *msgid);
void deliver_print(struct json *j);
void deliver_heard(const char *member, const struct cJSON *heartbeat);
void deliver_member(const char *member, bool reachable);

#endif
