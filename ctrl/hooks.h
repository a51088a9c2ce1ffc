/**
 * @file hooks.h  Delivery of hooks, in order per call, each until it is
 * answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sender.h"

struct fault;
struct hook;
struct message;

enum {
	HOOK_ID_SIZE = 24,
};

enum hook_kind {
	HOOK_EVENT,
	HOOK_ACTION,
	HOOK_REDIRECT,
	HOOK_STATUS, /* of the call */
};

struct hook_post {
	enum hook_kind kind;
	const struct hook *hook;
	const struct sender *client; /* who sent the verb, NULL for nobody */
	enum dialect dialect;
	const char *call_sid;
	const char *transfer_id; /* may be NULL */
	const char *verb_id;     /* may be NULL */
	const char *data;        /* JSON text */
};

/* What becomes of hooks, for those that asked for them */
struct hooks_events {
	/* Reads what came back over HTTP: 0, ENOMEM, or EBADMSG with the fault
	   set */
	int (*read)(struct message **mp, const char *body, size_t len,
		    struct fault *f);
	/* Takes what was read, NULL if it was not understood; frees it */
	void (*answered)(const struct sender *sender, const char *call_sid,
			 struct message *m, struct fault *f);
	/* The call need not wait for the hook any longer */
	void (*done)(const char *call_sid, const char *hook);
	/* Why a client will not come back, NULL if it may */
	const char *(*left)(const struct sender *client);
};

int hooks_init(const struct hooks_events *events);
void hooks_grace(unsigned seconds);
void hooks_close(void);
void hooks_load(void);

bool hooks_post(const struct hook_post *p, char id[HOOK_ID_SIZE]);
bool hooks_answered(const char *client, const char *id, char call_sid[64]);
void hooks_client_up(const char *client, uint64_t since);
void hooks_client_down(const char *client);
void hooks_app_left(const struct sender *app);

#endif
