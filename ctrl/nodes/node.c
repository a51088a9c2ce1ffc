/**
 * @file node.c  A baresip: it connects, reports, disconnects, and is gone
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "attached.h"
#include "decode.h"
#include "greet.h"
#include "json.h"
#include "node.h"
#include "nodelink.h"
#include "nodes.h"
#include "roster.h"
#include "socket.h"
#include "store/store.h"
#include "stream/stream.h"


/* Seconds that a node may be away before its calls are given up */
static const double grace_time = 5.;
static const double grace_start = 10.; /* ... when we are the one who was */

enum { ACK_COUNT = 256 };

static const struct nodes_events *events;


/**
 * Get the handlers of what baresips say
 *
 * @return Handlers
 */
const struct nodes_events *nodes_events(void)
{
	return events;
}


/**
 * Tell the clients the state of a node.  Clients know nodes by name: of
 * several instances the connected one counts.
 *
 * @param node   Node
 * @param reason Cause of the change, as a sentence
 */
void node_announce(const struct node *node, const char *reason)
{
	struct json j;

	if (!node->link && roster_other(node, true))
		return;

	json_init(&j);
	json_open(&j, NULL, '{');
	roster_print_node(&j, node);
	json_str(&j, "reason", reason);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "node:status",
				      .data = json_done(&j)});
	json_free(&j);
}


/**
 * Forget a node: it will not come back
 *
 * @param node Node, which is freed
 */
void node_gone(struct node *node)
{
	log_info("node: %s is gone", node->name);

	events->gone(node->instance);
	node_announce(node, "baresip is gone");
	store_forget(STORE_NODES, node->instance);
	roster_remove(node);
}


static void grace_handler(void *arg)
{
	node_gone(arg);
}


/* The last reports of the process come before its end */
static void exit_handler(void *arg)
{
	struct node *node = arg;

	if (!node->link)
		node_gone(node);
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
int node_create(struct node **nodep, const char *instance, const char *name)
{
	int err = roster_add(nodep, instance, name);

	if (!err)
		timer_init(&(*nodep)->grace, grace_handler, *nodep);

	return err;
}


static void close_handler(struct nodelink *l, void *arg)
{
	struct node *node = arg;
	(void)l;

	node->link = NULL;
	node->synced = false;
	node->dirty = true;
	node->since = clock_ms();
	log_info("node: %s has disconnected", node->name);

	if (node->process.exited) {
		node_gone(node);
		return;
	}

	node_announce(node, "baresip has disconnected");
	timer_start(&node->grace, grace_time);
}


/* It counts from the start: it is another baresip with the same instance id */
static void begin_anew(struct node *node, uint64_t n)
{
	log_warning("node: %s has the boot of another baresip; the other is "
		    "given up",
		    node->name);

	events->gone(node->instance);
	events->begin(node->instance);
	node->n = node->acked = n - 1;
	node->seals = (struct seals){.done = 0};
}


/**
 * Take a report of a node
 *
 * @param node Node
 * @param r    Report, which report_check() has passed
 */
void node_take(struct node *node, struct report *r)
{
	if (!r->time)
		r->time = clock_ms();

	/* the next report of the same baresip is a new one */
	if (node->doubtful && r->n <= node->n)
		begin_anew(node, r->n);
	node->doubtful = false;

	if (r->n <= node->n)
		return;

	/* no later process can use the number of this one */
	node->n = r->n;
	node->dirty |= !node->link->own;

	/* one of an earlier connection, repeated, or one more says nothing of
	   what lives now */
	if (r->kind == REPORT_SYNC) {
		if (r->n < node->next || node->synced)
			return;
		node->synced = !r->more;
	}

	events->report(r, node->instance, node->name);
}


static int line_handler(struct nodelink *l, char *line, size_t len, void *arg)
{
	struct node *node = arg;
	struct report *r;
	const char *why = NULL;
	int err;
	(void)l;

	log_debug("node: %s: %s", node->name, line);

	err = report_decode(&r, line, len, &why);
	if (err && err != EBADMSG)
		return err;

	/* it may be of a later release; the lines after it can be used */
	if (err || r->kind == REPORT_HELLO) {
		log_warning("node: %s: a line %s; it is skipped", node->name,
			    err && why ? why : "is not valid");
		if (!err)
			report_free(r);
		return 0;
	}

	node_take(node, r);
	report_free(r);

	return 0;
}


static void set(char **sp, const char *s)
{
	free(*sp);
	*sp = s ? strdup(s) : NULL;
}


/**
 * Connect a node.  Its previous connection ends.
 *
 * @param node Node
 * @param l    Link
 * @param r    Its hello
 */
void node_connect(struct node *node, struct nodelink *l,
		  const struct report *r)
{
	if (node->link)
		node->link->way->close(node->link);

	node->link = l;
	node->since = clock_ms();
	node->next = r->next;
	node->doubtful = r->next && r->next <= node->n;
	node->synced = false;
	node->dirty = true;
	set(&node->version, r->version);
	set(&node->baresip, r->baresip);
	set(&node->libre, r->libre);
	set(&node->aor, r->aor);
	timer_stop(&node->grace);
	process_watch(&node->process, l->pid, exit_handler, node);
	l->lineh = line_handler;
	l->closeh = close_handler;
	l->arg = node;
}


int nodes_listen(const char *path)
{
	return socket_listen(path, greet_handler);
}


static bool save_handler(const char *key, void *value, void *arg)
{
	struct node *node = value;
	struct json j;
	(void)arg;

	if (!node->dirty)
		return false;

	node->dirty = false;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, node, node_fields, NODE_SAVED);
	json_close(&j, '}');
	store_put(STORE_NODES, key, json_done(&j));
	json_free(&j);

	return false;
}


