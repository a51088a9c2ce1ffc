/**
 * @file stream.h  Numbered messages to clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/net.h"
#include "store/store.h"

struct cJSON;
struct client;
struct error;
struct json;
struct lws;
struct sender;

enum {
	CLIENT_NAME_SIZE = 66, /* of 64 characters and a mark */
	MESSAGE_MAX = 65536,   /* bytes of one message, in and out */
};

/* Events of clients, for the rooms above */
struct clients_events {
	/* A whole message, which may be changed */
	void (*message)(const struct sender *sender, char *text, size_t len);
	void (*binary)(const struct sender *sender);
	/* A client has come, and gets the messages after a seq, UINT64_MAX for
	   none; or it has gone */
	void (*up)(const char *name, uint64_t since);
	void (*down)(const char *name);
	/* JSON text of hello, to be freed */
	char *(*hello)(enum scope scope, const char *client, const char *name,
		       const char *role, uint64_t seq);
	/* Name of the application of a call, which is to hear something; NULL
	   if it has none */
	const char *(*app)(const char *call_sid);
};

/* The clients that are not here, but at another member of a fleet */
struct clients_away {
	bool (*connected)(const char *name);
	void (*post)(const char *name, const char *call_sid, uint64_t seq,
		     const char *text);
};

struct emission {
	const char *type;
	const char *client;   /* whom it is for, NULL if for all */
	const char *call_sid; /* may be NULL */
	const char *msgid;    /* may be NULL */
	const char *hook;     /* may be NULL */
	const char *data;     /* JSON text, may be NULL */
	int64_t time;         /* ms since 1970, 0 for now */
	bool jambonz;         /* clients of the jambonz dialect get it, too */
};

/* Time of a message about a call, as it is sent: not before that of the
   previous message.  Times in ms since 1970. */
typedef int64_t(emit_time_h)(const char *call_sid, int64_t time);

enum {
	CLOSE_AWAY = 1001,
	CLOSE_TOO_LARGE = 1009,
	CLOSE_ANEW = 1012,
	CLOSE_LATER = 1013,
	CLOSE_NO_TOKEN = 4001,
	CLOSE_LAGGING = 4008,
	CLOSE_REPLACED = 4009,
};

/* Whom that is for which only the members of a fleet need: no client */
#define FLEET_CLIENT "fleet-"

enum { REPLY_AWAY = '@' }; /* in the name of a request of another member */

/* Takes the reply to an HTTP request */
typedef void(reply_http_h)(const char *name, int status, const char *body);

enum dialect { DIALECT_DEFAULT, DIALECT_JAMBONZ };

enum sender_kind {
	SENDER_NOBODY, /* nobody hears what becomes of it */
	SENDER_CLIENT,
	SENDER_HTTP, /* a request, which gets one reply */
	SENDER_APP,  /* the application of a call */
};

struct sender {
	enum sender_kind kind;
	enum dialect dialect;
	const char *name;     /* NULL for nobody */
	const char *call_sid; /* of an application: its call */
	const char *msgid;    /* of the message, may be NULL */
	const char *badge;    /* name of the client's token, may be NULL */
	const char *trace;    /* of the message, may be NULL */
	bool quiet;           /* wants no ack, since it has sent one */
	bool observes;        /* and may do nothing else */
};


/* client: The WebSocket clients: their names, their input until complete */

/**
 * Get ready for clients
 *
 * @param e Handlers of the events of clients
 *
 * @return 0, or ENOMEM
 */
int clients_init(const struct clients_events *events);

/**
 * Clean up, when all clients are gone
 */
void clients_close(void);

/**
 * Count the clients
 *
 * @return How many are connected
 */
size_t clients_count(void);

/**
 * Check the name that a client gives itself
 *
 * @param name Name
 *
 * @return True if it can have that name
 */
bool client_name_valid(const char *name);

/**
 * Tell whether a client is there, or at another member of a fleet
 *
 * @param name Its name
 *
 * @return True if it is connected
 */
bool client_connected(const char *name);

/**
 * Tell whose token a client has shown
 *
 * @param name Name of the client
 *
 * @return Name of its token, "" if none is asked for; NULL if it is not
 *         connected here
 */
const char *client_badge(const char *name);

/**
 * Note that a client got a message to it alone at another member of a fleet
 *
 * @param name Name of the client
 * @param seq  Number of the last message that it has had, as we count
 */
void client_had(const char *name, uint64_t seq);

/**
 * Set the handlers for clients at other members of a fleet
 *
 * @param a Handlers; NULL without a fleet
 */
void clients_away(const struct clients_away *a);

/**
 * Tell whether a message is still on its way
 *
 * @param name Name of the client that it was sent to
 * @param seq  Its number
 *
 * @return True if it was sent to an application and is not known to have
 *         arrived
 */
bool client_awaits(const char *name, uint64_t seq);

/**
 * Make a client of a connection
 *
 * @param cp      Pointer to the new client
 * @param wsi     Its connection
 * @param scope   Whose messages it gets
 * @param name    Name that it gave itself, "" if it gave none
 * @param call_sid Call whose application it is, NULL for any other client
 * @param dialect Dialect that it speaks
 * @param since   Last message that it knows, UINT64_MAX to begin with now
 * @param badge   Whose token it has shown
 *
 * @return 0, ENOMEM, or EACCES if the name is that of a client with another
 *         token
 */
int client_create(struct client **cp, struct lws *wsi, enum scope scope,
		  const char *name, const char *call_sid, enum dialect dialect,
		  uint64_t since, const struct badge *badge);

/**
 * Tell all clients of the default dialect something that has no number, and is
 * not kept
 *
 * @param text JSON text
 */
