/**
 * @file net.h  Tokens, addresses, limits and TLS of connections
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ev.h>
#include "base/base.h"

struct lws;
struct lws_context;
struct lws_context_creation_info;
struct lws_retry_bo;
struct peer;
struct resolve;
struct sockaddr;
struct watchdog;

enum role {
	ROLE_NONE,
	ROLE_OBSERVER,
	ROLE_CONTROLLER,
};

enum {
	AUTH_NAME_SIZE = 65,
	AUTH_HASH_SIZE = 32,
	AUTH_TOKEN_MIN = 16,
	AUTH_TOKEN_MAX = 256,
};

/* Whose token somebody has shown */
struct badge {
	enum role role;
	char name[AUTH_NAME_SIZE];
	unsigned char hash[AUTH_HASH_SIZE];
};

/* Takes a connection: nonblocking, and closed on exec */
typedef void(acceptor_h)(int fd, const struct sockaddr *sa);

struct acceptor {
	ev_io io;
	struct timer pause;
	const char *name; /* for the log */
	acceptor_h *h;
	bool stuck; /* nobody can come */
};

/* Takes a connection; calls peer_forget() when it has ended */
typedef void(listen_accept_h)(int fd, struct peer *peer);

struct listen_config {
	const char *address;      /* HOST:PORT */
	const char *scheme;       /* of the page's URL */
	bool anywhere;            /* may be another address than loopback */
	unsigned max_connections; /* in all, fewer if the system says so */
	unsigned max_per_address;
	unsigned others; /* descriptors for what else there may be */
};

enum {
	RESOLVE_MAX = 8, /* addresses of a host that are tried */
	ADDRESS_SIZE = 64,
};

/* In the order to be tried. `why` is NULL if there are any; the lookup is
   freed. */
typedef void(resolve_h)(char (*addresses)[ADDRESS_SIZE], size_t count,
			const char *why, void *arg);

/* Number of messages allowed at once, and the time of that number, in ms */
struct bucket {
	double left;
	int64_t since;
};

struct throttle {
	struct throttle *next; /* of those that wait */
	struct lws *wsi;
	struct bucket bucket;
	bool waits;
};

/* "" for none */
struct tls_files {
	const char *cert;
	const char *key;
};

struct weburl {
	char *scheme;
	char *user;     /* may be NULL */
	char *password; /* may be NULL */
	char *host;     /* an IPv6 address without its brackets */
	char *origin;   /* host and port as they stand in the URL */
	char *path;     /* with the query */
	int port;
	bool tls;
};


/* address: Which addresses are near, and whom hooks may go to */

/**
 * Say whom hooks may go to
 *
 * @param patterns Patterns of hosts, parted by commas; "" for all; borrowed
 */
void address_allow(const char *patterns);

/**
 * Tell whether a hook or an application may use an address.  Link-local,
 * multicast, unspecified and cloud metadata addresses are forbidden, unless
 * --hook-allow names that very address.
 *
 * @param sa Address that is about to be connected to
 *
 * @return True if it may
 */
bool address_allowed(const struct sockaddr *sa);

/**
 * Check the URL to which a client sends a hook.  A host name is not resolved
 * yet: address_allowed() checks its addresses later.
 *
 * @param url URL, or a path
 *
 * @return Rest of a sentence, NULL if nothing is wrong
 */
const char *address_url_error(const char *url);


/* auth: Tokens and their roles */

/**
 * Read the tokens.  Logs its errors; the previous tokens stay in use then.
 *
 * @param path File with lines NAME ROLE TOKEN; "" if no token is needed
 *
 * @return 0 if success, EINVAL if a line is wrong or the file has no token,
 *         EACCES if others may read or write the file, ENOMEM, or an error of
 *         fopen()
 */
int auth_load(const char *path);

/**
 * Forget the tokens
 */
void auth_close(void);

/**
 * Tell whether clients must show a token
 *
 * @return True if they must
 */
bool auth_required(void);

