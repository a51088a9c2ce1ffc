/**
 * @file appcall.c  The messages of an application about its call, and to it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "app.h"
#include "appcall.h"
#include "base/base.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "route.h"
#include "stream/stream.h"


/**
 * Write what an application is to know of a new call
 *
 * @param c Call
 *
 * @return JSON text, to be freed; NULL if out of memory
 */
char *appcall_new(const struct call *c)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print_new(&j, c);
	json_raw(&j, "customerData", call_tag(c));
	json_close(&j, '}');

	return json_take(&j);
}


/**
 * Write what an application hears first that has been away
 *
 * @param sid   call_sid
 * @param msgid Id of the message to acknowledge
 * @param data  Data of the call when it was new
 *
 * @return JSON text, to be freed; NULL if out of memory
 */
char *appcall_reconnect(const char *sid, const char *msgid, const char *data)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "session:reconnect");
	json_str(&j, "msgid", msgid);
	json_str(&j, "call_sid", sid);
	json_raw(&j, "data", data);
	json_close(&j, '}');

	return json_take(&j);
}


/**
 * Tell an application over HTTP of the state of its call
 *
 * @param c Call
 * @param a Application
 */
void appcall_status(const struct call *c, const struct app *a)
{
	const struct sender sender = app_sender(a);
	struct hook hook = {0};
	char id[HOOK_ID_SIZE];
	struct json j;

	if (!*route_status() ||
	    hook_set(&hook, route_status(), "POST", NULL, NULL) ||
	    appcall_resolve(&hook, &a->hook)) {
		hook_reset(&hook);
		return;
	}

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print(&j, c, true);
	json_raw(&j, "customerData", call_tag(c));
	json_close(&j, '}');

	(void)hooks_post(&(struct hook_post){.kind = HOOK_STATUS,
					     .hook = &hook,
					     .client = &sender,
					     .dialect = DIALECT_JAMBONZ,
					     .call_sid = call_sid(c),
					     .data = json_done(&j)},
			 id);
	json_free(&j);
	hook_reset(&hook);
}


/**
 * Make the URL of a hook whole, and have it authenticate as its application
 *
 * @param hook Hook
 * @param app  The application
 *
 * @return 0, or ENOMEM
 */
int appcall_resolve(struct hook *hook, const struct hook *app)
{
	const char *host = strstr(app->url, "://");
	struct hook whole = {0};
	const char *user = hook->username ? hook->username : app->username;
	const char *password = hook->username ? hook->password : app->password;
	char *url = NULL;
	int err;

	if (strstr(hook->url, "://") || !host)
		return 0;

	if (asprintf(&url, "%.*s%s%s",
		     (int)(host + 3 + strcspn(host + 3, "/?#") - app->url),
		     app->url, *hook->url == '/' ? "" : "/", hook->url) < 0)
		return ENOMEM;

	err = hook_set(&whole, url, hook->method, user, password);
	free(url);
	if (err) {
		hook_reset(&whole);
		return err;
	}

	hook_reset(hook);
	*hook = whole;

	return 0;
}


/**
 * Tell whether a call is up
 *
 * @param sid call_sid
 *
 * @return True if it was answered, and has not ended
 */
bool appcall_up(const char *sid)
{
	const struct session *s = session_find(sid);

	return s && call_answered(s->call);
}


/**
 * Tell whether a call has verbs to run
 *
 * @param sid call_sid
 *
 * @return True if one runs, or waits
 */
bool appcall_busy(const char *sid)
{
	const struct session *s = session_find(sid);

	return s && !queue_idle(s->queue);
}


/* A verb of our own, in place of all others */
static void run(const struct call *c, cJSON *verb)
{
	struct sender nobody = {.quiet = true};
	const struct session *s = session_find(call_sid(c));
	struct verb *list = NULL;
	struct error f;
	int err;

	error_init(&f);
	err = s ? verbs_parse(&list, verb, &f) : ENOENT;
	if (!err)
		err = queue_submit(s->queue, &list, QUEUE_REPLACE, &nobody,
				   &f);
	if (err)
		log_warning("appcall: %s: %s", call_sid(c), f.text);

	verbs_free(list);
	cJSON_Delete(verb);
}


static void decline(const struct call *c, int status, const char *why)
{
	cJSON *verb = cJSON_CreateObject(), *headers;

	cJSON_AddStringToObject(verb, "verb", "sip:decline");
	cJSON_AddNumberToObject(verb, "status", status);
	if (why) {
		headers = cJSON_AddObjectToObject(verb, "headers");
		cJSON_AddStringToObject(headers, "X-Reason", why);
	}
	run(c, verb);
}


static void hangup(const struct call *c)
{
	cJSON *verb = cJSON_CreateObject();

	cJSON_AddStringToObject(verb, "verb", "hangup");
	run(c, verb);
}


/**
 * End a call whose verbs are done
 *
 * @param c Call
 */
void appcall_end(const struct call *c)
{
	if (call_inbound(c) && !call_answered(c))
		decline(c, 603, NULL);
	else
		hangup(c);
}


/**
 * End a call that has no application
 *
 * @param sid call_sid
 * @param why For the log, and for the caller
 */
void appcall_fail(const char *sid, const char *why)
{
	const struct session *s = session_find(sid);

	if (!s || call_over(s->call))
		return;

	if (call_inbound(s->call) && !call_answered(s->call))
		decline(s->call, 480, why);
	else
		hangup(s->call);
}
