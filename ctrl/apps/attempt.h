/**
 * @file attempt.h  An attempt to connect to an application, one address after
 * the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "appws.h"
#include "base/base.h"
#include "hooks/hooks.h"
#include "net/net.h"

struct client;
struct lws;
struct sender;

/* A connection that is being made, or up */
struct appws {
	struct lws *wsi;
	struct watchdog *watchdog;
	struct client *client; /* while the connection is up */
	struct resolve *lookup;
	struct weburl url;
	char addresses[RESOLVE_MAX][ADDRESS_SIZE];
	size_t count; /* of addresses */
	size_t tried;
	struct sender *app;
	char auth[HOOK_MAX]; /* value of Authorization, "" for none */
	uint64_t since;
	const struct appws_handlers *h; /* NULL when nobody cares any more */
	void *arg;
	struct timer limit; /* of the whole attempt */
	struct timer next;  /* address */
	enum retry_cause cause;
	char why[128];
	int code;     /* with which the far end closes */
	bool reached; /* somebody took the connection */
};

void attempt_init(struct appws *w);
int attempt_start(struct appws *w);
void attempt_next(struct appws *w, double seconds);
void attempt_failed(struct appws *w, struct lws *wsi, const char *in,
		    size_t len);
void attempt_end(struct appws *w);

/* in appws.c */
int appws_open(struct appws *w, const char *address);
void appws_detach(struct appws *w);

#endif
