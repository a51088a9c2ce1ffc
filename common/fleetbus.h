/**
 * @file fleetbus.h  What the plugin referd_fleet.so does for referd
 *
 * A client of the engine of a fleet, which waits for nothing: all that may
 * block is done in a thread of its own.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETBUS_H
#define FLEETBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLEETBUS_VERSION = 2 };

struct fleetbus;

/* NULL or "" if not given; borrowed until close() */
struct fleetbus_config {
	const char *urls;  /* URLs of the servers, separated by commas */
	const char *name;  /* of the connection, for the operator */
	const char *calm;  /* begin of subjects whose messages can wait */
	const char *creds; /* files */
	const char *nkey;
	const char *ca;
	const char *cert;
	const char *key;
};

struct fleetbus_header {
	const char *name;
	const char *value;
};

enum fleetbus_kind {
	FLEETBUS_UP,    /* there is a connection */
	FLEETBUS_DOWN,  /* there is none */
	FLEETBUS_ERROR, /* it goes on, but something was refused */
	FLEETBUS_MESSAGE,
};

/* In one piece of memory */
struct fleetbus_news {
	enum fleetbus_kind kind;
	const char *text;  /* UP: URL of the server; DOWN, ERROR: why; else
			      the subject */
	const char *reply; /* subject, NULL for none */
	int status;        /* of a status message: 100, 404, 408, 409, 503
			      (nobody listens); 0 of any other */
	const char *description; /* of that; NULL for none */
	const char *stalled;    /* Nats-Consumer-Stalled, subject to answer to;
				   NULL for none */
	uint64_t last_consumer; /* Nats-Last-Consumer of a heartbeat, number of
				   the last message before it; else 0 */
	bool is_js;             /* from JetStream: has a reply of $JS., or a
				   header Nats- */
	const char *data;       /* followed by a zero byte */
	size_t len;
};

/* Called from any thread when news arrive after there were none.  For news
   that can wait the call is delayed, since most are taken before it. */
typedef void(fleetbus_notify_h)(void *arg);

struct fleetbus_plugin {
	int version; /* FLEETBUS_VERSION */

	/**
	 * Begin to connect, again and again until it works
	 *
	 * @param bp  Pointer to the new client
	 * @param c   Configuration
	 * @param h   Handler
	 * @param arg Handler argument
	 *
	 * @return 0, ENOMEM, or the error of creating a thread
	 */
	int (*open)(struct fleetbus **bp, const struct fleetbus_config *c,
		    fleetbus_notify_h *h, void *arg);

	/**
	 * Free a client: the handler is called no more. Takes 2 s at most.
	 *
	 * @param b Client
	 */
	void (*close)(struct fleetbus *b);

	/**
	 * Have the messages of a subject, from now on and over all connections
	 *
	 * @param b       Client
	 * @param subject Subject, which may have wildcards
	 *
	 * @return 0, or ENOMEM
	 */
	int (*subscribe)(struct fleetbus *b, const char *subject);

	/**
	 * Send a message
	 *
	 * @param b       Client
	 * @param subject Subject
	 * @param reply   Subject for the answer, NULL for none
	 * @param headers Headers
	 * @param count   Number of them
	 * @param data    Body
	 * @param len     Its length in bytes
	 *
	 * @return 0, ENOMEM, ENOBUFS if too much waits to be sent, or ENOTCONN
	 *         without a connection
	 */
	int (*publish)(struct fleetbus *b, const char *subject,
		       const char *reply,
		       const struct fleetbus_header *headers, unsigned count,
		       const void *data, size_t len);

	/**
	 * Take the news, in order
	 *
	 * @param b Client
	 *
	 * @return The news, to be passed to free(); NULL if there are none
	 */
	struct fleetbus_news *(*take)(struct fleetbus *b);

	void (*free)(struct fleetbus_news *n);

	/**
	 * Call the handler at once also for news that can wait, until some are
	 * taken
	 *
	 * @param b Client
	 */
	void (*hurry)(struct fleetbus *b);
};

/* The one symbol of the plugin */
#define FLEETBUS_SYMBOL "fleetbus_plugin"
extern const struct fleetbus_plugin fleetbus_plugin;

#endif
