/**
 * @file roster.h  The baresips that are known, connected or not
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "nodes.h"


/* Groups of the fields of a node */
enum {
	NODE_SHOWN = 1, /* to clients */
	NODE_SAVED = 2,
};

extern const struct field node_fields[];

int roster_init(const struct nodes_events *events);
void roster_close(void);
int roster_add(struct node **nodep, const char *instance, const char *name);
void roster_remove(struct node *node);
struct node *roster_other(const struct node *node, bool connected);
void roster_each(table_each_h *h, void *arg);
void roster_print_node(struct json *j, const struct node *node);

#endif
