/**
 * @file coming.c  Which clients come here and leave, for the other members
 *
 * A heartbeat may get lost: each change is in three of them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "coming.h"
#include "json.h"
#include "members.h"
#include "stream/stream.h"


enum {
	BEATS = 3,
	NEWS_MAX = 256, /* in a heartbeat */
};

struct coming {
	struct coming *next; /* of those with news */
	bool here;
	bool resumes;
	unsigned beats; /* that it is still to stand in */
	int64_t n;
	char *badge;
	char name[CLIENT_NAME_SIZE];
};

static struct {
	struct table *clients; /* those that are here, and those with news */
	struct coming *head, **tail;
	int64_t last; /* n */
} coming;


/**
 * Get ready
 *
 * @return 0, or ENOMEM
 */
int coming_start(void)
{
	coming.head = NULL;
	coming.tail = &coming.head;

	return table_create(&coming.clients);
}


static void destroy(struct coming *c)
{
	free(c->badge);
	free(c);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	destroy(value);

	return false;
}


/**
 * Forget all
 */
void coming_stop(void)
{
	if (coming.clients)
		table_each(coming.clients, destroy_handler, NULL);
	table_destroy(coming.clients);
	memset(&coming, 0, sizeof(coming));
}


/* It goes to the end, as news of others are older */
static void tell(struct coming *c)
{
	if (!c->beats) {
		c->next = NULL;
		*coming.tail = c;
		coming.tail = &c->next;
	}
	c->beats = BEATS;
	members_soon();
}


/* Rises, also over restarts */
static int64_t next_n(void)
{
	const int64_t now = clock_ms();

	coming.last = now > coming.last ? now : coming.last + 1;

	return coming.last;
}


/**
 * A client has come
 *
 * @param name    Its name
 * @param badge   Name of its token, may be NULL
 * @param resumes True if it gets missed messages
 */
void coming_up(const char *name, const char *badge, bool resumes)
{
	struct coming *c = table_get(coming.clients, name);

	/* observers get nothing of their own, and an application is of here */
	if (!client_name_valid(name))
		return;

	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return;
		(void)strncpy(c->name, name, sizeof(c->name) - 1);
		if (table_put(coming.clients, name, c)) {
			destroy(c);
			return;
		}
	}

	c->here = true;
	c->resumes = resumes;
	c->n = next_n();
	if (field_keep(&c->badge, badge ? badge : ""))
		log_error("fleet: out of memory");
	tell(c);
}


/**
 * A client has left
 *
 * @param name Its name
 */
void coming_down(const char *name)
{
	struct coming *c = table_get(coming.clients, name);

	if (!c)
		return;

	c->here = false;
	tell(c);
}


/**
 * Tell whose token a client has shown, also one that has just left
 *
 * @param name Its name
 *
 * @return Name of the token, NULL if unknown
 */
const char *coming_badge(const char *name)
{
	const struct coming *c = table_get(coming.clients, name);

	return c ? c->badge : NULL;
}


/**
 * Tell which of its connections a client has here
 *
 * @param name Its name
 *
 * @return Number, 0 if it is not here
 */
int64_t coming_n(const char *name)
{
	const struct coming *c = table_get(coming.clients, name);

	return c && c->here ? c->n : 0;
}


static void print_list(struct json *j, bool here)
{
	unsigned count = 0;

	json_open(j, here ? "came" : "left", '[');
	for (const struct coming *c = coming.head; c && count < NEWS_MAX;
	     c = c->next, count++) {
		if (c->here != here)
			continue;

		json_open(j, NULL, '{');
		json_str(j, "client", c->name);
		if (here)
			json_str(j, "badge", c->badge);
		json_int(j, "n", c->n);
		if (here && c->resumes)
			json_bool(j, "resumes", true);
		json_close(j, '}');
	}
	json_close(j, ']');
}


/* Drops the changes that were in enough heartbeats */
static void count_beat(void)
{
	struct coming **cp = &coming.head, *c;

	for (unsigned n = 0; (c = *cp) && n < NEWS_MAX; n++) {
		if (--c->beats) {
			cp = &c->next;
			continue;
		}

		*cp = c->next;
		if (coming.tail == &c->next)
			coming.tail = cp;
		if (!c->here) {
			(void)table_take(coming.clients, c->name);
			destroy(c);
		}
	}
}


/**
 * Write the clients that have come and left
 *
 * @param j Text, in the open heartbeat
 */
void coming_print(struct json *j)
{
	print_list(j, true);
	print_list(j, false);
	count_beat();
}


/**
 * Read what coming_print() of another member wrote
 *
 * @param heartbeat Its heartbeat
 * @param came      Called for each that has come
 * @param left      Called for each that has left
 * @param arg       Argument of both
 */
void coming_read(const cJSON *heartbeat, came_h *came, left_h *left, void *arg)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(heartbeat,
							     "left");
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *client = field_str(item, "client");

		if (client && client_name_valid(client))
			left(client, field_int(item, "n", 0), arg);
	}

	list = cJSON_GetObjectItemCaseSensitive(heartbeat, "came");
	cJSON_ArrayForEach(item, list)
	{
		const char *client = field_str(item, "client");
		const char *badge = field_str(item, "badge");

		if (client && client_name_valid(client))
			came(client, badge ? badge : "",
			     field_int(item, "n", 0),
			     field_bool(item, "resumes"), arg);
	}
}
