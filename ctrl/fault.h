/**
 * @file fault.h  What is wrong with a message, as one sentence
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FAULT_H
#define FAULT_H

/* Filled by whoever refuses, sent by reply_fault() */
struct fault {
	char text[400];
	char verb[64];  /* "" if no verb is at fault */
	char field[64]; /* "" if no field is */
	char ref[136];  /* msgid of the message at fault, "" if it had none */
	int position;   /* of the verb in its list, -1 if it has none */
	int status;     /* what HTTP says of it */
};

void fault_init(struct fault *f);
int fault_set(struct fault *f, int status, const char *field, const char *fmt,
	      ...) __attribute__((format(printf, 4, 5)));
void fault_set_node(struct fault *f, int status, const char *field,
		    const char *error);

#endif
