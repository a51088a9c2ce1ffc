/**
 * @file packets.c  The SIP messages of transfers of other members
 *
 * They are in nobody's stream: who has the transfer is asked for them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "capture/capture.h"
#include "fleet.h"
#include "json.h"
#include "packets.h"
#include "route.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	ID_MAX = 64,
	MEMBER_SIZE = 65,
	PACKETS_MAX = 480000, /* as JSON, that a message of the engine has room
				 for in a string [bytes] */
};

/* Who wants what: the name of an HTTP request, here or at another member */
struct wish {
	char request[SERVED_NAME_SIZE];
	char id[ID_MAX];
	char member[MEMBER_SIZE]; /* that has the transfer, "" if none is known
				   */
	char *text;               /* what was found */
	bool known;
};


static void answer(const struct wish *w, int status, const char *error)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "error", error);
	json_close(&j, '}');
	reply_give(w->request, status, json_done(&j));
	json_free(&j);
}


static int create(struct wish **wp, const char *request, const char *id)
{
	struct wish *w;

	if (strlen(id) >= ID_MAX)
		return ENOENT;

	w = calloc(1, sizeof(*w));
	if (!w)
		return ENOMEM;

	(void)snprintf(w->request, sizeof(w->request), "%s", request);
	strcpy(w->id, id);
	*wp = w;

	return 0;
}


static void data_handler(const char *call_sid, const char *data, void *arg)
{
	struct wish *w = arg;
	cJSON *transfer = cJSON_Parse(data);
	const char *member = field_str(transfer, "member");
	(void)call_sid;

	(void)snprintf(w->member, sizeof(w->member), "%s",
		       member ? member : "");
	cJSON_Delete(transfer);
}


/* In another thread, in the store of the fleet */
static void look_handler(void *arg)
{
	struct wish *w = arg;

	(void)archive_get(w->id, data_handler, w);
}


static void answer_unknown(const struct wish *w)
{
	char error[64 + ID_MAX];

	(void)snprintf(error, sizeof(error), "The history has no transfer %s",
		       w->id);
	answer(w, 404, error);
}


static void looked_handler(void *arg)
{
	struct wish *w = arg;

	if (!*w->member)
		answer_unknown(w);
	else if (!strcmp(w->member, fleet_member()))
		answer(w, 404,
		       "The history has no SIP message of this transfer");
	else if (!fleet_on() || route_capture(w->request, w->member, w->id))
		answer(w, 503,
		       "Too many messages wait for other members of "
		       "the fleet");
	free(w);
}


int fleet_capture(const char *request, const char *transfer_id)
{
	struct wish *w;
	struct job *job;

	if (!fleet_views() || create(&w, request, transfer_id))
		return ENOENT;

	if (db_ask(&job, SCOPE_FLEET, look_handler, looked_handler, w)) {
		free(w);
		return ENOENT;
	}

	return 0;
}


/* In another thread, in our own store */
static void gather_handler(void *arg)
{
	struct wish *w = arg;
	struct json j;

	json_init(&j);
	w->known = capture_gather(&j, w->id) != ENOENT;
	if (w->known)
		w->text = json_take(&j);
	json_free(&j);
}


static void gathered_handler(void *arg)
{
	struct wish *w = arg;
	char error[160];

	(void)snprintf(error, sizeof(error),
		       "This transfer has too many SIP messages to be passed "
		       "on; ask the member %s",
		       fleet_member());
	if (!w->known)
		answer_unknown(w);
	else if (!w->text || strlen(w->text) > PACKETS_MAX)
		answer(w, 413, error);
	else
		reply_give(w->request, 200, w->text);
	free(w->text);
	free(w);
}


/**
 * Give another member the SIP messages of a transfer
 *
 * @param rq   What is asked
 * @param from Name of the member that asks
 * @param a    Answer: all is said later
 * @param f    What is wrong
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int packets_serve(const cJSON *rq, const char *from, struct json *a,
		  struct error *f)
{
	const char *id = field_str(rq, "text");
	char name[SERVED_NAME_SIZE];
	struct sender s;
	struct wish *w;
	struct job *job;
	(void)a;

	if (!id || served_http(&s, name, rq, from))
		return error_set(f, 400, "text", "is required");

	if (create(&w, name, id))
		return error_set(f, 404, NULL,
				 "The history has no transfer %.64s", id);

	if (db_ask(&job, SCOPE_LOCAL, gather_handler, gathered_handler, w)) {
		free(w);
		return ENOMEM;
	}

	return 0;
}
