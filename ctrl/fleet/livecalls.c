/**
 * @file livecalls.c  The calls that a member has just now
 *
 * A member that was given up for lost may be back with calls that live: the
 * stream has no news of them until their state changes, so it is asked.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "fleet.h"
#include "json.h"
#include "livecalls.h"
#include "origin.h"
#include "rq.h"
#include "store/store.h"
#include "viewcall.h"


static int serve_handler(const cJSON *rq, const char *from,
			 struct json *answer, struct error *f)
{
	(void)rq;
	(void)from;
	(void)f;

	json_str(answer, "member", fleet_member());
	json_int(answer, "seq", (int64_t)store_seq());
	sessions_print(answer, "calls");
	transfers_print(answer, "transfers");

	return 0;
}


static void take(const char *member, const cJSON *item)
{
	const char *sid = field_str(item, "call_sid");
	char *data = cJSON_PrintUnformatted(item);

	if (sid && data && !viewcall_member(sid))
		viewcall_take(member, sid, data);
	free(data);
}


/* Messages of the member after its answer count more */
static bool is_stale(const char *member, const cJSON *answer)
{
	const struct origin *o = origin_find(member);

	return o && o->last > (uint64_t)field_int(answer, "seq", 0);
}


static void answer_handler(const struct error *f, const cJSON *answer,
			   void *arg)
{
	const char *member = field_str(answer, "member");
	const cJSON *item;
	(void)arg;

	if (!f && member && fleet_views() && !is_stale(member, answer)) {
		cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(
						 answer, "calls"))
		{
			take(member, item);
		}
	}
}


/**
 * Ask a member for its calls: the view has those then that it lacked
 *
 * @param member Its name
 */
void livecalls_ask(const char *member)
{
	if (fleet_views() &&
	    rq_send(NULL, member, "calls", "{}", answer_handler, NULL))
		log_error("fleet: out of memory");
}


/**
 * Let others ask for ours
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int livecalls_start(const struct fleet_config *c)
{
	(void)c;

	return rq_serve("calls", serve_handler, false);
}


void livecalls_stop(void)
{
}
