/**
 * @file node.h  A baresip: it connects, reports, disconnects, and is gone
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NODE_H
#define NODE_H


struct node;
struct nodelink;
struct nodes_events;
struct report;

const struct nodes_events *nodes_events(void);
int node_create(struct node **nodep, const char *instance, const char *name);
void node_connect(struct node *node, struct nodelink *l,
		  const struct report *r);
void node_take(struct node *node, struct report *r);
void node_announce(const struct node *node, const char *reason);
void node_gone(struct node *node);

#endif
