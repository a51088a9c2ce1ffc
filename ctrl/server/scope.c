/**
 * @file scope.c  Whether this referd is asked for, or its fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "fleet/fleet.h"
#include "scope.h"


/**
 * Read the arguments `scope` and `member` of a request
 *
 * @param wish  Set to the requested scope
 * @param wsi   Connection, with the query
 * @param error Set if the scope is not valid
 *
 * @return 0 if success, EBADMSG with the error set
 */
int scope_read(struct scope_wish *wish, struct lws *wsi, struct error *error)
{
	char buf[1024];
	const char *p;

	memset(wish, 0, sizeof(*wish));

	p = lws_get_urlarg_by_name(wsi, "scope=", buf, sizeof(buf));
	if (p && !strcmp(p, "fleet"))
		wish->scope = SCOPE_FLEET;
	else if (p && *p && strcmp(p, "local") != 0)
		return error_set(error, 400, "scope",
				 "must be local or fleet");

	if (wish->scope == SCOPE_FLEET && !fleet_views())
		return error_set(error, 400, "scope",
				 "must be local: this referd has no view of "
				 "the fleet (--fleet-view)");

	p = lws_get_urlarg_by_name(wsi, "member=", buf, sizeof(buf));
	if (!p || !*p)
		return 0;

	if (wish->scope != SCOPE_FLEET)
		return error_set(error, 400, "member",
				 "must be given with scope=fleet");

	if (strlen(p) > SCOPE_MEMBER_MAX)
		return error_set(error, 400, "member",
				 "must be the name of a member of at most 64 "
				 "characters");

	strcpy(wish->member, p);

	return 0;
}
