/**
 * @file app.c  The applications of calls: whom to ask for verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "app.h"
#include "appcall.h"
#include "applink.h"
#include "apps.h"
#include "appsave.h"
#include "base/base.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "route.h"
#include "store/store.h"
#include "stream/stream.h"


/* Seconds */
static const double linger_time = .5; /* between looks whether all is said */
static const double away_time = 60.;  /* that it may be gone after the call */

static const char prefix[] = "app-";

static struct {
	struct table *table; /* by call_sid */
} apps;

static struct app *find(const char *sid)
{
	return apps.table && sid ? table_get(apps.table, sid) : NULL;
}


/**
 * Find an application
 *
 * @param sender A sender
 *
 * @return Application, NULL if the sender is not one
 */
struct app *app_find(const struct sender *sender)
{
	return sender->kind == SENDER_APP ? find(sender->call_sid) : NULL;
}


/**
 * Get an application as a sender of messages
 *
 * @param a Application
 *
 * @return Sender, valid as long as the application
 */
struct sender app_sender(const struct app *a)
{
	return (struct sender){.kind = SENDER_APP,
			       .name = a->name,
			       .call_sid = a->sid,
			       .dialect = DIALECT_JAMBONZ,
			       .quiet = true};
}


static void destroy(struct app *a)
{
	applink_reset(a);
	timer_stop(&a->linger);
	appsave_forget(a);
	hook_reset(&a->hook);
	free(a->data);
	free(a);
}


static void drop(struct app *a, int code)
{
	applink_close(a, code);
	store_forget(STORE_APPS, a->sid);
	(void)table_take(apps.table, a->sid);
	destroy(a);
}


/* The call has ended, or was never made: close after the last message */
static void linger_handler(void *arg)
{
	struct app *a = arg;
	bool late = clock_ms() - a->gone > (int64_t)(away_time * 1000);

	if (!a->over && session_find(a->sid))
		return;

	if (!late && outbox_waits(a->sid)) {
		timer_start(&a->linger, linger_time);
		return;
	}

	if (!late && a->client && !client_drained(a->client)) {
		timer_start(&a->linger, linger_time);
		return;
	}

	drop(a, CLOSE_NORMAL);
}


static void over(struct app *a)
{
	if (!a->over) {
		a->over = true;
		a->gone = clock_ms();
		appsave_mark(a);
	}

	timer_stop(&a->limit);
	webhook_cancel(a->webhook);
	a->webhook = NULL;
	timer_start(&a->linger, linger_time);
}


static int create(struct app **ap, const char *sid, const struct hook *hook)
{
	struct app *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return ENOMEM;

	(void)snprintf(a->sid, sizeof(a->sid), "%s", sid);
	(void)snprintf(a->name, sizeof(a->name), "%s%s", prefix, a->sid);
	applink_init(a);
	timer_init(&a->linger, linger_handler, a);
	a->since = store_seq();
	appsave_mark(a);
	applink_url(a, hook->url);

	err = hook_copy(&a->hook, hook);
	if (!err)
		err = table_put(apps.table, a->sid, a);
	if (err)
		destroy(a);
	else
		*ap = a;

	return err;
}


int apps_init(void)
{
	appsave_init();
	applinks_start();

	return table_create(&apps.table);
}


static int load(const char *sid, const cJSON *obj)
{
	struct hook hook = {0};
	struct app *a = NULL;
	int err;

	err = fields_load(&hook, hook_fields, obj);
	if (!err && (!hook.url || !hook.method))
		err = EBADMSG;
	if (!err)
		err = create(&a, sid, &hook);
	hook_reset(&hook);
	if (!err)
		err = appsave_load(a, obj);
	if (!a)
		return err;

	if (a->over)
		over(a);
	else
		timer_start(&a->linger, away_time);
	timer_start(&a->connect, 0.);

	return err;
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	int err = load(key, tree);
	(void)arg;

	if (err)
		log_error("app: cannot load the application of %s: %s", key,
			  strerror(err));
	cJSON_Delete(tree);
}


