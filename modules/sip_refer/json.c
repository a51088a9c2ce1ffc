/**
 * @file input.c  Fields of a JSON object, checked
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <re.h>
#include "sip_refer.h"


/**
 * Tell whether a value counts as left out: many clients write null or an
 * empty string for what they do not mean
 *
 * @param item Value, may be NULL
 *
 * @return True if so
 */
bool input_is_absent(const struct cJSON *item)
{
	return !item || cJSON_IsNull(item) ||
	       (cJSON_IsString(item) && !*item->valuestring);
}


/**
 * Get the value of a field
 *
 * @param json  Object
 * @param field Name of the field
 *
 * @return Value, NULL if it is absent or counts as left out
 */
const struct cJSON *input_field(const struct cJSON *json, const char *field)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, field);

	return input_is_absent(item) ? NULL : item;
}


/**
 * Get a string
 *
 * @param strp     Pointer to the string, borrowed; NULL if it is absent
 * @param json     Object
 * @param field    Name of the field
 * @param required True if it must not be absent
 * @param error    What is wrong with it
 *
 * @return 0 if success, EBADMSG if it is wrong
 */
int input_string(const char **strp, const struct cJSON *json,
		 const char *field, bool required, struct error *error)
{
	const cJSON *item = input_field(json, field);

	*strp = NULL;

	if (!item)
		return required ? error_set(error, field, "is required") : 0;

	if (!cJSON_IsString(item))
		return error_set(error, field, "must be a string");

	*strp = item->valuestring;

	return 0;
}


/**
 * Get a string, not required, that may stand in a header field
 *
 * @param strp  Pointer to the string, borrowed; NULL if it is absent
 * @param json  Object
 * @param field Name of the field
 * @param max   Longest that it may be [bytes]
 * @param error What is wrong with it
 *
 * @return 0 if success, EBADMSG if it is wrong
 */
int input_text(const char **strp, const struct cJSON *json, const char *field,
	       size_t max, struct error *error)
{
	int err;

	err = input_string(strp, json, field, false, error);
	if (err || !*strp)
		return err;

	if (!text_is_clean(*strp))
		return error_set(error, field,
				 "must be UTF-8 without control characters");

	if (str_len(*strp) > max)
		return error_set(error, field, "must have at most %zu bytes",
				 max);

	return 0;
}


/**
 * Get a time in seconds, not required
 *
 * @param secp  Pointer to the time [s]; 0 if it is absent
 * @param json  Object
 * @param field Name of the field
 * @param error What is wrong with it
 *
 * @return 0 if success, EBADMSG if it is wrong
 */
int input_seconds(uint32_t *secp, const struct cJSON *json, const char *field,
		  struct error *error)
{
	const cJSON *item = input_field(json, field);

	*secp = 0;
	if (!item)
		return 0;

	if (!cJSON_IsNumber(item) || item->valuedouble != item->valueint ||
	    item->valueint < 1 || item->valueint > TIMEOUT_MAX)
		return error_set(error, field,
				 "must be a whole number of seconds from 1 to "
				 "%u",
				 TIMEOUT_MAX);

	*secp = item->valueint;

	return 0;
}
