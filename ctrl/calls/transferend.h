/**
 * @file transferend.h  How a verb transfer ends, and what follows
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFEREND_H
#define TRANSFEREND_H

#include <stdbool.h>
#include "disposition.h"

struct task;
struct transfer;

/* Result of the targets; all is borrowed, NULL or 0 means not given */
struct transfer_end {
	bool bridged;         /* one of them has the caller */
	bool last;            /* nothing is to follow, whatever was asked */
	enum failure failure; /* unless it is bridged */
	int status;           /* SIP status that tells so */
	const char *reason;
	const char *dial_call_sid;
	const struct transfer *transfer; /* the last one */
};

void transferend(struct task *t, const struct transfer_end *e);

#endif
