/**
 * @file field.c  Members of JSON objects
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "field.h"
#include "json.h"


/**
 * Get a string
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return The string, which lives as long as the object; NULL if there is none
 */
const char *field_str(const cJSON *obj, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));
}


/**
 * Get a number that is not negative
 *
 * @param obj     Object, may be NULL
 * @param key     Name of the member
 * @param missing What to return if there is no such number
 *
 * @return Its integer part
 */
int64_t field_int(const cJSON *obj, const char *key, int64_t missing)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	/* from 2^53 on a double is no exact integer any more */
	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble < 9007199254740992.))
		return missing;

	return (int64_t)item->valuedouble;
}


/**
 * Get a boolean
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return True if it is there and true
 */
bool field_bool(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}


/**
 * Get an object
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return Its JSON text, to be freed; NULL if there is none
 */
char *field_text(const cJSON *obj, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsObject(item) ? cJSON_PrintUnformatted(item) : NULL;
}


/**
 * Tell whether what came from outside is as good as left out
 *
 * @param item Member, may be NULL
 *
 * @return True if there is none, or it is null or ""
 */
bool field_empty(const cJSON *item)
{
	return !item || cJSON_IsNull(item) ||
	       (cJSON_IsString(item) && !*item->valuestring);
}


/**
 * Get a member of what came from outside
 *
 * @param obj Object
 * @param key Name of the member
 *
 * @return The member, NULL if it is left out, or as good as that
 */
const cJSON *field_get(const cJSON *obj, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	return field_empty(item) ? NULL : item;
}


/**
 * Get a string that came from outside
 *
 * @param sp   The string, which lives as long as the object; NULL if there is
 *             none
 * @param obj  Object
 * @param key  Name of the member
 * @param name What to call it if something is wrong with it
 * @param max  Bytes that it may have
 * @param f    What is wrong, if something is
 *
 * @return 0 if success, otherwise EBADMSG with the fault set
 */
int field_check(const char **sp, const cJSON *obj, const char *key,
		const char *name, size_t max, struct fault *f)
{
	const cJSON *item = field_get(obj, key);

	*sp = NULL;
	if (!item)
		return 0;

	if (!cJSON_IsString(item))
		return fault_set(f, 400, name, "must be a string");

	if (text_controls(item->valuestring))
		return fault_set(f, 400, name,
				 "must not contain control characters");

	if (strlen(item->valuestring) > max)
		return fault_set(f, 400, name,
				 "must not be longer than %zu bytes", max);

	*sp = item->valuestring;

	return 0;
}


/**
 * Replace a string by what is told anew; what is not told stays
 *
 * @param sp Pointer to the string, allocated
 * @param s  What is told, NULL if nothing is
 *
 * @return 0 if success, otherwise errorcode
 */
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
