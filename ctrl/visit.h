/**
 * @file visit.h  How long a connection may take, and whether it is alive
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VISIT_H
#define VISIT_H

#include <stdbool.h>

struct lws;
struct lws_retry_bo;
struct peer;
struct visit;

/* For libwebsockets, which is to leave all this to us */
extern const struct lws_retry_bo visit_policy;

void visits_init(double handshake, double idle);
void visits_close(void);

struct visit *visit_create(struct peer *peer, void *owner);
void visit_start(struct visit *v, struct lws *wsi);
void *visit_owner(struct lws *wsi);
bool visit_asks(struct lws *wsi);
void visit_limit(struct lws *wsi, double seconds);
void visit_limit_close(struct lws *wsi, double seconds, int code,
		       const char *why);
void visit_live(struct lws *wsi);
void visit_heard(struct lws *wsi);
int visit_ping(struct lws *wsi);
void visit_end(struct visit *v);

#endif
