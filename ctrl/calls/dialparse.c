/**
 * @file dialparse.c  The data of a dial
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "dialparse.h"
#include "hooks/hooks.h"
#include "json.h"
#include "net/net.h"
#include "verb.h"


enum {
	URI_MAX = 1024,
	LABEL_MAX = 64,
	RING_MAX = 600, /* seconds that a dial may ring */
};


static int headers_check(const cJSON *headers, struct error *f)
{
	char field[sizeof(f->field)];
	const cJSON *item;

	if (headers && !cJSON_IsObject(headers))
		return error_set(f, 400, "headers", "must be an object");

	cJSON_ArrayForEach(item, headers)
	{
		if (field_empty(item) || cJSON_IsString(item) ||
		    cJSON_IsNumber(item))
			continue;

		(void)snprintf(field, sizeof(field), "headers.%s",
			       item->string);
		return error_set(f, 400, field,
				 "must be a string or a number");
	}

	return 0;
}


static void headers_print(struct json *j, const cJSON *headers)
{
	const cJSON *item;

	if (!headers)
		return;

	json_open(j, "headers", '{');
	cJSON_ArrayForEach(item, headers)
	{
		char *text = cJSON_PrintUnformatted(item);

		if (!field_empty(item))
			json_raw(j, item->string, text);
		j->failed |= !text;
		cJSON_free(text);
	}
	json_close(j, '}');
}


static int print(struct message *m, const char *to, const char *from,
		 const cJSON *headers, const cJSON *timeout, struct error *f)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "to", to);
	json_str(&j, "from", from);
	headers_print(&j, headers);
	if (timeout)
		json_int(&j, "timeout", timeout->valueint);
	json_close(&j, '}');

	m->dial = json_take(&j);
	if (!m->dial)
		return ENOMEM;

	if (strlen(m->dial) > VERB_TEXT_MAX)
		return error_set(f, 400, "headers",
				 "must be shorter: the dial must have at most "
				 "%d bytes as JSON without spaces",
				 VERB_TEXT_MAX);

	return 0;
}


/* The application of the call; jambonz calls it call_hook */
static int get_app(struct message *m, const cJSON *data, struct error *f)
{
	const char *key = field_get(data, "app") ? "app" : "call_hook";
	int err;

	err = hook_parse(&m->app, data, key, f);
	if (err)
		return err;

	if (m->app.url && !weburl_valid(m->app.url))
		return error_set(f, 400, key,
				 "must be a ws, wss, http or https URL");

	return 0;
}


/* The label limits the members of a fleet that may dial */
static int label_check(struct message *m, const cJSON *data, struct error *f)
{
	int err = field_check(&m->label, data, "label", "label", LABEL_MAX, f);

	if (!err && m->label && m->node)
		err = error_set(f, 400, "label",
				"must not be given with node");

	return err;
}


/**
 * Read the data of a dial
 *
 * @param m    Message that it fills
 * @param data Object
 * @param f    Set if the data is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int dial_parse(struct message *m, const cJSON *data, struct error *f)
{
	const cJSON *headers = field_get(data, "headers");
	const cJSON *timeout = field_get(data, "timeout");
	const char *to, *from;
	int err;

	m->kind = MESSAGE_DIAL;

	err = field_check(&to, data, "to", "to", URI_MAX, f);
	if (!err && !to)
		err = error_set(f, 400, "to", "is required");
	if (!err)
		err = field_check(&from, data, "from", "from", URI_MAX, f);
	if (!err)
		err = field_check(&m->node, data, "node", "node", URI_MAX, f);
	if (!err)
		err = label_check(m, data, f);
	if (!err)
		err = headers_check(headers, f);
	if (!err)
		err = get_app(m, data, f);
	if (err)
		return err;

	if (timeout && !(cJSON_IsNumber(timeout) && timeout->valueint >= 1 &&
			 timeout->valueint <= RING_MAX &&
			 timeout->valueint == timeout->valuedouble))
		return error_set(f, 400, "timeout",
				 "must be a whole number of seconds from 1 to "
				 "%d",
				 RING_MAX);

	return print(m, to, from, headers, timeout, f);
}
