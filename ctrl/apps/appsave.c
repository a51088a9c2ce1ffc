/**
 * @file appsave.c  The applications that are to be written to the store
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <cjson/cJSON.h>
#include "app.h"
#include "appsave.h"
#include "base/base.h"
#include "hooks/hooks.h"
#include "json.h"
#include "store/store.h"
#include "stream/stream.h"


static struct app *dirty;

static const struct field app_fields[] = {
	FIELD("data", JSON, app, data, 1),
	FIELD("opened", BOOL, app, opened, 1),
	FIELD("answered", BOOL, app, answered, 1),
	FIELD("ends", BOOL, app, ends, 1),
	FIELD("graceful", BOOL, app, graceful, 1),
	FIELD("dismissed", BOOL, app, dismissed, 1),
	FIELD("over", BOOL, app, over, 1),
	FIELD("gone", INT, app, gone, 1),
	FIELD("since", INT, app, since, 1),
	FIELDS_END,
};


static void save(struct app *a)
{
	struct json j;

	if (a->client)
		a->since = client_since(a->client);

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, &a->hook, hook_fields, FIELDS_ALL);
	fields_print(&j, a, app_fields, FIELDS_ALL);
	json_close(&j, '}');
	store_put(STORE_APPS, a->sid, json_done(&j));
	json_free(&j);
}


/**
 * Read a saved application, except its URL
 *
 * @param a   Application, which is as it was saved from now on
 * @param obj Saved object
 *
 * @return 0, or ENOMEM
 */
int appsave_load(struct app *a, const cJSON *obj)
{
	appsave_forget(a);

	return fields_load(a, app_fields, obj);
}


/**
 * Have an application saved at the end of this turn
 *
 * @param a Application
 */
void appsave_mark(struct app *a)
{
	if (a->dirty)
		return;

	a->dirty = &dirty;
	a->next_dirty = dirty;
	if (dirty)
		dirty->dirty = &a->next_dirty;
	dirty = a;
}


/**
 * Have an application not saved
 *
 * @param a Application
 */
void appsave_forget(struct app *a)
{
	if (!a->dirty)
		return;

	*a->dirty = a->next_dirty;
	if (a->next_dirty)
		a->next_dirty->dirty = a->dirty;
	a->dirty = NULL;
}


static void save_handler(void)
{
	while (dirty) {
		struct app *a = dirty;

		appsave_forget(a);
		save(a);
	}
}


/**
 * Have applications that change saved
 */
void appsave_init(void)
{
	store_saver_add(save_handler);
}


/**
 * Save no more
 */
void appsave_close(void)
{
	store_saver_remove(save_handler);
}
