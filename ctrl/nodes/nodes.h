/**
 * @file nodes.h  The baresips
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NODES_H
#define NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/base.h"
#include "linkreport.h"
#include "linkrequest.h"

struct direct_node;
struct json;
struct nodelink;

enum {
	LINKS_MAX = 256,
};

/* Reports of baresips, for the rooms above.  An instance is a baresip process
   that has loaded the module. */
struct nodes_events {
	/* It has connected; it names its live calls again */
	void (*begin)(const char *instance);
	void (*report)(const struct report *r, const char *instance,
		       const char *node);
	/* It will not come back */
	void (*gone)(const char *instance);
	/* How many calls and transfers it carries */
	unsigned (*calls)(const char *instance);
	unsigned (*transfers)(const char *instance);
	/* How many of those have no answer to their REFER */
	unsigned (*refers)(const char *instance);
};

/* The load of the baresips of one name */
struct node_figures {
	const char *name;
	bool connected;
	unsigned calls, transfers, refers;
};

typedef void(node_figures_h)(const struct node_figures *n, void *arg);

enum {
	CALL_SID_MAX = 40, /* bytes */
};

/* A baresip process as it loaded the module: lives on while disconnected */
struct node {
	char *instance;
	char *name;
	char *version;
	char *baresip;
	char *libre;
	char *aor;
	struct nodelink *link; /* NULL while disconnected */
	int64_t since;         /* ms since 1970: connected, or disconnected */
	uint64_t n;            /* last report that was taken */
	uint64_t acked;
	struct seals seals; /* n, by turns */
	uint64_t next;      /* the first that is no repetition */
	struct process process;
	bool synced;   /* said which calls live, since it connected */
	bool doubtful; /* may be another, that counts anew */
	bool rival;    /* another one has its name, which was told */
	bool dirty;
	struct timer grace;
};


/* node: The connected baresips */

/**
 * Get ready for nodes
 *
 * @param e Handlers of the reports
 *
 * @return 0, or ENOMEM
 */
int nodes_init(const struct nodes_events *events);

/**
 * Close all connections; the reports of the nodes stay in the store
 */
void nodes_close(void);

/**
 * Read the nodes from the store.  They are expected to connect soon.
 */
void nodes_load(void);

/**
 * Listen for nodes.  Logs its errors.
 *
 * @param path Path of the socket
 *
 * @return 0, ENAMETOOLONG, EADDRINUSE if another referd listens, or a system
 *         error
 */
int nodes_listen(const char *path);

/**
 * Have the next commit keep which reports were taken, of the module in this
 * process too: it may stay when the service goes
 */
void nodes_settle(void);

/**
 * Send the nodes their waiting lines.  All that these acknowledge must be on
 * disk.
 */
void nodes_flush(void);

/**
 * Tell whether a node is connected.  Requests from before its list of live
 * calls are sent again after the list.
 *
 * @param instance Its instance id
 *
 * @return True if it is
 */
bool node_connected(const char *instance);

/**
 * Send a request to a node.  If it cannot be sent, nothing happens: open
 * requests are sent again when the node is back.
 *
 * @param instance Its instance id
 * @param rq       Request, whose texts are copied; NULL if there was no memory
 *                 for it, which ends a connection: then it is asked again
 */
void node_send(const char *instance, const struct node_request *rq);


/* attached: The link to a module in this process */

/**
 * From now on the module in this process may attach, by what direct_service
 * offers, until nodes_close()
 *
 * @param peer Functions of the module, NULL if it is not loaded (yet)
 * @param h    Called to end the turn after the module has handed over its
 *             reports; NULL for loop_turn()
 */
void nodes_direct_listen(const struct direct_node *peer, loop_turn_h *h);


/* decode: A line of a node to struct report */

/**
 * Tell whether a call has what every call has
 *
 * @param c Call
 *
 * @return True if so
 */
bool call_info_whole(const struct call_info *c);


/* roster: The baresips that are known, connected or not */

/**
 * Find a node
 *
 * @param instance Its instance id
 *
 * @return Node, NULL if it is not known
 */
struct node *roster_find(const char *instance);

/**
 * Write the nodes
 *
 * @param j   Text
 * @param key Name of the array
 */
void roster_print(struct json *j, const char *key);

/**
 * Write of each baresip its name, how many calls it has, and whether it can
 * make one
 *
 * @param j   Text
 * @param key Name of the array
 */
void roster_print_brief(struct json *j, const char *key);

/**
 * Get the load of each baresip.  Baresips of one name are added up.
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void roster_figures(node_figures_h *h, void *arg);

/**
 * Count the nodes
 *
 * @return How many are connected, and have said which calls live
 */
unsigned roster_count(void);

/**
 * Pick the node with the fewest calls
 *
 * @param name Name that it must have, NULL for any
 *
 * @return Its instance id, NULL if none is connected
 */
const char *roster_pick(const char *name);


#endif
