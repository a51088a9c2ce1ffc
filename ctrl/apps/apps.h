/**
 * @file apps.h  The applications of jambonz
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APPS_H
#define APPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "calls/calls.h"

struct hook;
struct lws_context;
struct sender;


/* app: The applications of calls: whom to ask for verbs */

/**
 * Get ready for applications
 *
 * @return 0, or ENOMEM
 */
int apps_init(void);

/**
 * Read the applications from the store, and look for them again
 */
void apps_load(void);

/**
 * Free all applications; they stay in the store
 */
void apps_close(void);

/**
 * Tell why a client will not come back: it is an application that has said
 * goodbye, or was given up
 *
 * @param client Client
 *
 * @return Sentence, NULL if it may come back
 */
const char *app_left(const struct sender *client);

/**
 * Have an application for a call that is about to be made
 *
 * @param sid  call_sid
 * @param hook The application
 *
 * @return 0, or ENOMEM
 */
int app_dial(const char *sid, const struct hook *hook);

/**
 * Forget the application of a call that was not made
 *
 * @param sid call_sid
 */
void app_drop(const char *sid);

/**
 * Ask the application of a call that has come in; connect to that of one
 * that is made
 *
 * @param c Call
 */
void app_call_new(const struct call *c);

/**
 * Look at a call again: its state has changed
 *
 * @param c Call
 */
void app_call_changed(const struct call *c);

/**
 * End a call whose application has nothing more to say, now that all verbs
 * are done
 *
 * @param c Call
 */
void app_idle(const struct call *c);

/**
 * Hand a call over to another application, if a redirect asks for that
 *
 * @param c   Call
 * @param url Target of the redirect
 *
 * @return True if that application is asked by session:new
 */
bool app_redirect(const struct call *c, const char *url);

/**
 * Save the application of a call: it has a message
 *
 * @param sid call_sid, may be NULL
 *
 * @return Name of the application as a client, NULL for none
 */
const char *app_touch(const char *sid);

/**
 * Tell what an ack answers
 *
 * @param app   The application
 * @param msgid Id in the ack
 *
 * @return The acknowledged message
 */
enum app_ack app_acked(const struct sender *app, const char *msgid);

/**
 * Note that an application has said what to do
 *
 * @param app  The application
 */
void app_accepted(const struct sender *app);

/**
 * Note that an application has nothing to say to a new call.  With one that we
 * have made, it may still do so by a command.
 *
 * @param app  The application
 */
void app_empty(const struct sender *app);

/**
 * Note that what an application said can't be done.  It has the rest of its
 * time to say something else.
 *
 * @param app   The application
 * @param msgid Id of the answered message
 */
void app_refused(const struct sender *app, const char *msgid);

/**
 * Make the URL of a hook whole, if it is for an application over HTTP
 *
 * @param owner Sender of the verb with the hook
 * @param hook  Hook
 *
 * @return 0, or ENOMEM
 */
int app_resolve(const struct sender *owner, struct hook *hook);


/* applink: How an application is reached */

/**
 * Connect to no application any more, until the process ends
 */
void applinks_stop(void);


/* appws: A WebSocket connection to an application */

/**
 * Get ready for connections
 *
 * @param ctx Context of libwebsockets
 *
 * @return 0, or ENOMEM if libwebsockets can't
 */
int appws_init(struct lws_context *ctx);


/* route: Which application a call gets */

/**
 * Take the applications from the options.  Logs its errors; the previous ones
 * stay in use then.
 *
 * @param url    Application of all calls that the map has none for, or ""
 * @param map    File of applications by called number, or ""
 * @param status URL or path for the call status of HTTP applications, or ""
 *
 * @return 0, ENOMEM, EINVAL if a URL or a line of the map is not valid, or a
 *         system error of reading the map
 */
int routes_init(const char *url, const char *map, const char *status);

/**
 * Forget the applications
 */
void routes_close(void);


#endif
