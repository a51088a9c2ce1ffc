/**
 * @file message.h  JSON text of a client to struct message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include "fault.h"
#include "hook.h"

struct cJSON;
struct verb;

enum message_kind {
	MESSAGE_ACK,
	MESSAGE_VERBS,
	MESSAGE_CALL_STATUS,
	MESSAGE_DIAL,
	MESSAGE_AUTH,
};

/* Strings are borrowed from the tree and live as long as it */
struct message {
	struct cJSON *tree;
	enum message_kind kind;
	const char *msgid;       /* may be NULL */
	const char *call_sid;    /* may be NULL */
	const char *call_status; /* of a call:status */
	const char *node;        /* of a dial, may be NULL */
	char *dial;              /* what the module is to know of a dial */
	struct hook app;         /* that the dialled call gets */
	struct verb *verbs;      /* may be NULL in an ack */
	bool queue;              /* append the verbs, do not replace */
};

int message_decode(struct message **mp, char *text, size_t len,
		   struct fault *f);
int message_decode_dial(struct message **mp, char *text, size_t len,
			struct fault *f);
int message_decode_answer(struct message **mp, const char *body, size_t len,
			  struct fault *f);
void message_free(struct message *m);

#endif