/**
 * Look at the token that somebody shows
 *
 * @param badge Set to the rights of the token
 * @param token Token
 *
 * @return True if it is known
 */
bool auth_check(struct badge *badge, const char *token);

/**
 * Tell whether a token that was known still is, with the same role
 *
 * @param badge The rights of the token
 *
 * @return True if it is, or if no token is needed
 */
bool auth_stands(const struct badge *badge);

/**
 * Name a role
 *
 * @param role Role
 *
 * @return Its name
 */
const char *role_name(enum role role);


/* acceptor: A socket on which connections come */

/**
 * Let connections come
 *
 * @param a    Acceptor
 * @param fd   Socket that listens; stays the caller's
 * @param name Its name in the log
 * @param h    Takes each of them
 */
void acceptor_open(struct acceptor *a, int fd, const char *name,
		   acceptor_h *h);

/**
 * Let none come any more
 *
 * @param a Acceptor, which may never have been opened if it is all zero
 */
void acceptor_close(struct acceptor *a);


/* listen: The socket for clients, and the check of each connection */

/**
 * Listen on the address.  Logs its errors.
 *
 * @param config Address, and limits of connections
 *
 * @return 0 if success, EINVAL if the address is not HOST:PORT, EACCES if it
 *         is not loopback and there are no tokens, EADDRINUSE, ENOMEM, or
 *         another error of socket(), bind() or listen()
 */
int listen_bind(const struct listen_config *config);

/**
 * Let clients come, and print where to
 *
 * @param h Takes each connection
 */
void listen_start(listen_accept_h *h);

/**
 * Accept no more connections.  Existing ones stay.
 */
void listen_close(void);

/**
 * Tell whether a host is the one that we listen on
 *
 * @param host Name or address, and perhaps a port
 *
 * @return True if it is
 */
bool listen_owns(const char *host);


/* peer: The addresses of connections, counted */

/**
 * Clean up, when all connections have ended
 */
void peers_close(void);

/**
 * Count a connection out: it has ended
 *
 * @param p Its peer
 */
void peer_forget(struct peer *p);


/* resolve: The addresses of a host, looked up beside the loop */

/**
 * Get ready for lookups
 *
 * @return 0, or what wake_open() fails with
 */
int resolve_init(void);

/**
 * Clean up.  A lookup in progress stays with its thread until the process
 * ends.
 */
void resolve_close(void);

/**
 * Look up the addresses of a host.  The handler is called later.
 *
 * @param rp   Pointer to the new lookup
 * @param host Name or numeric address
 * @param h    Handler
 * @param arg  Handler argument
 *
 * @return 0 if success, ENOMEM, or EAGAIN if the C library can't look it up
 * now
 */
int resolve(struct resolve **rp, const char *host, resolve_h *h, void *arg);

/**
 * Forget a lookup; its handler is not called any more
 *
 * @param r Lookup, may be NULL
 *
 * @return NULL
 */
struct resolve *resolve_cancel(struct resolve *r);


/* throttle: How fast a client may send */

/**
 * Say how fast clients may send
 *
 * @param rate Messages or requests in a second; the same number may come at
 *             once
 */
void throttles_init(unsigned rate);

/**
 * Clean up, when all connections have ended
 */
void throttles_close(void);

/**
 * Begin to count the traffic of a connection
 *
 * @param t   Throttle
 * @param wsi Connection
 */
void throttle_start(struct throttle *t, struct lws *wsi);

/**
 * Count a message; if it is one too many, nothing is read for a while
 *
 * @param t Throttle
 */
void throttle_count(struct throttle *t);

/**
 * The connection has ended
 *
 * @param t Throttle
 */
void throttle_stop(struct throttle *t);


/* tls: The certificate that clients see */

/**
 * Tell whether clients speak TLS
 *
 * @param files Certificate and key
 *
 * @return True if they do
 */
bool tls_configured(const struct tls_files *files);

