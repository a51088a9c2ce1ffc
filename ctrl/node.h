/**
 * @file node.h  The connected baresips
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NODE_H
#define NODE_H

#include <stdbool.h>

struct report;

/* What baresips say, for those that care.  A boot is a baresip process that
   has loaded the module. */
struct nodes_events {
	/* It has connected; what lives is named anew */
	void (*begin)(const char *boot);
	void (*report)(const struct report *r, const char *boot,
		       const char *node);
	/* It will not come back */
	void (*gone)(const char *boot);
	/* How many calls and transfers it carries */
	unsigned (*calls)(const char *boot);
	unsigned (*transfers)(const char *boot);
};

int nodes_init(const struct nodes_events *events);
void nodes_close(void);
void nodes_load(void);
int nodes_listen(const char *path);
void nodes_flush(void);

bool node_connected(const char *boot);
void node_send(const char *boot, const char *line);

#endif
