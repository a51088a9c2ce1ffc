/**
 * @file greet.c  A baresip that connects: its identity, and its previous one
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "decode.h"
#include "greet.h"
#include "node.h"
#include "nodelink.h"
#include "nodes.h"
#include "roster.h"
#include "store/store.h"
#include "wire.h"


static void welcome(struct node *node)
{
	struct nodelink *l = node->link;

	/* the node keeps unacknowledged reports and sends them again */
	if (!store_trouble())
		node->acked = node->n;

	l->way->welcome(l, node->doubtful ? 0 : node->acked);
}


static bool former_handler(const char *key, void *value, void *arg)
{
	struct node *former = value, *node = arg;
	(void)key;

	if (former == node || former->link ||
	    strcmp(former->name, node->name) ||
	    !process_is_same(&former->process, &node->process))
		return false;

	node_gone(former);

	return false;
}


/* Warns once about two baresips with one name */
static void tell_rivals(struct node *node)
{
	struct node *other = roster_other(node, true);

	if (!other || (node->rival && other->rival))
		return;

	node->rival = other->rival = true;
	log_warning("node: two baresips have the name %s (processes %d and "
		    "%d): give each its own sip_refer_node",
		    node->name, (int)other->process.pid,
		    (int)node->process.pid);
	node_announce(node, "another baresip has this name");
}


/* A process with the instance id of another one is a different baresip */
static int identify(struct node **nodep, const struct report *r, bool *is_newp)
{
	struct node *node = roster_find(r->instance);
	int err;

	if (node && strcmp(node->name, r->node)) {
		log_warning(
			"node: %s has the boot of %s; the other is given up",
			r->node, node->name);
		node_gone(node);
		node = NULL;
	}

	*is_newp = !node;
	if (!node) {
		err = node_create(&node, r->instance, r->node);
		if (err)
			return err;
	}

	*nodep = node;

	return 0;
}


/**
 * Greet a baresip
 *
 * @param l Link to it
 * @param r Its hello
 *
 * @return 0, or ENOMEM
 */
int greet(struct nodelink *l, const struct report *r)
{
	struct node *node;
	bool is_new;
	int err;

	err = identify(&node, r, &is_new);
	if (err)
		return err;

	node_connect(node, l, r);
	log_info("node: %s has connected (baresip %s, libre %s, process %d)",
		 node->name, r->baresip ? r->baresip : "?",
		 r->libre ? r->libre : "?", (int)node->process.pid);
	if (r->first > node->n + 1 && node->n)
		log_warning("node: %s: reports %llu to %llu are lost",
			    node->name, (unsigned long long)node->n + 1,
			    (unsigned long long)r->first - 1);

	/* a process that has loaded the module again; if both are alive, each
	   may come back */
	if (is_new)
		roster_each(former_handler, node);

	nodes_events()->begin(node->instance);
	node_announce(node, "baresip has connected");
	tell_rivals(node);
	welcome(node);

	return 0;
}


static int hello_handler(struct nodelink *l, char *line, size_t len, void *arg)
{
	struct report *r;
	const char *why = NULL;
	int err;
	(void)arg;

	err = report_decode(&r, line, len, &why);
	if (err || r->kind != REPORT_HELLO) {
		log_warning("node: a first line %s",
			    err && why ? why : "is not a hello");
		if (!err)
			report_free(r);
		return EBADMSG;
	}

	err = greet(l, r);
	report_free(r);

	return err;
}


/**
 * Greet a baresip that has connected and sent its hello
 *
 * @param fd  Connection, which is taken over
 * @param pid Process at its other end, 0 if it is not in our namespace
 */
void greet_handler(int fd, pid_t pid)
{
	struct nodelink *l;

	if (wire_create(&l, fd, pid))
		log_error("node: a connection is closed: out of memory");
	else
		l->lineh = hello_handler;
}
