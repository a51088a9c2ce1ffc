/**
 * @file hook_status.c  The result of each hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "hook_status.h"
#include "hooks.h"
#include "json.h"
#include "outbox.h"
#include "stream/stream.h"


static const char *const kinds[] = {"event", "action", "redirect", "status"};


/**
 * Tell the result of a hook to the clients of the default dialect; the message
 * has the URL without its credentials
 *
 * @param p      Hook
 * @param event  Result, in the words of docs/protocol.md
 * @param status HTTP status, 0 for none
 * @param retry  Seconds until it is tried again, 0 if it is not
 * @param reason Why, as a sentence; may be NULL
 */
void hook_status_tell(const struct posting *p, const char *event, long status,
		      double retry, const char *reason)
{
	char url[HOOK_MAX + 1];
	struct json j;

	webhook_public_url(url, sizeof(url), p->hook.url);

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "hook", url);
	json_str(&j, "kind", kinds[p->kind]);
	json_str(&j, "msgid", p->id);
	json_str(&j, "transfer_id", p->transfer_id);
	json_str(&j, "verb_id", p->verb_id);
	trace_print(&j, p->trace);
	json_str(&j, "event", event);
	json_int(&j, "attempt", p->attempt);
	json_str(&j, "client", p->http || !p->client ? NULL : p->client->name);
	if (status)
		json_int(&j, "http_status", status);
	if (retry > 0)
		json_int(&j, "retry_ms", (int64_t)(retry * 1000));
	json_str(&j, "reason", reason);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "hook:status",
				      .call_sid = p->chain->sid,
				      .data = json_done(&j)});
	json_free(&j);
}
