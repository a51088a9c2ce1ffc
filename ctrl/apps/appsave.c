/**
 * @file appsave.c  The applications that are to be written to the store
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "applink.h"
#include "appsave.h"
#include "json.h"
#include "store/store.h"
#include "stream/stream.h"


static struct app *dirty;


static void save(struct app *a)
{
	struct json j;

	if (a->client)
		a->since = client_since(a->client);

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "url", a->hook.url);
	json_str(&j, "method", a->hook.method);
	json_str(&j, "username", a->hook.username);
	json_str(&j, "password", a->hook.password);
	json_raw(&j, "data", a->data);
	json_bool(&j, "opened", a->opened);
	json_bool(&j, "answered", a->answered);
	json_bool(&j, "ends", a->ends);
	json_bool(&j, "graceful", a->graceful);
	json_bool(&j, "dismissed", a->dismissed);
	json_bool(&j, "over", a->over);
	json_int(&j, "gone", a->gone);
	json_int(&j, "since", (int64_t)a->since);
	json_close(&j, '}');
	store_put(STORE_APPS, a->sid, json_done(&j));
	json_free(&j);
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
