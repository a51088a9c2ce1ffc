/**
 * @file viewnode.c  The baresips of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "json.h"
#include "members.h"
#include "store/store.h"
#include "viewnode.h"


enum { KEY_SIZE = 512 };

struct viewnode {
	char *member;
	char *node;
	char *version;
	char *baresip;
	char *libre;
	char *aor;
	char *since;
	bool connected;
	int calls;
	int transfers;
};

static struct table *nodes; /* by member/name */

static const struct field fields[] = {
	FIELD("member", TEXT, viewnode, member, 1),
	FIELD("node", TEXT, viewnode, node, 1),
	FIELD("version", TEXT, viewnode, version, 1),
	FIELD("baresip", TEXT, viewnode, baresip, 1),
	FIELD("libre", TEXT, viewnode, libre, 1),
	FIELD("aor", TEXT, viewnode, aor, 1),
	FIELD("since", TEXT, viewnode, since, 1),
	FIELD("connected", BOOL, viewnode, connected, 2),
	FIELD("calls", INT, viewnode, calls, 1),
	FIELD("transfers", INT, viewnode, transfers, 1),
	FIELDS_END,
};


int viewnodes_open(void)
{
	return table_create(&nodes);
}


static void destroy(struct viewnode *n)
{
	fields_free(n, fields);
	free(n);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)arg;

	(void)table_take(nodes, key);
	destroy(value);

	return false;
}


/**
 * Forget all nodes
 */
void viewnodes_clear(void)
{
	table_each(nodes, destroy_handler, NULL);
}


void viewnodes_close(void)
{
	if (nodes)
		viewnodes_clear();
	table_destroy(nodes);
	nodes = NULL;
}


static const char *key_of(char key[KEY_SIZE], const char *member,
			  const char *node)
{
	const int n = snprintf(key, KEY_SIZE, "%s/%s", member, node);

	return n < KEY_SIZE ? key : NULL;
}


static void drop(const char *key)
{
	struct viewnode *n = table_get(nodes, key);

	if (!n)
		return;

	/* the key may be that of the table, which frees it */
	fleetstore_put(STORE_NODES, key, NULL);
	(void)table_take(nodes, key);
	destroy(n);
}


static void save(const char *key, const struct viewnode *n)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, n, fields, FIELDS_ALL);
	json_close(&j, '}');
	fleetstore_put(STORE_NODES, key, json_done(&j));
	json_free(&j);
}


static struct viewnode *get(const char *key)
{
	struct viewnode *n = table_get(nodes, key);

	if (n)
		return n;

	n = calloc(1, sizeof(*n));
	if (n && table_put(nodes, key, n)) {
		free(n);
		n = NULL;
	}

	return n;
}


/**
 * Take up a node that was stored
 *
 * @param key  Its key
 * @param tree Stored state
 *
 * @return False if out of memory, or if it is not valid
 */
bool viewnode_load(const char *key, const cJSON *tree)
{
	struct viewnode *n = get(key);

	if (!n)
		return false;

	if (!fields_load(n, fields, tree) && n->member && n->node)
		return true;

	(void)table_take(nodes, key);
	destroy(n);

	return false;
}


/**
 * Take a member's message about one of its nodes
 *
 * @param member The member
 * @param data   Data of a node:status
 */
void viewnode_take(const char *member, const cJSON *data)
{
	const char *name = field_str(data, "node");
	const char *reason = field_str(data, "reason");
	char buf[KEY_SIZE];
	const char *key = name ? key_of(buf, member, name) : NULL;
	struct viewnode *n;

	if (!key)
		return;

	if (reason && !strcmp(reason, "baresip is gone")) {
		drop(key);
		return;
	}

	n = get(key);
	if (!n || field_keep(&n->member, member) ||
	    fields_load(n, fields, data)) {
		log_error("view: node %s: out of memory", key);
		drop(key);
		return;
	}

	save(key, n);
}


struct compare {
	const char *member;
	const cJSON *nodes;
};


static bool compare_handler(const char *key, void *value, void *arg)
{
	struct viewnode *n = value;
	const struct compare *c = arg;
	const cJSON *item;

	if (strcmp(n->member, c->member))
		return false;

	cJSON_ArrayForEach(item, c->nodes)
	{
		const char *name = field_str(item, "node");

		if (!name || strcmp(name, n->node))
			continue;

		n->calls = (int)field_int(item, "calls", n->calls);

		return false;
	}

	drop(key);

	return false;
}


/**
 * Take the list of the nodes that a member has now: others are gone
 *
 * @param member The member
 * @param list   Array of objects with `node` and `calls`
 */
void viewnodes_compare(const char *member, const cJSON *list)
{
	struct compare c = {member, list};

	if (nodes && cJSON_IsArray(list))
		table_each(nodes, compare_handler, &c);
}


static bool print_handler(const char *key, void *value, void *arg)
{
	const struct viewnode *n = value;
	const bool there = members_reachable(n->member);
	struct json *j = arg;
	(void)key;

	json_open(j, NULL, '{');
	fields_print(j, n, fields, 1);
	json_bool(j, "connected", n->connected && there);
	json_close(j, '}');

	return false;
}


/**
 * Write the nodes of all members.  Nodes of an unreachable member count as not
 * connected.
 *
 * @param j   Text
 * @param key Name of the array
 */
void viewnodes_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(nodes, print_handler, j);
	json_close(j, ']');
}
