/**
 * @file calls.c  What is said of a call on the command line
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <string.h>
#include "calls.h"
#include "http.h"
#include "print.h"


/* The call that name stands for, and how many it could be */
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


/**
 * Find a live call.  Says itself what is wrong.
 *
 * @param sid  Its call_sid
 * @param s    Where referd is
 * @param name A call_sid, the beginning of one, or "-" for the one live call
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status call_find(char sid[SID_SIZE], const struct settings *s,
		      const char *name)
{
	enum status status;
	cJSON *calls = NULL;
	const cJSON *call;
	bool any = !strcmp(name, "-");
	int n;

	status = http_get(&calls, s, "/calls");
	if (status)
		return status;

	call = match(calls, name, &n);
	if (n == 1)
		(void)snprintf(sid, SID_SIZE, "%s",
			       json_text(call, "call_sid"));
	else if (n)
		status = say_error(STATUS_ERROR,
				   any ? "there are %d live calls, name one"
				       : "%d live calls begin like this",
				   n);
	else
		status = any ? say_error(STATUS_ERROR, "there is no live call")
			     : say_error(STATUS_ERROR,
					 "no live call is called %s", name);
	cJSON_Delete(calls);

	return status;
}
