/**
 * @file run.h  The verb at hand of a call, from its start to its end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>


struct cJSON;
struct call;
struct error;
struct json;
struct report;
struct run;
struct transfer;
struct verb;

struct run_events {
	void (*touched)(void *arg); /* it is to be saved */
	void (*idle)(void *arg);    /* a verb has ended by itself */
};

int run_create(struct run **rp, struct call *c, const struct run_events *e,
	       void *arg);
void run_destroy(struct run *r);

bool run_idle(const struct run *r);
bool run_transferring(const struct run *r);
const struct verb *run_verb(const struct run *r, const char *ref);

void run_start(struct run *r, struct verb *v);
void run_started(struct run *r, struct verb *v, const char *ref,
		 const char *dry_run);
void run_supersede(struct run *r);
bool run_cancel(struct run *r);
void run_cancelled(struct run *r);
void run_resume(struct run *r);
void run_doubt(struct run *r);
const struct verb *run_refer(const struct run *r);
void run_abandon(struct run *r, const char *reason);

void run_call_changed(struct run *r);
void run_result(struct run *r, const struct report *report);
void run_transfer(struct run *r, const struct transfer *transfer);
void run_played(struct run *r, const struct report *report);
void run_response(struct run *r, const struct report *report);
void run_hook_done(struct run *r, const char *hook);
void run_digit(struct run *r, const char *sid, const char *digit);
bool run_second(struct run *r, const struct call *second);
bool run_holds(const struct run *r, const char *hook);
int run_hold_music(struct run *r, const struct verb *list, struct error *f);

void run_save(struct json *j, const char *key, const struct run *r);
int run_load(struct run *r, const struct cJSON *obj);

#endif
