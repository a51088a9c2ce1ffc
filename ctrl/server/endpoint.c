/**
 * @file endpoint.c  The resources of HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "calls/calls.h"
#include "endpoint.h"
#include "export.h"
#include "filter.h"
#include "fleet/fleet.h"
#include "history.h"
#include "json.h"
#include "metrics.h"
#include "nodes/nodes.h"
#include "scope.h"
#include "stats.h"
#include "store/store.h"


enum { ARGUMENT_SIZE = 4096 }; /* libwebsockets takes no more */


/* Reason why the store cannot be written, as a sentence */
static bool get_trouble(char *text, size_t size)
{
	if (store_trouble())
		(void)snprintf(text, size,
			       "The store cannot be written (%s); changes "
			       "wait in memory",
			       store_trouble());
	else if (fleetstore_trouble())
		(void)snprintf(text, size,
			       "The store of the fleet cannot be written "
			       "(%s); reading of the stream is paused",
			       fleetstore_trouble());
	else
		return false;

	return true;
}


static char *get_healthz(void)
{
	char text[256];
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	if (get_trouble(text, sizeof(text))) {
		json_str(&j, "status", "degraded");
		json_str(&j, "error", text);
	}
	else {
		json_str(&j, "status", "ok");
	}
	json_str(&j, "version", PROJECT_VERSION);
	json_int(&j, "nodes", roster_count());
	json_int(&j, "calls", (int64_t)sessions_count());
	json_int(&j, "last_seq", (int64_t)store_seq());
	fleet_print(&j, "fleet");
	if (fleet_views())
		json_int(&j, "fleet_seq", (int64_t)fleetstore_last());
	json_close(&j, '}');

	return json_take(&j);
}


static char *get_calls(const struct scope_wish *wish)
{
	struct json j;

	json_init(&j);
	if (wish->scope != SCOPE_FLEET ||
	    !fleet_calls_print(&j, NULL, *wish->member ? wish->member : NULL))
		sessions_print(&j, NULL);

	return json_take(&j);
}


static char *get_call(const char *sid, struct error *error)
{
	const struct session *s = session_find(sid);
	struct json j;

	if (!s || call_over(s->call)) {
		(void)session_missing(error, NULL, sid);
		return NULL;
	}

	json_init(&j);
	session_print(&j, NULL, s);

	return json_take(&j);
}


/* libwebsockets has parted the query and decoded it; conn.c has seen that it
   has no zero byte */
static int read_query(struct filter *filter, struct lws *wsi,
		      struct error *error)
{
	char text[ARGUMENT_SIZE];
	int err = 0;

	for (int i = 0; !err; i++) {
		int len = lws_hdr_copy_fragment(wsi, text, sizeof(text),
						WSI_TOKEN_HTTP_URI_ARGS, i);
		char *value;

		if (len < 0)
			break;

		value = text + strcspn(text, "=");
		if (*value)
			*value++ = '\0';

		err = filter_add(filter, text, value, error);
	}

	return err;
}


static int list_transfers(struct job **jp, enum scope scope,
			  const char *request, struct lws *wsi,
			  struct error *error)
{
	struct filter *filter = malloc(sizeof(*filter));
	int err;

	if (!filter)
		return ENOMEM;

	filter_init(filter, scope);
	err = read_query(filter, wsi, error);
	if (err) {
		free(filter);
		return err;
	}

	return history_list(jp, scope, request, filter);
}


/**
 * Find the resource of a path in the past
 *
 * @param jp      Set to the job, NULL if the resource is not in the past
 * @param request Name of the request that is answered
 * @param wsi     Connection, with the query
 * @param path    Path
 * @param error   Why it can't be done, if it says something
 *
 * @return 0 if success, EBADMSG with the error set, or ENOMEM
 */
int endpoint_look(struct job **jp, const char *request, struct lws *wsi,
		  const char *path, struct error *error)
{
	struct scope_wish wish;
	struct export *export;
	int err;

	*jp = NULL;
	err = scope_read(&wish, wsi, error);
	if (err)
		return err;

	if (!strcmp(path, "/transfers"))
		return list_transfers(jp, wish.scope, request, wsi, error);

	err = export_read(&export, path, wsi, error);
	if (err || export)
		return err ? err : export_ask(jp, request, export);

	if (!strncmp(path, "/transfers/", 11))
		return history_one(jp, wish.scope, request, path + 11);

	return strcmp(path, "/stats") ? 0 : stats_ask(jp, &wish, request);
}


/**
 * Get the resource of a path, if it is not in the past
 *
 * @param wsi   Connection, with the query
 * @param path  Path
 * @param typep Content-Type of the resource
 * @param error Set if there is an error
 *
 * @return Text, to be freed; NULL if there is an error, or out of memory
 */
char *endpoint_get(struct lws *wsi, const char *path, const char **typep,
		   struct error *error)
{
	struct scope_wish wish;

	if (scope_read(&wish, wsi, error))
		return NULL;

	*typep = "application/json";

	if (!strcmp(path, "/healthz"))
		return get_healthz();

	if (!strcmp(path, "/calls"))
		return get_calls(&wish);

	if (!strncmp(path, "/calls/", 7))
		return get_call(path + 7, error);

	if (!strcmp(path, "/metrics")) {
		*typep = "text/plain; version=0.0.4";
		return metrics_text(wish.scope);
	}

	(void)error_set(error, 404, NULL, "No resource has this path");

	return NULL;
}
