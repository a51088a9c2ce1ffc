/**
 * @file calls.c  The call that a command names
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <string.h>
#include "calls.h"
#include "http.h"
#include "print.h"


/* The call that matches the name, and the number of matches */
static const cJSON *match(const cJSON *calls, const char *name, int *np)
{
	const cJSON *call, *found = NULL;
	bool any = !strcmp(name, "-");

	*np = 0;
	cJSON_ArrayForEach(call, calls)
	{
		const char *sid = json_text(call, "call_sid");

		if (!any && strncmp(sid, name, strlen(name)))
			continue;

		found = call;
		++*np;
		if (!strcmp(sid, name)) {
			*np = 1;
			break;
		}
	}

	return found;
}


/* How many calls of other members of a fleet it could be.  Without a view of
   them, a call must be named whole. */
static int find_elsewhere(char sid[SID_SIZE], const struct settings *s,
			  const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	char path[SID_SIZE + 8];
	const cJSON *call = NULL;
	cJSON *tree = NULL;
	int n = 0;

	if (!*name || strlen(name) >= SID_SIZE ||
	    strspn(name, ok) != strlen(name))
		return 0;

	(void)snprintf(path, sizeof(path), "/calls/%s", name);
	if (!http_try(&tree, s, "/calls?scope=fleet")) {
		call = match(tree, name, &n);
	}
	else if (!http_try(&tree, s, path)) {
		call = tree;
		n = 1;
	}

	if (n == 1)
		(void)snprintf(sid, SID_SIZE, "%s",
			       json_text(call, "call_sid"));
	cJSON_Delete(tree);

	return n;
}


/**
 * Find a live call.  Prints its errors.
 *
 * @param sid   Its call_sid
 * @param herep Set to false if it is a call of another member of a fleet; may
 *              be NULL
 * @param s     Settings of the connection
 * @param name  A call_sid, the beginning of one, or "-" for the one live call
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status call_find(char sid[SID_SIZE], bool *herep,
		      const struct settings *s, const char *name)
{
	enum status status;
	cJSON *calls = NULL;
	const cJSON *call;
	bool any = !strcmp(name, "-"), elsewhere = false;
	int n;

	status = http_get(&calls, s, "/calls");
	if (status)
		return status;

	call = match(calls, name, &n);
	if (n == 1)
		(void)snprintf(sid, SID_SIZE, "%s",
			       json_text(call, "call_sid"));
	else if (!n && !any && (n = find_elsewhere(sid, s, name)) == 1)
		elsewhere = true;
	else if (n)
		status = say_error(STATUS_ERROR,
				   any ? "%d calls are live; name one"
				       : "%d live calls begin like this",
				   n);
	else
		status = any ? say_error(STATUS_ERROR, "no call is live")
			     : say_error(STATUS_ERROR,
					 "no live call matches %s", name);
	cJSON_Delete(calls);
	if (herep)
		*herep = !elsewhere;

	return status;
}
