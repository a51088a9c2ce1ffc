/**
 * @file ctrl_verb.c  Any text as a verb or a list of verbs, as referd reads it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "calls/verb.h"
#include "fuzz.h"
#include "json.h"


/* A list from the store equals the original */
static void check_saved(struct verb *list)
{
	struct verb *again = NULL;
	struct json j;
	cJSON *tree;

	json_init(&j);
	json_open(&j, NULL, '{');
	verbs_print(&j, "verbs", list);
	json_close(&j, '}');

	tree = cJSON_Parse(json_done(&j));
	if (!tree ||
	    verbs_load(&again,
		       cJSON_GetObjectItemCaseSensitive(tree, "verbs")) ||
	    verbs_count(again) != verbs_count(list))
		abort();

	for (struct verb *a = list, *b = again; a; a = a->next, b = b->next) {
		if (a->kind != b->kind || a->position != b->position ||
		    strcmp(a->text, b->text) || !b->trace ||
		    (a->trace && strcmp(a->trace, b->trace)))
			abort();
	}

	verbs_free(again);
	cJSON_Delete(tree);
	json_free(&j);
}


static const struct sender bot = {.kind = SENDER_CLIENT, .name = "bot"};


static int resolve_handler(const struct sender *owner, struct hook *hook)
{
	(void)owner;
	(void)hook;

	return 0;
}


static const struct calls_events events = {.resolve = resolve_handler};


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *tree = cJSON_ParseWithLength((const char *)data, size);
	struct verb *list = NULL;
	struct error f;
	int err;

	calls_init(&events);
	if (!cJSON_IsObject(tree) && !cJSON_IsArray(tree))
		goto out;

	error_init(&f);
	err = verbs_parse(&list, tree, &f);
	if (!err)
		err = verbs_own(list, &bot);
	if (!err)
		check_saved(list);
	else if (err != EBADMSG || !*f.text)
		abort();

	verbs_free(list);

out:
	cJSON_Delete(tree);

	return 0;
}
