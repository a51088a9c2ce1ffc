/**
 * @file hooks.h  Delivery of hooks
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"
#include "stream/stream.h"

struct cJSON;
struct error;
struct message;
struct webhook;

enum {
	HOOK_MAX = 2048, /* bytes of a URL */
	HOOK_ID_SIZE = 24,
};

struct hook {
	char *url; /* NULL if there is no hook */
	char *method;
	char *username; /* may be NULL */
	char *password; /* may be NULL */
};

/* All in one group */
extern const struct field hook_fields[];

enum hook_kind {
	HOOK_EVENT,
	HOOK_ACTION,
	HOOK_REDIRECT,
	HOOK_STATUS, /* of the call */
};

struct hook_post {
	enum hook_kind kind;
	const struct hook *hook;
	const struct sender *client; /* who sent the verb, NULL for nobody */
	enum dialect dialect;
	const char *call_sid;
	const char *transfer_id; /* may be NULL */
	const char *verb_id;     /* may be NULL */
	const char *trace;       /* may be NULL */
	const char *data;        /* JSON text of an object */
	int64_t begun;           /* ms since 1970, of the transfer; may be 0 */
};

/* Results of hooks, for the rooms above */
struct hooks_events {
	/* Reads an HTTP response: 0, ENOMEM, or EBADMSG with the error set */
	int (*read)(struct message **mp, const char *body, size_t len,
		    struct error *f);
	/* Takes the response, NULL if it was not understood; frees it */
	void (*answered)(const struct sender *sender, const char *call_sid,
			 struct message *m, struct error *f);
	/* The call need not wait for the hook any longer */
	void (*done)(const char *call_sid, const char *hook);
	/* Why a client will not come back, NULL if it may */
	const char *(*left)(const struct sender *client);
};

typedef void(hooks_client_h)(const char *name);

enum {
	SLOTS_MAX = 64, /* requests at once */
};

struct webhook_request {
	const char *id; /* the same for each attempt */
	const char *url;
	const char *method;
	const char *username; /* may be NULL */
	const char *password; /* may be NULL */
	const char *trace;    /* may be NULL */
	const char *data;     /* JSON text of an object */
};

/* status is 0 if there was no answer, error says why */
typedef void(webhook_h)(long status, const char *error, const char *body,
			size_t len, void *arg);


/* apart: The actionHooks that another member of a fleet may have sent */

/**
 * Say whether the hooks of transfers that began before now are to wait, until
 * it is known which of them another member has sent
 *
 * @param on True to have them wait, false to let them go
 */
void hooks_hold(bool on);

/**
 * Note that another member has sent the actionHook of a transfer: it is not
 * sent here, unless it has a name or a password
 *
 * @param transfer_id Id of the transfer
 */
void hooks_elsewhere(const char *transfer_id);


/* hook: The destination of a hook */

/**
 * Read a hook, which is a string or an object with url
 *
 * @param hook  Hook, to be freed with hook_reset(); unchanged if the field is
 *              missing
 * @param verb  Verb with the hook
 * @param field Name of its member
 * @param f     Set if the hook is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int hook_parse(struct hook *hook, const struct cJSON *verb, const char *field,
	       struct error *f);

/**
 * Copy a hook
 *
 * @param hook Hook, to be freed with hook_reset(); empty
 * @param from The other one
 *
 * @return 0, or ENOMEM
 */
int hook_copy(struct hook *hook, const struct hook *from);

/**
 * Set a hook
 *
 * @param hook     Hook, to be freed with hook_reset(); empty
 * @param url      Destination
 * @param method   How, if that is an HTTP server
 * @param username User name, may be NULL
 * @param password Password, may be NULL
 *
 * @return 0, or ENOMEM
 */
int hook_set(struct hook *hook, const char *url, const char *method,
	     const char *username, const char *password);

/**
 * Tell whether a hook has a name or a password, which goes no further
 *
 * @param hook Hook
 *
 * @return True if so, also in its URL
 */
bool hook_secret(const struct hook *hook);

