/**
 * @file node.h  A baresip with nothing in it: its end of the link to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>

struct node;

/* A request of referd, or any line of another server */
typedef void(node_line_h)(const char *line, void *arg);

int node_connect(struct node **np, const char *path, const char *name,
		 node_line_h *h, void *arg);
int node_fd(const struct node *n);
int node_send(struct node *n, const char *line, size_t len);
int node_report(struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int node_read(struct node *n);
int node_settle(struct node *n, unsigned ahead);
void *node_close(struct node *n);
