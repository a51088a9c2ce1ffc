/**
 * @file appack.c  The answers of an application
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "app.h"
#include "applink.h"
#include "apps.h"
#include "appsave.h"
#include "calls/calls.h"
#include "stream/stream.h"


enum app_ack app_acked(const struct sender *app, const char *msgid)
{
	struct app *a = app_find(app);
	bool back = a && *a->back && !strcmp(msgid, a->back);

	if (!a || (!back && strncmp(msgid, "s-", 2)))
		return APP_ACK_HOOK;

	appsave_mark(a);
	if (a->answered)
		timer_stop(&a->limit);
	if (back) {
		a->back[0] = '\0';
		if (a->client)
			client_resume(a->client);
	}

	return a->answered ? APP_ACK_DONE : APP_ACK_NEW;
}


void app_accepted(const struct sender *app)
{
	struct app *a = app_find(app);

	if (!a || a->answered)
		return;

	timer_stop(&a->limit);
	a->answered = true;
	appsave_mark(a);
}


void app_empty(const struct sender *app)
{
	struct app *a = app_find(app);
	const struct session *s = a ? session_find(a->sid) : NULL;

	if (s && call_inbound(s->call))
		applink_abandon(a, "no application provided");
	else
		app_accepted(app);
}


void app_refused(const struct sender *app, const char *msgid)
{
	struct app *a = app_find(app);

	if (!a || a->answered || a->http)
		return;

	/* an ack of session:reconnect may have answered it, too */
	if (!strncmp(msgid, "s-", 2) || !strncmp(msgid, "r-", 2))
		a->refused = true;
}
