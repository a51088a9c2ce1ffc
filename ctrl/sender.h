/**
 * @file sender.h  The sender of a message, and the language that it speaks
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

struct cJSON;
struct json;

enum dialect { DIALECT_DEFAULT, DIALECT_JAMBONZ };

enum sender_kind {
	SENDER_NOBODY, /* nobody hears what becomes of it */
	SENDER_CLIENT,
	SENDER_HTTP, /* a request, which gets one reply */
	SENDER_APP,  /* the application of a call */
};

struct sender {
	enum sender_kind kind;
	enum dialect dialect;
	const char *name;     /* NULL for nobody */
	const char *call_sid; /* of an application: its call */
	const char *msgid;    /* of the message, may be NULL */
	bool quiet;           /* wants no ack, since it has sent one */
	bool observes;        /* and may do nothing else */
};

int sender_copy(struct sender **sp, const struct sender *from);
bool sender_can_answer(const struct sender *s);
void sender_save(struct json *j, const char *key, const struct sender *s);
int sender_load(struct sender **sp, const struct cJSON *obj);

#endif
