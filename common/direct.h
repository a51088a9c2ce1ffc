/**
 * @file direct.h  The link between sip_refer.so and referd.so in one process
 *
 * Each side calls the other, but never while the other one is on the stack:
 * the module hands its reports over at the end of a turn of the loop or of a
 * transfer, and not while the service is calling it.  Requests that arrive
 * while it hands reports over wait until it is done.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DIRECT_H
#define DIRECT_H

#include <stddef.h>
#include <stdint.h>

struct report;
struct node_request;

/* Functions of the module */
struct direct_node {
	/* The service is there: the module attaches to it soon */
	void (*offer)(void);

	/* A request, whose texts are borrowed */
	void (*request)(const struct node_request *rq);

	/* All up to number n is on disk */
	void (*ack)(uint64_t n);

	/* The service goes, and is not to be called any more */
	void (*leave)(void);
};

/* Functions of the service */
struct direct_service {
	/* Gives the number of the last report that it has, which is what a
	   welcome says.  0, ENOTCONN if the service is not there (any more),
	   EBADMSG or ENOMEM; after an error it is not to be called. */
	int (*attach)(const struct direct_node *node,
		      const struct report *hello, uint64_t *np);

	/* A report, whose texts are borrowed */
	void (*report)(const struct report *r);

	/* One that was made into a line before, which is written over */
	void (*line)(char *line, size_t len);

	/* That was all for now: the service stores it and tells the clients */
	void (*flush)(void);

	/* The module goes, and is not to be called any more */
	void (*detach)(void);
};

/* Each is defined by the one that offers it */
extern const struct direct_node direct_node;
extern const struct direct_service direct_service;

#endif
