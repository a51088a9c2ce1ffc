/**
 * @file origin.c  Position of reading for each member
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "origin.h"
#include "store/store.h"


static struct table *origins; /* by name */

static const struct field fields[] = {
	FIELD("boot", TEXT, origin, boot, 1),
	FIELD("lost", TEXT, origin, lost, 1),
	FIELD("last", INT, origin, last, 1),
	FIELDS_END,
};


int origins_open(void)
{
	return table_create(&origins);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	struct origin *s = value;
	(void)key;
	(void)arg;

	(void)table_take(origins, s->name);
	fields_free(s, fields);
	free(s->name);
	free(s);

	return false;
}


void origins_clear(void)
{
	table_each(origins, destroy_handler, NULL);
}


void origins_close(void)
{
	if (origins)
		origins_clear();
	table_destroy(origins);
	origins = NULL;
}


/**
 * Find a member of which something has been read
 *
 * @param name Its name
 *
 * @return The member, NULL if unknown
 */
struct origin *origin_find(const char *name)
{
	return table_get(origins, name);
}


/**
 * Get a member, which is made if it is new
 *
 * @param name Its name
 *
 * @return The member, NULL if out of memory
 */
struct origin *origin_get(const char *name)
{
	struct origin *s = origin_find(name);

	if (s)
		return s;

	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;

	s->name = strdup(name);
	if (!s->name || table_put(origins, name, s)) {
		free(s->name);
		free(s);
		return NULL;
	}

	return s;
}


/**
 * Store the position of a member
 *
 * @param s Member
 */
void origin_save(const struct origin *s)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, s, fields, FIELDS_ALL);
	json_close(&j, '}');
	fleetstore_put(STORE_NODES, s->name, json_done(&j));
	json_free(&j);
}


/**
 * Take up what origin_save() has stored
 *
 * @param key  Name of the member
 * @param tree Object
 *
 * @return False if out of memory
 */
bool origin_load(const char *key, const struct cJSON *tree)
{
	struct origin *s = origin_get(key);

	return s && !fields_load(s, fields, tree);
}


struct each {
	origin_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct each *each = arg;
	(void)key;

	each->h(value, each->arg);

	return false;
}


/**
 * Call a handler for each member
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void origins_each(origin_h *h, void *arg)
{
	struct each each = {h, arg};

	table_each(origins, each_handler, &each);
}