void clients_tell(const char *text);

/**
 * The messages of the fleet were read up to a number: clients that know as
 * much get what follows
 *
 * @param f Number in the fleet
 */
void clients_fleet_ready(uint64_t f);

/**
 * Close the connections of the clients that get the messages of a fleet: its
 * numbering begins again
 */
void clients_fleet_anew(void);

/**
 * Close the connections of those whose token is gone
 */
void clients_check(void);

/**
 * Close all connections: referd stops
 */
void clients_leave(void);

/**
 * Tell whether all clients have been sent all messages
 *
 * @return True if nothing waits
 */
bool clients_drained(void);

/**
 * Free a client: its connection has ended
 *
 * @param c Client, may be NULL
 */
void client_destroy(struct client *c);

/**
 * Take a message of a client
 *
 * @param c      Client
 * @param in     A piece of a message
 * @param len    Its length in bytes
 * @param last   True if the message is complete with it
 * @param binary True if it is no text
 *
 * @return 0, or ENOMEM or EPIPE: the connection is to be closed
 */
int client_receive(struct client *c, const void *in, size_t len, bool last,
		   bool binary);

/**
 * Send a client what waits for it: its pipe has room.  It must be on disk.
 *
 * @param c Client
 *
 * @return 0, or EPIPE: the connection is to be closed
 */
int client_writable(struct client *c);

/**
 * Tell an application something before client_resume()
 *
 * @param c    Client
 * @param text JSON text, may be NULL
 */
void client_say(struct client *c, const char *text);

/**
 * Let an application have missed and new messages
 *
 * @param c Client
 */
void client_resume(struct client *c);

/**
 * Close the connection of a client
 *
 * @param c    Client
 * @param code Why, as RFC 6455 numbers it
 */
void client_close(struct client *c, int code);

/**
 * Tell whether a client has been sent all messages
 *
 * @param c Client
 *
 * @return True if nothing waits
 */
bool client_drained(const struct client *c);

/**
 * Tell how far a client has come
 *
 * @param c Client
 *
 * @return Number of the last message that was queued for it
 */
uint64_t client_since(const struct client *c);

/**
 * Get the number of the last message that has arrived at an application.  If
 * the network was cut, it may have got more.
 *
 * @param c Client
 *
 * @return Number of the last message that has
 */
uint64_t client_arrived(struct client *c);


/* emit: Messages to clients: numbered, stored, handed on */

/**
 * Get ready to emit messages
 *
 * @param h Tells when a message came about
 */
void emit_init(emit_time_h *h);

/**
 * Emit a message.  It is encoded once, stored, and sent when this turn of
 * the loop has been committed.
 *
 * @param e Message
 *
 * @return Number of the message, 0 if out of memory
 */
uint64_t emit(const struct emission *e);

/**
 * Tell the clients that get the messages of a fleet what one of its referds
 * has told its own, and store it there
 *
 * @param f        Its number in the fleet, above all before
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if it is for clients of the jambonz dialect, too
 * @param text     JSON text, whose seq is f
 */
void fleet_emit(uint64_t f, const char *call_sid, bool jambonz,
		const char *text);


/* feed: Output to one client: replayed, queued, bounded */

/**
 * Send some of the clients what waits for them.  It must be on disk.
 *
 * @return True if others are left, for after the next turn
 */
bool feeds_flush(void);


/* reply: Replies to the sender of a message */

/**
 * Have HTTP requests get their replies
 *
 * @param h Handler
 */
void reply_http(reply_http_h *h);

/**
 * Have the requests of other members of a fleet get their replies
 *
 * @param h Handler for those with REPLY_AWAY in their name; NULL for none
 */
void reply_away(reply_http_h *h);

/**
 * Reply to an HTTP request
 *
 * @param name   Its name
 * @param status HTTP status
 * @param body   JSON text, may be NULL
 */
void reply_give(const char *name, int status, const char *body);

/**
 * Tell a sender that its message was accepted.  A client is told only if it
 * gave a msgid, an HTTP request always.
 *
 * @param to       Sender, NULL for none
 * @param call_sid Call that it was for, may be NULL
 * @param dry_run  Result of the dry run, as JSON text; NULL if it was none
 */
void reply_ack(const struct sender *to, const char *call_sid,
	       const char *dry_run);

/**
 * Send an error to the sender of a message
 *
 * @param to       Sender, NULL for none
 * @param f        Error
 * @param call_sid Call that it was for, may be NULL
 */
void reply_error(const struct sender *to, const struct error *f,
		 const char *call_sid);


/* sender: The sender of a message, and the language that it speaks */

/**
 * Make a sender that lasts as long as it is needed
 *
 * @param sp   Pointer to the copy, in one piece of memory, to be freed; NULL
 *             for none
 * @param from Sender
 *
 * @return 0, or ENOMEM
 */
int sender_copy(struct sender **sp, const struct sender *from);

/**
 * Tell whether a sender can answer a hook
 *
 * @param s Sender, NULL for none
 *
 * @return True if it can: it is no HTTP request
 */
bool sender_can_answer(const struct sender *s);

/**
 * Write a sender, for sender_load() to read
 *
 * @param j   Text, in an open object
 * @param key Name of the member
 * @param s   Sender; nothing is written if it is NULL, or an HTTP request
 */
void sender_save(struct json *j, const char *key, const struct sender *s);

/**
 * Read what sender_save() wrote
 *
 * @param sp  Pointer to the sender, to be freed; NULL for none
 * @param obj Object, NULL for none
 *
 * @return 0, ENOMEM, or EBADMSG if it has no name
 */
int sender_load(struct sender **sp, const struct cJSON *obj);


#endif
