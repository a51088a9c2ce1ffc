/**
 * @file sessions.c  The sessions, found by their call or their node
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "load.h"
#include "sessions.h"


static struct table *sessions; /* by call_sid */
static unsigned max;


/**
 * Get ready for sessions
 *
 * @param most How many there may be
 *
 * @return 0, or ENOMEM
 */
int sessions_open(unsigned most)
{
	max = most;

	return table_create(&sessions);
}


/**
 * Forget all sessions, which are left alone
 */
void sessions_drop(void)
{
	table_destroy(sessions);
	sessions = NULL;
}


/**
 * Add a session
 *
 * @param s Session, whose call is known
 *
 * @return 0, or ENOMEM
 */
int sessions_put(struct session *s)
{
	return table_put(sessions, call_sid(s->call), s);
}


/**
 * Forget a session
 *
 * @param s Session
 */
void sessions_take(const struct session *s)
{
	(void)table_take(sessions, call_sid(s->call));
}


/**
 * Tell whether the limit of calls is reached
 *
 * @return True if it is
 */
bool sessions_full(void)
{
	return table_count(sessions) >= max;
}


/**
 * Call a handler for each session, as table_each() does
 *
 * @param h   Handler, returns true to stop
 * @param arg Handler argument
 */
void sessions_each(table_each_h *h, void *arg)
{
	table_each(sessions, h, arg);
}


size_t sessions_count(void)
{
	return load_all();
}


struct session *session_find(const char *sid)
{
	return table_get(sessions, sid);
}


int session_missing(struct error *f, const char *field, const char *sid)
{
	return error_set(f, 404, field, "No live call has the call_sid %.128s",
			 sid);
}


struct only {
	struct session *s;
	bool several;
};


static bool only_handler(const char *key, void *value, void *arg)
{
	char parent[CALL_SID_MAX + 1];
	struct session *s = value;
	struct only *only = arg;
	(void)key;

	if (call_over(s->call) || call_parent(s->call, parent))
		return false;

	only->several = only->s != NULL;
	only->s = s;

	return only->several;
}


/**
 * Get the only live call, not counting second calls, which take no verbs
 *
 * @return Its session, NULL if there is none or more than one
 */
struct session *session_only(void)
{
	struct only only = {NULL, false};

	table_each(sessions, only_handler, &only);

	return only.several ? NULL : only.s;
}


struct found {
	const char *instance;
	struct session **sessions;
	size_t count;
};


static bool of_handler(const char *key, void *value, void *arg)
{
	struct session *s = value;
	struct found *found = arg;
	(void)key;

	if (!strcmp(call_instance(s->call), found->instance))
		found->sessions[found->count++] = s;

	return false;
}


/**
 * List the sessions of a node, since one may end while one goes through them
 *
 * @param instance Instance id of the node
 *
 * @return Sessions up to a NULL, to be freed; NULL if out of memory
 */
struct session **sessions_of(const char *instance)
{
	struct found found = {.instance = instance};

	found.sessions = calloc(table_count(sessions) + 1,
				sizeof(*found.sessions));
	if (found.sessions)
		table_each(sessions, of_handler, &found);

	return found.sessions;
}
