/**
 * @file hooks.h  Delivery of hooks, in order per call, each until it is
 * answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <stdbool.h>
#include <stdint.h>
#include "sender.h"

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
	const char *client; /* who sent the verb, may be NULL */
	enum dialect dialect;
	const char *call_sid;
	const char *transfer_id; /* may be NULL */
	const char *verb_id;     /* may be NULL */
	const char *data;        /* JSON text */
};

int hooks_init(void);
void hooks_grace(unsigned seconds);
void hooks_close(void);
void hooks_load(void);

bool hooks_post(const struct hook_post *p, char id[HOOK_ID_SIZE]);
bool hooks_answered(const char *client, const char *id, char call_sid[64]);
void hooks_client_up(const char *client, uint64_t since);
void hooks_client_down(const char *client);
void hooks_app_left(const char *app);

#endif
