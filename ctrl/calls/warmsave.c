/**
 * @file warmsave.c  A transfer that calls the target first, in the store
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "json.h"
#include "task.h"
#include "warm.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/**
 * Write a transfer, for warm_load() to read
 *
 * @param j Text, in an open object
 * @param w Transfer, NULL writes nothing
 */
void warm_save(struct json *j, const struct warm *w)
{
	if (!w)
		return;

	json_open(j, "warm", '{');
	json_int(j, "stage", w->stage);
	json_str(j, "second", w->second);
	json_str(j, "transfer_id", w->transfer_id);
	json_bool(j, "up", w->up);
	json_bool(j, "rings", w->rings);
	json_str(j, "hook", w->hook);
	json_raw(j, "music", w->music);
	json_int(j, "deadline", w->deadline);
	json_bool(j, "joined", w->joined);
	json_bool(j, "given_up", w->given_up);
	json_int(j, "failure", w->failure);
	json_int(j, "status", w->status);
	json_str(j, "reason", w->reason);
	json_open(j, "asked", '[');
	for (int act = 0; act < ACTS; act++) {
		json_open(j, NULL, '{');
		json_str(j, "ref", w->asked[act].ref);
		json_bool(j, "open", w->asked[act].open);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}


static void load_text(char *text, size_t size, const cJSON *obj,
		      const char *key)
{
	const char *s = field_str(obj, key);

	(void)snprintf(text, size, "%s", s ? s : "");
}


static void load_asked(struct warm *w, const cJSON *array)
{
	const cJSON *item;
	int act = 0;

	cJSON_ArrayForEach(item, array)
	{
		struct warm_asked *asked = &w->asked[act];

		load_text(asked->ref, sizeof(asked->ref), item, "ref");
		asked->open = field_bool(item, "open");
		if (++act == ACTS)
			break;
	}
}


/**
 * Read a text of warm_save(), and go on: running timers get the rest of their
 * time
 *
 * @param w   New transfer
 * @param obj Object with it
 *
 * @return 0, or ENOMEM
 */
int warm_load(struct warm *w, const struct cJSON *obj)
{
	const char *reason = field_str(obj, "reason");

	w->stage = (enum warm_stage)field_int(obj, "stage", WARM_HOLDING);
	load_text(w->second, sizeof(w->second), obj, "second");
	load_text(w->transfer_id, sizeof(w->transfer_id), obj, "transfer_id");
	w->up = field_bool(obj, "up");
	w->rings = field_bool(obj, "rings");
	load_text(w->hook, sizeof(w->hook), obj, "hook");
	w->music = field_text(obj, "music");
	w->deadline = field_int(obj, "deadline", 0);
	w->joined = field_bool(obj, "joined");
	w->given_up = field_bool(obj, "given_up");
	w->failure = (enum failure)field_int(obj, "failure", 0);
	w->status = (int)field_int(obj, "status", 0);
	load_asked(w, cJSON_GetObjectItemCaseSensitive(obj, "asked"));
	if (w->deadline)
		timer_start(&w->timer,
			    (double)(w->deadline - clock_ms()) / 1000);

	return field_keep(&w->reason, reason);
}
