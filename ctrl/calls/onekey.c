/**
 * @file onekey.c  Verbs in the form of one key: {"hangup": {}}
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "onekey.h"


/* Members that a message may have beside a verb */
static bool is_beside(const cJSON *item)
{
	static const char *const names[] = {"call_sid", "callSid", "msgid",
					    "traceparent", "tracestate"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(item->string, names[i]))
			return true;
	}

	return field_empty(item);
}


/* A member of messages is not a verb, even alone */
static bool is_ours(const cJSON *item)
{
	static const char *const names[] = {"verbs", "type", "command",
					    "data"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(item->string, names[i]))
			return true;
	}

	return false;
}


/* The verb's fields, under its name; NULL if the object is of another form */
static cJSON *find_fields(const cJSON *obj)
{
	cJSON *fields = NULL;

	for (cJSON *item = obj->child; item; item = item->next) {
		if (is_beside(item))
			continue;

		if (fields || !cJSON_IsObject(item) || is_ours(item))
			return NULL;

		fields = item;
	}

	return fields;
}


static int unfold(cJSON *obj)
{
	cJSON *fields = find_fields(obj), *item;

	if (!fields)
		return 0;

	(void)cJSON_DetachItemViaPointer(obj, fields);
	cJSON_DeleteItemFromObjectCaseSensitive(obj, "verb");
	if (!cJSON_AddStringToObject(obj, "verb", fields->string)) {
		cJSON_Delete(fields);
		return ENOMEM;
	}

	while ((item = fields->child)) {
		(void)cJSON_DetachItemViaPointer(fields, item);
		if (!strcmp(item->string, "verb") ||
		    !cJSON_AddItemToObject(obj, item->string, item))
			cJSON_Delete(item);
	}
	cJSON_Delete(fields);

	return 0;
}


/**
 * Write verbs of the form {"hangup": {…}}, in which an application of jambonz
 * may send them, as {"verb": "hangup", …}
 *
 * @param item A verb or an array of verbs, perhaps; NULL does nothing
 *
 * @return 0, or ENOMEM
 */
int onekey_unfold(cJSON *item)
{
	int err = 0;

	if (cJSON_IsObject(item))
		return unfold(item);

	if (!cJSON_IsArray(item))
		return 0;

	for (cJSON *verb = item->child; verb && !err; verb = verb->next) {
		if (cJSON_IsObject(verb))
			err = unfold(verb);
	}

	return err;
}
