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

/* What baresips say, for those that care.  An instance is a baresip process
   that has loaded the module. */
struct nodes_events {
	/* It has connected; what lives is named anew */
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

/* What the baresips of one name have to do */
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
	uint64_t next; /* the first that is no repetition */
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
 * @param e What they say is told to these
 *
 * @return 0, or ENOMEM
 */
int nodes_init(const struct nodes_events *events);

/**
 * Close all connections; what the nodes said stays in the store
 */
void nodes_close(void);

/**
 * Read the nodes from the store.  They are expected to connect soon.
 */
void nodes_load(void);

/**
 * Listen for nodes.  Says itself what is wrong.
 *
 * @param path Path of the socket
 *
 * @return 0, ENAMETOOLONG, EADDRINUSE if another referd listens, or what the
 *         system says
 */
int nodes_listen(const char *path);

/**
 * Have the next commit keep which reports were taken, of the module in this
 * process too: it may stay when the service goes
 */
void nodes_settle(void);

/**
 * Send the nodes what waits for them.  What it answers must be on disk.
 */
void nodes_flush(void);

/**
 * Tell whether a node is connected.  What it is asked before it has said which
 * calls live, it is asked again then.
 *
 * @param instance Its instance id
 *
 * @return True if it is
 */
bool node_connected(const char *instance);

/**
 * Send a request to a node.  If it can't be asked, nothing happens: what is
 * still open is asked again when it is back.
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
 * @param peer What it offers, NULL if it is not loaded (yet)
 * @param h    Called when the module has handed over what it had to say, to
 *             have the turn end; NULL for loop_turn()
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
 * Tell how much each baresip has to do.  Those of one name are told of as one.
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
 * @return Its instance id, NULL if there is none
 */
const char *roster_pick(const char *name);


#endif
