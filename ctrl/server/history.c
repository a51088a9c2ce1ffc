/**
 * @file history.c  The transfers of the past, over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "filter.h"
#include "history.h"
#include "json.h"
#include "past.h"
#include "store/store.h"


enum { MESSAGES_MAX = 10000 };


static void list_handler(const char *key, const char *data, void *arg)
{
	(void)key;

	json_raw(arg, NULL, data);
}


static char *list(void *arg, struct error *error)
{
	const struct filter *filter = arg;
	struct json j;
	int err;

	json_init(&j);
	json_open(&j, NULL, '[');
	err = archive_find(&filter->f, list_handler, &j);
	json_close(&j, ']');

	if (!err)
		return json_take(&j);

	json_free(&j);
	(void)error_set(error, 400, "before",
			"must be the id of a transfer in the history");

	return NULL;
}


/**
 * List transfers, newest first
 *
 * @param jp      Pointer to the job that is taken
 * @param scope   Whose
 * @param request Name of the request that is answered
 * @param filter  Which of them; freed in any case
 *
 * @return 0 if success, or ENOMEM
 */
int history_list(struct job **jp, enum scope scope, const char *request,
		 struct filter *filter)
{
	return past_ask(jp, scope, request, list, free, filter);
}


static void message_handler(uint64_t seq, const char *text, void *arg)
{
	(void)seq;

	json_raw(arg, NULL, text);
}


static void one_handler(const char *call_sid, const char *data, void *arg)
{
	struct json *j = arg;

	json_open(j, NULL, '{');
	json_raw(j, "transfer", data);
	json_open(j, "messages", '[');
	store_call(call_sid, MESSAGES_MAX, message_handler, j);
	json_close(j, ']');
	json_close(j, '}');
}


static char *one(void *arg, struct error *error)
{
	struct json j;

	json_init(&j);
	if (!archive_get(arg, one_handler, &j))
		return json_take(&j);

	(void)error_set(error, 404, NULL, "The history has no transfer %.64s",
			(const char *)arg);

	return NULL;
}


/**
 * Tell all that is known of a transfer
 *
 * @param jp      Pointer to the job that is taken
 * @param scope   Whose it is
 * @param request Name of the request that is answered
 * @param id      Its transfer_id
 *
 * @return 0 if success, or ENOMEM
 */
int history_one(struct job **jp, enum scope scope, const char *request,
		const char *id)
{
	return past_ask(jp, scope, request, one, free, strdup(id));
}
