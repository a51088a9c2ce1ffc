/**
 * @file lists.h  A list of verbs in its turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LISTS_H
#define LISTS_H


struct queue;
struct report;
struct verb;

struct verb *lists_take(struct queue *q);
void lists_proceed(struct queue *q);
void lists_apply(struct queue *q, const char *dry_run);
void lists_result(struct queue *q, const struct report *r);
bool lists_cancel(struct queue *q);
void lists_resume(struct queue *q);
void lists_refuse(struct queue *q, const char *reason);

#endif
