/**
 * @file warm.h  A transfer that calls the target first, and asks it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WARM_H
#define WARM_H

#include "base/base.h"
#include "disposition.h"
#include "hooks/hooks.h"
#include "request.h"
#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct call;
struct json;
struct report;
struct task;
struct transfer;
struct transfer_end;
struct verb;
struct error;

/*
 *  HOLDING      the caller is put on hold, and asked for is what it hears
 *     |
 *     v         <----------------------------------.
 *  DIALLING     a target rings                     | it does not answer,
 *     | |                                          | and there is another
 *     | '------------------------------------------'
 *     v         it has answered
 *  BRIEFING     it hears what the verb has for it
 *     |
 *     v
 *  CONFIRMING   it is to press the digit
 *     |
 *     v
 *  JOINING      REFER with Replaces
 *     |
 *     v
 *  LEAVING      the far ends have each other; the second call ends
 *     |
 *     v
 *  OVER
 *
 * Every other way leads to CLEANING: the second call ends, the music stops,
 * the caller is off hold.  Then it is OVER.
 */
enum warm_stage {
	WARM_HOLDING,
	WARM_DIALLING,
	WARM_BRIEFING,
	WARM_CONFIRMING,
	WARM_JOINING,
	WARM_LEAVING,
	WARM_CLEANING,
	WARM_OVER,
};

/* Requests to the node */
enum warm_act {
	ACT_HOLD,
	ACT_MUSIC,
	ACT_DIAL,
	ACT_PLAY, /* to the target */
	ACT_REFER,
	ACT_HANGUP, /* the second call */
	ACT_STOP,   /* the music, or the REFER */
	ACT_UNHOLD,
	ACTS,
};

struct warm_asked {
	char ref[REF_SIZE]; /* "" if it was not asked */
	bool open;          /* not answered yet */
};

/* It is over: by itself, since a time has passed */
typedef void(warm_over_h)(void *arg);

/* Part of a run, but for the files that begin with warm */
struct warm {
	struct task *task; /* of the same run: the caller's call, the verb */
	enum warm_stage stage;
	char second[UUID_SIZE]; /* call_sid of its call, "" if none was made */
	char transfer_id[17];   /* if no REFER is sent to the target at hand */
	bool up;    /* that call was asked for, and has not ended */
	bool rings; /* ... and has said so */
	struct warm_asked asked[ACTS];
	char hook[HOOK_ID_SIZE]; /* that asks what the caller hears */
	char *music;             /* the verb that plays it, may be NULL */
	struct timer timer;
	int64_t deadline; /* ms since 1970, 0 for none */

	/* How it ends */
	bool joined;
	bool given_up; /* other verbs take its place */
	enum failure failure;
	int status;   /* of the target, 0 for none */
	char *reason; /* may be NULL */

	warm_over_h *h;
	void *arg;
};

int warm_create(struct warm **wp, struct task *task, warm_over_h *h,
		void *arg);
void warm_destroy(struct warm *w);
bool warm_over(const struct warm *w);
void warm_end(const struct warm *w, struct transfer_end *end);
bool warm_refers(const struct warm *w);
bool warm_refer_sent(const struct warm *w);

void warm_start(struct warm *w);
void warm_resume(struct warm *w);
void warm_cancel(struct warm *w);
void warm_doubt(struct warm *w);
void warm_abandon(struct warm *w, const char *reason);
void warm_caller_over(struct warm *w);
void warm_result(struct warm *w, const struct report *r);
void warm_transfer(struct warm *w, const struct transfer *t);
void warm_played(struct warm *w, const struct report *r);
void warm_digit(struct warm *w, const char *sid, const char *digit);
bool warm_second(struct warm *w, const struct call *second);

bool warm_awaits(const struct warm *w, const char *hook);
int warm_music(struct warm *w, const struct verb *list, struct error *f);

/* warmsave.c */
void warm_save(struct json *j, const struct warm *w);
int warm_load(struct warm *w, const struct cJSON *obj);

#endif
