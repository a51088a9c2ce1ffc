/**
 * @file hook.c  The destination of a hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "hooks.h"
#include "net/net.h"


const struct field hook_fields[] = {
	FIELD("url", TEXT, hook, url, 1),
	FIELD("method", TEXT, hook, method, 1),
	FIELD("username", TEXT, hook, username, 1),
	FIELD("password", TEXT, hook, password, 1),
	FIELDS_END,
};


int hook_copy(struct hook *hook, const struct hook *from)
{
	return fields_keep(hook, hook_fields, FIELDS_ALL, from, hook_fields);
}


int hook_set(struct hook *hook, const char *url, const char *method,
	     const char *username, const char *password)
{
	return field_keep(&hook->url, url) |
	       field_keep(&hook->method, method) |
	       field_keep(&hook->username, username) |
	       field_keep(&hook->password, password);
}


bool hook_secret(const struct hook *hook)
{
	char url[HOOK_MAX + 1];

	webhook_public_url(url, sizeof(url), hook->url);

	return hook->username || hook->password || strcmp(url, hook->url);
}


void hook_reset(struct hook *hook)
{
	fields_free(hook, hook_fields);
}


static int check_method(const char **methodp, struct error *f,
			const char *name)
{
	if (!*methodp || !strcasecmp(*methodp, "POST"))
		*methodp = "POST";
	else if (!strcasecmp(*methodp, "GET"))
		*methodp = "GET";
	else
		return error_set(f, 400, name, "must be GET or POST");

	return 0;
}


static int check_target(const char *url, const char *name, struct error *f)
{
	const char *why = address_url_error(url);

	return why ? error_set(f, 400, name, "%s", why) : 0;
}


/* Other members are ignored */
static int parse_object(struct hook *hook, const cJSON *obj, const char *field,
			struct error *f)
{
	static const char *const keys[] = {"url", "method", "username",
					   "password"};
	const char *values[4];
	char name[64];
	int err;

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s.%s", field, keys[i]);

		err = field_check(&values[i], obj, keys[i], name, HOOK_MAX, f);
		if (!err && i == 0 && !values[i])
			err = error_set(f, 400, name, "is required");
		if (!err && i == 0)
			err = check_target(values[i], name, f);
		if (!err && i == 1)
			err = check_method(&values[i], f, name);
		if (err)
			return err;
	}

	return hook_set(hook, values[0], values[1], values[2], values[3]);
}


int hook_parse(struct hook *hook, const cJSON *verb, const char *field,
	       struct error *f)
{
	const cJSON *item = field_get(verb, field);
	const char *url;
	int err;

	if (!item)
		return 0;

	if (cJSON_IsObject(item))
		return parse_object(hook, item, field, f);

	if (!cJSON_IsString(item))
		return error_set(f, 400, field,
				 "must be a string or an object with url");

	err = field_check(&url, verb, field, field, HOOK_MAX, f);
	if (!err)
		err = check_target(url, field, f);

	return err ? err : hook_set(hook, url, "POST", NULL, NULL);
}
