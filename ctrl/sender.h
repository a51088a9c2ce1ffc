/**
 * @file sender.h  The sender of a message, and the language that it speaks
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

enum dialect { DIALECT_DEFAULT, DIALECT_JAMBONZ };

struct sender {
	const char *name; /* whom to answer, NULL for nobody */
	const char *msgid;
	enum dialect dialect;
	bool quiet;    /* wants no ack, since it has sent one */
	bool observes; /* and may do nothing else */
};

#endif
