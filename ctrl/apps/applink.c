/**
 * @file applink.c  How an application is reached
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "app.h"
#include "appcall.h"
#include "applink.h"
#include "apps.h"
#include "appsave.h"
#include "appws.h"
#include "base/base.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "stream/stream.h"


enum {
	CONNECTS = 5, /* as jambonz has it, if the URL does not tell */
};

static const double answer_time = 5.; /* seconds, for session:new */

static bool stopped;


/**
 * Close the connection of an application
 *
 * @param a    Application
 * @param code Why, as RFC 6455 numbers it
 */
void applink_close(struct app *a, int code)
{
	if (a->client)
		a->since = client_arrived(a->client);

	appws_close(a->ws, code);
	a->ws = NULL;
	a->client = NULL;
}


static void tell_left(const struct app *a)
{
	const struct sender sender = app_sender(a);

	hooks_app_left(&sender);
}


/* The call goes on without it */
static void leave(struct app *a, const char *why)
{
	char url[HOOK_MAX + 1];

	webhook_public_url(url, sizeof(url), a->hook.url);
	log_warning("app: %s: %s: %s", a->sid, url, why);

	timer_stop(&a->limit);
	a->answered = true;
	a->graceful = true;
	a->dismissed = true;
	appsave_mark(a);
	applink_close(a, CLOSE_GOING_AWAY);
	tell_left(a);
}


/**
 * Give up: the call has no application
 *
 * @param a   Application
 * @param why For the log, and for the caller
 */
void applink_abandon(struct app *a, const char *why)
{
	leave(a, why);
	appcall_fail(a->sid, why);
}


static void opened_handler(struct client *client, void *arg)
{
	struct app *a = arg;

	a->client = client;
	++a->opens;
	a->late = false;
	timer_stop(&a->connect);

	if (a->data && !a->answered)
		timer_start(&a->limit, answer_time);

	/* a session that was never sent is not resumed */
	if (!a->opened || !a->data) {
		a->opened = a->data != NULL;
		client_resume(client);
	}
	else {
		char *text;

		strcpy(a->back, "r-");
		random_hex(a->back + 2, 13);
		text = appcall_reconnect(a->sid, a->back, a->data);
		client_say(client, text);
		free(text);
		timer_start(&a->limit, answer_time);
	}
	appsave_mark(a);
}


/* Asking a busy application again would add to its load: the handshake stays
   open until the next attempt is due */
static bool late_handler(enum retry_cause cause, void *arg)
{
	struct app *a = arg;

	if (!a->opened && !retry_allows(&a->retry, cause))
		return false;

	log_info("app: %s: no answer to the handshake in time", a->sid);
	a->late = true;
	timer_start(&a->connect, retry_next(&a->retry));

	return true;
}


static void failed_handler(enum retry_cause cause, const char *why, void *arg)
{
	struct app *a = arg;

	a->ws = NULL;
	log_info("app: %s: %s", a->sid, why);

	/* the next attempt is on its way already */
	if (a->late) {
		a->late = false;
		return;
	}

	/* referd looks for a lost application as long as the call lives; if
	   the call is not answered yet, the application is asked later */
	if (a->opened || retry_allows(&a->retry, cause))
		timer_start(&a->connect, retry_next(&a->retry));
	else if (a->data)
		applink_abandon(a, why);
}


static void closed_handler(int code, void *arg)
{
	struct app *a = arg;

	a->since = client_arrived(a->client);
	a->client = NULL;
	a->ws = NULL;
	appsave_mark(a);
	if (stopped)
		return;

	log_info("app: %s: closed with %d", a->sid, code);

	if (code == CLOSE_NORMAL) {
		a->graceful = true;
		a->ends = appcall_busy(a->sid);
		timer_stop(&a->limit);
		tell_left(a);
		if (a->data && !a->answered)
			applink_abandon(a, "closed without an answer");
	}
	else if (a->over && !outbox_waits(a->sid)) {
		a->graceful = true;
	}
	else if (a->opens >= (unsigned)a->retry.count) {
		leave(a, "closed too often");
	}
	else {
		timer_start(&a->connect, retry_next(&a->retry));
	}
}


