/**
 * @file viewnode.h  The baresips of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEWNODE_H
#define VIEWNODE_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct json;

int viewnodes_open(void);
void viewnodes_close(void);
void viewnodes_clear(void);
bool viewnode_load(const char *key, const struct cJSON *tree);
void viewnode_take(const char *member, const struct cJSON *data);
void viewnodes_compare(const char *member, const struct cJSON *nodes);
void viewnodes_print(struct json *j, const char *key);

#endif
