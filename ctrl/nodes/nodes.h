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
#include <ev.h>
#include "base/base.h"

struct json;
struct link;
struct report;

enum {
	LINKS_MAX = 256,
	LINK_LINE_MAX = 65536, /* bytes, either way */
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
};

enum {
	CALL_SID_MAX = 40, /* bytes */
};

enum report_kind {
	REPORT_HELLO,
	REPORT_SYNC,
	REPORT_CALL,
	REPORT_TRANSFER,
	REPORT_RESULT,
	REPORT_PLAYED,
};

/* What a node says of a call: borrowed from the report, or the own of who has
   taken it over with fields_keep() */
struct call_info {
	const char *sid;
	const char *call_id;
	const char *direction;
	const char *from;
	const char *to;
	const char *caller_name;
	const char *account;
	const char *state;
	const char *sip_reason;
	const char *ref;
	const char *headers; /* JSON text, NULL if not told */
	int sip_status;
	int64_t started;  /* ms since 1970 */
	int64_t duration; /* seconds, -1 if not told */
};

extern const struct field call_info_fields[];

/* Strings are borrowed from the line; NULL or 0 is what was not told */
struct report {
	enum report_kind kind;
	const char *type;
	uint64_t n;
	int64_t time; /* ms since 1970 */
	const char *ref;

	/* hello */
	int64_t protocol;
	const char *node;
	const char *instance;
	const char *version;
	const char *baresip;
	const char *libre;
	uint64_t first;
	uint64_t next;

	/* call */
	const char *event;
	char *call_text; /* JSON text of the call */
	struct call_info call;

	/* sync */
	const char **transfers;
	size_t transferc;
	bool more; /* the next sync names others */

	/* transfer, played */
	const char *call_sid;
	const char *transfer_id;
	const char *step;
	const char *refer_to;
	const char *referred_by;
	const char *reason;
	const char *outcome;
	const char *evidence;
	const char *confidence;
	enum maybe media; /* it still comes */
	int refer_status;
	int call_status;
	const char *sip; /* JSON text of a SIP message, NULL if not told */
	int64_t ms;      /* that were played */

	/* result */
	bool ok;
	int index; /* -1 if not told */
	const char *field;
	const char *error;
	const char *dry_run; /* JSON text, NULL if the verb was no dry run */
};

extern const struct field report_fields[];

/* A baresip process as it loaded the module: lives on while disconnected */
struct node {
	char *instance;
	char *name;
	char *version;
	char *baresip;
	char *libre;
	struct link *link; /* NULL while disconnected */
	int64_t since;     /* ms since 1970: connected, or disconnected */
	uint64_t n;        /* last report that was taken */
	uint64_t acked;
	uint64_t next; /* the first that is no repetition */
	struct process process;
	bool whole;    /* every report of it came to this referd */
	bool synced;   /* said which calls live, since it connected */
	bool doubtful; /* may be another, that counts anew */
	bool rival;    /* another one has its name, which was told */
	bool dirty;
	ev_timer grace;
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
 * @param line     JSON text
 */
void node_send(const char *instance, const char *line);


/* report: A line of a node to struct report */

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
