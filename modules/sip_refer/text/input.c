/**
 * @file input.c  The input of an application: its fields, and their errors
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


int error_set(struct error *error, const char *field, const char *fmt, ...)
{
	const bool whole = *fmt >= 'A' && *fmt <= 'Z';
	va_list ap;

	if (!error || error->text[0])
		return EBADMSG;

	va_start(ap, fmt);
	(void)re_snprintf(error->text, sizeof(error->text), "%s%s%v",
			  whole ? "" : field, whole ? "" : " ", fmt, &ap);
	va_end(ap);

	str_ncpy(error->field, field, sizeof(error->field));

	return EBADMSG;
}


bool input_is_absent(const struct cJSON *item)
{
	return !item || cJSON_IsNull(item) ||
	       (cJSON_IsString(item) && !*item->valuestring);
}


const struct cJSON *input_field(const struct cJSON *json, const char *field)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, field);

	return input_is_absent(item) ? NULL : item;
}


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


int input_bool(bool *valp, const struct cJSON *json, const char *field,
	       struct error *error)
{
	const cJSON *item = input_field(json, field);

	if (item && !cJSON_IsBool(item))
		return error_set(error, field, "must be true or false");

	*valp = cJSON_IsTrue(item);

	return 0;
}


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
