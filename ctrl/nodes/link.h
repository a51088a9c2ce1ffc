/**
 * @file link.h  A connection of a node, and its lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>
#include <sys/types.h>


struct link;

/* May close the link; returns an errno value to have it closed */
typedef int(link_line_h)(struct link *l, char *line, size_t len, void *arg);
typedef void(link_close_h)(struct link *l, void *arg);

int link_create(struct link **lp, int fd, pid_t pid);
unsigned link_count(void);
void link_handlers(struct link *l, link_line_h *lineh, link_close_h *closeh,
		   void *arg);
pid_t link_pid(const struct link *l);
void link_send(struct link *l, const char *line);
int link_flush(struct link *l);
void link_close(struct link *l);

#endif
