/**
 * @file history.c  The transfers of the past, for who asks over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "archive.h"
#include "fault.h"
#include "history.h"
#include "json.h"
#include "store.h"


enum { MESSAGES_MAX = 10000 };


static void list_handler(const char *key, const char *data, void *arg)
{
	(void)key;

	json_raw(arg, NULL, data);
}


/**
 * List transfers, newest first
 *
 * @param filter Which of them
 * @param fault  What is wrong with the filter
 *
 * @return JSON text, to be freed; NULL if there is a fault, or memory ran out
 */
char *history_list(const struct archive_filter *filter, struct fault *fault)
{
	struct json j;
	int err;

	json_init(&j);
	json_open(&j, NULL, '[');
	store_save();
	err = archive_find(filter, list_handler, &j);
	json_close(&j, ']');

	if (!err)
		return json_take(&j);

	json_free(&j);
	(void)fault_set(fault, 400, "before",
			"must be the id of a transfer that is kept");

	return NULL;
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


/**
 * Tell all that is known of a transfer
 *
 * @param id    Its transfer_id
 * @param fault Says that it is not kept
 *
 * @return JSON text, to be freed; NULL if there is a fault, or memory ran out
 */
char *history_one(const char *id, struct fault *fault)
{
	struct json j;

	json_init(&j);
	store_save();
	if (!archive_get(id, one_handler, &j))
		return json_take(&j);

	(void)fault_set(fault, 404, NULL, "no such transfer is kept");

	return NULL;
}
