/**
 * @file transferevent.h  Messages to clients about the steps of a verb
 *                        transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFEREVENT_H
#define TRANSFEREVENT_H


struct call;
struct verb;

/* NULL or 0 means not given; all is borrowed */
struct transfer_event {
	const char *event;         /* dialing, ringing, ... */
	const char *mode;          /* blind, warm */
	unsigned attempt;          /* from 1 on */
	unsigned attempts;         /* how many there can be */
	const char *target;        /* as the verb names it */
	const char *dial_call_sid; /* of the second call */
	int call_status;           /* what the target answered */
	const char *reason;
	const char *result; /* of "ended": as the actionHook tells it */
	const char *result_reason;
	int sip_status;
};

void transferevent_tell(const struct call *c, const struct verb *v,
			const struct transfer_event *e);

#endif
