/**
 * @file app.h  The applications of calls: whom to ask for verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "hooks/hooks.h"
#include "nodes/nodes.h"
#include "stream/stream.h"

struct appws;
struct client;
struct webhook;

/* The application of one call.  It outlives the call until all messages are
   sent. */
struct app {
	struct app *next_dirty, **dirty; /* of those to be saved */
	char sid[CALL_SID_MAX + 1];
	char name[CLIENT_NAME_SIZE]; /* of the client that it is */
	char back[HOOK_ID_SIZE];     /* msgid of the last session:reconnect */
	struct hook hook;
	bool http;
	char *data;     /* of session:new, once it was asked */
	bool opened;    /* had a connection */
	bool answered;  /* session:new was answered */
	bool refused;   /* ... with verbs that can't be run */
	bool ends;      /* the call ends with its verbs */
	bool graceful;  /* it is not to come back, and hears no more */
	bool dismissed; /* ... since we have given it up */
	bool over;      /* the call is */
	uint64_t since; /* last message for it, while it is not connected */
	unsigned opens; /* connections so far */
	bool late;      /* its answer to the handshake is */
	int64_t gone;   /* when the call was over, ms since 1970 */
	struct retry retry;
	struct appws *ws;
	struct client *client;   /* while it is connected */
	struct webhook *webhook; /* session:new by HTTP, under way */
	struct timer connect;    /* until the next attempt */
	struct timer limit;      /* for the answer */
	struct timer linger;
};

struct app *app_find(const struct sender *sender);
struct sender app_sender(const struct app *a);

#endif