/* Stores the number of the last report together with the effects of the
   reports */
static void nodes_save_handler(void)
{
	roster_each(save_handler, NULL);
}


static bool settle_handler(const char *key, void *value, void *arg)
{
	struct node *node = value;
	(void)key;
	(void)arg;

	node->dirty = true;

	return false;
}


void nodes_settle(void)
{
	roster_each(settle_handler, NULL);
}


int nodes_init(const struct nodes_events *e)
{
	events = e;
	store_saver_add(nodes_save_handler);

	return roster_init(e);
}


void nodes_close(void)
{
	store_saver_remove(nodes_save_handler);
	socket_unlisten();
	attached_unlisten();
	roster_close();
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	const char *name = field_str(tree, "node");
	struct node *node;
	(void)arg;

	if (!name || node_create(&node, key, name)) {
		log_error("node: cannot load %s", key);
		goto out;
	}

	/* the one text of them is there already */
	(void)fields_load(node, node_fields, tree);
	node->acked = node->n;
	process_watch_again(&node->process, node->process.pid,
			    node->process.start, exit_handler, node);
	timer_start(&node->grace, node->process.exited ? 0. : grace_start);

out:
	cJSON_Delete(tree);
}


void nodes_load(void)
{
	store_each(STORE_NODES, load_handler, NULL);
}


/* A node keeps thousands of reports: it need not hear of each at once */
static void ack(struct node *node)
{
	uint64_t n;

	if (node->acked == node->n || store_trouble())
		return;

	seals_add(&node->seals, store_turn() - 1, node->n);
	n = seals_get(&node->seals, store_kept());
	if (n <= node->acked ||
	    (store_pending() && n - node->acked < ACK_COUNT))
		return;

	node->acked = n;
	node->link->way->ack(node->link, n);
}


static bool flush_handler(const char *key, void *value, void *arg)
{
	struct node *node = value;
	(void)key;
	(void)arg;

	if (!node->link)
		return false;

	ack(node);

	/* if this fails, so does the next read, which cleans up */
	(void)node->link->way->flush(node->link);

	return false;
}


void nodes_flush(void)
{
	roster_each(flush_handler, NULL);
}


bool node_connected(const char *instance)
{
	const struct node *node = roster_find(instance);

	return node && node->link;
}


void node_send(const char *instance, const struct node_request *rq)
{
	const struct node *node = roster_find(instance);

	if (!node || !node->link || !node->synced)
		return;

	if (rq)
		log_debug("node: %s is asked: %s %s", node->name, rq->type,
			  rq->ref);
	node->link->way->request(node->link, rq);
}
