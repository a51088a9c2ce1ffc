/**
 * @file queue.h  The verbs of one call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>

struct error;
struct verb;

struct cJSON;
struct json;
struct queue;
struct report;
struct sender;
struct session;
struct transfer;

int queue_create(struct queue **qp, struct session *s);
void queue_destroy(struct queue *q);
void queue_print(struct json *j, const struct queue *q);
void queue_save(struct json *j, const struct queue *q);
int queue_load(struct queue *q, const struct cJSON *obj);
int queue_answer(struct queue *q, const char *hook, struct verb **verbsp,
		 const struct sender *sender, struct error *f);
void queue_hook_done(struct queue *q, const char *hook);

const struct verb *queue_verb(const struct queue *q, const char *ref);
void queue_result(struct queue *q, const struct report *r);
void queue_transfer(struct queue *q, const struct transfer *t);
void queue_played(struct queue *q, const struct report *r);
void queue_call_changed(struct queue *q);
void queue_resume(struct queue *q);
void queue_stop(struct queue *q);
const char *queue_doubt(struct queue *q, char **target);
void queue_abandon(struct queue *q, const char *reason);

#endif
