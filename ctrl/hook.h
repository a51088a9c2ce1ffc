/**
 * @file hook.h  Where a hook goes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOOK_H
#define HOOK_H

#include "fault.h"

struct cJSON;

enum {
	HOOK_MAX = 2048, /* bytes of a URL */
};

struct hook {
	char *url; /* NULL if there is no hook */
	char *method;
	char *username; /* may be NULL */
	char *password; /* may be NULL */
};

int hook_parse(struct hook *hook, const struct cJSON *verb, const char *field,
	       struct fault *f);
int hook_set(struct hook *hook, const char *url, const char *method,
	     const char *username, const char *password);
void hook_reset(struct hook *hook);

#endif
