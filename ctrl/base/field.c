/**
 * @file field.c  Members of JSON objects
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base.h"
#include "textcheck.h"


const char *field_str(const cJSON *obj, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));
}


int64_t field_number(const cJSON *item, int64_t missing)
{
	/* from 2^53 on a double is no exact integer any more */
	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble < 9007199254740992.))
		return missing;

	return (int64_t)item->valuedouble;
}


int64_t field_int(const cJSON *obj, const char *key, int64_t missing)
{
	return field_number(cJSON_GetObjectItemCaseSensitive(obj, key),
			    missing);
}


bool field_bool(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}


char *field_text(const cJSON *obj, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsObject(item) ? cJSON_PrintUnformatted(item) : NULL;
}


bool field_empty(const cJSON *item)
{
	return !item || cJSON_IsNull(item) ||
	       (cJSON_IsString(item) && !*item->valuestring);
}


const cJSON *field_get(const cJSON *obj, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	return field_empty(item) ? NULL : item;
}


int field_check(const char **sp, const cJSON *obj, const char *key,
		const char *name, size_t max, struct error *f)
{
	const cJSON *item = field_get(obj, key);

	*sp = NULL;
	if (!item)
		return 0;

	if (!cJSON_IsString(item))
		return error_set(f, 400, name, "must be a string");

	if (text_controls(item->valuestring))
		return error_set(f, 400, name,
				 "must not contain control characters");

	if (strlen(item->valuestring) > max)
		return error_set(f, 400, name, "must have at most %zu bytes",
				 max);

	*sp = item->valuestring;

	return 0;
}


int field_keep(char **sp, const char *s)
{
	char *copy;

	if (!s || (*sp && !strcmp(*sp, s)))
		return 0;

	copy = strdup(s);
	if (!copy)
		return ENOMEM;

	free(*sp);
	*sp = copy;

	return 0;
}
