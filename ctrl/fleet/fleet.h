/**
 * @file fleet.h  Many referds as one: their messages to each other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct errand;
struct error;
struct json;

/* Texts are "" if not given */
struct fleet_config {
	const char *urls; /* of the engine, by commas; "" for no fleet */
	const char *name;
	const char *node;   /* name of this member */
	const char *labels; /* by commas */
	const char *creds;
	const char *nkey;
	const char *ca;
	const char *cert;
	const char *key;
	bool view;     /* serves the whole fleet */
	unsigned dead; /* seconds after which a silent member is lost */
};

/* For metrics */
struct fleet_figures {
	bool on; /* there is a fleet; all else is 0 without one */
	bool up;
	uint64_t lag;       /* messages of the stream that are not read yet */
	uint64_t published; /* ... that are in the stream from here */
	size_t members;     /* that are reachable, with this one */
};

/* The same of a member */
struct member_figures {
	const char *name;
	bool reachable;
	size_t calls;
	size_t transfers; /* in progress */
	uint64_t lag;
};

typedef void(fleet_member_h)(const struct member_figures *f, void *arg);


/* fleet: Many referds as one */

/**
 * Join the fleet, if one is configured.  Logs its errors.
 *
 * @param c Configuration, borrowed until fleet_stop()
 *
 * @return 0, also without a fleet; EINVAL, ENOMEM, or ELIBACC if the plugin is
 *         not installed
 */
int fleet_start(const struct fleet_config *c);

/**
 * Leave the fleet
 */
void fleet_stop(void);

/**
 * Handle messages that woke nothing, in this turn of the loop
 */
void fleet_gather(void);

/**
 * Send what this turn of the loop has brought.  It must be on disk.
 */
void fleet_flush(void);

/**
 * Tell whether this referd is to be one of a fleet
 *
 * @return True if it was started with one
 */
bool fleet_on(void);

/**
 * Tell whether this referd has a view of the whole fleet
 *
 * @return True if it was started with one
 */
bool fleet_views(void);

/**
 * Tell whether this referd had to leave, as another one has its name
 *
 * @return True if it had to
 */
bool fleet_failed(void);

/**
 * Get the name of this referd in the fleet
 *
 * @return Name, "" without a fleet
 */
const char *fleet_member(void);


/**
 * Get the labels of this referd
 *
 * @return Labels, by commas; "" for none
 */
const char *fleet_labels(void);


/* deliver: Messages to clients at other members */

/**
 * A client has come here
 *
 * @param name  Its name
 * @param since The client gets the messages after this seq, UINT64_MAX for
 *              none
 */
void fleet_client_up(const char *name, uint64_t since);

/**
 * A client has left, and its hooks know
 *
 * @param name Its name
 */
void fleet_client_down(const char *name);


/* engine: The engine's information on the stream */

/**
 * Get the epoch of the stream, which changes when the stream is made again
 *
 * @return Time of its creation, as the engine writes it; NULL until that is
 *         known
 */
const char *fleet_epoch(void);


/* members: The members of the fleet, and their heartbeats */

/**
 * Print the state of the fleet, an object with `state`, `lag`, `epoch` and
 * `members`; nothing without a fleet
 *
 * @param j   JSON text
 * @param key Name of the member
 */
void fleet_print(struct json *j, const char *key);


/* status: How the fleet is */

/**
 * Tell in numbers how the fleet is
 *
 * @param f Filled
 */
void fleet_figures(struct fleet_figures *f);

/**
 * Tell in numbers how each member is, this one first
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void fleet_members(fleet_member_h *h, void *arg);


/* route: The way of a message to the member that has its call */

/**
 * Hand on what may be another member's
 *
 * @param e   The errand
 * @param f   The error if no member takes it
 * @param why Set to an error that is known at once
 *
 * @return 0 if it is on its way, and the sender gets the reply later; ENOENT
 *         if it is for this referd; ENOMEM, or EBADMSG with the error set
 */
int fleet_elsewhere(const struct errand *e, const struct error *f,
		    struct error *why);

/**
 * Get a call of another member
 *
 * @param request  Name of the HTTP request that is to be answered
 * @param call_sid The call
 *
 * @return 0 if it will be answered, ENOENT if no member can be asked
 */
int fleet_get(const char *request, const char *call_sid);


/**
 * Get the SIP messages of a transfer of another member, as capture_gather()
 * writes them
 *
 * @param request     Name of the HTTP request that is to be answered
 * @param transfer_id The transfer
 *
 * @return 0 if it will be answered, ENOENT if there is nobody to ask
 */
int fleet_capture(const char *request, const char *transfer_id);


/* view: The calls and transfers of all members */

/**
 * Print the live calls of a member, or of all
 *
 * @param j      JSON text
 * @param key    Name of the array
 * @param member Name of the member of the fleet, NULL for all
 *
 * @return True if this referd has a view
 */
bool fleet_calls_print(struct json *j, const char *key, const char *member);

/**
 * Print the transfers of all members that have no outcome yet
 *
 * @param j   JSON text
 * @param key Name of the member
 *
 * @return True if this referd has a view
 */
bool fleet_transfers_print(struct json *j, const char *key);

/**
 * Print the nodes of all members
 *
 * @param j   JSON text
 * @param key Name of the member
 *
 * @return True if this referd has a view
 */
bool fleet_nodes_print(struct json *j, const char *key);

#endif
