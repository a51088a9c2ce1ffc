/**
 * @file rq.h  Requests of one member to another
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RQ_H
#define RQ_H

#include <stdbool.h>

struct cJSON;
struct error;
struct json;
struct fleet_config;
struct rq;

/* Carries out a request and writes the answer: 0, or an error; EBADMSG if it
   has been set */
typedef int(rq_h)(const struct cJSON *rq, const char *from,
		  struct json *answer, struct error *f);

/* f is NULL if it went well; the answer is NULL if not */
typedef void(rq_done_h)(const struct error *f, const struct cJSON *answer,
			void *arg);

/* member and answer are NULL if no member has it; all is false if not every
   member has answered */
typedef void(rq_found_h)(const char *member, const struct cJSON *answer,
			 bool all, void *arg);

int rq_start(const struct fleet_config *c);
void rq_stop(void);
int rq_serve(const char *type, rq_h *h, bool once);
int rq_send(struct rq **rp, const char *member, const char *type,
	    const char *body, rq_done_h *h, void *arg);
int rq_find(struct rq **rp, const char *body, rq_found_h *h, void *arg);
void rq_cancel(struct rq *r);

#endif
