/**
 * @file task.h  The verb at hand of a call, and how far it has come
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stdint.h>
#include "hooks/hooks.h"
#include "request.h"


struct cJSON;
struct call;
struct json;
struct verb;

/*
 *           it needs an answered call       the call is answered
 *  IDLE -----------------------> WAITING ---------.
 *   | |                                           |
 *   | |       the node is asked to start it       v
 *   | '----------------------------------------> ASKED
 *   |                                             | it has started
 *   |             it is ours: a pause             v
 *   '------------------------------------------> RUNNING
 *                                                 | it has ended
 *             its hook was answered               v
 *  IDLE <---------------------------------------- HOOKED
 *
 * Only verbs with an actionHook are HOOKED; the others go to IDLE at once.
 */
enum stage {
	STAGE_IDLE,
	STAGE_WAITING,
	STAGE_ASKED,
	STAGE_RUNNING,
	STAGE_HOOKED,
};

/* It is to be saved */
typedef void(task_touched_h)(void *arg);

/* Part of a run, which alone reads and moves it */
struct task {
	struct call *call;
	enum stage stage;
	struct verb *verb;       /* NULL if IDLE or HOOKED */
	char ref[REF_SIZE];      /* by which the node knows the verb */
	char hook[HOOK_ID_SIZE]; /* that HOOKED waits for */
	bool superseded;         /* the transfer is being cancelled ... */
	bool cancelled;          /* ... because a client has said so */
	int64_t pause_end;       /* ms since 1970 */
	task_touched_h *touched;
	void *arg;
};

bool task_ready(const struct call *c, const struct verb *v);
bool task_tries(const struct task *t);
bool task_transfers(const struct task *t);
void task_set_stage(struct task *t, enum stage stage);
void task_ask(struct task *t);
void task_begin(struct task *t);
void task_drop(struct task *t);
void task_finish(struct task *t, const char *dry_run);
void task_end(struct task *t, bool wait);
void task_refuse(struct task *t, int status, const char *field,
		 const char *error);

void task_save(struct json *j, const struct task *t);
int task_load(struct task *t, const struct cJSON *obj);

#endif
