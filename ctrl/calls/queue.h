/**
 * @file queue.h  The verbs of one call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "inbox.h"


struct cJSON;
struct call;
struct error;
struct json;
struct report;
struct run;
struct sender;
struct transfer;
struct verb;

struct queue_events {
	void (*touched)(void *arg); /* it is to be saved */
	void (*idle)(void *arg);    /* nothing is left; it may be freed */
};

/* Private to queue.c and lists.c */
struct queue {
	struct call *call;
	struct inbox inbox; /* lists that are not accepted yet */
	struct verb *verbs; /* still to come */
	struct run *run;    /* the one at hand */
	const struct queue_events *e;
	void *arg;
};

int queue_create(struct queue **qp, struct call *c,
		 const struct queue_events *e, void *arg);
void queue_destroy(struct queue *q);
void queue_print(struct json *j, const struct queue *q);
void queue_save(struct json *j, const struct queue *q);
int queue_load(struct queue *q, const struct cJSON *obj);
int queue_answer(struct queue *q, const char *hook, struct verb **verbsp,
		 const struct sender *sender, struct error *f);
int queue_cancel(struct queue *q, struct error *f);
void queue_cancelled(struct queue *q);
void queue_hook_done(struct queue *q, const char *hook);

const struct verb *queue_verb(const struct queue *q, const char *ref);
void queue_result(struct queue *q, const struct report *r);
void queue_transfer(struct queue *q, const struct transfer *t);
void queue_played(struct queue *q, const struct report *r);
void queue_digit(struct queue *q, const char *sid, const char *digit);
bool queue_second(struct queue *q, const struct call *second);
void queue_response(struct queue *q, const struct report *r);
void queue_call_changed(struct queue *q);
void queue_resume(struct queue *q);
void queue_stop(struct queue *q);
void queue_doubt(struct queue *q);
const struct verb *queue_refer(const struct queue *q);
void queue_abandon(struct queue *q, const char *reason);

#endif
