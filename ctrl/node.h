/**
 * @file node.h  The connected baresips
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NODE_H
#define NODE_H

#include <stdbool.h>

int nodes_init(void);
void nodes_close(void);
void nodes_load(void);
int nodes_listen(const char *path);
void nodes_flush(void);

bool node_connected(const char *boot);
void node_send(const char *boot, const char *line);

#endif
