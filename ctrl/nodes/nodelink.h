/**
 * @file nodelink.h  A link to a baresip, whichever way it goes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NODELINK_H
#define NODELINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


struct nodelink;
struct node_request;

/* May close the link; returns an errno value to have it closed */
typedef int(nodelink_line_h)(struct nodelink *l, char *line, size_t len,
			     void *arg);
/* Called before the link is freed because it has ended, but not by close() */
typedef void(nodelink_close_h)(struct nodelink *l, void *arg);

/* Sends a line to the baresip; all lines leave with flush() */
struct nodelink_way {
	void (*welcome)(struct nodelink *l, uint64_t n);
	void (*ack)(struct nodelink *l, uint64_t n);
	/* NULL if there was no memory for it */
	void (*request)(struct nodelink *l, const struct node_request *rq);
	/* 0, or why the link has ended */
	int (*flush)(struct nodelink *l);
	void (*close)(struct nodelink *l);
};

struct nodelink {
	const struct nodelink_way *way;
	pid_t pid; /* process at the other end, 0 if not in our namespace */
	bool own;  /* that is this process */
	nodelink_line_h *lineh;
	nodelink_close_h *closeh;
	void *arg;
};

#endif
