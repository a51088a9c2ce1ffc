/**
 * @file othermember.h  A fleet of which the other members are the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef UNIT_OTHERMEMBER_H
#define UNIT_OTHERMEMBER_H

#include <stdbool.h>

/* State of the members, as referd is to see it */
extern struct others {
	unsigned count;    /* that can be reached */
	const char *boot;  /* of each, NULL for not known */
	bool silent;       /* no member can be reached */
	const char *owner; /* of each call, NULL for not known */
	const char *node;  /* that has a baresip */
	const char *label; /* that has a label */
	const char *least; /* with the fewest calls */
	unsigned soon;     /* heartbeats that were wanted at once */
} others;

int others_setup(void **state);
int others_teardown(void **state);

/* The request of referd; NULL if it has sent none of that type */
const char *other_asked(const char *subject, const char *type);
const char *asked_member(const char *key);
void other_answer(const char *text);

/* Sends a request to referd, and returns its answer */
const char *other_asks(const char *type, const char *id, const char *body);
void other_beats(const char *member, const char *news);

#endif
