/**
 * @file disposition.h  The action after a transferred call that no target took
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DISPOSITION_H
#define DISPOSITION_H

struct transfer;

/* Why the target of a verb transfer does not have the caller */
enum failure {
	FAILURE_NO_ANSWER,
	FAILURE_BUSY,
	FAILURE_DECLINED,
	FAILURE_ERROR,
};

enum { FAILURE_KINDS = FAILURE_ERROR + 1 };

/* The action */
enum disposition {
	DISPOSITION_RETURN,
	DISPOSITION_VOICEMAIL,
	DISPOSITION_HANGUP,
};

enum failure failure_of_status(int status);
enum failure failure_of(const struct transfer *t);
const char *failure_reason(enum failure failure);

#endif
