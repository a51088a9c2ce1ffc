/**
 * @file say.h  Errors, each in one sentence; the exit statuses
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SAY_H
#define SAY_H

/* From 3 on, outcomes of --wait */
enum status {
	STATUS_DONE = 0,
	STATUS_ERROR = 1,
	STATUS_USAGE = 2,
	STATUS_FAILED = 3,
	STATUS_PRESUMED = 4,
	STATUS_UNKNOWN = 5,
	STATUS_CANCELLED = 6,
};

enum status say_error(enum status status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