/**
 * Try the certificate and its key.  Logs its errors.
 *
 * @param files Certificate and key
 *
 * @return 0 if they can be used or are not asked for, EINVAL if one is missing
 * or can't be used, or ENOMEM
 */
int tls_check(const struct tls_files *files);

/**
 * Have libwebsockets speak TLS, if that is asked for
 *
 * @param info   Its settings
 * @param files Certificate and key
 */
void tls_configure(struct lws_context_creation_info *info,
		   const struct tls_files *files);

/**
 * Read the certificate again, for new connections.  If it is not valid, the
 * old one stays in use.  Logs its errors.
 *
 * @param ctx    Context of libwebsockets
 * @param files Certificate and key
 *
 * @return 0 if success, EINVAL if one is missing or can't be used, ENOMEM, or
 * EIO if libwebsockets does not take them
 */
int tls_reload(struct lws_context *ctx, const struct tls_files *files);


/* watchdog: How long a connection may take, and whether it is alive */

/* For libwebsockets, which is to leave all this to us */
extern const struct lws_retry_bo watchdog_policy;

/**
 * Get ready for connections
 *
 * @param handshake Seconds until the first request must be there
 * @param idle      Seconds for which a WebSocket may be silent
 */
void watchdogs_init(double handshake, double idle);

/**
 * Clean up, when all connections have ended
 */
void watchdogs_close(void);

/**
 * Begin with a connection
 *
 * @param peer  Address of its other end, NULL for a connection of our own
 * @param owner Whose it is, for watchdog_owner(); may be NULL
 *
 * @return Watchdog, to be given to watchdog_end(); NULL if out of memory
 */
struct watchdog *watchdog_create(struct peer *peer, void *owner);

/**
 * Tell a watchdog its connection.  The caller must call watchdog_end() when
 * the connection has ended.
 *
 * @param v   Watchdog
 * @param wsi Connection
 */
void watchdog_start(struct watchdog *v, struct lws *wsi);

/**
 * Get the owner of a connection
 *
 * @param wsi Connection
 *
 * @return Owner, NULL if it has none
 */
void *watchdog_owner(struct lws *wsi);

/**
 * Count a request
 *
 * @param wsi Connection that it comes over
 *
 * @return True if it may come, false if its address sends too many
 */
bool watchdog_asks(struct lws *wsi);

/**
 * Limit the time for what a connection does; the connection is ended after it
 *
 * @param wsi     Connection
 * @param seconds Limit
 */
void watchdog_limit(struct lws *wsi, double seconds);

/**
 * Limit the time for what a WebSocket does; the WebSocket is closed after it
 *
 * @param wsi     Connection
 * @param seconds Limit
 * @param code    Why, as RFC 6455 numbers it; 0 for no close frame
 * @param why     ... and as a sentence
 */
void watchdog_limit_close(struct lws *wsi, double seconds, int code,
			  const char *why);

/**
 * Let a connection stay as long as it shows life
 *
 * @param wsi Connection
 */
void watchdog_live(struct lws *wsi);

/**
 * A connection has shown life
 *
 * @param wsi Connection
 */
void watchdog_heard(struct lws *wsi);

/**
 * Ask for a sign of life, if it is time to: the pipe has room
 *
 * @param wsi Connection
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int watchdog_ping(struct lws *wsi);

/**
 * A connection has ended
 *
 * @param v Watchdog, may be NULL
 */
void watchdog_end(struct watchdog *v);


/* weburl: The parts of a URL */

/**
 * Take a URL apart
 *
 * @param u   Parts, to be reset in any case
 * @param url URL of any scheme
 *
 * @return 0 if success, EINVAL if it is no URL with a host, or ENOMEM
 */
int weburl_parse(struct weburl *u, const char *url);

/**
 * Free the parts of a URL
 *
 * @param u Parts
 */
void weburl_reset(struct weburl *u);

/**
 * Check the URL of an application
 *
 * @param url URL
 *
 * @return True if it can be reached
 */
bool weburl_valid(const char *url);


#endif
