/**
 * @file transferverb.h  The members of a verb transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFERVERB_H
#define TRANSFERVERB_H

#include <stdbool.h>
#include "disposition.h"
#include "hooks/hooks.h"

struct attempts;
struct cJSON;
struct error;

/* Its targets are the attempts of the verb */
struct transferverb {
	bool warm;               /* false if it is blind */
	double timeout;          /* to the answer of a target [s] */
	char *caller_id;         /* may be NULL */
	const struct cJSON *uui; /* borrowed while the verb is read */
	enum disposition dispositions[FAILURE_KINDS];
	struct hook voicemail; /* where verbs are fetched from; url may be
				  NULL */
};

int transferverb_parse(struct transferverb **tvp, struct attempts **ap,
		       const struct cJSON *verb, struct error *f);
void transferverb_destroy(struct transferverb *tv);

#endif