/**
 * Connect to an application, unless it is connected, or of another kind
 *
 * @param a Application
 */
void applink_open(struct app *a)
{
	const struct sender sender = app_sender(a);
	static const struct appws_handlers handlers = {
		opened_handler, late_handler, failed_handler, closed_handler};

	if (a->http || a->ws || a->graceful || stopped)
		return;

	if (appws_connect(&a->ws, &a->hook, &sender, a->since, &handlers, a))
		applink_abandon(a, "cannot be connected to");
}


static void http_handler(long status, const char *error, const char *body,
			 size_t len, void *arg)
{
	struct app *a = arg;
	const struct sender sender = app_sender(a);
	enum retry_cause cause = RETRY_CONNECT;
	char why[64];

	a->webhook = NULL;
	if (status >= 200 && status < 300) {
		a->answered = true;
		a->ends = true;
		appsave_mark(a);
		if (command_app(&sender, body, len))
			applink_abandon(a, "no application provided");
		return;
	}

	if (status)
		cause = retry_status(status);
	else if (!strncmp(error, "Operation timed out", 19))
		cause = RETRY_TIMEOUT;

	if (retry_allows(&a->retry, cause)) {
		timer_start(&a->connect, retry_next(&a->retry));
		return;
	}

	(void)snprintf(why, sizeof(why), "%.50s", error);
	if (status)
		(void)snprintf(why, sizeof(why), "answered %ld", status);
	applink_abandon(a, why);
}


static void http_ask(struct app *a)
{
	char id[HOOK_ID_SIZE] = "s-";
	struct webhook_request r = {.id = id,
				    .url = a->hook.url,
				    .method = a->hook.method,
				    .username = a->hook.username,
				    .password = a->hook.password,
				    .data = a->data};

	random_hex(id + 2, 13);
	if (webhook_send(&a->webhook, &r, http_handler, a))
		applink_abandon(a, "cannot be asked");
}


static void connect_handler(void *arg)
{
	struct app *a = arg;

	if (a->late) {
		a->late = false;
		appws_close(a->ws, CLOSE_NORMAL);
		a->ws = NULL;
	}

	if (!a->http)
		applink_open(a);
	else if (a->data && !a->answered && !a->over)
		http_ask(a);
}


/* It has not answered */
static void limit_handler(void *arg)
{
	struct app *a = arg;

	if (a->answered || !a->refused || !appcall_up(a->sid))
		applink_abandon(a, "no answer in time");

	a->answered = true;
}


/**
 * Get ready to reach an application
 *
 * @param a Application
 */
void applink_init(struct app *a)
{
	timer_init(&a->connect, connect_handler, a);
	timer_init(&a->limit, limit_handler, a);
}


/**
 * Stop all that is under way, but the connection
 *
 * @param a Application
 */
void applink_reset(struct app *a)
{
	timer_stop(&a->connect);
	timer_stop(&a->limit);
	webhook_cancel(a->webhook);
	a->webhook = NULL;
	a->late = false;
}


/**
 * Say where an application is
 *
 * @param a   Application
 * @param url Its URL, with the retry policy
 */
void applink_url(struct app *a, const char *url)
{
	a->http = !strncasecmp(url, "http", 4);
	retry_parse(&a->retry, url, a->http ? 0 : CONNECTS);
}


/**
 * Have the answer to session:new timed, or ask by HTTP
 *
 * @param a Application
 */
void applink_ask(struct app *a)
{
	if (a->http) {
		http_ask(a);
		return;
	}

	if (a->client) {
		a->opened = true;
		timer_start(&a->limit, answer_time);
	}
	applink_open(a);
}


/**
 * Let applications be reached, from now on until applinks_stop()
 */
void applinks_start(void)
{
	stopped = false;
}


void applinks_stop(void)
{
	stopped = true;
}
