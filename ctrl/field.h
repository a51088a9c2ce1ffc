/**
 * @file field.h  Members of JSON objects
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fault.h"

struct cJSON;

const char *field_str(const struct cJSON *obj, const char *key);
int64_t field_int(const struct cJSON *obj, const char *key, int64_t missing);
bool field_bool(const struct cJSON *obj, const char *key);
char *field_text(const struct cJSON *obj, const char *key);
int field_keep(char **sp, const char *s);
bool field_empty(const struct cJSON *item);
const struct cJSON *field_get(const struct cJSON *obj, const char *key);
int field_check(const char **sp, const struct cJSON *obj, const char *key,
		const char *name, size_t max, struct fault *f);

#endif