/**
 * Free the members of a hook
 *
 * @param hook Hook
 */
void hook_reset(struct hook *hook);


/* hooks: Delivery of hooks, in order per call, each until it is answered */

/**
 * Get ready for hooks
 *
 * @param e Handlers of the results
 *
 * @return 0, or ENOMEM
 */
int hooks_init(const struct hooks_events *events);

/**
 * Set how long a hook waits for a client that is gone
 *
 * @param seconds Time
 */
void hooks_grace(unsigned seconds);

/**
 * Get how long a hook waits for a client that is gone
 *
 * @return Time in seconds
 */
double hooks_grace_time(void);

/**
 * Free all hooks; undelivered ones stay in the store
 */
void hooks_close(void);

/**
 * Go on with the hooks that were not delivered before the restart
 */
void hooks_load(void);

/**
 * Deliver a hook, after those that the call has had before
 *
 * @param post Hook and receiver
 * @param id   Id of the hook
 *
 * @return True if an answer may come; the event `done` comes then when it is
 *         no longer waited for
 */
bool hooks_post(const struct hook_post *post, char id[HOOK_ID_SIZE]);

/**
 * Take the answer of a client to a hook
 *
 * @param client   Name of the client
 * @param id       Id of the hook
 * @param call_sid Call that the hook belongs to
 *
 * @return True if the hook waited for it
 */
bool hooks_answered(const char *client, const char *id, char call_sid[64]);

/**
 * Tell whether a hook waits for the answer of a client
 *
 * @param client Name of the client
 * @param id     Id of the hook
 *
 * @return True if it does
 */
bool hooks_await(const char *client, const char *id);

/**
 * Tell which clients hooks wait for
 *
 * @param h Called with the name of the client of each such hook
 */
void hooks_clients(hooks_client_h *h);

/**
 * Go on with the hooks of a client that has come
 *
 * @param client Name of the client
 * @param since  The client gets the messages after this seq, UINT64_MAX for
 *               none
 */
void hooks_client_up(const char *client, uint64_t since);

/**
 * Keep the hooks of a client that has gone.  The calls do not wait for it.
 *
 * @param client Name of the client
 */
void hooks_client_down(const char *client);

/**
 * Give up the hooks of an application that does not come back.  The hooks
 * after them go on.
 *
 * @param app The application
 */
void hooks_app_left(const struct sender *app);


/* outbox: The hooks that are not delivered yet, as the store has them */

/**
 * Count the hooks
 *
 * @return How many are not delivered, and not given up
 */
size_t outbox_count(void);

/**
 * Tell whether a call has hooks that are not delivered
 *
 * @param sid call_sid
 *
 * @return True if it has
 */
bool outbox_waits(const char *sid);


/* webhook: One HTTP request for a hook */

/**
 * Get ready for requests.  Logs its errors.
 *
 * @param secret_file File with the secret that signs them, "" for none
 *
 * @return 0, ENOMEM, or ENOENT if the file has no secret
 */
int webhooks_init(const char *secret_file);

/**
 * Send the requests that need not wait for the disk any longer.  What has
 * brought them about must be on disk, as far as store_kept() says.
 */
void webhooks_flush(void);

/**
 * Clean up, when all requests have ended
 */
void webhooks_close(void);

/**
 * Send a request.  It begins with the next turn of the loop, or when fewer are
 * under way.
 *
 * @param wp  Pointer to the new request
 * @param r   Request
 * @param h   Called once when it has ended; the request is freed then
 * @param arg Handler argument
 *
 * @return 0, or ENOMEM
 */
int webhook_send(struct webhook **wp, const struct webhook_request *r,
		 webhook_h *h, void *arg);

/**
 * Give a request up; its handler is not called
 *
 * @param w Request, may be NULL
 */
void webhook_cancel(struct webhook *w);

/**
 * Write a URL without the name and password in it
 *
 * @param text Buffer
 * @param size Its size
 * @param url  URL
 */
void webhook_public_url(char *text, size_t size, const char *url);


#endif