void apps_load(void)
{
	store_each(STORE_APPS, load_handler, NULL);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


void apps_close(void)
{
	appsave_close();
	table_each(apps.table, destroy_handler, NULL);
	table_destroy(apps.table);
	apps.table = NULL;
}


const char *app_left(const struct sender *client)
{
	const struct app *a = app_find(client);

	if (!a || !a->graceful)
		return NULL;

	return a->dismissed ? "the application was given up"
			    : "the application has closed";
}


int app_dial(const char *sid, const struct hook *hook)
{
	struct app *a;

	return create(&a, sid, hook);
}


void app_drop(const char *sid)
{
	struct app *a = find(sid);

	if (a)
		drop(a, CLOSE_NORMAL);
}


/* Its call was taken for over, and is not: it is asked as for a new one */
static void revive(struct app *a)
{
	log_info("app: %s: the call is back", a->sid);

	timer_stop(&a->linger);
	applink_url(a, a->hook.url);
	a->answered = a->refused = a->ends = false;
	a->graceful = a->dismissed = false;
	a->opened = false;
	a->over = false;
	a->gone = 0;
	a->opens = 0;
	appsave_mark(a);
}


static void ask(struct app *a, const struct call *c)
{
	char msgid[CALL_SID_MAX + 3];

	free(a->data);
	a->data = appcall_new(c);
	appsave_mark(a);
	(void)snprintf(msgid, sizeof(msgid), "s-%s", a->sid);
	if (!a->http)
		(void)emit(&(struct emission){.type = "session:new",
					      .client = a->name,
					      .call_sid = a->sid,
					      .msgid = msgid,
					      .data = a->data,
					      .jambonz = true});
	applink_ask(a);
}


void app_call_new(const struct call *c)
{
	struct app *a = find(call_sid(c));
	struct hook hook = {0};
	char number[256];

	if (a && a->over)
		revive(a);

	if (!a && call_inbound(c)) {
		call_number(c, number, sizeof(number));
		if (route_find(&hook, number))
			(void)create(&a, call_sid(c), &hook);
		hook_reset(&hook);
	}

	if (!a)
		return;

	a->since = store_seq();
	if (call_inbound(c) || call_answered(c))
		ask(a, c);
	applink_open(a);
}


void app_call_changed(const struct call *c)
{
	struct app *a = find(call_sid(c));

	if (!a)
		return;

	appsave_mark(a);
	if (a->http && !a->graceful)
		appcall_status(c, a);
	if (call_over(c))
		over(a);
	else if (call_answered(c) && !a->data)
		ask(a, c);
}


void app_idle(const struct call *c)
{
	struct app *a = find(call_sid(c));

	if (!a || !a->ends || a->over)
		return;

	a->ends = false;
	appsave_mark(a);
	appcall_end(c);
}


bool app_redirect(const struct call *c, const char *url)
{
	struct app *a = find(call_sid(c));
	struct hook hook = {0};
	bool http;

	if (!a || !weburl_valid(url) ||
	    hook_set(&hook, url, "POST", NULL, NULL))
		return false;

	http = a->http;
	applink_reset(a);
	applink_close(a, CLOSE_NORMAL);
	hook_reset(&a->hook);
	a->hook = hook;
	a->opened = false;
	a->opens = 0;
	a->graceful = false;
	a->dismissed = false;
	appsave_mark(a);
	applink_url(a, url);
	a->ends = a->http;
	applink_open(a);
	if (!http || a->http)
		return false;

	a->answered = false;
	ask(a, c);

	return true;
}


const char *app_touch(const char *sid)
{
	struct app *a = find(sid);

	if (a)
		appsave_mark(a);

	return a ? a->name : NULL;
}


int app_resolve(const struct sender *owner, struct hook *hook)
{
	struct app *a = app_find(owner);

	if (!a || !a->http || !hook->url)
		return 0;

	return appcall_resolve(hook, &a->hook);
}
