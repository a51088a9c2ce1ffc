/**
 * @file call.h  The state of one call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nodes/nodes.h"


struct cJSON;
struct call;
struct call_info;
struct json;

int call_create(struct call **cp, const struct call_info *info,
		const char *instance, const char *node);
int call_load(struct call **cp, struct cJSON *tree);
void call_destroy(struct call *c);
int call_update(struct call *c, const struct call_info *info);
int call_fail(struct call *c, const char *state, const char *reason);
int call_tag_set(struct call *c, const char *text);
void call_notify_set(struct call *c, bool notify);
bool call_notify(const struct call *c);
const char *call_instance(const struct call *c);
const char *call_node(const struct call *c);
const char *call_from(const struct call *c);
const char *call_to(const struct call *c);
const char *call_state(const struct call *c);
int call_sip_status(const struct call *c);
const char *call_sip_reason(const struct call *c);
bool call_parent(const struct call *c, char sid[CALL_SID_MAX + 1]);

void call_print_plain(struct json *j, const struct call *c);
void call_party_print(struct json *j, const char *key, const char *uri);
void call_save(struct json *j, struct call *c);

#endif
