/**
 * @file linkrequest.h  Requests of referd to a baresip, see docs/link.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINKREQUEST_H
#define LINKREQUEST_H

#include <stdbool.h>

struct json;

/* Texts are borrowed; NULL means not given */
struct node_request {
	const char *type; /* verbs, cancel, dial, hold */
	const char *ref;
	const char *call_sid;
	bool run;          /* the first of the verbs */
	int attempts;      /* so many of them are one dry run; 0: none */
	const char *verbs; /* JSON text of their array */
	bool hold;         /* true: on hold, false: off */
	const char *dial;  /* JSON text of an object: the data of the dial */

	/* cancel: the evidence and reason of the outcome, and whether to
	   unsubscribe */
	const char *evidence;
	const char *reason;
	bool unsubscribe;
};

void node_request_print(struct json *j, const struct node_request *rq);
struct node_request *node_request_copy(const struct node_request *rq);

#endif
