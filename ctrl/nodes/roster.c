/**
 * @file roster.c  The baresips that are known, connected or not
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "json.h"
#include "nodelink.h"
#include "nodes.h"
#include "roster.h"


static struct table *nodes; /* by instance id */
static const struct nodes_events *events;

const struct field node_fields[] = {
	FIELD("node", TEXT, node, name, NODE_SHOWN | NODE_SAVED),
	FIELD("boot", TEXT, node, instance, 0),
	FIELD("version", TEXT, node, version, NODE_SHOWN),
	FIELD("baresip", TEXT, node, baresip, NODE_SHOWN),
	FIELD("libre", TEXT, node, libre, NODE_SHOWN),
	FIELD("aor", TEXT, node, aor, NODE_SHOWN),
	FIELD("pid", INT, node, process.pid, NODE_SAVED),
	FIELD("start", INT, node, process.start, NODE_SAVED),
	FIELD("n", INT, node, n, NODE_SAVED),
	FIELDS_END,
};


static void destroy(struct node *node)
{
	process_forget(&node->process);
	timer_stop(&node->grace);
	if (node->link)
		node->link->way->close(node->link);
	fields_free(node, node_fields);
	free(node);
}


/**
 * Get ready for nodes
 *
 * @param e Tell how much each of them carries
 *
 * @return 0, or ENOMEM
 */
int roster_init(const struct nodes_events *e)
{
	events = e;

	return table_create(&nodes);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


/**
 * Free all nodes; their reports stay in the store
 */
void roster_close(void)
{
	table_each(nodes, destroy_handler, NULL);
	table_destroy(nodes);
	nodes = NULL;
}


/**
 * Make a node, without a connection
 *
 * @param nodep    Pointer to the new node
 * @param instance Its instance id
 * @param name     Its name
 *
 * @return 0, or ENOMEM
 */
int roster_add(struct node **nodep, const char *instance, const char *name)
{
	struct node *node = calloc(1, sizeof(*node));
	int err;

	if (!node)
		return ENOMEM;

	node->since = clock_ms();

	err = field_keep(&node->instance, instance) |
	      field_keep(&node->name, name);
	if (!err)
		err = table_put(nodes, instance, node);
	if (err)
		destroy(node);
	else
		*nodep = node;

	return err;
}


/**
 * Free a node
 *
 * @param node Node
 */
void roster_remove(struct node *node)
{
	(void)table_take(nodes, node->instance);
	destroy(node);
}


struct node *roster_find(const char *instance)
{
	return table_get(nodes, instance);
}


/**
 * Call a handler for each node
 *
 * @param h   Handler, returns true to stop
 * @param arg Handler argument
 */
void roster_each(table_each_h *h, void *arg)
{
	table_each(nodes, h, arg);
}


struct search {
	const char *name;
	const struct node *but;
	bool connected;
	unsigned load;
	struct node *node; /* what was found */
};


static bool other_handler(const char *key, void *value, void *arg)
{
	struct node *node = value;
	struct search *s = arg;
	(void)key;

	if (node == s->but || strcmp(node->name, s->name) ||
	    (node->link != NULL) != s->connected)
		return false;

	s->node = node;

	return true;
}


/**
 * Find another instance of a node
 *
 * @param node      One instance of the name
 * @param connected Whether the other one must be there, or must not
 *
 * @return Another instance, NULL if there is none
 */
struct node *roster_other(const struct node *node, bool connected)
{
	struct search s = {
		.name = node->name, .but = node, .connected = connected};

	table_each(nodes, other_handler, &s);

	return s.node;
}


/**
 * Write the members of a node for clients
 *
 * @param j    Text, in an open object
 * @param node Node
 */
void roster_print_node(struct json *j, const struct node *node)
{
	char since[CLOCK_TEXT_SIZE];

	clock_text(since, node->since);

	fields_print(j, node, node_fields, NODE_SHOWN);
	json_bool(j, "connected", node->link != NULL);
	json_str(j, "since", since);
	json_int(j, "calls", events->calls(node->instance));
	json_int(j, "transfers", events->transfers(node->instance));
}


static bool print_handler(const char *key, void *value, void *arg)
{
	(void)key;

	json_open(arg, NULL, '{');
	roster_print_node(arg, value);
	json_close(arg, '}');

	return false;
}


void roster_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(nodes, print_handler, j);
	json_close(j, ']');
}


static bool brief_handler(const char *key, void *value, void *arg)
{
	const struct node *node = value;
	struct json *j = arg;

	json_open(j, NULL, '{');
	json_str(j, "node", node->name);
	json_int(j, "calls", events->calls(key));
	json_bool(j, "can", node->synced);
	json_close(j, '}');

	return false;
}


void roster_print_brief(struct json *j, const char *key)
{
	json_open(j, key, '[');
	table_each(nodes, brief_handler, j);
	json_close(j, ']');
}


struct figures {
	struct node_figures of;
	const struct node *first; /* of the name */
	node_figures_h *h;
	void *arg;
};


static bool add_handler(const char *key, void *value, void *arg)
{
	const struct node *node = value;
	struct figures *f = arg;

	if (strcmp(node->name, f->of.name) != 0)
		return false;

	if (!f->first)
		f->first = node;
	f->of.connected |= node->link != NULL;
	f->of.calls += events->calls(key);
	f->of.transfers += events->transfers(key);
	f->of.refers += events->refers(key);

	return false;
}


static bool figures_handler(const char *key, void *value, void *arg)
{
	const struct node *node = value;
	struct figures f = *(struct figures *)arg;
	(void)key;

	f.of.name = node->name;
	table_each(nodes, add_handler, &f);
	if (f.first == node)
		f.h(&f.of, f.arg);

	return false;
}


void roster_figures(node_figures_h *h, void *arg)
{
	struct figures f = {.h = h, .arg = arg};

	table_each(nodes, figures_handler, &f);
}


static bool count_handler(const char *key, void *value, void *arg)
{
	const struct node *node = value;
	unsigned *n = arg;
	(void)key;

	*n += node->synced;

	return false;
}


unsigned roster_count(void)
{
	unsigned n = 0;

	table_each(nodes, count_handler, &n);

	return n;
}


static bool pick_handler(const char *key, void *value, void *arg)
{
	struct node *node = value;
	struct search *s = arg;
	unsigned load;

	if (!node->synced || (s->name && strcmp(s->name, node->name)))
		return false;

	load = events->calls(key);
	if (!s->node || load < s->load) {
		s->node = node;
		s->load = load;
	}

	return false;
}


const char *roster_pick(const char *name)
{
	struct search s = {.name = name};

	table_each(nodes, pick_handler, &s);

	return s.node ? s.node->instance : NULL;
}
